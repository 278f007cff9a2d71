"""Falls from a peak, over a curve of equity."""

from typing import NamedTuple

import numpy as np

from controller.core.risk.measures import Array, NoFigure, Numbers, annual_return, numbers, returns_of


class Falls(NamedTuple):
    """``deepest`` fall from the peak before it as a positive share; ``longest`` and ``present`` time below a peak, in
    steps of the curve (sessions, when it has one value a session)."""

    deepest: float
    longest: int
    present: int


def falls(equity: Numbers) -> Falls:
    """Over ``equity``, whose first value is the first peak. NoFigure when it was ever not above zero at a peak."""
    curve = numbers(equity, 2, "values")
    peaks = np.maximum.accumulate(curve)
    if peaks[0] <= 0:
        raise NoFigure("equity was not above zero")
    below = curve < peaks
    steps = np.arange(curve.size)
    since = steps - np.maximum.accumulate(np.where(below, 0, steps))
    return Falls(float(((peaks - curve) / peaks).max()), int(since.max()), int(since[-1]))


def calmar(equity: Numbers, per_year: float) -> float:
    """Compound growth a year over the deepest fall. Source: Young 1991, Calmar Ratio: A Smoother Tool."""
    deepest = falls(equity).deepest
    if not deepest:
        raise NoFigure("nothing fell yet")
    return annual_return(returns_of(equity), per_year) / deepest


def curve_of(returns: Numbers) -> Array:
    """The curve that starts at 1 and compounds ``returns``: one value more than they are."""
    return np.concatenate(([1.0], np.cumprod(1 + numbers(returns))))
