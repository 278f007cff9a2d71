"""What pages may be asked for beside their address. A value that is none is a mistake, never "all"."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.scalars import Model
from web.api.queries import Word

Here = Annotated[str, StringConstraints(pattern=r"^/([^/\\\x00-\x1f\x7f][^\\\x00-\x1f\x7f]*)?$", max_length=300)]
"""An address on this dashboard: what a browser cannot take for one elsewhere."""
Sort = Literal[
    "symbol", "strategy", "sector", "quantity", "entry", "current", "value", "pnl", "pnl_pct", "days",
    "-symbol", "-strategy", "-sector", "-quantity", "-entry", "-current", "-value", "-pnl", "-pnl_pct", "-days",
]  # fmt: skip


class Chosen(Model):
    """Parameters that are printed into links again."""

    def given(self) -> dict[str, str]:
        """Those that are not empty."""
        return {name: str(value) for name, value in self.model_dump().items() if value not in ("", None)}


class PositionsQuery(Chosen):
    """Which holdings, in which order; ``-`` before a column: the largest first."""

    sort: Sort = "-value"
    strategy: Word = ""
    sector: Word = ""
    status: Literal["", "active", "paused", "halted"] = Field("", description="Of the strategy that holds it")


class CurveQuery(Chosen):
    """How far back."""

    sessions: int = Field(90, ge=2, le=2_000)


class AlertsQuery(Chosen):
    """Which alerts."""

    level: Literal["", "INFO", "WARN", "ERROR", "CRITICAL"] = ""
    source: Word = ""
    state: Literal["", "open", "acked", "resolved"] = ""


class AuditQuery(Chosen):
    """Which records."""

    event: Word = Field("", description="Events that begin with this")
    actor: Word = ""
    level: Literal["", "info", "warn", "error", "critical"] = ""


class ThemeQuery(Model):
    """Which colours, and where to go back to."""

    to: Literal["auto", "light", "dark"]
    back: Here = "/"
