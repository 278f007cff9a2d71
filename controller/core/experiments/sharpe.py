"""Differences of Sharpe ratios, B minus A, per observation (not annualised), against a riskless rate of 0.

Arrays are ``n`` or ``n × columns``: one column is one experiment, and all columns share the relabellings.
"""

from typing import NamedTuple

import numpy as np

from controller.core.experiments.relabelling import Array, exact, p_value, splits, swaps

FLAT = 1e-12
"""A deviation below this share of the largest return is rounding: the ratio is undefined."""

NOISE = 1e-6
"""The same for a deviation that comes out of differences of sums, against the deviation of both arms together; and for
that of what pairs differ by."""
_CACHED = 16_384


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
    powers = np.stack(_powers((pooled - centre) / scale))
    seen = np.concatenate([np.zeros(n - treated), np.ones(treated)])[None, :]
    whole = powers.sum(axis=1, keepdims=True)

    def statistic(rows: Array) -> tuple[Array, Array]:
        of_b = rows @ powers
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
    n, both = len(a), np.concatenate([a, b])
    centre, scale = both.mean(axis=0), _scale(both)
    floor = np.maximum(_floor(both) / scale, NOISE)
    x, y = (a - centre) / scale, (b - centre) / scale
    first, second = _joint(x, y), _joint(y, x)
    whole, mirrored = first.mean(axis=1, keepdims=True), second.mean(axis=1, keepdims=True)
    change = np.add.reduceat(second - first, np.arange(0, n, block), axis=1) / n
    product = np.stack([x * y, x * x * y * y]).mean(axis=1, keepdims=True)

    def statistic(rows: Array) -> tuple[Array, Array]:
        moved = rows @ change
        return _paired_difference(whole + moved, mirrored - moved, product, n, centre / scale, floor)

    complete = exact(len(masks), n, block=block)
    # Of all swaps the second half swaps what the first leaves: that turns the sign and no more.
    swapped = np.ascontiguousarray(masks[: len(masks) // 2 if complete else None, ::block])
    difference, observed = statistic(np.zeros((1, change.shape[1])))
    under = np.concatenate([statistic(rows)[1] for rows in _parts(swapped, a.shape[1])])
    return _tested(difference[0], observed[0], under, complete=complete)


def _parts(masks: Array, columns: int) -> list[Array]:
    """The masks in so many parts that what is computed of one stays in the cache."""
    return np.array_split(masks, max(1, len(masks) * columns // _CACHED))


def _tested(difference: Array, observed: Array, under: Array, *, complete: bool) -> Tested:
    p = p_value(np.nan_to_num(under, nan=np.inf), np.nan_to_num(observed), complete=complete)
    return Tested(difference, np.where(np.isnan(observed), np.nan, p), observed)


def _difference(a: Array, n_a: int, b: Array, n_b: int, centre: Array, floor: Array) -> tuple[Array, Array]:
    """Difference and studentised difference from sums of powers (4 × rows × columns) about ``centre``."""
    of_a, of_b = _moments(a / n_a, centre), _moments(b / n_b, centre)
    difference = _ratio(of_b, n_b, floor) - _ratio(of_a, n_a, floor)
    with np.errstate(divide="ignore", invalid="ignore"):
        return difference, difference / np.sqrt(_variance(of_a) / n_a + _variance(of_b) / n_b)


def _variance(of: _Moments) -> Array:
    """Mertens' variance of a Sharpe ratio s times n: 1 + s²/2 - s·skew + s²·excess/4."""
    tilt = _tilt(of)
    return 1 + tilt * (tilt * (of.fourth - of.second * of.second) - 2 * of.third) / of.second


def _tilt(of: _Moments) -> Array:
    """h in (u - h(u² - σ²)) / σ, what an observation u off the mean adds to the ratio."""
    return 0.5 * of.mean / of.second


def _ratio(of: _Moments, n: int, floor: Array) -> Array:
    """Mean over deviation with ddof 1; NaN where the deviation is nothing but rounding."""
    if n < 2:
        return np.full(of.mean.shape, np.nan)
    deviation = np.sqrt(np.maximum(of.second, 0.0) * n / (n - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(deviation > floor, of.mean / deviation, np.nan)


def _powers(values: Array) -> tuple[Array, Array, Array, Array]:
    """Values to the powers 1 to 4."""
    squares = values * values
    return values, squares, squares * values, squares * squares


def _moments(raw: Array, centre: Array | float = 0.0) -> _Moments:
    """Central moments from mean powers (4 × …) about ``centre``, and the mean itself."""
    one, two, three, four = raw
    square = one * one
    second = two - square
    third = three - one * (3 * second + square)
    fourth = four - one * (4 * third + one * (6 * second + square))
    return _Moments(one + centre, second, third, fourth)


def _moments_of(columns: Array) -> _Moments:
    centre = columns.mean(axis=0)
    return _moments(np.stack(_powers(columns - centre), axis=1).mean(axis=0), centre)


def _joint(x: Array, y: Array) -> Array:
    """What the paired variance needs of x, and of x² with y: ``5 × n × columns``."""
    return np.stack([*_powers(x), x * x * y])


def _paired_difference(x: Array, y: Array, product: Array, n: int, centre: Array, floor: Array) -> tuple[Array, Array]:
    """Difference y - x and its studentised form by the delta method, independent pairs.

    ``x`` and ``y`` are means of :func:`_joint`, ``product`` those of xy and x²y², which no swap changes.
    """
    of_x, of_y = _moments(x[:4], centre), _moments(y[:4], centre)
    difference = _ratio(of_y, n, floor) - _ratio(of_x, n, floor)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = _variance(of_x) + _variance(of_y) - 2 * _covariance(x, y, of_x, of_y, product)
        return difference, difference / np.sqrt(np.where(variance > NOISE * NOISE, variance, np.nan) / n)


def _covariance(x: Array, y: Array, of_x: _Moments, of_y: _Moments, product: Array) -> Array:
    """Covariance of the two ratios times n."""
    (a, xx, _, _, xxy), (b, yy, _, _, yyx), (xy, xxyy) = x, y, product
    c11 = xy - a * b
    c21 = xxy - 2 * a * c11 - b * xx
    c12 = yyx - 2 * b * c11 - a * yy
    c22 = xxyy - b * (2 * c21 + b * xx) - a * (2 * c12 + a * of_y.second + 4 * b * c11)
    both, tilt_x, tilt_y = of_x.second * of_y.second, _tilt(of_x), _tilt(of_y)
    found: Array = (c11 - tilt_x * c21 - tilt_y * c12 + tilt_x * tilt_y * (c22 - both)) / np.sqrt(both)
    return found


def _scale(columns: Array) -> Array:
    found = columns.std(axis=0)
    return np.where(found > 0, found, 1.0)


def _floor(columns: Array) -> Array:
    return np.asarray(FLAT * np.abs(columns).max(axis=0, initial=0.0))


def _columns(values: Array) -> Array:
    found = np.asarray(values, dtype=np.float64)
    return found[:, None] if found.ndim == 1 else found
