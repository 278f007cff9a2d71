"""What the figures of risk and return are computed from: plain data, for a process that must not load NumPy."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

HISTORY = 253
"""Closes that are looked at: a year of returns."""
ASKED = HISTORY + 7
"""Closes to ask for: the market may move on while one instrument after another is asked."""
Closes = Sequence[tuple[str, int]]
"""(session, micro-dollars), oldest first: an instrument's closes, or the equity of a scope."""


class Held(NamedTuple):
    """What the book holds, micro-dollars: signed ``values`` by instrument, and its ``equity``."""

    market_time: str
    equity: int
    values: Mapping[str, int]


class Record(NamedTuple):
    """What one scope did: its ``curve`` of session equities, the ``gains`` of its closed trades as shares of their
    cost, and (session, value) of each fill after session ``since`` (empty: of all of them).
    """

    curve: Closes = ()
    gains: Sequence[float] = ()
    traded: Closes = ()
    since: str = ""


class Question(NamedTuple):
    """``closes`` by instrument, the benchmark's among them; ``calendar``: the market's sessions; ``records`` by scope
    (``account`` or a uid)."""

    held: Held
    benchmark: str
    closes: Mapping[str, Closes]
    calendar: Sequence[str]
    records: Mapping[str, Record]
