"""Correlations of many instruments, without ever holding the whole matrix.

Rows are instruments, columns paired sessions. The upper triangle is made block by block, so that memory grows with the
number of instruments, not with its square.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from controller.core.risk.measures import Array, NoFigure

BLOCK = 256


class Pair(NamedTuple):
    """The correlation of rows ``first`` and ``second``, ``first`` < ``second``."""

    value: float
    first: int
    second: int


def unit_rows(returns: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Each row's deviations from its mean, scaled to a length of 1; and which rows vary at all (others are 0)."""
    spread = returns - returns.mean(axis=1, keepdims=True)
    lengths = np.sqrt(np.einsum("ij,ij->i", spread, spread))
    varies = np.abs(spread).max(axis=1) > 1e-12 * np.abs(returns).max(axis=1)
    spread /= np.where(varies, lengths, np.inf)[:, None]
    return spread, varies


def closest(returns: Array) -> Pair:
    """The largest correlation of any two rows that vary; the first in order of rows where several are equal."""
    rows, varies = unit_rows(returns)
    kept = np.flatnonzero(varies)
    if kept.size < 2:
        raise NoFigure("fewer than two instruments" if len(returns) < 2 else "the returns do not vary")
    rows = rows[kept]
    best = Pair(-2.0, 0, 0)
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK] @ rows[start:].T
        block[:, : len(block)][np.tril_indices(len(block))] = -2.0
        place = int(block.argmax())
        first, second = divmod(place, block.shape[1])
        if block[first, second] > best.value:
            best = Pair(float(block[first, second]), int(kept[start + first]), int(kept[start + second]))
    return best


def matrix(returns: Array) -> Array:
    """Every correlation, shape (rows, rows), exactly 1 on the diagonal; NaN where a row does not vary."""
    rows, varies = unit_rows(returns)
    found: Array = rows @ rows.T
    found[~varies, :] = found[:, ~varies] = np.nan
    np.fill_diagonal(found, np.where(varies, 1.0, np.nan))
    return found
