"""``learning``"""

from typing import Literal

from schemas.documents.parts import Headed, Missing, Status, Units
from schemas.scalars import Model


class Stand(Model):
    """Where the phase stands on the market's clock. ``size_pct``: what position limits act as, of what is written;
    ``demoted``: the caps of the phase before hold as well, because the account has fallen too far."""

    number: int
    name: str
    of: int
    started: str | None
    day: int | None
    days: int
    left: int | None
    progress_pct: float | None
    ends: str | None
    size_pct: float
    demoted: bool


class Parameters(Model):
    """What a phase allows."""

    name: str
    days: int
    position_size_multiplier: float
    exploration_bonus_pct: float
    soft_limit_tolerance_pct: float
    new_strategies_per_month: int | None
    size_pct: float


class NextPhase(Parameters):
    """The phase after this one."""

    number: int


class Goal(Model):
    """One goal of the phase; a drawdown in percent. ``holding``: a bound that is kept so far."""

    key: Literal["trades", "strategies", "graduated", "sharpe", "max_drawdown"]
    wanted: float
    current: float | None
    state: Literal["met", "open", "holding", "missed", "unknown"]


class Acting(Model):
    """A limit that the phase moves."""

    limit: str
    written: str
    acts: str


class Graduate(Model):
    """A strategy's evidence; ``lacks``: what it lacks to be ready, a phrase each."""

    id: str
    name: str
    status: Status
    state: Literal["ready", "on track", "behind", "needs data", "halted"]
    lacks: tuple[str, ...]
    trades: int | None
    days: int
    sharpe: float | None
    sharpe_error: float | None
    win_rate_low_pct: float | None
    deepest_drawdown_pct: float | None
    drawdown_pct: float | None
    missing: Missing


class LearningStatus(Headed):
    """``learning status``"""

    phase: Stand | None
    goals: tuple[Goal, ...]
    breaches: tuple[str, ...]
    strategies: tuple[Graduate, ...]
    parameters: Parameters | None
    acting: tuple[Acting, ...]
    missing: Missing
    units: Units


class Asked(Model):
    """What a strategy must have shown to be ready."""

    trades: int
    days: int
    sharpe: float
    win_rate_pct: float
    max_drawdown_pct: float


class PhaseShow(Headed):
    """``learning phase show``; ``warnings``: what speaks against advancing now."""

    phase: Stand | None
    parameters: Parameters | None
    graduation: Asked | None
    next: NextPhase | None
    goals: tuple[Goal, ...]
    ready: int
    strategies: int
    warnings: tuple[str, ...]
    acting: tuple[Acting, ...]
    missing: Missing
    units: Units


class EnteredPhase(Model):
    """A phase that a commit brought the account into; ``despite``: what spoke against it then."""

    number: int
    name: str
    started: str | None
    ended: str | None
    days: int | None
    commit: str
    author: str
    at: str | None
    reason: str
    despite: tuple[str, ...]


class PhaseHistory(Headed):
    """``learning phase history``, newest first"""

    phases: tuple[EnteredPhase, ...]
    missing: Missing


class Exploration(Model):
    """Strategies tried, ready and halted."""

    tested: int | None
    graduated: int
    halted: int
    failure_rate_pct: float | None
    new_strategies: int | None


class Ranked(Model):
    """A strategy by its Sharpe ratio."""

    id: str
    sharpe: float
    sharpe_error: float | None
    status: Status


class Distribution(Model):
    """Sharpe ratios of the strategies that have one."""

    known: int
    top: Ranked | None
    median: float | None
    bottom: Ranked | None


class ParameterLearning(Model):
    """What the gate decided about limits, and changes of the configuration; per closed trade since ``since``."""

    since: str | None
    trades: int
    config_changes: int
    config_changes_per_week: float
    stability: Literal["stable", "moderate", "unsettled"]
    violations: int
    violations_per_trade: float | None
    warnings: int
    warnings_per_trade: float | None


class Discovery(Model):
    """Decided A/B tests, what they answered, and what learning has cost."""

    discoveries: int
    failed: int
    cost: float | None
    cost_of: dict[str, float] | None
    confirmed: int
    rejected: int


class LearningMetrics(Headed):
    """``learning metrics``"""

    exploration: Exploration
    performance: Distribution
    parameters: ParameterLearning
    discovery: Discovery
    missing: Missing
    units: Units
