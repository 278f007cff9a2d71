"""ab_tests/<id>.yaml (spec 2.2.6)."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt

from schemas.scalars import Day, Line, Model, StrategyId, Version


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
