"""Looking early without lying: alpha spending over information (Lan and DeMets 1983), two-sided and symmetric.

Information is the share of the largest sample size that has been seen, 0 < t <= 1. A boundary is the |z| that a look
must exceed. The recursion is Armitage, McPherson and Rowe's (1969), integrated by Simpson's rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose, log, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from controller.core.experiments.relabelling import Array

NEVER = 8.0
"""A |z| that no look exceeds: where less than this much alpha is spent, the boundary stands here."""
_CERTAIN = log(1 - 1e-9)
_POINTS = 4
"""Points of the integral on each standard deviation of one step: boundaries good to 2e-5."""


def obrien_fleming(information: float, alpha: float) -> float:
    """Alpha spent up to ``information``, of two sides together, by O'Brien and Fleming's kind of spending."""
    return float(4 * ndtr(ndtri(alpha / 4) / sqrt(min(1.0, information))))


@dataclass(frozen=True, slots=True)
class _Path:
    """The density of the score at one look, of paths that have crossed no boundary before."""

    places: Array
    weights: Array


class Boundaries:
    """The boundaries of one test at level ``alpha``, look after look; each look may come whenever it comes."""

    def __init__(self, alpha: float) -> None:
        self._alpha = alpha
        self._spent = 0.0
        self._information = 0.0
        self._path: _Path | None = None

    def look(self, information: float) -> float:
        """The boundary of the next look. Raises ValueError when it has no more information than the one before."""
        if information <= self._information:
            raise ValueError(f"a look at {information} after one at {self._information}")
        step = sqrt(information - self._information)
        spent = obrien_fleming(information, self._alpha)
        boundary = self._solve(information, step, spent - self._spent)
        self._path = self._advance(information, step, boundary)
        self._information, self._spent = information, spent
        return boundary

    @property
    def spent(self) -> float:
        """Alpha spent so far."""
        return self._spent

    def _solve(self, information: float, step: float, share: float) -> float:
        def excess(z: float) -> float:
            return self._crossing(z * sqrt(information), step) - share

        if excess(NEVER) >= 0:
            return NEVER
        return float(brentq(excess, 0.0, NEVER, xtol=1e-10))

    def _crossing(self, bound: float, step: float) -> float:
        """The chance to be beyond ``bound`` (score) now and never before."""
        path = self._path
        if path is None:
            return float(2 * ndtr(-bound / step))
        beyond = ndtr((path.places - bound) / step) + ndtr((-bound - path.places) / step)
        return float(path.weights @ beyond)

    def _advance(self, information: float, step: float, boundary: float) -> _Path:
        reach = boundary * sqrt(information)
        half = max(8, int(np.ceil(reach / step * _POINTS)))
        places = np.linspace(-reach, reach, 2 * half + 1)
        rule = np.full(len(places), 2.0)
        rule[1::2] = 4.0
        rule[[0, -1]] = 1.0
        rule *= (places[1] - places[0]) / 3
        path = self._path or _Path(np.zeros(1), np.ones(1))
        apart = (places[:, None] - path.places) / step
        density = np.exp(-apart * apart / 2) @ path.weights / (step * sqrt(2 * np.pi))
        return _Path(places, rule * density)


def boundaries(information: Sequence[float], alpha: float) -> tuple[float, ...]:
    """The boundary of each look, in order."""
    made = Boundaries(alpha)
    return tuple(made.look(share) for share in information)


def sequential_p(information: Sequence[float], z: float, most: float = 1.0) -> float:
    """The smallest alpha, at most ``most``, at which the last of these looks, with statistic ``z``, would have crossed.

    The smallest over all looks so far is the p that may be shown: it holds its level whenever one stops.
    """
    final = abs(z)

    def excess(log_alpha: float) -> float:
        return boundaries(information, float(np.exp(log_alpha)))[-1] - final

    low, ceiling = float(np.log(2 * ndtr(-final))), min(_CERTAIN, log(most))
    if low >= ceiling or excess(ceiling) > 0:
        return most
    if excess(low) <= 0:
        return float(np.exp(low))
    high = min(low + 1, ceiling)
    while high < ceiling and excess(high) > 0:
        low, high = high, min(high + 1, ceiling)
    return float(np.exp(brentq(excess, low, high, xtol=1e-3)))


def conditional_power(information: float, z: float, final: float) -> float:
    """The chance to cross ``final`` at the last look, in the direction of ``z``, if the trend so far goes on."""
    if isclose(information, 1.0):
        return float(abs(z) >= final)
    score, left = abs(z) * sqrt(information), 1 - information
    return float(ndtr((score + score / information * left - final) / sqrt(left)))
