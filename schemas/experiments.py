"""ab_tests/<id>.yaml (spec 2.2.6): a test of two variants of a strategy, fixed before its first observation."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt

from schemas.scalars import Day, Line, Model, Percent, StrategyId, Version

Share = Annotated[str, Field(pattern=r"^\d{1,2}/\d{1,2}$")]
Count = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
ROLLOUT = (0, 10, 25, 50, 100)
"""Steps of a rollout: percent of new signals that go to B. At 100 the strategy's own document has B's parameters."""


class Variant(Model):
    """One arm of an A/B test."""

    name: Line
    description: Line = ""
    parameters: dict[str, StrictInt | str | StrictBool] = {}


class Guardrail(Model):
    """A metric of B that may be worse than A's by less than ``margin``, in percentage points."""

    metric: Literal["mean_return", "win_rate"]
    margin: Percent


class ABTest(Model):
    """ab_tests/<id>.yaml (spec 2.2.6). Once it is there only ``status`` changes, never back to active, and the
    ``rollout`` of a complete one, step by step or back to 0.

    ``n_max`` decides when it ends: observations of both arms together, or pairs of sessions; ``duration_days`` caps it.
    ``n_min``: observations that each arm has before the first look. ``block``: sessions that a permutation of pairs
    keeps together. ``seed`` makes assignment and analysis repeatable.
    """

    version: Version
    id: StrategyId
    name: Line
    hypothesis: Line = ""
    type: Literal["parameters", "sizing", "timing", "exits", "other"] = "parameters"
    strategy: StrategyId
    status: Literal["active", "stopped", "complete"] = "active"
    rollout: Literal[0, 10, 25, 50, 100] = 0
    started: Day
    duration_days: Annotated[int, Field(strict=True, ge=1, le=3650)]
    unit: Literal["trade", "day"] = "trade"
    paired: StrictBool = False
    assignment: Literal["hash", "blocks"] = "hash"
    traffic_split: Share = "50/50"
    success_metric: Literal["sharpe", "total_return", "win_rate"] = "sharpe"
    alpha: Percent = Decimal(5)
    n_max: Count = 120
    n_min: Annotated[int, Field(strict=True, ge=16, le=1_000_000)] = 16
    spending: Literal["obrien_fleming"] = "obrien_fleming"
    block: Annotated[int, Field(strict=True, ge=1, le=60)] = 1
    guardrails: tuple[Guardrail, ...] = ()
    seed: Annotated[int, Field(strict=True, ge=0, le=2**53)] = 0
    variant_a: Variant
    variant_b: Variant

    @property
    def runs(self) -> bool:
        """Whether signals of its strategy are shared between the variants: it is active, or rolls out."""
        return self.status == "active" or (self.status == "complete" and 0 < self.rollout < ROLLOUT[-1])

    @property
    def epoch(self) -> int:
        """Number of the rollout's step; 0 while the test itself runs."""
        return ROLLOUT.index(self.rollout)

    @property
    def share_b_ppm(self) -> int:
        """Share of B in parts per million, as the document asks for it."""
        share = self.rollout or int(self.traffic_split.partition("/")[2])
        return share * 10_000
