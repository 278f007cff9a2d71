"""How concentrated a book is, and how sure a share of wins. Plain numbers, without NumPy: for every process."""

from collections.abc import Iterable
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple


class Interval(NamedTuple):
    """A closed interval of shares, 0 to 1."""

    low: float
    high: float


def herfindahl(values: Iterable[int]) -> float | None:
    """The sum of squared shares of |value|: 1 for one name, 1/n for n equal ones; None when nothing is held.

    Source: Herfindahl 1950, Hirschman 1945. Its inverse is the number of equal names that would be as concentrated.
    """
    sizes = [abs(value) for value in values]
    whole = sum(sizes)
    return sum(size * size for size in sizes) / (whole * whole) if whole else None


def wilson(wins: int, trades: int, confidence: float = 0.95) -> Interval:
    """The interval that holds the true share of wins with ``confidence``; ``trades`` at least 1.

    Source: Wilson 1927, Probable Inference, the Law of Succession, and Statistical Inference (without continuity
    correction).
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, square = wins / trades, z * z / trades
    middle = share + square / 2
    half = z * sqrt(share * (1 - share) / trades + square / (4 * trades))
    return Interval((middle - half) / (1 + square), (middle + half) / (1 + square))
