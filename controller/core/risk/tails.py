"""Value at risk and expected shortfall of one session, and how well such forecasts have held.

``results`` are gains in any unit (returns or money), the answer is in the same unit with a loss positive.
"""

from math import erfc, exp, log, sqrt
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np

from controller.core.risk.measures import Array, NoFigure, Numbers, numbers

Method = Literal["historical", "gaussian", "cornish-fisher"]
METHODS: tuple[Method, ...] = ("historical", "gaussian", "cornish-fisher")
CONFIDENCES = (0.95, 0.975, 0.99)
_NORMAL = NormalDist()


class Loss(NamedTuple):
    """What one session loses at most with the given confidence, and on average in the sessions beyond that."""

    value_at_risk: float
    expected_shortfall: float


class Moments(NamedTuple):
    """Mean, deviation, skewness and excess kurtosis, all of the population (ddof 0)."""

    mean: float
    deviation: float
    skew: float
    kurtosis: float


class Fit(NamedTuple):
    """A likelihood ratio and its p-value: small when the forecasts do not fit what happened."""

    statistic: float
    p_value: float


def losses(results: Numbers, confidence: float = 0.95, method: Method = "historical") -> Loss:
    """Both figures by one method; see :func:`historical`, :func:`gaussian` and :func:`cornish_fisher`."""
    return _OF[method](results, confidence)


def value_at_risk(results: Numbers, confidence: float = 0.95, method: Method = "historical") -> float:
    """The loss of one session that a share ``confidence`` of the sessions stays below."""
    return losses(results, confidence, method).value_at_risk


def expected_shortfall(results: Numbers, confidence: float = 0.95, method: Method = "historical") -> float:
    """The mean loss of the sessions at or beyond the value at risk."""
    return losses(results, confidence, method).expected_shortfall


def historical(results: Numbers, confidence: float) -> Loss:
    """Minus the (1 - confidence) quantile of ``results``, linear between order statistics (Hyndman and Fan 1996,
    type 7); the shortfall is minus the mean of the results at or below it.
    """
    array = numbers(results)
    quantile = float(np.quantile(array, 1 - confidence))
    return Loss(-quantile, -float(array[array <= quantile].mean()))


def gaussian(results: Numbers, confidence: float) -> Loss:
    """A normal distribution with the mean and the deviation (ddof 0) of ``results``.

    Source: Jorion, Value at Risk, "Parametric approach"; shortfall: McNeil, Frey and Embrechts 2005, example 2.18.
    """
    found = moments(results)
    z = _NORMAL.inv_cdf(1 - confidence)
    beyond = _NORMAL.pdf(z) / (1 - confidence)
    return Loss(-(found.mean + found.deviation * z), -(found.mean - found.deviation * beyond))


def cornish_fisher(results: Numbers, confidence: float) -> Loss:
    """The normal quantile corrected for skewness and excess kurtosis, and the mean of what lies beyond it.

    Refused outside the domain in which the expansion is a quantile function at all (rising everywhere): there it can
    give a loss of 99 % that is smaller than that of 95 %. Source: Cornish and Fisher 1937; domain: Maillard 2012, A
    User's Guide to the Cornish Fisher Expansion; the shortfall is the expansion's mean over the normal tail.
    """
    found = moments(results)
    _, _, skew, kurtosis = found
    if not in_domain(skew, kurtosis):
        raise NoFigure(f"outside the Cornish-Fisher domain: skewness {skew:.2f}, excess kurtosis {kurtosis:.2f}")
    z = _NORMAL.inv_cdf(1 - confidence)
    corrected, tail = expansion(z, skew, kurtosis), beyond_expansion(z, skew, kurtosis)
    return Loss(-(found.mean + found.deviation * corrected), -(found.mean + found.deviation * tail))


_OF = {"historical": historical, "gaussian": gaussian, "cornish-fisher": cornish_fisher}


def expansion(z: float, skew: float, kurtosis: float) -> float:
    """The Cornish-Fisher quantile for the normal quantile ``z``."""
    square, cube = z * z, z * z * z
    return z + (square - 1) * skew / 6 + (cube - 3 * z) * kurtosis / 24 - (2 * cube - 5 * z) * skew * skew / 36


