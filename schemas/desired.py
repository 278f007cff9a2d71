"""Desired state: one frozen model per document of the config repo.

Unknown fields are refused. The JSON Schemas in ``schemas/json`` are generated from these models.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictBool, StrictInt, create_model, model_validator

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


class TradingMode(StrEnum):
    """Account-wide mode, from loosest to strictest (``RANK`` orders them)."""

    NORMAL = "normal"
    PAUSE_NEW_ORDERS = "pause-new-orders"
    HALT_TRADING = "halt-trading"
    HALT_ALL = "halt-all"

    @property
    def rank(self) -> int:
        """0 (normal) to 3 (halt-all); higher is stricter. The latch stores the same number."""
        return list(TradingMode).index(self)


class StrategyStatus(StrEnum):
    """Status of one strategy, from loosest to strictest."""

    ACTIVE = "active"
    PAUSED = "paused"
    HALTED = "halted"

    @property
    def rank(self) -> int:
        """0 (active), 1 (paused: only reducing orders), 2 (halted: nothing)."""
        return list(StrategyStatus).index(self)


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


class Phase(Model):
    """The learning phase that the account is in (spec 2.2.5)."""

    number: Annotated[int, Field(strict=True, ge=1, le=9)] = 1
    name: Line = "Exploration"
    started: Day | None = None
    days: Annotated[int, Field(strict=True, ge=1, le=3650)] = 30
    position_size_multiplier: Ratio = Field(default="1.0", validate_default=True)


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
        default=(), description="Soft limits that are evaluated and reported, never acted on."
    )
    learning: Phase = Phase()
    staleness: Staleness = Staleness()
    guards: Guards = Guards()


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
    """cleared/<id>.yaml: a person lifts the halt ``id``; ``halt_digest`` says which record was seen."""

    version: Version
    id: HaltId
    halt_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    by: Line
    reason: Line
    peak: Peak | None = None


class Role(StrEnum):
    """What a signer may do (design section 3, trust)."""

    ADMIN = "admin"
    RISK_OFFICER = "risk-officer"
    OPERATOR = "operator"
    EMERGENCY = "emergency"
    BOT = "bot"
    WEB = "web"
    FORGE = "forge"


class Target(Model):
    """What the signed content is bound to: a commit for paper cannot be replayed on live."""

    repo: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    environment: Literal["paper", "live"]
    branch: Line = "main"


class Signer(Model):
    """One key of one principal; several keys of a principal count as one person."""

    principal: Line
    key: Line = Field(description="OpenSSH public key line: type and base64, comment optional.")
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]


class TrustRule(Model):
    """Who may change ``path`` (fnmatch, may end in /*) in ``direction``; the first matching rule decides."""

    path: Line
    direction: Literal["tighten", "loosen", "any"] = "any"
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    signers: Annotated[int, Field(strict=True, ge=1, le=9)] = 1


class Trust(Model):
    """trust.yaml"""

    version: Version
    target: Target
    signers: Annotated[tuple[Signer, ...], Field(min_length=1)]
    rules: tuple[TrustRule, ...] = ()


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


class Variant(Model):
    """One arm of an A/B test."""

    name: Line
    description: Line = ""
    parameters: dict[str, StrictInt | str | StrictBool] = {}


class ABTest(Model):
    """ab_tests/<id>.yaml (spec 2.2.6)"""

    version: Version
    id: StrategyId
    name: Line
    strategy: StrategyId
    status: Literal["active", "stopped", "complete"] = "active"
    started: Day
    duration_days: Annotated[int, Field(strict=True, ge=1, le=3650)]
    traffic_split: Annotated[str, Field(pattern=r"^\d{1,2}/\d{1,2}$")] = "50/50"
    success_metric: Literal["sharpe", "total_return", "win_rate"] = "sharpe"
    variant_a: Variant
    variant_b: Variant


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
