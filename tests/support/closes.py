"""The closes that ship with the project, as arrays: real prices for the arithmetic."""

import csv
import gzip
from collections import defaultdict
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

_CLOSES: dict[str, dict[str, float]] = defaultdict(dict)
with gzip.open(str(files("controller.marketdata") / "data" / "closes.csv.gz"), "rt") as _file:
    _rows = csv.reader(_file)
    _names = next(_rows)[1:]
    for _date, *_values in _rows:
        _CLOSES[_date] = {name: float(value) for name, value in zip(_names, _values, strict=True) if value}
NAMES = _names


def returns_in(year: int) -> NDArray[np.float64]:
    """Simple returns of the sessions of ``year``, shape (names, sessions - 1)."""
    prices = np.array([[row[name] for name in NAMES] for date, row in _CLOSES.items() if date.startswith(str(year))])
    return np.ascontiguousarray((prices[1:] / prices[:-1] - 1).T)
