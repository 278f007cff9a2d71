"""Measures of risk and return over plain numbers. Returns are simple: 0.01 is a gain of 1 % in one session.

A measure that has too little to go by raises NoFigure with the reason: it is never 0 instead.
"""

from collections.abc import Callable, Sequence
from math import fsum, sqrt
from operator import mul
from typing import NamedTuple, TypeVar

SESSIONS_A_YEAR = 252
T = TypeVar("T")


class NoFigure(ValueError):
    """The figure has no input; the message says why, in words that fit into ``n/a (…)``."""


class Figures:
    """Collects, by name in ``missing``, why figures are absent."""

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}

    def of(self, name: str, measure: Callable[[], T]) -> T | None:
        """What ``measure`` gives; None when it has no input."""
        try:
            return measure()
        except NoFigure as error:
            self.missing[name] = str(error)
            return None


class Sharpe(NamedTuple):
    """An annualised Sharpe ratio and its standard error."""

    value: float
    error: float


def volatility(returns: Sequence[float], per_year: float = SESSIONS_A_YEAR) -> float:
    """Annualised volatility: sample standard deviation (ddof 1) times sqrt(``per_year``), never negative.

    Source: Hull, Options, Futures, and Other Derivatives, "Estimating volatility from historical data".
    """
    return sqrt(_variance(returns) * per_year)


def value_at_risk(results: Sequence[float], confidence: float = 0.95) -> float:
    """Historical value at risk: the loss of one session that a share ``confidence`` of ``results`` stays above.

    ``results`` are gains in any unit, the answer is in the same unit with a loss positive: minus their
    (1 - confidence) quantile, linear between order statistics (Hyndman and Fan 1996, type 7).
    """
    if not results:
        raise NoFigure("no returns")
    ordered = sorted(results)
    place = (len(ordered) - 1) * (1 - confidence)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return -(ordered[below] + (place - below) * (ordered[above] - ordered[below]))


def beta(returns: Sequence[float], market: Sequence[float]) -> float:
    """Covariance with the market over the market's variance (both ddof 1, which cancels), of paired sessions.

    Source: Sharpe 1963, the slope of the market model.
    """
    spread = _spread(market)
    if not any(spread):
        raise NoFigure("the benchmark does not vary")
    return _dot(_spread(returns), spread) / _dot(spread, spread)


def correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Pearson's correlation of paired sessions, -1 to 1."""
    return _dot(standardised(first), standardised(second))


def standardised(returns: Sequence[float]) -> list[float]:
    """Deviations from the mean scaled to a length of 1, so that the sum of products of two is their correlation."""
    spread = _spread(returns)
    length = sqrt(_dot(spread, spread))
    if not length:
        raise NoFigure("the returns do not vary")
    return [value / length for value in spread]


def sharpe(returns: Sequence[float], per_year: float = SESSIONS_A_YEAR) -> Sharpe:
    """Annualised Sharpe ratio against a riskless rate of 0: mean over sample deviation (ddof 1), times
    sqrt(``per_year``); the standard error is that of independent returns.

    Source: Lo 2002, The Statistics of Sharpe Ratios: sqrt((1 + SR²/2) / n) for one period.
    """
    deviation = sqrt(_variance(returns))
    if not deviation:
        raise NoFigure("the returns do not vary")
    ratio = fsum(returns) / len(returns) / deviation
    error = sqrt((1 + ratio * ratio / 2) / len(returns))
    return Sharpe(ratio * sqrt(per_year), error * sqrt(per_year))


def _variance(returns: Sequence[float]) -> float:
    spread = _spread(returns)
    return _dot(spread, spread) / (len(spread) - 1)


def _spread(returns: Sequence[float]) -> list[float]:
    """Deviations from the mean; exactly zero where all are equal."""
    if len(returns) < 2:
        raise NoFigure(f"{len(returns)} of 2 returns")
    if min(returns) == max(returns):
        return [0.0] * len(returns)
    mean = fsum(returns) / len(returns)
    return [value - mean for value in returns]


def _dot(first: Sequence[float], second: Sequence[float]) -> float:
    return fsum(map(mul, first, second))
