"""``alerts``"""

from typing import Literal

from schemas.alerting import Kind
from schemas.alerts import (
    AlertChannel,
    AlertLevel,
    AppriseChannel,
    DashboardChannel,
    EmailChannel,
    LogChannel,
    QuietHours,
    RateLimiting,
    SlackChannel,
)
from schemas.documents.parts import Answer
from schemas.scalars import Model


class AlertView(Model):
    """Every occurrence of one alert until it is resolved. ``strategy``: the id of the one that it is about.

    ``standing``: it ends with its cause; any other ends when a person acknowledges it. ``withheld``: occurrences that
    were not sent; ``reminded``: how often it was sent again; ``record``: the audit record behind it, 0 for none.
    Times are ISO 8601 in UTC, null for never.
    """

    id: int
    fingerprint: str
    rule: str
    level: AlertLevel
    source: str
    scope: str
    message: str
    standing: bool
    record: int
    count: int
    withheld: int
    reminded: int
    acked_by: str
    note: str
    state: Literal["open", "acked", "resolved"]
    strategy: str | None
    first: str | None
    last: str | None
    sent: str | None
    acked: str | None
    over: str | None


class AlertsList(Answer):
    """``alerts list``, newest first; the counts are of all since ``since``. ``recent``: that is the last 24 hours.

    ``pending``: open and more than INFO; ``others``: neither pending nor acknowledged.
    """

    alerts: tuple[AlertView, ...]
    since: str | None
    total: int
    levels: dict[str, int]
    acknowledged: int
    pending: int
    others: int
    recent: bool


class DeliveryView(Model):
    """What became of one delivery."""

    channel: str
    kind: Kind
    state: Literal["waiting", "held", "digested", "sent", "lost"]
    attempts: int
    error: str
    made: str | None
    sent: str | None


class AlertsShow(Answer):
    """``alerts show``"""

    alert: AlertView
    deliveries: tuple[DeliveryView, ...]


class AlertsAcked(Answer):
    """``alerts ack``"""

    alerts: tuple[AlertView, ...]


class Doing(Model):
    """How a channel does: when a message last ``arrived`` or ``failed``, ``failures`` in a row, and the deliveries
    that are ``waiting``, ``held`` for a digest, or ``lost``."""

    arrived: str | None
    failed: str | None
    failures: int
    error: str
    waiting: int
    held: int
    lost: int


class Dashboard(DashboardChannel, Doing):
    """The dashboard's feed and how it does."""


class LogFile(LogChannel, Doing):
    """The log and how it does."""


class Email(EmailChannel, Doing):
    """Mail and how it does."""


class Slack(SlackChannel, Doing):
    """Slack and how it does."""


class Apprise(AppriseChannel, Doing):
    """Apprise and how it does."""


class ChannelsView(Model):
    """Every channel; references to secrets stand for the secrets."""

    dashboard: Dashboard
    logs: LogFile
    email: Email
    slack: Slack
    apprise: Apprise


class Quiet(QuietHours):
    """The quiet hours; ``zone`` is what people there call their time now."""

    zone: str


class RuleView(Model):
    """One rule; ``when`` says what raises it."""

    trigger: str
    level: AlertLevel
    source: str
    message: str
    channels: tuple[AlertChannel, ...]
    when: str


class SilenceView(Model):
    """Alerts that are not sent until ``until``: of one fingerprint, or of one rule."""

    id: int
    fingerprint: str
    rule: str
    actor: str
    reason: str
    until: str | None
    made: str | None


class AlertsConfig(Answer):
    """``alerts config``"""

    channels: ChannelsView
    rate_limiting: RateLimiting
    quiet_hours: Quiet
    rules: tuple[RuleView, ...]
    silences: tuple[SilenceView, ...]


class Silenced(Answer):
    """``alerts silence`` of an alert or a rule."""

    silence: SilenceView


class Silences(Answer):
    """``alerts silence`` without arguments or with ``--end``: the silences in force."""

    silences: tuple[SilenceView, ...]


class AlertsTest(Answer):
    """``alerts test``: what the channel ``said`` when it took the message."""

    channel: AlertChannel
    taken: Literal[True]
    said: str
