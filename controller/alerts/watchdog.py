"""The watchdog: tells that the service is down. It needs no service: it judges, keeps and sends by itself.

The same store, rules and channels as the lane; without the store it sends all the same.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path

from pydantic import ValidationError

from controller.alert_ports import AlertStore, Channel
from controller.alerts.senders import Sender
from controller.core.alerts.found import Findings, Found
from controller.core.alerts.judge import MINUTE_NS, decide
from controller.core.alerts.rules import Rulebook
from controller.errors import StoreUnavailable
from controller.ports import Clock
from schemas.alerting import Alert, Cursor, Message, Step
from schemas.alerts import Alerts

RULE = "service_down"
SEND_SECONDS = 60.0
"""A run ends by then, whatever a server does; what it did not take waits in the store."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one run did: ``sent`` messages by channel, what ``problems`` channels made, and what is wrong with the
    ``store``."""

    sent: Mapping[str, int]
    problems: Sequence[str]
    store: str = ""


def watch(
    down: Sequence[str],
    config: Alerts,
    zone: tzinfo,
    channels: Mapping[str, Channel],
    store: AlertStore | None,
    spare: AlertStore,
    clock: Clock,
) -> Told:
    """Judge that ``down`` (names of services) do not run, and send whatever waits.

    ``store`` is None when it cannot be opened; then ``spare``, in memory, keeps what is sent. Repeats are cooled down
    and reminded of as those of any other alert; the lane of a controller that runs again resolves it.
    """
    problem, stores = "", [spare]
    try:
        if store is not None:
            store.release()
            _judge(store, down, config, zone, clock)
            stores.insert(0, store)
    except StoreUnavailable as error:
        problem = error.message
    if len(stores) == 1:
        _judge(spare, down, config, zone, clock)
    return replace(_send(channels, stores, zone, clock.wall_ns), store=problem)


def recall(spare: AlertStore, path: Path, now_ns: int) -> None:
    """What a run before this one told while there was no store: people are reminded of it, not told again."""
    try:
        alert = Alert.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return
    spare.keep([Step(alert=alert)], Cursor(), now_ns)


def remember(spare: AlertStore, path: Path) -> None:
    """Keep what was told, when there was no store, for the next run. Raises OSError."""
    for alert in spare.alerts(limit=1):
        path.write_text(alert.model_dump_json(), encoding="utf-8")
        path.chmod(0o600)


def _judge(store: AlertStore, down: Sequence[str], config: Alerts, zone: tzinfo, clock: Clock) -> None:
    now = clock.wall_ns()
    found = Found(RULE, (), {"services": ", ".join(down)})
    cooldown = config.rate_limiting.duplicate_cooldown_minutes * MINUTE_NS
    seen = store.seen([found.fingerprint], now, cooldown)
    steps = decide(Rulebook(config), zone, now, Findings((found,), frozenset({RULE})), seen)
    if steps:
        store.keep(steps, store.cursor(), now)


def _send(
    channels: Mapping[str, Channel],
    stores: Sequence[AlertStore],
    zone: tzinfo,
    now_ns: Callable[[], int],
) -> Told:
    """Each channel in a thread of its own, none of them waited for longer than the bound."""
    counted = {name: _Counted(channel) for name, channel in channels.items()}
    senders = [Sender(name, channel, stores, now_ns, zone) for name, channel in counted.items()]
    threads = [threading.Thread(target=_drain, args=(sender,), daemon=True) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SEND_SECONDS)
    late = [sender.name for sender, thread in zip(senders, threads, strict=True) if thread.is_alive()]
    problems = [f"{sender.name}: {sender.problem}" for sender in senders if sender.problem]
    problems += [f"{name}: no end within {SEND_SECONDS:g} s" for name in late]
    return Told({name: channel.sent for name, channel in counted.items() if channel.sent}, problems)


def _drain(sender: Sender) -> None:
    """Everything that waits, up to the first failure."""
    while sender.step(0.0) == 0.0 and not sender.failures:
        pass


class _Counted:
    """A channel that counts what it took."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.sent = 0

    @property
    def batch(self) -> int:
        """As the channel's."""
        return self._channel.batch

    def send(self, messages: Sequence[Message]) -> None:
        """As the channel's."""
        self._channel.send(messages)
        self.sent += len(messages)
