"""What a read may be asked for."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.scalars import Model

Word = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=80)]
Limit = Annotated[int, Field(ge=1, le=1_000, description="How many at most, newest first")]
Since = Annotated[Word, Field(description="How far back: 2h, 3d, or a date like 2026-01-19")]


class AlertsQuery(Model):
    """Which alerts; without ``since`` those of the last 24 hours."""

    level: Literal["INFO", "WARN", "ERROR", "CRITICAL"] | None = None
    source: Word = Field("", description="Alerts about one thing: emergency, strategy, config, …")
    state: Literal["open", "acked", "resolved"] | None = None
    since: Since = ""
    limit: Limit = 50


class AuditQuery(Model):
    """Which records of the audit trail; without ``since`` all of it."""

    event: Word = Field("", alias="type", description="Events that start with this: config, emergency, …")
    user: Word = Field("", description="Events of one person or service")
    level: Literal["info", "warn", "error", "critical"] | None = None
    since: Since = ""
    limit: Limit = 50
