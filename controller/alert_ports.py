"""The ports of the alerts: where they are kept, and the ways that they go. Contracts as in :mod:`controller.ports`."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from controller.core.alerts.judge import Seen
from schemas.alerting import (
    Alert,
    AlertState,
    ChannelHealth,
    Cursor,
    Delivery,
    Digest,
    Held,
    Message,
    Parcel,
    Silence,
    Step,
)


class Channel(Protocol):
    """One way to people. ``batch``: how many messages it takes at once."""

    @property
    def batch(self) -> int:
        """At most so many messages a call."""
        ...

    def send(self, messages: Sequence[Message]) -> None:
        """Hand them all over, within a bound of time, or raise.

        Raises ChannelRefused when these messages will never be taken, ChannelUnavailable for everything else.
        """
        ...


class AlertStore(Protocol):
    """Alerts and their outbox. Each call is one transaction, durable when it returns. Raises StoreUnavailable."""

    def cursor(self) -> Cursor:
        """How far the facts were judged."""
        ...

    def seen(self, fingerprints: Collection[str], now_ns: int, cooldown_ns: int) -> Seen:
        """What :func:`controller.core.alerts.judge.decide` has to know about these and about what is due."""
        ...

    def keep(self, steps: Sequence[Step], cursor: Cursor, now_ns: int) -> None:
        """Alerts, their deliveries and the cursor: all of it or nothing."""
        ...

    def held(self, now_ns: int, most: int) -> Sequence[Held]:
        """By channel, what waited for a digest that is due now, with at most ``most`` alerts: open and worst ones."""
        ...

    def digested(self, digests: Sequence[Digest], now_ns: int) -> None:
        """Each digest becomes one delivery, and what was held for it goes with that."""
        ...

    def take(self, channel: str, now_ns: int, limit: int) -> Sequence[Parcel]:
        """Begin deliveries of ``channel``: CRITICAL first, then what was tried least, then the oldest. What was begun
        is given to nobody else before it has failed or :meth:`release` was called."""
        ...

    def sent(self, channel: str, ids: Collection[int], now_ns: int) -> None:
        """They have arrived; the channel does well."""
        ...

    def failed(self, channel: str, ids: Collection[int], now_ns: int, error: str, *, lost: bool) -> None:
        """They have not arrived; they wait again, unless they are ``lost`` for ever."""
        ...

    def release(self) -> None:
        """Whatever a process that is gone had begun waits again."""
        ...

    def alerts(
        self, *, level: str = "", source: str = "", state: str = "", since_ns: int = 0, limit: int = 50
    ) -> Sequence[Alert]:
        """Newest first."""
        ...

    def counts(self, since_ns: int) -> Mapping[tuple[str, AlertState], int]:
        """How many alerts began since then, by level and state; acknowledged ones count as that, over or not."""
        ...

    def alert(self, id: int) -> Alert | None:
        """One of them."""
        ...

    def changed(self, after: int, limit: int) -> Sequence[tuple[int, Alert]]:
        """Alerts whose newest change is behind number ``after``, with its number, oldest change first."""
        ...

    def newest_change(self) -> int:
        """Number of the newest change of any, 0 before the first."""
        ...

    def deliveries(self, alert: int, limit: int = 50) -> Sequence[Delivery]:
        """What was sent of one alert, newest first."""
        ...

    def acknowledge(self, id: int, now_ns: int, actor: str, note: str) -> Alert:
        """A person has seen it. Raises IllegalMove when it is resolved or acknowledged, KeyError when there is none."""
        ...

    def silences(self, now_ns: int) -> Sequence[Silence]:
        """Those in force, the next to end first."""
        ...

    def add_silence(self, silence: Silence) -> Silence:
        """Keep it; with its id."""
        ...

    def end_silence(self, id: int, now_ns: int) -> bool:
        """End it now; False when none of that id is in force."""
        ...

    def health(self) -> Sequence[ChannelHealth]:
        """How each channel does that ever sent or should have sent, by name."""
        ...

    def forget(self, now_ns: int) -> None:
        """Drop resolved alerts of more than 90 days ago; idempotent, bounded work per call."""
        ...
