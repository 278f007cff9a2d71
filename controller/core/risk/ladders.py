"""Ladders: at which share of a limit which level is reached, and the margin by which a level is left again."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from schemas.risk import LevelName

MILLION = 1_000_000
MARGIN = 50_000
"""A level is left 5 points of the limit below where it was reached, so that a mark that wavers does not flap it."""
RANKS: Final[tuple[LevelName, ...]] = ("clear", "info", "warn", "error", "halt")


class Rung(NamedTuple):
    """``level`` is reached at ``share`` of the limit, in parts per million; ``beyond``: only above it."""

    share: int
    level: LevelName
    beyond: bool = False


DRAWDOWN: Sequence[Rung] = (
    Rung(1_000_000, "halt"),
    Rung(900_000, "error"),
    Rung(750_000, "warn"),
    Rung(500_000, "info"),
)
"""Error: the scope may only reduce. Halt: it is halted for good."""
HARD: Sequence[Rung] = (Rung(1_000_000, "error", beyond=True), Rung(900_000, "info"))
"""What the gate holds orders to, seen on the book: marks may carry it over; then the gate lets nothing increase it."""
SOFT: Sequence[Rung] = (Rung(1_000_000, "warn", beyond=True),)


def reached(ladder: Sequence[Rung], part: int, whole: int, margin: int = 0) -> LevelName:
    """The highest level at ``part`` of ``whole``; ``margin`` (parts per million of the limit) lowers every rung."""
    for share, level, beyond in ladder:
        bound = (share - margin) * whole
        if part * MILLION > bound or (part * MILLION == bound and not beyond):
            return level
    return "clear"


def kept(now: LevelName, lower: LevelName, before: LevelName) -> LevelName:
    """The level with hysteresis: ``now``, or as much of ``before`` as the lowered rungs (``lower``) still hold."""
    still = min(lower, before, key=RANKS.index)
    return max(now, still, key=RANKS.index)
