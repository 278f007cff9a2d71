"""Each secondary metric of two arms: what is compared, by which test, with which interval. Differences are B minus A.

Returns are simple per observation, in time order where it matters. A figure that cannot be made says why instead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from scipy import stats

from controller.core.experiments.relabelling import Array, exact, p_value, splits

Status = Literal["ok", "not_enough_data", "undefined"]
FLAT = 1e-12
EXACT = 400
"""Observations up to which win rates are compared exactly. Beyond, that takes seconds, for thousands hours."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric in both arms. ``low`` and ``high`` hold the difference at ``level``; ``test`` names what made ``p``.

    What is None does not exist: ``status`` and ``reason`` say why. No figure is ever NaN or infinite.
    """

    metric: str
    test: str
    n_a: int
    n_b: int
    a: float | None = None
    b: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    status: Status = "ok"
    reason: str = ""


def mean_return(a: Array, b: Array, level: float = 0.95) -> Comparison:
    """Welch's test on mean log returns. Source: Welch 1947."""
    made = _named("mean_return", "Welch", a, b)
    if min(len(a), len(b)) < 2:
        return made(status="not_enough_data", reason="fewer than 2 observations in an arm")
    if min(a.min(), b.min()) <= -1:
        return made(status="undefined", reason="a loss of everything has no log return")
    logs_a, logs_b = np.log1p(a), np.log1p(b)
    if _flat(logs_a) or _flat(logs_b):
        return made(status="undefined", reason="constant returns in an arm")
    return made(**_welch(logs_a, logs_b, level))


def paired_return(a: Array, b: Array, level: float = 0.95) -> Comparison:
    """As :func:`mean_return` of pairs: the t test of their differences."""
    made = _named("mean_return", "paired t", a, b)
    if len(a) < 2:
        return made(status="not_enough_data", reason="fewer than 2 pairs")
    if min(a.min(), b.min()) <= -1:
        return made(status="undefined", reason="a loss of everything has no log return")
    logs_a, logs_b = np.log1p(a), np.log1p(b)
    if _flat(logs_b - logs_a):
        return made(status="undefined", reason="constant differences")
    return made(**_found(logs_a, logs_b, stats.ttest_rel(logs_b, logs_a), level))


def win_rate(a: Array, b: Array, level: float = 0.95) -> Comparison:
    """Share of gains (zero is none): Boschloo's exact test, beyond EXACT the pooled z test, which it nears; Newcombe's
    hybrid score interval (1998, method 10)."""
    compare, name = (boschloo, "Boschloo") if len(a) + len(b) <= EXACT else (pooled_z, "pooled z")
    made = _named("win_rate", name, a, b)
    if not len(a) or not len(b):
        return made(status="not_enough_data", reason="no observation in an arm")
    wins_a, wins_b = int((a > 0).sum()), int((b > 0).sum())
    rate_a, rate_b = wins_a / len(a), wins_b / len(b)
    low_a, high_a = wilson(wins_a, len(a), level)
    low_b, high_b = wilson(wins_b, len(b), level)
    difference = rate_b - rate_a
    low = difference - np.hypot(rate_b - low_b, high_a - rate_a)
    high = difference + np.hypot(high_b - rate_b, rate_a - low_a)
    return made(
        a=rate_a, b=rate_b, difference=difference, low=float(low), high=float(high), p=compare(wins_a, wins_b, a, b)
    )


def boschloo(wins_a: int, wins_b: int, a: Array, b: Array) -> float:
    """Boschloo's two-sided p of two win counts; 1 where both arms won everything or nothing."""
    losses_a, losses_b = len(a) - wins_a, len(b) - wins_b
    if not wins_a + wins_b or not losses_a + losses_b:
        return 1.0
    return min(1.0, float(stats.boschloo_exact([[wins_b, wins_a], [losses_b, losses_a]]).pvalue))


def pooled_z(wins_a: int, wins_b: int, a: Array, b: Array) -> float:
    """The two-sided p of two win counts by the normal limit; 1 where both arms won everything or nothing."""
    share = (wins_a + wins_b) / (len(a) + len(b))
    if share in (0, 1):
        return 1.0
    z = (wins_b / len(b) - wins_a / len(a)) / np.sqrt(share * (1 - share) * (1 / len(a) + 1 / len(b)))
    return float(2 * stats.norm.sf(abs(z)))


