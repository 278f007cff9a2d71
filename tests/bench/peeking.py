"""Looking after every observation: how often a winner is named where none is, and what one cell costs."""

import time
from collections.abc import Callable
from functools import partial

from tests.bench.figures import Figure, Goal
from tests.support.peeking import Draw, Rates, clustered, heavy, normal, paired, persistent, skewed, unpaired

DRAWS = 999
CELLS: tuple[tuple[Draw, int], ...] = tuple(
    (draw, n) for draw in (normal, heavy, skewed, clustered) for n in (34, 60, 100, 200)
)
SHIFT = 0.006
"""Of B's mean, so that one look at 100 observations finds it in about four of five."""


def peeking(experiments: int) -> list[Figure]:
    """So many experiments in each cell."""
    rows: list[Figure] = []
    began = time.monotonic()
    for draw, n in CELLS:
        rows += _cell(f"{draw.__name__}, N {n}", 6.5, n, partial(unpaired, draw, n, experiments, DRAWS, n))
    for n in (60, 100):
        run = partial(paired, persistent, n, experiments, DRAWS, n, block=5)
        rows += _cell(f"paired, autocorrelated, N {n}", 8.0, n, run)
    rows.append(_one("all cells", "s", time.monotonic() - began, Goal(largest=1_500)))
    found = unpaired(normal, 100, experiments, DRAWS, seed=1, shift=SHIFT)
    share = 100 * found.spending / found.fixed
    note = f"{100 * found.fixed:.1f} % by one look at the end"
    rows.append(_one("power beside one look", "%", share, Goal(least=95), note))
    return rows


def _cell(name: str, most: float, n: int, run: Callable[[], Rates]) -> list[Figure]:
    began = time.monotonic()
    rates = run()
    took = time.monotonic() - began
    raw = Goal(least=12) if n >= 60 else Goal()
    return [
        _one(f"false winners, {name}", "%", 100 * rates.spending, Goal(largest=most), f"took {took:.0f} s"),
        _one(f"the same by raw p, {name}", "%", 100 * rates.raw, raw, f"one look {100 * rates.fixed:.1f} %"),
        _one(f"one cell, {name}", "s", took, Goal(largest=90)),
    ]


def _one(name: str, unit: str, value: float, goal: Goal, note: str = "") -> Figure:
    return Figure.of(name, unit, [value], goal, note=note)
