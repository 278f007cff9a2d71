"""``status``, ``limits``, ``portfolio`` and ``emergency status``."""

from schemas.documents.parts import (
    BookFigures,
    Headed,
    Holding,
    Largest,
    Mark,
    Missing,
    Mode,
    Named,
    OpenHalt,
    Performance,
    Phase,
    Status,
    Units,
)
from schemas.live import GateState
from schemas.scalars import Model
from schemas.status import Condition, Refusal, Revision


class SectorShare(Model):
    """One sector of the book."""

    sector: str
    value: float
    pct_of_equity: float | None


class Sectors(Model):
    """The sectors against the warning threshold."""

    shares: tuple[SectorShare, ...]
    warning_pct: float | None
    over_warning: tuple[str, ...]
    mark: Mark


class Metrics(BookFigures):
    """ "Risk Metrics" of ``status``."""

    max_position: Largest | None
    sectors: Sectors | None


class Said(Model):
    """Something that the gate denied, warned of or reduced."""

    level: str
    source: str
    code: str
    message: str
    at: str


class Money(Headed):
    """The account in dollars."""

    equity: float | None
    peak_equity: float | None
    drawdown_pct: float | None
    cash: float | None
    buying_power: float | None


class StatusBase(Money):
    """What ``status`` and ``status -v`` share."""

    pid: int
    positions: int | None
    max_positions: int | None
    strategy_counts: dict[Status, int]
    metrics: Metrics
    alerts: tuple[Said, ...]
    phase: Phase | None
    halts: tuple[OpenHalt, ...]
    revision: Revision
    conditions: tuple[Condition, ...]
    refusal: Refusal | None
    missing: Missing
    units: Units


class StatusShort(StatusBase):
    """``status``"""

    strategies: tuple[Named, ...]


class LimitWaits(Model):
    """A newer value of a limit that is not in force yet, and why."""

    old: str
    new: str
    reason: str


class LimitView(Model):
    """One limit: value, use and headroom in ``unit``; null when nothing is applied or nothing uses it."""

    name: str
    kind: str
    value: float | None
    text: str | None
    acts: str | None
    unit: str
    base: str | None
    loosens: str
    used: float | None
    used_by: str | None
    used_text: str | None
    utilisation_pct: float | None
    headroom: float | None
    level: str | None
    shadow: bool
    waits: LimitWaits | None
    default: str
    doc: str


class StrategyRow(Named):
    """A strategy with its result: one row of ``strategy list``."""

    desired_status: Status
    pnl: float | None
    pnl_pct: float | None
    equity: float | None
    peak_equity: float | None
    drawdown_pct: float | None
    positions: int | None
    last_trade: str | None
    last_trade_age_seconds: int | None
    condition: str
    condition_reason: str


class StatusLong(StatusBase):
    """``status -v``"""

    strategies: tuple[StrategyRow, ...]
    limits: tuple[LimitView, ...]
    gate: GateState | None


class LimitsList(Headed):
    """``limits list``"""

    limits: tuple[LimitView, ...]
    revision: str


class LimitsGet(Headed):
    """``limits get``"""

    limit: LimitView


class Side(Model):
    """Longs or shorts."""

    positions: int
    gross: float


class Share(Model):
    """An amount and its share of equity."""

    value: float
    pct_of_equity: float | None


class PortfolioStatus(Money):
    """``portfolio status``"""

    initial_capital: float | None
    pnl: float | None
    pnl_pct: float | None
    positions: int = 0
    longs: Side | None
    shorts: Side | None
    gross_exposure: Share | None
    net_exposure: Share | None
    reserve_pct: float | None
    reserve: float | None
    available: float | None
    missing: Missing
    units: Units
    risk: BookFigures
    equity_curve: tuple[float, ...]


class Totals(Model):
    """The sum of all positions."""

    positions: int
    deployed: float
    unrealized: float
    unrealized_pct: float | None


class PortfolioPositions(Headed):
    """``portfolio positions``"""

    positions: tuple[Holding, ...] | None
    totals: Totals | None = None
    missing: Missing
    units: Units


class SectorUse(SectorShare):
    """One sector against its thresholds."""

    pct_of_deployed: float | None
    mark: Mark
    over: str | None
    threshold_pct: float | None


class StrategyUse(Model):
    """What a strategy has deployed of what it is allocated."""

    strategy: str
    value: float
    allocated: float | None
    utilisation_pct: float | None


class SizeShare(Model):
    """The book by market capitalisation."""

    bucket: str
    value: float
    pct_of_deployed: float | None


class Concentration(Model):
    """The largest positions and the Herfindahl index of all."""

    largest: Largest | None
    top_3: Share
    top_5: Share
    herfindahl: float | None
    effective_names: float | None


class PortfolioExposure(Headed):
    """``portfolio exposure``"""

    sectors: tuple[SectorUse, ...] | None
    strategies: tuple[StrategyUse, ...] | None
    market_caps: tuple[SizeShare, ...] | None
    concentration: Concentration | None
    gross_exposure: float | None = None
    net_exposure: float | None = None
    leverage: float | None = None
    missing: Missing
    units: Units


class LimitLevel(Model):
    """How near the book stands to one limit."""

    limit: str
    what: str | None
    utilisation_pct: float | None
    level: str
    shadow: bool


class PortfolioRisk(Money):
    """``portfolio risk``"""

    risk: BookFigures
    drawdown_limit_pct: float | None
    performance: Performance
    limits: tuple[LimitLevel, ...]
    largest_positions: tuple[Largest, ...] | None
    missing: Missing
    units: Units


class EmergencyStatus(Headed):
    """``emergency status``"""

    desired_mode: Mode | None
    liquidation: tuple[str, ...]
    halts: tuple[OpenHalt, ...]
    strategies: tuple[Named, ...]
    positions: int | None
    working_orders: int | None
    portfolio_value: float | None
    drawdown_pct: float | None
    drawdown_limit_pct: float
    missing: Missing
    units: Units
