"""Differences of Sharpe ratios, B minus A, per observation (not annualised), against a riskless rate of 0.

Arrays are ``n`` or ``n × columns``: one column is one experiment, and all columns share the relabellings.
"""

from typing import NamedTuple

import numpy as np

from controller.core.experiments.relabelling import Array, exact, p_value, splits, swaps

FLAT = 1e-12
"""A deviation below this share of the largest return is rounding: the ratio is undefined."""

NOISE = 1e-6
"""The same for a deviation that comes out of differences of sums, against the deviation of both arms together."""
_CACHED = 32_768


class Tested(NamedTuple):
    """The difference, its two-sided p, and the studentised statistic; NaN where a ratio is undefined."""

    difference: Array
    p_value: Array
    statistic: Array


class _Moments(NamedTuple):
    """Mean and central moments (divisor n) of one group."""

    mean: Array
    second: Array
    third: Array
    fourth: Array


def sharpe_ratio(returns: Array) -> Array:
    """Mean over sample deviation (ddof 1), by column; NaN for fewer than 2 or constant returns."""
    columns = _columns(returns)
    return _ratio(_moments_of(columns), len(columns), _floor(columns))


def unpaired(a: Array, b: Array, draws: int, rng: np.random.Generator) -> Tested:
    """Label permutation of the studentised difference: exact under one distribution, level-true under two.

    The variance of each ratio is Mertens' (2002), which knows skewness and kurtosis. Source: Janssen 1997 and Chung
    and Romano 2013 on studentised permutation. Arms that change places flip the sign and keep p to the last bit.
    """
    if tuple(np.ravel(b)) < tuple(np.ravel(a)):
        mirrored = unpaired(b, a, draws, rng)
        return Tested(-mirrored.difference, mirrored.p_value, -mirrored.statistic)
    pooled = np.concatenate([_columns(a), _columns(b)])
    masks = splits(len(pooled), len(b), draws, rng)
    return unpaired_with(masks, pooled, len(b))


def unpaired_with(masks: Array, pooled: Array, treated: int) -> Tested:
    """As :func:`unpaired`, of ``pooled`` (A's rows, then B's ``treated`` rows) under relabellings made before."""
    n, centre, scale = len(pooled), pooled.mean(axis=0), _scale(pooled)
    floor = np.maximum(_floor(pooled) / scale, NOISE)
    powers = _powers((pooled - centre) / scale)
    seen = np.concatenate([np.zeros(n - treated), np.ones(treated)])[None, :]
    whole = powers.sum(axis=0)

    def statistic(rows: Array) -> tuple[Array, Array]:
        of_b = (rows @ powers.reshape(n, -1)).reshape(len(rows), 4, -1)
        return _difference(whole - of_b, n - treated, of_b, treated, centre / scale, floor)

    difference, observed = statistic(seen)
    under = np.concatenate([statistic(rows)[1] for rows in _parts(masks, pooled.shape[1])])
    return _tested(difference[0], observed[0], under, complete=exact(len(masks), n, treated))


def paired(a: Array, b: Array, draws: int, rng: np.random.Generator, block: int = 1) -> Tested:
    """Swap permutation of paired sessions, in runs of ``block`` under autocorrelation; studentised as paired.

    Source: Ledoit and Wolf 2008 for the studentised difference, Romano and Wolf for swapping runs.
    """
    return paired_with(swaps(len(a), block, draws, rng), _columns(a), _columns(b), block)


def paired_with(masks: Array, a: Array, b: Array, block: int = 1) -> Tested:
    """As :func:`paired` under swaps made before."""
    n, scale = len(a), _scale(np.concatenate([a, b]))
    floor = np.maximum(_floor(np.concatenate([a, b])) / scale, NOISE)
    first, second = _joint(a / scale, b / scale), _joint(b / scale, a / scale)
    change = (second - first).reshape(n, -1)
    whole = first.sum(axis=0)

    def statistic(rows: Array) -> tuple[Array, Array]:
        sums = (rows @ change).reshape(len(rows), *whole.shape) + whole
        return _paired_difference(sums / n, n, floor)

    difference, observed = statistic(np.zeros((1, n)))
    under = np.concatenate([statistic(rows)[1] for rows in _parts(masks, a.shape[1])])
    return _tested(difference[0], observed[0], under, complete=exact(len(masks), n, block=block))