def beyond_expansion(z: float, skew: float, kurtosis: float) -> float:
    """The mean of the expansion over normal values below ``z``, by the truncated moments of the normal distribution."""
    first = -_NORMAL.pdf(z) / _NORMAL.cdf(z)
    second, third = 1 + z * first, (z * z + 2) * first
    return (
        first
        + (second - 1) * skew / 6
        + (third - 3 * first) * kurtosis / 24
        - (2 * third - 5 * first) * skew * skew / 36
    )


def in_domain(skew: float, kurtosis: float) -> bool:
    """Whether the expansion rises everywhere: its derivative, a parabola in z, has no real root."""
    curvature = kurtosis / 8 - skew * skew / 6
    bottom = 1 - kurtosis / 8 + 5 * skew * skew / 36
    if curvature == skew == 0:
        return True
    return curvature > 0 and skew * skew / 9 <= 4 * curvature * bottom


def moments(results: Numbers) -> Moments:
    """The first four moments; NoFigure where ``results`` do not vary."""
    array = numbers(results, 2)
    mean = float(array.mean())
    spread = array - mean
    square = spread * spread
    variance = float(square.mean())
    if np.abs(spread).max() <= 1e-12 * np.abs(array).max():
        raise NoFigure("the returns do not vary")
    skew = float((square * spread).mean()) / variance**1.5
    return Moments(mean, sqrt(variance), skew, float((square * square).mean()) / variance**2 - 3)


def exceedances(results: Numbers, window: int, confidence: float = 0.95) -> Array:
    """1 for each session that lost more than the historical value at risk of the ``window`` sessions before it, else 0.

    Shape (n - window,).
    """
    array = numbers(results, window + 1, "sessions")
    before = np.lib.stride_tricks.sliding_window_view(array[:-1], window)
    quantiles = np.quantile(before, 1 - confidence, axis=1)
    return (array[window:] < quantiles).astype(np.float64)


def kupiec(exceptions: int, sessions: int, rate: float) -> Fit:
    """Whether ``exceptions`` in ``sessions`` fit a ``rate`` (0.05 for 95 %): chi-square with 1 degree of freedom.

    Source: Kupiec 1995, Techniques for Verifying the Accuracy of Risk Measurement Models (proportion of failures).
    """
    if not sessions:
        raise NoFigure("no sessions")
    seen = exceptions / sessions
    fitted, expected = (_likelihood(sessions - exceptions, exceptions, share) for share in (seen, rate))
    return _chi(2 * (fitted - expected))


def christoffersen(hits: Numbers) -> Fit:
    """Whether exceedances come one by one rather than in runs: chi-square with 1 degree of freedom.

    ``hits`` as of :func:`exceedances`. Source: Christoffersen 1998, Evaluating Interval Forecasts (independence).
    """
    array = numbers(hits, 2, "sessions").astype(bool)
    before, after = array[:-1], array[1:]
    calm, broke = int((~before & ~after).sum()), int((~before & after).sum())
    healed, ran = int((before & ~after).sum()), int((before & after).sum())
    overall = _likelihood(calm + healed, broke + ran, (broke + ran) / after.size)
    apart = _likelihood(calm, broke, broke / max(1, calm + broke)) + _likelihood(
        healed, ran, ran / max(1, healed + ran)
    )
    return _chi(2 * (apart - overall))


def coverage(hits: Numbers, rate: float) -> Fit:
    """Both at once, the sum of the two statistics: chi-square with 2 degrees of freedom (Christoffersen 1998)."""
    array = numbers(hits, 2, "sessions")
    statistic = kupiec(int(array.sum()), array.size, rate).statistic + christoffersen(array).statistic
    return Fit(statistic, exp(-statistic / 2))


def _likelihood(without: int, having: int, share: float) -> float:
    """Log likelihood of so many misses and hits; 0 · log 0 is 0."""
    return (without * log(1 - share) if without else 0.0) + (having * log(share) if having else 0.0)


def _chi(statistic: float) -> Fit:
    """The upper tail of chi-square with 1 degree of freedom; rounding below 0 counts as 0."""
    found = max(0.0, statistic)
    return Fit(found, erfc(sqrt(found / 2)))