def wilson(wins: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share. Source: Wilson 1927."""
    z = float(stats.norm.ppf((1 + level) / 2))
    share, spread = wins / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * float(np.sqrt(share * (1 - share) / n + spread / n / 4))
    return max(0.0, centre - half), min(1.0, centre + half)


def volatility(a: Array, b: Array) -> Comparison:
    """Sample deviation per observation (ddof 1): Brown and Forsythe's test (1974) of equal spread."""
    made = _named("volatility", "Brown-Forsythe", a, b)
    if min(len(a), len(b)) < 2:
        return made(status="not_enough_data", reason="fewer than 2 observations in an arm")
    found_a, found_b = float(a.std(ddof=1)), float(b.std(ddof=1))
    made = partial(made, a=found_a, b=found_b, difference=found_b - found_a)
    if _flat(a) or _flat(b):
        return made(status="undefined", reason="constant returns in an arm")
    with np.errstate(divide="ignore", invalid="ignore"):
        tested = stats.levene(a, b, center="median")
    if not np.isfinite(tested.statistic):
        return made(status="undefined", reason="all returns are equally far from the median")
    return made(p=float(tested.pvalue))


def average(metric: Literal["average_win", "average_loss"], a: Array, b: Array, level: float = 0.95) -> Comparison:
    """Mean of the gains alone, or of the losses alone: descriptive, with Welch's p, which decides nothing."""
    made = _named(metric, "Welch (descriptive)", a, b)
    some_a, some_b = (a[a > 0], b[b > 0]) if metric == "average_win" else (a[a < 0], b[b < 0])
    if not len(some_a) or not len(some_b):
        return made(status="not_enough_data", reason=f"no {metric.removeprefix('average_')} in an arm")
    if min(len(some_a), len(some_b)) < 2 or _flat(some_a) or _flat(some_b):
        mean_a, mean_b = float(some_a.mean()), float(some_b.mean())
        return made(a=mean_a, b=mean_b, difference=mean_b - mean_a, status="not_enough_data", reason="too few to test")
    return made(**_welch(some_a, some_b, level))


def max_drawdown(
    a: Array, b: Array, order_a: Array, order_b: Array, draws: int, rng: np.random.Generator
) -> Comparison:
    """Deepest fall of the compounded curve from its peak (the start counts), as a share: at most 0.

    Labels are permuted and time is not. ``order_a`` and ``order_b`` place every observation in time.
    """
    made = _named("max_drawdown", "permutation in time order", a, b)
    if not len(a) or not len(b):
        return made(status="not_enough_data", reason="no observation in an arm")
    found_a, found_b = drawdown(a), drawdown(b)
    if min(len(a), len(b)) < 2:
        return made(
            a=found_a, b=found_b, difference=found_b - found_a, status="not_enough_data", reason="too few to test"
        )
    rank = np.argsort(np.concatenate([order_a, order_b]), kind="stable")
    pooled = np.concatenate([a, b])[rank]
    masks = splits(len(pooled), len(b), draws, rng)
    under = _drawdowns(masks, pooled) - _drawdowns(1 - masks, pooled)
    p = p_value(under[:, None], np.array([found_b - found_a]), complete=exact(len(masks), len(pooled), len(b)))
    return made(a=found_a, b=found_b, difference=found_b - found_a, p=float(p[0]))


def drawdown(returns: Array) -> float:
    """The deepest fall of the compounded curve from its highest point before, the start included; at most 0."""
    return float(_drawdowns(np.ones((1, len(returns))), returns)[0])


def holm(p_values: list[float]) -> list[float]:
    """Holm's (1979) adjusted p values, in the order given."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, worst = [0.0] * len(p_values), 0.0
    for place, index in enumerate(order):
        worst = max(worst, min(1.0, p_values[index] * (len(p_values) - place)))
        adjusted[index] = worst
    return adjusted


def _drawdowns(masks: Array, returns: Array) -> Array:
    curve = np.cumprod(1 + masks * returns, axis=1)
    peaks = np.maximum.accumulate(np.maximum(curve, 1.0), axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        falls: Array = np.nan_to_num(curve / peaks - 1, nan=-1.0).min(axis=1, initial=0.0)
    return falls


def _welch(a: Array, b: Array, level: float) -> dict[str, float]:
    return _found(a, b, stats.ttest_ind(b, a, equal_var=False), level)


def _found(a: Array, b: Array, tested: Any, level: float) -> dict[str, float]:
    low, high = tested.confidence_interval(level)
    mean_a, mean_b = float(a.mean()), float(b.mean())
    return {
        "a": mean_a,
        "b": mean_b,
        "difference": mean_b - mean_a,
        "low": float(low),
        "high": float(high),
        "p": float(tested.pvalue),
    }


def _flat(values: Array) -> bool:
    return bool(np.ptp(values) <= FLAT * np.abs(values).max(initial=0.0))


def _named(metric: str, test: str, a: Array, b: Array) -> Callable[..., Comparison]:
    def made(**found: object) -> Comparison:
        return Comparison(metric, test, len(a), len(b), **found)  # type: ignore[arg-type]  # fields of Comparison

    return made
