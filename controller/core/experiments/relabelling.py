"""Which relabellings of the data a permutation test looks at: all of them while they are few, else a seeded draw.

A mask is 1.0 where the observation is B's, one row a relabelling; what was observed is a row of its own in no mask.
"""

from itertools import combinations, product
from math import comb

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MOST_EXACT = 20_000
"""Up to so many relabellings all are looked at; every p is then exact."""
ROUNDING = 1e-9
"""Statistics as near as this to the observed one are as far as it: they differ by the order of their sums."""


def splits(n: int, treated: int, draws: int, rng: np.random.Generator) -> Array:
    """Masks (rows × ``n``) with ``treated`` ones each: every split while few, else ``draws`` at random."""
    if comb(n, treated) <= MOST_EXACT:
        masks = np.zeros((comb(n, treated), n))
        for row, chosen in enumerate(combinations(range(n), treated)):
            masks[row, chosen] = 1.0
        return masks
    order = rng.permuted(np.tile(np.arange(n), (draws, 1)), axis=1)
    return (order < treated).astype(np.float64)


def swaps(n: int, block: int, draws: int, rng: np.random.Generator) -> Array:
    """Masks (rows × ``n``) of pairs to swap, alike within each run of ``block`` pairs: every one while few, first
    those that leave the first run."""
    blocks = -(-n // block)
    if 2**blocks <= MOST_EXACT:
        signs = np.array(list(product((0.0, 1.0), repeat=blocks)))
    else:
        signs = rng.integers(0, 2, (draws, blocks)).astype(np.float64)
    return np.repeat(signs, block, axis=1)[:, :n]


def exact(masks: int, n: int, treated: int | None = None, block: int = 1) -> bool:
    """Whether so many masks are all that there are: of splits with ``treated`` given, else of swaps."""
    return masks == (comb(n, treated) if treated is not None else 2 ** -(-n // block))


def p_value(statistics: Array, observed: Array, *, complete: bool) -> Array:
    """Two-sided p: the share of ``statistics`` (rows × columns) at least as far from 0 as ``observed`` (columns).

    Of a draw, what was observed counts as one more (Phipson and Smyth 2010); ties within rounding count.
    """
    far = np.abs(observed) - ROUNDING * (1 + np.abs(observed))
    reached = np.count_nonzero(np.abs(statistics) >= far, axis=0)
    more = 0 if complete else 1
    return np.asarray((reached + more) / (len(statistics) + more), dtype=np.float64)
