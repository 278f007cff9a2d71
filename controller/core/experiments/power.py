"""What a test can see: power, the sample that a difference asks for, the smallest difference that will be noticed."""

from collections.abc import Callable
from math import inf, sqrt

from scipy.optimize import brentq
from scipy.special import ndtr, ndtri
from scipy.stats import nct, t

LARGEST_EFFECT = 50.0
_FIRST_EFFECT = 0.01
_MOST = 1e9
_NORMAL = 1e5


def two_arms(n_per_arm: float, effect: float, alpha: float = 0.05) -> float:
    """Power of the two-sided t test of two arms at a standardised ``effect``. Source: Cohen 1988."""
    return _power(2 * n_per_arm - 2, effect * sqrt(n_per_arm / 2), alpha)


def pairs(n: float, effect: float, alpha: float = 0.05) -> float:
    """Power of the two-sided paired t test; ``effect`` is of the differences' own deviation."""
    return _power(n - 1, effect * sqrt(n), alpha)


def needed_per_arm(effect: float, power: float = 0.8, alpha: float = 0.05) -> float:
    """Observations per arm, not rounded."""
    return _needed(lambda n: two_arms(n, effect, alpha), power)


def needed_pairs(effect: float, power: float = 0.8, alpha: float = 0.05) -> float:
    """Pairs, not rounded."""
    return _needed(lambda n: pairs(n, effect, alpha), power)


def detectable(n_a: int, n_b: int, power: float = 0.8, alpha: float = 0.05, inflation: float = 1.03) -> float:
    """The smallest standardised difference that is found with ``power`` at the largest sample.

    ``inflation`` is what O'Brien-Fleming looks cost in sample size. For Sharpe ratios far below 1 the standardised
    difference is the difference of the ratios themselves, per observation.
    """
    n = 2 / (1 / n_a + 1 / n_b) / inflation
    return _smallest(lambda effect: two_arms(n, effect, alpha), power)


def detectable_pairs(n: int, power: float = 0.8, alpha: float = 0.05, inflation: float = 1.03) -> float:
    """As :func:`detectable`, of pairs."""
    return _smallest(lambda effect: pairs(n / inflation, effect, alpha), power)


def shares(n_per_arm: float, first: float, second: float, alpha: float = 0.05) -> float:
    """Power of comparing two shares, normal approximation as in R's power.prop.test."""
    pooled = (first + second) * (1 - (first + second) / 2)
    spread = first * (1 - first) + second * (1 - second)
    z = float(ndtri(1 - alpha / 2))
    return float(ndtr((sqrt(n_per_arm) * abs(first - second) - z * sqrt(pooled)) / sqrt(spread)))


def needed_for_shares(first: float, second: float, power: float = 0.8, alpha: float = 0.05) -> float:
    """Observations per arm, not rounded."""
    return _needed(lambda n: shares(n, first, second, alpha), power)


def _smallest(power_of: Callable[[float], float], power: float) -> float:
    """The smallest effect with so much power, looked for from below: far beyond it the distribution has no figures."""
    high = _FIRST_EFFECT
    while power_of(high) < power and high < LARGEST_EFFECT:
        high *= 2
    return float(brentq(lambda effect: power_of(effect) - power, 1e-9, high))


def _needed(power_of: Callable[[float], float], power: float) -> float:
    """The smallest sample with so much power; infinite where none of a thousand million has it."""
    low, high = 2.0, 4.0
    while power_of(high) < power:
        low, high = high, 2 * high
        if high > _MOST:
            return inf
    return float(brentq(lambda n: power_of(n) - power, low, high)) if power_of(low) < power else low


def _power(freedom: float, centre: float, alpha: float) -> float:
    if freedom > _NORMAL:
        z = float(ndtri(1 - alpha / 2))
        return float(ndtr(centre - z) + ndtr(-centre - z))
    critical = float(t.ppf(1 - alpha / 2, freedom))
    return float(nct.sf(critical, freedom, centre) + nct.cdf(-critical, freedom, centre))
