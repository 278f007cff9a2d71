"""What a bench finds: figures with their goals, and the one table that they make."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_ENOUGH = 100
"""From so many samples on p99 is a percentile of its own; below it is the largest."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What must hold, each None for "not asked": p50 and p99 in the figure's unit, ratios to a bare start."""

    p50: float | None = None
    p99: float | None = None
    ratio50: float | None = None
    ratio99: float | None = None
    largest: float | None = None
    least: float | None = None

    def text(self, unit: str) -> str:
        """The goal for people."""
        asked = [("p50 ≤", self.p50, unit), ("p50 ≤", self.ratio50, "×"), ("p99 ≤", self.p99, unit)]
        asked += [("p99 ≤", self.ratio99, "×"), ("largest ≤", self.largest, unit), ("≥", self.least, unit)]
        return ", ".join(f"{word} {value:g} {of}" for word, value, of in asked if value is not None) or "-"


@dataclass(frozen=True, slots=True)
class Figure:
    """One row. ``bare_ms`` is the median bare start of the same run, None where no ratio is asked."""

    name: str
    unit: str
    p50: float
    p99: float
    n: int
    goal: Goal = field(default_factory=Goal)
    bare_ms: float | None = None
    largest: float | None = None
    note: str = ""

    @classmethod
    def of(
        cls, name: str, unit: str, samples: Sequence[float], goal: Goal, bare: Sequence[float] = (), note: str = ""
    ) -> "Figure":
        """The figure of ``samples``; ``bare`` are the bare starts taken beside them, milliseconds."""
        p50, p99 = percentiles(samples)
        bare_ms = statistics.median(bare) if bare else None
        return cls(name, unit, p50, p99, len(samples), goal, bare_ms, max(samples), note)

    @property
    def misses(self) -> tuple[str, ...]:
        """What of the goal does not hold; empty when all does."""
        bare = self.bare_ms or float("inf")
        pairs = [
            ("p50", self.p50, self.goal.p50),
            ("p99", self.p99, self.goal.p99),
            ("p50 ratio", self.p50 / bare, self.goal.ratio50),
            ("p99 ratio", self.p99 / bare, self.goal.ratio99),
            ("largest", self.p99 if self.largest is None else self.largest, self.goal.largest),
        ]
        below = self.goal.least is not None and self.p50 < self.goal.least
        over = tuple(word for word, found, goal in pairs if goal is not None and found > goal)
        return (*over, "too few") if below else over

    @property
    def verdict(self) -> str:
        """``met``, ``MISSED (what)``, or ``-`` without a goal."""
        if self.goal == Goal():
            return "-"
        return f"MISSED ({', '.join(self.misses)})" if self.misses else "met"

    def document(self) -> dict[str, Any]:
        """The row as JSON."""
        ratios = None if self.bare_ms is None else [self.p50 / self.bare_ms, self.p99 / self.bare_ms]
        return {
            "name": self.name,
            "unit": self.unit,
            "p50": round(self.p50, 3),
            "p99": round(self.p99, 3),
            "largest": None if self.largest is None else round(self.largest, 3),
            "n": self.n,
            "bare_ms": None if self.bare_ms is None else round(self.bare_ms, 3),
            "ratios": None if ratios is None else [round(ratio, 2) for ratio in ratios],
            "goal": self.goal.text(self.unit),
            "met": None if self.goal == Goal() else not self.misses,
            "misses": list(self.misses),
            "note": self.note,
        }


def percentiles(samples: Sequence[float]) -> tuple[float, float]:
    """p50 and p99; with fewer than 100 samples the second is the largest of them."""
    ordered = sorted(samples)
    at = int(0.99 * (len(ordered) - 1)) if len(ordered) >= _ENOUGH else len(ordered) - 1
    return statistics.median(ordered), ordered[at]


HEAD = ("what", "p50", "×", "p99", "×", "n", "goal", "")


def cells(figure: Figure) -> tuple[str, ...]:
    """One row of the table, as text."""
    ratio50, ratio99 = ("", "") if figure.bare_ms is None else _ratios(figure, figure.bare_ms)
    values = [f"{value:.2f} {figure.unit}" for value in (figure.p50, figure.p99)]
    few = "" if figure.n >= _ENOUGH else " (max)"
    return (
        figure.name,
        values[0],
        ratio50,
        values[1] + few,
        ratio99,
        str(figure.n),
        figure.goal.text(figure.unit),
        figure.verdict,
    )


def _ratios(figure: Figure, bare: float) -> tuple[str, str]:
    return f"{figure.p50 / bare:.2f}", f"{figure.p99 / bare:.2f}"


def table(figures: Sequence[Figure]) -> list[str]:
    """The rows below one head, as Markdown that also lines up in a terminal; notes follow."""
    rows = [HEAD, *map(cells, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    notes = [f"- {figure.name}: {figure.note}" for figure in figures if figure.note]
    return [*lines, "", *notes] if notes else lines


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        text.rjust(width) if 1 <= column <= 5 else text.ljust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "| " + " | ".join(padded) + " |"
