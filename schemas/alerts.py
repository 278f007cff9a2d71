"""risk_alerts.yaml: channels, noise bounds, quiet hours and rules (spec 4.2 and 4.3)."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from schemas.scalars import Count, Line, Model, Version

AlertLevel = Literal["INFO", "WARN", "ERROR", "CRITICAL"]
_ALL_LEVELS: tuple[AlertLevel, ...] = ("INFO", "WARN", "ERROR", "CRITICAL")


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
    """SMTP; the password is a reference, never a literal."""

    enabled: StrictBool = False
    levels: tuple[AlertLevel, ...] = ("ERROR", "CRITICAL")
    to: Line = ""
    sender: Annotated[Line, Field(alias="from")] = ""
    smtp_server: Line = ""


class SlackChannel(Model):
    """Incoming webhook; its URL is a secret and so a reference (env: or file:)."""

    enabled: StrictBool = False
    levels: tuple[AlertLevel, ...] = ("ERROR", "CRITICAL")
    webhook_url: Annotated[str, Field(pattern=r"^$|^(env|file):.+$")] = ""


class Channels(Model):
    """Where alerts go."""

    dashboard: DashboardChannel = DashboardChannel()
    logs: LogChannel = LogChannel()
    email: EmailChannel = EmailChannel()
    slack: SlackChannel = SlackChannel()


class RateLimiting(Model):
    """Bounds on noise; each new CRITICAL always goes."""

    max_per_hour: Count = 100
    max_critical_per_hour: Count = 10
    duplicate_cooldown_minutes: Count = 5


class QuietHours(Model):
    """Hours in which non-critical delivery is held for the digest; evaluation never stops."""

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
    channels: tuple[Literal["dashboard", "logs", "email", "slack"], ...]


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
