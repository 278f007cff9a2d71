"""Measures of risk and return over arrays. Returns are simple: 0.01 is a gain of 1 % in one session.

Every function takes any sequence of numbers, oldest first. A measure that has too little to go by, or a number that is
none, raises NoFigure with the reason: it is never 0 instead. NumPy: not for the controller's or the gate's process.
"""

from collections.abc import Callable, Sequence
from math import sqrt
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

SESSIONS_A_YEAR = 252
DECAY = 0.94
Array = NDArray[np.float64]
Numbers = Sequence[float] | Array
T = TypeVar("T")
_CONSTANT = 1e-12
"""A deviation below this share of the largest return is rounding: the returns do not vary."""


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


def numbers(values: Numbers, least: int = 1, what: str = "returns") -> Array:
    """``values`` as an array of at least ``least`` finite numbers."""
    array = np.asarray(values, dtype=np.float64)
    if array.size < least:
        raise NoFigure(f"{array.size} of {least} {what}" if least > 1 else f"no {what}")
    if not np.isfinite(array).all():
        raise NoFigure(f"not a number among the {what}")
    return array


def returns_of(equity: Numbers, flows: Numbers | None = None) -> Array:
    """Returns net of flows: (equity - flow) / equity before - 1; a flow into the account is positive.

    ``flows[k]`` came between ``equity[k]`` and ``equity[k + 1]`` and has earned nothing yet. Source: the daily
    time-weighted return of the GIPS standards with flows at the end of the day.
    """
    curve = numbers(equity, 2, "values")
    if (curve[:-1] <= 0).any():
        raise NoFigure("equity was not above zero")
    moved = np.zeros(curve.size - 1) if flows is None else numbers(flows)
    return (curve[1:] - moved) / curve[:-1] - 1


def volatility(returns: Numbers, per_year: float = SESSIONS_A_YEAR) -> float:
    """Annualised volatility: sample standard deviation (ddof 1) times sqrt(``per_year``), never negative.

    Source: Hull, Options, Futures, and Other Derivatives, "Estimating volatility from historical data".
    """
    return deviation(returns) * sqrt(per_year)


def ewma_volatility(returns: Numbers, decay: float = DECAY, per_year: float = SESSIONS_A_YEAR) -> float:
    """Annualised volatility with exponentially fading weights around a mean of 0; weights sum to 1, so no seed enters.

    Source: J.P. Morgan, RiskMetrics Technical Document (1996), 5.2; ``decay`` 0.94 is its value for daily data.
    """
    array = numbers(returns, 2)
    weights = decay ** np.arange(array.size - 1, -1, -1)
    return sqrt(float(weights @ (array * array) / weights.sum()) * per_year)


def beta(returns: Numbers, market: Numbers) -> float:
    """Covariance with the market over the market's variance (both ddof 1, which cancels), of paired sessions.

    Source: Sharpe 1963, the slope of the market model.
    """
    spread = _spread(market)
    if not spread.any():
        raise NoFigure("the benchmark does not vary")
    return float(_spread(returns) @ spread / (spread @ spread))


def correlation(first: Numbers, second: Numbers) -> float:
    """Pearson's correlation of paired sessions, -1 to 1."""
    return float(standardised(first) @ standardised(second))


def standardised(returns: Numbers) -> Array:
    """Deviations from the mean scaled to a length of 1, so that the sum of products of two is their correlation."""
    spread = _spread(returns)
    length = sqrt(float(spread @ spread))
    if not length:
        raise NoFigure("the returns do not vary")
    return spread / length


def sharpe(returns: Numbers, per_year: float = SESSIONS_A_YEAR, riskless: float = 0.0) -> Sharpe:
    """Annualised Sharpe ratio: mean excess over ``riskless`` (a session) over sample deviation (ddof 1), times
    sqrt(``per_year``); the standard error is that of independent returns.

    Source: Lo 2002, The Statistics of Sharpe Ratios, eq. 9: sqrt((1 + SR²/2) / n) for one session.
    """
    excess = numbers(returns, 2) - riskless
    spread = deviation(excess)
    if not spread:
        raise NoFigure("the returns do not vary")
    ratio = float(excess.mean()) / spread
    error = sqrt((1 + ratio * ratio / 2) / excess.size)
    return Sharpe(ratio * sqrt(per_year), error * sqrt(per_year))


def sortino(returns: Numbers, per_year: float = SESSIONS_A_YEAR, target: float = 0.0) -> float:
    """Annualised Sortino ratio: mean excess over ``target`` (a session) over the root of the mean square of what fell
    short of it (all sessions counted), times sqrt(``per_year``).

    Source: Sortino and van der Meer 1991, Downside Risk.
    """
    excess = numbers(returns, 2) - target
    short = np.minimum(excess, 0.0)
    downside = sqrt(float(short @ short) / excess.size)
    if not downside:
        raise NoFigure("no session fell short")
    return float(excess.mean()) / downside * sqrt(per_year)


def annual_return(returns: Numbers, per_year: float = SESSIONS_A_YEAR) -> float:
    """Compound growth a year: the product of (1 + return) to the power of ``per_year`` / n, minus 1."""
    array = numbers(returns)
    if (array <= -1).any():
        raise NoFigure("everything was lost")
    return float(np.expm1(np.log1p(array).mean() * per_year))


def deviation(returns: Numbers) -> float:
    """Sample standard deviation (ddof 1); exactly 0 where the returns do not vary."""
    spread = _spread(returns)
    return sqrt(float(spread @ spread) / (spread.size - 1))


def _spread(returns: Numbers) -> Array:
    """Deviations from the mean; exactly zero where all are equal but for rounding."""
    array = numbers(returns, 2)
    spread: Array = array - array.mean()
    if np.abs(spread).max() <= _CONSTANT * np.abs(array).max():
        return np.zeros(array.size)
    return spread