def _parts(masks: Array, columns: int) -> list[Array]:
    """The masks in so many parts that what is computed of one stays in the cache."""
    return np.array_split(masks, max(1, len(masks) * columns // _CACHED))


def _tested(difference: Array, observed: Array, under: Array, *, complete: bool) -> Tested:
    p = p_value(np.nan_to_num(under, nan=np.inf), np.nan_to_num(observed), complete=complete)
    return Tested(difference, np.where(np.isnan(observed), np.nan, p), observed)


def _difference(a: Array, n_a: int, b: Array, n_b: int, centre: Array, floor: Array) -> tuple[Array, Array]:
    """Difference and studentised difference from sums of powers (rows × 4 × columns) about ``centre``."""
    of_a, of_b = _moments(a / n_a, centre), _moments(b / n_b, centre)
    difference = _ratio(of_b, n_b, floor) - _ratio(of_a, n_a, floor)
    with np.errstate(divide="ignore", invalid="ignore"):
        return difference, difference / np.sqrt(_variance(of_a) / n_a + _variance(of_b) / n_b)


def _variance(of: _Moments) -> Array:
    """Mertens' variance of a Sharpe ratio times n: 1 + s²/2 - s·skew + s²·excess/4."""
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.sqrt(of.second)
        ratio = of.mean / deviation
        skew, excess = of.third / (of.second * deviation), of.fourth / (of.second * of.second) - 3
    return 1 + ratio * (ratio / 2 - skew + ratio * excess / 4)


def _ratio(of: _Moments, n: int, floor: Array) -> Array:
    """Mean over deviation with ddof 1; NaN where the deviation is nothing but rounding."""
    if n < 2:
        return np.full(of.mean.shape, np.nan)
    deviation = np.sqrt(np.maximum(of.second, 0.0) * n / (n - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(deviation > floor, of.mean / deviation, np.nan)


def _powers(values: Array) -> Array:
    """Values to the powers 1 to 4: ``n × 4 × columns``."""
    squares = values * values
    return np.stack([values, squares, squares * values, squares * squares], axis=1)


def _moments(raw: Array, centre: Array | float = 0.0) -> _Moments:
    """Central moments from mean powers (… × 4 × columns) about ``centre``, and the mean itself."""
    one, two, three, four = (raw[..., place, :] for place in range(4))
    square = one * one
    second = two - square
    third = three - one * (3 * two - 2 * square)
    fourth = four - one * (4 * three - one * (6 * two - 3 * square))
    return _Moments(one + centre, second, third, fourth)


def _moments_of(columns: Array) -> _Moments:
    centre = columns.mean(axis=0)
    return _moments(_powers(columns - centre).mean(axis=0), centre)


def _joint(x: Array, y: Array) -> Array:
    """What the paired variance needs of each pair: ``n × 12 × columns``."""
    xx, yy = x * x, y * y
    parts = (x, y, xx, yy, xx * x, yy * y, xx * xx, yy * yy, x * y, xx * y, x * yy, xx * yy)
    return np.stack(parts, axis=1)


def _paired_difference(mean: Array, n: int, floor: Array) -> tuple[Array, Array]:
    """Difference y - x and its studentised form by the delta method on (x, y, x², y²), independent pairs."""
    x, y, xx, yy, x3, y3, x4, y4, xy, xxy, xyy, xxyy = (mean[:, place, :] for place in range(12))
    var_x, var_y = xx - x * x, yy - y * y
    with np.errstate(divide="ignore", invalid="ignore"):
        gradient = (-xx / var_x**1.5, yy / var_y**1.5, x / var_x**1.5 / 2, -y / var_y**1.5 / 2)
    means = (x, y, xx, yy)
    products = ((xx, xy, x3, xyy), (xy, yy, xxy, y3), (x3, xxy, x4, xxyy), (xyy, y3, xxyy, y4))
    variance = sum(
        gradient[i] * gradient[j] * (products[i][j] - means[i] * means[j]) for i in range(4) for j in range(4)
    )
    ratio_x = _ratio(_Moments(x, var_x, x3, x4), n, floor)
    ratio_y = _ratio(_Moments(y, var_y, y3, y4), n, floor)
    with np.errstate(divide="ignore", invalid="ignore"):
        return ratio_y - ratio_x, (ratio_y - ratio_x) / np.sqrt(variance / n)


def _scale(columns: Array) -> Array:
    found = columns.std(axis=0)
    return np.where(found > 0, found, 1.0)


def _floor(columns: Array) -> Array:
    return np.asarray(FLAT * np.abs(columns).max(axis=0, initial=0.0))


def _columns(values: Array) -> Array:
    found = np.asarray(values, dtype=np.float64)
    return found[:, None] if found.ndim == 1 else found
