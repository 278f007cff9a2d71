"""The outbox in memory: the deliveries of :mod:`controller.adapters.store.alert_memory`."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from controller.adapters.store import alert_rows as rows
from controller.errors import StoreUnavailable
from schemas.alerting import SEVERITY, Alert, ChannelHealth, Delivery, Digest, Held, Parcel

_OPEN = ("waiting", "held", "lost")


@dataclass(slots=True)
class Item:
    """One delivery."""

    parcel: Parcel
    alert: int
    due_ns: int
    state: str
    critical: bool = False
    begun_ns: int = 0
    sent_ns: int = 0
    error: str = ""


class MemoryOutbox:
    """The deliveries of :class:`controller.alert_ports.AlertStore`; one lock, so threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._unavailable = ""
        self._alerts: dict[int, Alert] = {}
        self._items: dict[int, Item] = {}
        self._health: dict[str, ChannelHealth] = {}

    def fail(self, reason: str) -> None:
        """Every call raises StoreUnavailable(``reason``) from now on; empty heals."""
        self._unavailable = reason

    @contextmanager
    def _use(self) -> Iterator[None]:
        with self._lock:
            if self._unavailable:
                raise StoreUnavailable(self._unavailable, hint="gt risk doctor")
            yield

    def add(self, item: Item) -> None:
        """Queue it under the next number."""
        number = next(reversed(self._items), 0) + 1
        item.parcel = item.parcel.model_copy(update={"id": number})
        self._items[number] = item

    def held(self, now_ns: int, most: int) -> Sequence[Held]:
        """By channel, what is due."""
        with self._use():
            by_channel: dict[str, list[Alert]] = {}
            for item in self._items.values():
                if item.state == "held" and _is_due(item, now_ns):
                    by_channel.setdefault(item.parcel.channel, []).append(self._alerts[item.alert])
            return [_held(channel, found, most) for channel, found in sorted(by_channel.items())]

    def digested(self, digests: Sequence[Digest], now_ns: int) -> None:
        """One delivery for each, instead of what was held."""
        with self._use():
            for digest in digests:
                for item in self._items.values():
                    due = item.state == "held" and _is_due(item, digest.due_ns)
                    if due and item.parcel.channel == digest.channel:
                        item.state = "digested"
                words = {"title": digest.title, "text": digest.text}
                parcel = Parcel(id=0, channel=digest.channel, kind="digest", made_ns=now_ns, **words)
                self.add(Item(parcel, 0, now_ns, "waiting", digest.critical))

    def take(self, channel: str, now_ns: int, limit: int) -> Sequence[Parcel]:
        """Begin the next ones."""
        with self._use():
            waiting = [
                item
                for item in self._items.values()
                if item.state == "waiting" and not item.begun_ns and item.parcel.channel == channel
            ]
            waiting.sort(key=lambda item: (not item.critical, item.parcel.attempts, item.parcel.id))
            taken = []
            for item in waiting[:limit]:
                taken.append(item.parcel.model_copy(update={"alert": self._alerts.get(item.alert)}))
                item.begun_ns = now_ns
                item.parcel = item.parcel.model_copy(update={"attempts": item.parcel.attempts + 1})
            return taken

    def sent(self, channel: str, ids: Collection[int], now_ns: int) -> None:
        """They have arrived."""
        with self._use():
            for id in ids:
                item = self._items[id]
                item.state, item.sent_ns, item.begun_ns, item.error = "sent", now_ns, 0, ""
            self._told(channel, lambda known: rows.after_success(known, now_ns))

    def failed(self, channel: str, ids: Collection[int], now_ns: int, error: str, *, lost: bool) -> None:
        """They have not."""
        with self._use():
            known = self._told(channel, lambda known: rows.after_failure(known, now_ns, error))
            for id in ids:
                item = self._items[id]
                item.state, item.begun_ns, item.error = "lost" if lost else "waiting", 0, known.error

    def _told(self, channel: str, move: Callable[[ChannelHealth], ChannelHealth]) -> ChannelHealth:
        self._health[channel] = move(self._health.get(channel, ChannelHealth(channel=channel)))
        return self._health[channel]

    def release(self) -> None:
        """What was begun waits again."""
        with self._use():
            for item in self._items.values():
                item.begun_ns = 0

    def deliveries(self, alert: int, limit: int = 50) -> Sequence[Delivery]:
        """What was sent of one."""
        with self._use():
            found = [item for item in self._items.values() if item.alert == alert]
            return [
                Delivery.model_validate(
                    {
                        **item.parcel.model_dump(include={"channel", "kind", "made_ns", "attempts"}),
                        "state": item.state,
                        "sent_ns": item.sent_ns,
                        "error": item.error,
                    }
                )
                for item in reversed(found)
            ][:limit]

    def health(self) -> Sequence[ChannelHealth]:
        """Every channel that has anything to say."""
        with self._use():
            counts = Counter((item.parcel.channel, item.state) for item in self._items.values())
            names = sorted({*self._health, *(channel for channel, state in counts if state in _OPEN)})
            return [
                self._health.get(name, ChannelHealth(channel=name)).model_copy(
                    update={state: counts[name, state] for state in _OPEN}
                )
                for name in names
            ]


def worst_first(alert: Alert) -> tuple[int, int]:
    """Sorts alerts."""
    return -SEVERITY[alert.level], alert.id


def _is_due(item: Item, now_ns: int) -> bool:
    return not now_ns < item.due_ns <= now_ns + rows.FAR


def _held(channel: str, found: Sequence[Alert], most: int) -> Held:
    unique = {item.id: item for item in found}.values()
    worst = sorted(unique, key=lambda item: (item.resolved_ns != 0, *worst_first(item)))[:most]
    return Held(
        channel=channel,
        count=len(unique),
        unresolved=sum(not item.resolved_ns for item in unique),
        levels=Counter(item.level for item in unique),
        alerts=tuple(worst),
    )
