"""Desired state: one frozen model per document of the config repo.

Unknown fields are refused. The JSON Schemas in ``schemas/json`` are generated from these models.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictBool, StrictInt, create_model, model_validator

from schemas.alerts import RiskAlerts
from schemas.change import ChangeControl
from schemas.experiments import ABTest
from schemas.learning import Learning
from schemas.limits import HARD, SOFT, Limit, Unit
from schemas.scalars import (
    CommitId,
    Count,
    Day,
    HaltId,
    Line,
    Model,
    Moment,
    Money,
    Percent,
    Ratio,
    StrategyId,
    Symbol,
    Uid,
    Version,
)
from schemas.trust import Trust


class TradingMode(StrEnum):
    """Account-wide mode, from loosest to strictest (``RANK`` orders them)."""

    NORMAL = "normal"
    PAUSE_NEW_ORDERS = "pause-new-orders"
    HALT_TRADING = "halt-trading"
    HALT_ALL = "halt-all"

    @property
    def rank(self) -> int:
        """0 (normal) to 3 (halt-all); higher is stricter. The latch stores the same number."""
        return _MODE_RANKS[self]


class StrategyStatus(StrEnum):
    """Status of one strategy, from loosest to strictest."""

    ACTIVE = "active"
    PAUSED = "paused"
    HALTED = "halted"

    @property
    def rank(self) -> int:
        """0 (active), 1 (paused: only reducing orders), 2 (halted: nothing)."""
        return _STATUS_RANKS[self]


_MODE_RANKS = {mode: number for number, mode in enumerate(TradingMode)}
_STATUS_RANKS = {status: number for number, status in enumerate(StrategyStatus)}
_TYPES: dict[Unit, Any] = {
    Unit.MONEY: Money,
    Unit.PERCENT: Percent,
    Unit.RATIO: Ratio,
    Unit.COUNT: Count,
    Unit.SECONDS: Count,
}


def _group(kind: str, group: str, limits: tuple[Limit, ...]) -> type[Model]:
    fields: dict[str, Any] = {
        limit.key: (
            _TYPES[limit.unit],
            Field(
                description=f"{limit.doc} Default {limit.default}." + (f" Base: {limit.base}." if limit.base else "")
            ),
        )
        for limit in limits
        if limit.group == group
    }
    return create_model(f"{kind}{group.title()}", __base__=Model, __module__=__name__, **fields)


def _section(kind: str, limits: tuple[Limit, ...]) -> type[Model]:
    groups = dict.fromkeys(limit.group for limit in limits)
    fields: dict[str, Any] = {group: (_group(kind, group, limits), ...) for group in groups}
    return create_model(kind, __base__=Model, __module__=__name__, **fields)


HardLimits: Any = _section("HardLimits", HARD)
SoftLimits: Any = _section("SoftLimits", SOFT)


class Account(Model):
    """Which book these documents speak of."""

    name: StrategyId
    benchmark: Symbol = "SPX"


class StalenessStep(Model):
    """After ``after_seconds`` without a verified source, at least ``action`` holds."""

    after_seconds: Annotated[int, Field(strict=True, ge=1, le=31_536_000)]
    action: Literal["report", "no-loosening", "pause-new-orders"]


class Staleness(Model):
    """The ladder that the owner chooses for a source that cannot be read (computed, lifts by itself)."""

    source: tuple[StalenessStep, ...] = (
        StalenessStep(after_seconds=300, action="report"),
        StalenessStep(after_seconds=3_600, action="no-loosening"),
        StalenessStep(after_seconds=86_400, action="pause-new-orders"),
    )


class Guards(Model):
    """Brakes on large changes; they never hold back a tightening or a halt."""

    max_changed_pct: Percent = Field(default="50%", validate_default=True)


class RiskConfig(Model):
    """risk_config.yaml"""

    version: Version
    semantics: Version = 1
    account: Account
    hard_limits: HardLimits
    soft_limits: SoftLimits
    shadow: tuple[Line, ...] = Field(
        default=(), description="Limits that are evaluated and reported, and never block, reduce or halt."
    )
    learning: Learning = Learning()
    staleness: Staleness = Staleness()
    guards: Guards = Guards()
    change: ChangeControl = ChangeControl()


class Emergency(Model):
    """emergency.yaml"""

    version: Version
    trading_mode: TradingMode
    reason: Line = ""


class Strategy(Model):
    """strategies/<id>.yaml"""

    version: Version
    uid: Uid = Field(description="Immutable random identity; halts, peaks and allocations follow it. Never reuse one.")
    id: StrategyId
    name: Line
    owner: Line
    status: StrategyStatus
    allocation_pct: Percent = Field(description="Share of account.initial_capital.")
    module: Line = Field(description="Strategy module that the runner loads, for example momentum.")
    parameters: dict[str, StrictInt | str | StrictBool] = {}
    max_positions: Count | None = None
    universe: tuple[Symbol, ...] = ()
    tags: tuple[Line, ...] = ()
    description: Line = ""
    added: Day | None = Field(default=None, description="Day on which it was added, on the market's clock; it stays.")


class HaltScope(Model):
    """``account``, or one strategy by its uid."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"kind": {"const": "strategy"}}, "required": ["kind"]},
            "then": {"properties": {"uid": {"type": "string"}}, "required": ["uid"]},
            "else": {"properties": {"uid": {"type": "null"}}},
        }
    )

    kind: Literal["account", "strategy"]
    uid: Uid | None = None

    @model_validator(mode="after")
    def _uid_belongs_to_strategy(self) -> "HaltScope":
        if (self.kind == "strategy") != (self.uid is not None):
            raise ValueError("a strategy scope needs its uid, an account scope has none")
        return self


class HaltDocument(Model):
    """halts/<id>.yaml: evidence of one halt, as the latch and the journal knew it."""

    version: Version
    id: HaltId
    scope: HaltScope
    mode: TradingMode
    opened: Moment
    actor: Line
    channel: Line
    reason: Line = ""


class Peak(StrEnum):
    """What becomes of the high-water mark when a drawdown halt is lifted."""

    KEEP = "keep"
    REBASE = "rebase"


class ClearedDocument(Model):
    """cleared/<id>.yaml: a person lifts the halt ``id``; ``halt_digest`` says which record was seen.

    The halt of a strategy keeps its review open until ``reviewer`` says in ``note`` what was found.
    """

    version: Version
    id: HaltId
    halt_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    by: Line
    reason: Line
    peak: Peak | None = None
    reviewer: Line | None = None
    note: Line | None = None


class Desired(Model):
    """The parsed content of one commit. Mappings are keyed by strategy id, halt id, test id."""

    commit: CommitId
    risk: RiskConfig
    emergency: Emergency
    trust: Trust
    alerts: RiskAlerts = RiskAlerts(version=1)
    strategies: dict[str, Strategy] = {}
    halts: dict[str, HaltDocument] = {}
    cleared: dict[str, ClearedDocument] = {}
    ab_tests: dict[str, ABTest] = {}


DOCUMENTS: dict[str, type[Model]] = {
    "risk_config.yaml": RiskConfig,
    "risk_alerts.yaml": RiskAlerts,
    "emergency.yaml": Emergency,
    "trust.yaml": Trust,
    "strategies/*.yaml": Strategy,
    "halts/*.yaml": HaltDocument,
    "cleared/*.yaml": ClearedDocument,
    "ab_tests/*.yaml": ABTest,
}
