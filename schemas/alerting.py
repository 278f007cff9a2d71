"""Alerts as values: what was raised, what is on its way, what is silenced. Times are Unix nanoseconds, 0 for never."""

from enum import StrEnum
from typing import Literal

from schemas.alerts import AlertLevel
from schemas.scalars import Model

SEVERITY: dict[AlertLevel, int] = {"INFO": 0, "WARN": 1, "ERROR": 2, "CRITICAL": 3}
Kind = Literal["first", "repeat", "reminder", "resolved", "digest", "test"]


class AlertState(StrEnum):
    """Where an alert stands: nobody has seen it, somebody has, its cause is gone."""

    OPEN = "open"
    ACKED = "acked"
    RESOLVED = "resolved"


class Alert(Model):
    """One alert: every occurrence of one fingerprint until it is resolved. ``id`` is 0 before it is kept.

    ``standing``: it ends with its cause; any other ends when a person acknowledges it. ``withheld``: occurrences since
    ``sent_ns`` that were not sent; ``reminded``: how often it was sent again because nobody acknowledged it.
    ``record`` is the audit record that raised it (0: none).
    """

    id: int = 0
    fingerprint: str
    rule: str
    level: AlertLevel
    source: str
    scope: str = "account"
    message: str
    standing: bool = False
    record: int = 0
    first_ns: int
    last_ns: int
    count: int = 1
    withheld: int = 0
    reminded: int = 0
    sent_ns: int = 0
    acked_ns: int = 0
    acked_by: str = ""
    note: str = ""
    resolved_ns: int = 0

    @property
    def state(self) -> AlertState:
        """Resolved counts for more than acknowledged."""
        if self.resolved_ns:
            return AlertState.RESOLVED
        return AlertState.ACKED if self.acked_ns else AlertState.OPEN


class Send(Model):
    """One delivery to come. ``due_ns``: when; ``held``: it waits for a digest of its channel and goes with that."""

    channel: str
    kind: Kind
    due_ns: int
    held: bool = False
    note: str = ""


class Step(Model):
    """What becomes of one alert, with the deliveries that go out for it: kept together or not at all."""

    alert: Alert
    sends: tuple[Send, ...] = ()


class Digest(Model):
    """Held deliveries of one channel as one message: every one that was due by ``due_ns`` is in it."""

    channel: str
    due_ns: int
    title: str
    text: str
    critical: bool = False


class Held(Model):
    """What waits for one channel's digest: how many alerts, how many of them are unresolved, how many of each level,
    and the worst ``alerts`` of them. Several messages of one alert are one."""

    channel: str
    count: int
    unresolved: int
    levels: dict[AlertLevel, int]
    alerts: tuple[Alert, ...]


class Cursor(Model):
    """How far the facts were judged: the audit record, and the gate's decision by time and number."""

    record: int = 0
    decision_ns: int = 0
    decision: int = 0


class Parcel(Model):
    """One delivery as a channel gets it. ``attempts``: how often it was begun before; above 0 it may be a duplicate.

    ``alert`` is None for a digest, whose words are in ``title`` and ``text``.
    """

    id: int
    channel: str
    kind: Kind
    attempts: int = 0
    made_ns: int = 0
    alert: Alert | None = None
    note: str = ""
    title: str = ""
    text: str = ""


class Message(Model):
    """One message in words. ``duplicate``: it may have arrived before. ``alert`` is None for a digest."""

    id: str
    title: str
    text: str
    level: AlertLevel
    kind: Kind
    at_ns: int
    duplicate: bool = False
    alert: Alert | None = None


class Delivery(Model):
    """What became of one delivery: ``waiting``, ``held`` for a digest, ``digested`` with it, ``sent``, or ``lost``."""

    channel: str
    kind: Kind
    state: Literal["waiting", "held", "digested", "sent", "lost"]
    made_ns: int
    sent_ns: int = 0
    attempts: int = 0
    error: str = ""


class Load(Model):
    """Messages of one channel in the hour around now: all of them, and repeats of CRITICAL alerts."""

    sent: int = 0
    critical: int = 0


class Silence(Model):
    """Alerts that are kept but not sent before ``until_ns``: of one fingerprint, or of one rule (never CRITICAL)."""

    id: int = 0
    fingerprint: str = ""
    rule: str = ""
    until_ns: int
    actor: str
    reason: str
    made_ns: int


class ChannelHealth(Model):
    """How one channel does: ``failures`` in a row, and what the last one said; ``waiting`` and ``held`` deliveries."""

    channel: str
    ok_ns: int = 0
    failed_ns: int = 0
    failures: int = 0
    error: str = ""
    waiting: int = 0
    held: int = 0
    lost: int = 0
