"""``ab-test`` and ``learning experiments``. Sharpe ratios are of one observation, all else is in percent, B minus A."""

from typing import Literal

from schemas.documents.parts import Headed
from schemas.scalars import Model
from schemas.trials import State

Status = Literal["active", "stopped", "complete"]
Unit = Literal["trade", "day", "pair"]
Metric = Literal[
    "sharpe",
    "total_return",
    "mean_return",
    "win_rate",
    "average_win",
    "average_loss",
    "max_drawdown",
    "volatility",
]


class TestRow(Model):
    """One test. ``winner`` is null until it is decided; ``p`` holds its level at every look; days are the market's."""

    id: str
    name: str
    type: Literal["parameters", "sizing", "timing", "exits", "other"]
    hypothesis: str
    strategy: str
    status: Status
    state: State
    reason: str
    started: str
    elapsed_days: int
    duration_days: int
    remaining_days: int
    winner: Literal["A", "B"] | None
    p: float | None
    n: int
    n_max: int
    rollout_pct: int


class Recent(Model):
    """How many tests were decided in the last ``days``, and how."""

    days: int
    total: int
    winner_a: int
    winner_b: int
    no_difference: int
    other: int


class TestList(Headed):
    """``ab-test list``"""

    tests: tuple[TestRow, ...]
    recent: Recent


class Split(Model):
    """Percent of new signals of each variant, as the document says."""

    a_pct: int
    b_pct: int


class VariantOf(Model):
    """One variant; its parameters overlay the strategy's own."""

    name: str
    description: str
    parameters: dict[str, int | str | bool]


class Variants(Model):
    """Both."""

    a: VariantOf
    b: VariantOf


class ArmOf(Model):
    """What one arm did; money in dollars, null of pairs, which trade in shadow."""

    n: int
    entries: int
    closed: int
    pnl: float | None
    fees: float | None
    total_return_pct: float | None


class ArmsOf(Model):
    """Both."""

    a: ArmOf
    b: ArmOf


class ComparedMetric(Model):
    """One metric; ``low`` and ``high`` hold the difference with 95 %. ``test`` names what made ``p``; a null has its
    ``reason``."""

    metric: Metric
    label: str
    unit: Literal["ratio", "percent"]
    a: float | None
    b: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    test: str
    n_a: int
    n_b: int
    status: Literal["ok", "not_enough_data", "undefined"]
    reason: str


class MetricRow(ComparedMetric):
    """One that is shown; one of them decides."""

    decides: bool


class RailRow(ComparedMetric):
    """A guardrail; ``holds``: B is shown to be worse by less than the margin."""

    margin_pct: float
    holds: bool


class TestDetail(TestRow):
    """One test with everything that was fixed and found. ``share_b_pct`` is in force now."""

    unit: Unit
    paired: bool
    assignment: Literal["hash", "blocks"]
    split: Split
    success_metric: Literal["sharpe", "total_return", "win_rate"]
    alpha_pct: float
    n_min: int
    variants: Variants
    share_b_pct: float
    arms: ArmsOf
    metrics: tuple[MetricRow, ...]
    guardrails: tuple[RailRow, ...]
    conditional_power_pct: float | None
    robust_p: tuple[float, float] | None
    rollout: ComparedMetric | None
    decided: str | None
    decided_market: str
    looked: str | None
    looked_market: str


class LookRow(Model):
    """A point of the boundary's chart: at ``information`` the statistic was ``z`` and had to exceed ``boundary``."""

    n: int
    information: float
    z: float
    boundary: float
    spent: float
    shown: float
    crossed: Literal["a", "b"] | None
    market_time: str
    at: str | None


class Curves(Model):
    """(session, gain so far in percent of the arm's capital)."""

    a: tuple[tuple[str, float], ...]
    b: tuple[tuple[str, float], ...]


class Analysed(TestDetail):
    """One test with every look."""

    looks: tuple[LookRow, ...]
    curves: Curves


class TestStatus(Headed):
    """``ab-test status``"""

    test: TestDetail


class TestAnalysis(Headed):
    """``ab-test analyze``"""

    test: Analysed


class ShownMetric(Model):
    """The deciding metric; null before the first analysis."""

    metric: Metric | None
    label: str | None
    a: float | None
    b: float | None
    difference: float | None
    status: Literal["ok", "not_enough_data", "undefined"] | None
    reason: str | None


class Experiment(TestRow):
    """A test that runs."""

    unit: Unit
    result: ShownMetric
    n_a: int
    n_b: int


class Experiments(Headed):
    """``learning experiments``"""

    experiments: tuple[Experiment, ...]
