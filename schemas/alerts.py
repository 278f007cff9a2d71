"""risk_alerts.yaml: channels, noise bounds, quiet hours and rules (spec 4.2 and 4.3)."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from schemas.scalars import Count, Line, Model, Version

AlertLevel = Literal["INFO", "WARN", "ERROR", "CRITICAL"]
AlertChannel = Literal["dashboard", "logs", "email", "slack", "apprise"]
_ALL_LEVELS: tuple[AlertLevel, ...] = ("INFO", "WARN", "ERROR", "CRITICAL")
_REFERENCE = r"(env:[A-Za-z_][A-Za-z0-9_]*|file:/[^\x00-\x1f\x7f]+)"
Secret = Annotated[str, Field(pattern=f"^{_REFERENCE}$", max_length=500)]
"""Where a secret is kept (``env:NAME`` or ``file:/PATH``); never the secret itself."""
SecretOrNone = Annotated[str, Field(pattern=f"^({_REFERENCE})?$", max_length=500)]


class DashboardChannel(Model):
    """The dashboard's feed."""

    enabled: StrictBool = True
    levels: tuple[AlertLevel, ...] = _ALL_LEVELS


class LogChannel(Model):
    """JSON lines on disk."""

    enabled: StrictBool = True
    levels: tuple[AlertLevel, ...] = _ALL_LEVELS
    format: Literal["json"] = "json"
    path: Line = ""
    rotation: Literal["daily"] = "daily"


class EmailChannel(Model):
    """SMTP; the password is a reference, never a literal. ``to``: addresses with commas between them.

    ``port``: 0 is 587 (starttls), 465 (tls) or 25 (none). WARN alerts go into the daily digest whatever ``levels`` say.
    """

    enabled: StrictBool = False
    levels: tuple[AlertLevel, ...] = ("ERROR", "CRITICAL")
    to: Line = ""
    sender: Annotated[Line, Field(alias="from")] = ""
    smtp_server: Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-]*$", max_length=253)] = ""
    port: Annotated[int, Field(strict=True, ge=0, le=65_535)] = 0
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Line = ""
    password: SecretOrNone = ""


class SlackChannel(Model):
    """Incoming webhook; its URL is a secret and so a reference (env: or file:)."""

    enabled: StrictBool = False
    levels: tuple[AlertLevel, ...] = ("ERROR", "CRITICAL")
    webhook_url: SecretOrNone = ""


class AppriseChannel(Model):
    """Any service that Apprise knows (``gt-risk[alerts]``); its URLs hold secrets and so are references."""

    enabled: StrictBool = False
    levels: tuple[AlertLevel, ...] = ("ERROR", "CRITICAL")
    urls: tuple[Secret, ...] = ()


class Channels(Model):
    """Where alerts go."""

    dashboard: DashboardChannel = DashboardChannel()
    logs: LogChannel = LogChannel()
    email: EmailChannel = EmailChannel()
    slack: SlackChannel = SlackChannel()
    apprise: AppriseChannel = AppriseChannel()


class RateLimiting(Model):
    """Bounds on noise; each new CRITICAL always goes."""

    max_per_hour: Count = 100
    max_critical_per_hour: Count = 10
    duplicate_cooldown_minutes: Count = 5


class QuietHours(Model):
    """Hours in which non-critical delivery is held for the digest; evaluation never stops.

    ``end_time`` is also when the daily digest goes, with quiet hours or without. ``timezone``: an IANA name.
    """

    enabled: StrictBool = False
    start_time: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "22:00"
    end_time: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "07:00"
    timezone: Line = "UTC"
    buffer_non_critical: StrictBool = True
    always_send_critical: StrictBool = True


class AlertRule(Model):
    """One rule of spec 4.3."""

    trigger: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    level: AlertLevel
    message: Line
    channels: tuple[AlertChannel, ...]


class Alerts(Model):
    """The content of ``alerts:``."""

    channels: Channels = Channels()
    rate_limiting: RateLimiting = RateLimiting()
    quiet_hours: QuietHours = QuietHours()
    rules: tuple[AlertRule, ...] = ()


class RiskAlerts(Model):
    """risk_alerts.yaml"""

    version: Version
    alerts: Alerts = Alerts()
