"""Ledoit and Wolf's tests on paired sessions under autocorrelation: Sharpe ratio (2008) and log variance (2011).

Differences are ``second - first``. Parzen kernel with Andrews' (1991) bandwidth from autoregressions of order 1, the
small-sample factor T/(T-4), and a studentised circular block bootstrap.
"""

from collections.abc import Callable
from math import ceil, erfc, isfinite, nan, sqrt
from typing import NamedTuple

import numpy as np

from controller.core.experiments.relabelling import Array

MOST_ROOT = 0.97
"""Singular values of the pre-whitening matrix are kept below this (Andrews and Monahan 1992)."""
NOISE = 1e-12
"""A long-run variance of a difference below this is rounding: the two series hardly differ but in scale."""


class Robust(NamedTuple):
    """A difference with its standard error and two-sided normal p; NaN where a series or what differs is constant."""

    difference: float
    error: float
    p_value: float


Statistic = Callable[[Array, int], tuple[float, Array]]
"""From the means of (x, y, x², y²) over so many sessions: the difference and its gradient in them."""


def sharpe(means: Array, n: int) -> tuple[float, Array]:
    """Sharpe ratio of y minus that of x, per session, with sample deviations (ddof 1)."""
    x, y, xx, yy = means
    var_x, var_y = xx - x * x, yy - y * y
    gradient = np.array([-xx / var_x**1.5, yy / var_y**1.5, x / var_x**1.5 / 2, -y / var_y**1.5 / 2])
    return float(y / np.sqrt(var_y) - x / np.sqrt(var_x)) * sqrt((n - 1) / n), gradient


def log_variance(means: Array, _: int) -> tuple[float, Array]:
    """Log variance of y minus that of x."""
    x, y, xx, yy = means
    var_x, var_y = xx - x * x, yy - y * y
    gradient = np.array([2 * x / var_x, -2 * y / var_y, -1 / var_x, 1 / var_y])
    return float(np.log(var_y) - np.log(var_x)), gradient


def robust(first: Array, second: Array, statistic: Statistic, *, prewhiten: bool = False) -> Robust:
    """The difference with a heteroskedasticity and autocorrelation consistent standard error."""
    n = len(first)
    means, influence = _centred(first, second)
    with np.errstate(all="ignore"):
        difference, gradient = statistic(means, n)
        covariance = _prewhitened(influence) if prewhiten else _long_run(influence)
    error = _error(gradient, covariance, n)
    return Robust(difference, error, erfc(abs(difference) / error / sqrt(2)))


def bootstrap(
    first: Array, second: Array, statistic: Statistic, block: int, draws: int, rng: np.random.Generator
) -> float:
    """Two-sided p by the studentised circular block bootstrap; ``block`` sessions at a time. A draw without
    a statistic counts as far."""
    n = len(first)
    found = robust(first, second, statistic, prewhiten=True)
    starts = rng.integers(0, n, (draws, ceil(n / block)))
    reached = 0
    for row in starts:
        places = ((row[:, None] + np.arange(block)) % n).ravel()[:n]
        means, influence = _centred(first[places], second[places])
        with np.errstate(all="ignore"):
            difference, gradient = statistic(means, n)
        blocks = n // block
        sums = influence[: blocks * block].reshape(blocks, block, 4).mean(axis=1) * sqrt(block)
        error = _error(gradient, sums.T @ sums / blocks, n)
        reached += not abs(difference - found.difference) / error < abs(found.difference) / found.error
    return (reached + 1) / (draws + 1)


def _error(gradient: Array, covariance: Array, n: int) -> float:
    variance = float(gradient @ covariance @ gradient)
    return sqrt(variance / n) if variance > NOISE else nan


def _centred(first: Array, second: Array) -> tuple[Array, Array]:
    values = np.column_stack([first, second, first**2, second**2])
    means = values.mean(axis=0)
    return means, values - means


def _long_run(influence: Array) -> Array:
    """Parzen's estimate of the long-run covariance."""
    n = len(influence)
    width = 2.6614 * (_persistence(influence) * n) ** 0.2
    if not isfinite(width):
        return np.full((4, 4), nan)
    covariance = influence.T @ influence / n
    for lag in range(1, min(ceil(width), n)):
        moved = influence[lag:].T @ influence[:-lag] / n
        covariance = covariance + _parzen(lag / width) * (moved + moved.T)
    return n / (n - 4) * covariance


def _prewhitened(influence: Array) -> Array:
    before, now = influence[:-1], influence[1:]
    matrix = np.linalg.lstsq(before, now, rcond=None)[0].T
    left, roots, right = np.linalg.svd(matrix)
    matrix = left @ np.diag(np.clip(roots, -MOST_ROOT, MOST_ROOT)) @ right
    back = np.linalg.inv(np.eye(4) - matrix)
    return back @ _long_run(now - before @ matrix.T) @ back.T


def _persistence(influence: Array) -> float:
    """Andrews' alpha(2) for Parzen's kernel, from an autoregression of order 1 of each column."""
    top = bottom = 0.0
    for column in influence.T:
        before, now = column[:-1] - column[:-1].mean(), column[1:] - column[1:].mean()
        root = np.float64(before @ now / (before @ before))
        spread = np.mean((now - root * before) ** 2) ** 2
        top += 4 * root**2 * spread / (1 - root) ** 8
        bottom += spread / (1 - root) ** 4
    return top / bottom


def _parzen(x: float) -> float:
    return 1 - 6 * x**2 + 6 * x**3 if x <= 0.5 else 2 * (1 - x) ** 3
