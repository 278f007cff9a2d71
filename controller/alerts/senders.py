"""Senders: one thread a channel, so that a server that hangs holds up no other channel and nothing else at all."""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from controller.alert_ports import AlertStore, Channel
from controller.core.alerts.digest import text_of, title_of
from controller.errors import ChannelRefused, ChannelUnavailable, GtRiskError, StoreUnavailable
from schemas.alerting import Message, Parcel

IDLE_SECONDS = 1.0
MOST_SECONDS = 300.0
REFUSALS = 3
"""So often a message is offered to a server that says it will never take it."""
_log = logging.getLogger(__name__)


def message_of(parcel: Parcel, zone: tzinfo) -> Message:
    """The words of a delivery."""
    alert = parcel.alert
    return Message(
        id=f"{parcel.id}.{parcel.made_ns}",
        title=title_of(alert, parcel.kind) if alert else parcel.title,
        text=text_of(alert, parcel.note, zone) if alert else parcel.text,
        level=alert.level if alert else "INFO",
        kind=parcel.kind,
        at_ns=parcel.made_ns,
        duplicate=parcel.attempts > 0,
        alert=alert,
    )


@dataclass(slots=True)
class Sender:
    """Sends what waits for one channel from ``stores``, in their order. Times in seconds of the monotonic clock.

    ``now_ns``: the wall clock. After a failure the channel rests, longer each time, with jitter (``spread`` in [0, 1)),
    and at least as long as its server asked for. ``delivered`` is told how many seconds after its alert each message
    was taken, and by which channel.
    """

    name: str
    channel: Channel
    stores: Sequence[AlertStore]
    now_ns: Callable[[], int]
    zone: tzinfo = UTC
    spread: Callable[[], float] = random.random
    delivered: Callable[[float, str], None] = lambda *_: None
    failures: int = 0
    problem: str = ""
    not_before: float = 0.0
    _marks: list[Callable[[], None]] = field(default_factory=list)

    def step(self, now: float) -> float:
        """Send one batch, if the channel may be tried; seconds until the next step, 0 when there may be more."""
        if now < self.not_before:
            return min(IDLE_SECONDS, self.not_before - now)
        lost: StoreUnavailable | None = None
        for store in self.stores:
            try:
                if self._from(store, now):
                    return max(0.0, min(IDLE_SECONDS, self.not_before - now))
            except StoreUnavailable as error:
                lost = error
        if lost is not None:
            _log.debug("%s: %s", self.name, lost)
        return IDLE_SECONDS

    def _from(self, store: AlertStore, now: float) -> bool:
        """Whether there was anything. What could not be noted is noted before anything else is taken."""
        while self._marks:
            self._marks[0]()
            self._marks.pop(0)
        parcels = store.take(self.name, self.now_ns(), self.channel.batch)
        if parcels:
            self._send(store, parcels, now)
        return bool(parcels)

    def _send(self, store: AlertStore, parcels: Sequence[Parcel], now: float) -> None:
        ids = [parcel.id for parcel in parcels]
        try:
            self.channel.send([message_of(parcel, self.zone) for parcel in parcels])
        except ChannelRefused as error:
            tried = max(parcel.attempts for parcel in parcels) + 1
            self._failed(store, ids, error, now, lost=tried >= REFUSALS)
        except ChannelUnavailable as error:
            self._failed(store, ids, error, now)
        except Exception as error:  # noqa: BLE001  # a defect of one channel must not end its thread
            _log.exception("channel %s", self.name)
            self._failed(store, ids, ChannelUnavailable(f"{type(error).__name__} in the channel"), now)
        else:
            self.failures, self.problem, self.not_before = 0, "", 0.0
            now_ns = self.now_ns()
            self._note(lambda: store.sent(self.name, ids, now_ns))
            for parcel in parcels:
                self.delivered((now_ns - parcel.made_ns) / 1e9, self.name)

    def _failed(self, store: AlertStore, ids: list[int], error: GtRiskError, now: float, *, lost: bool = False) -> None:
        self.failures += 1
        self.problem = error.message
        wait = min(MOST_SECONDS, 2.0 ** min(self.failures, 10) / 2) * (0.5 + self.spread() / 2)
        self.not_before = now + max(wait, getattr(error, "retry_after", 0.0))
        _log.warning("channel %s: %s", self.name, error.message)
        self._note(lambda: store.failed(self.name, ids, self.now_ns(), error.message, lost=lost))

    def _note(self, mark: Callable[[], None]) -> None:
        """Note how it went; while the store is lost it stays to be noted."""
        self._marks.append(mark)
        mark()
        self._marks.pop()


class Senders:
    """A running thread for each channel; channels may come, change and go."""

    def __init__(
        self,
        stores: Sequence[AlertStore],
        now_ns: Callable[[], int],
        delivered: Callable[[float, str], None] = lambda *_: None,
    ) -> None:
        self._stores = stores
        self._now_ns = now_ns
        self._delivered = delivered
        self._running: dict[str, tuple[Sender, threading.Event]] = {}
        self._stopping = False

    def use(self, channels: Mapping[str, Channel], zone: tzinfo) -> None:
        """Send by these from now on; a channel that is new or changed is tried at once."""
        for name in self._running.keys() - channels.keys():
            _, wake = self._running.pop(name)
            wake.set()
        for name, channel in channels.items():
            if name in self._running:
                sender, wake = self._running[name]
                sender.channel, sender.zone, sender.not_before = channel, zone, 0.0
                wake.set()
            else:
                self._begin(Sender(name, channel, self._stores, self._now_ns, zone, delivered=self._delivered))

    def _begin(self, sender: Sender) -> None:
        wake = threading.Event()
        self._running[sender.name] = (sender, wake)
        threading.Thread(target=self._run, args=(sender, wake), name=f"alerts-{sender.name}", daemon=True).start()

    def _run(self, sender: Sender, wake: threading.Event) -> None:
        while not self._stopping and self._running.get(sender.name, (None,))[0] is sender:
            try:
                wait = sender.step(time.monotonic())
            except Exception:  # noqa: BLE001  # the thread's edge: the next step tries again
                _log.exception("sender %s", sender.name)
                wait = IDLE_SECONDS
            if wait:
                wake.wait(wait)
                wake.clear()

    def wake(self) -> None:
        """There is something to send."""
        for _, wake in list(self._running.values()):
            wake.set()

    def failing(self, times: int) -> dict[str, str]:
        """Channels that have failed at least so often in a row, with what they last said."""
        found = [sender for sender, _ in list(self._running.values())]
        return {sender.name: sender.problem for sender in found if sender.failures >= times}

    def stop(self) -> None:
        """End the threads without waiting: a server may hang, and what it has not taken waits in the store."""
        self._stopping = True
        self.wake()
