"""What a learning phase does to the compiled limits. Pure, integers only."""

from collections.abc import Mapping

from schemas.learning import Phase
from schemas.scalars import MICROS, micros, ppm_of_percent

SIZED = ("position.max_position_pct", "position.max_position_dollars")
"""Hard limits that a phase can lower and never lifts."""
TOLERATED = (
    "concentration.sector_warning_pct",
    "concentration.sector_reduction_pct",
    "volatility.position_warning",
    "volatility.position_reduction",
)
"""Soft limits that a phase can lift: those that warn or scale down. No phase moves what halts."""


def size_ppm(phase: Phase) -> int:
    """min(1, multiplier × (1 + bonus)) in parts per million, rounded down."""
    raised = micros(phase.position_size_multiplier) * (MICROS + ppm_of_percent(phase.exploration_bonus))
    return max(0, min(MICROS, raised // MICROS))


def factors(phase: Phase) -> dict[str, int]:
    """By what each of these limits is multiplied, in parts per million."""
    tolerance = MICROS + ppm_of_percent(phase.soft_limit_tolerance)
    return dict.fromkeys(SIZED, size_ppm(phase)) | dict.fromkeys(TOLERATED, tolerance)


def moved(limits: Mapping[str, int], phase: Phase) -> dict[str, int]:
    """The limits that act otherwise in ``phase`` than written, by name, in their compiled units, rounded down."""
    acting = {name: limits[name] * factor // MICROS for name, factor in factors(phase).items()}
    return {name: value for name, value in acting.items() if value != limits[name]}


def written_as(name: str, acting: int, phase: Phase) -> int:
    """What to write so that limit ``name`` acts as ``acting`` at most."""
    factor = factors(phase)[name]
    return acting * MICROS // factor if factor else acting
