"""Risk of the book as it is held now: today's positions carried through the past of their instruments.

In a past session the book would have gained sum(value × (close / close before - 1)), where a value is quantity × mark
of today, a short one negative; its return is that gain over today's equity. Cash earns nothing. Only sessions in
which every held instrument has a close count: where one has none, the return spans to the next that all have.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import fsum
from operator import mul
from typing import NamedTuple

from controller.core.risk.measures import Figures, NoFigure, beta, standardised, value_at_risk, volatility
from schemas.risk import BookRisk

SHORT, MEDIUM, LONG, LEAST = 20, 60, 252, 60
HISTORY = LONG + 1
"""Closes that :func:`book_risk` looks at."""
Closes = Sequence[tuple[str, int]]
_NAMES = ("volatility_20", "volatility_60", "value_at_risk", "beta", "correlation")


class Held(NamedTuple):
    """What the book holds, micro-dollars: signed ``values`` by instrument, and its ``equity``."""

    market_time: str
    equity: int
    values: Mapping[str, int]


class _Past(NamedTuple):
    """Returns session by session: by instrument, and of the whole book. ``dates`` has one more: the first close."""

    dates: Sequence[str]
    by_symbol: Mapping[str, Sequence[float]]
    book: Sequence[float]


def book_risk(held: Held, closes: Mapping[str, Closes], benchmark: str) -> BookRisk:
    """Every figure; ``closes``: (date, close) oldest first by instrument, the benchmark's among them.

    Value at risk, beta and correlation use the newest 252 sessions, and need 60 of them.
    """
    figures = Figures()
    past = figures.of("past", lambda: _past(held, closes))
    if past is None:
        return BookRisk(
            market_time=held.market_time, benchmark=benchmark, missing=dict.fromkeys(_NAMES, figures.missing["past"])
        )
    loss = figures.of("value_at_risk", lambda: value_at_risk(_newest(past.book, LEAST)))
    correlation, pair = figures.of("correlation", lambda: _closest(past)) or (None, ())
    return BookRisk(
        market_time=held.market_time,
        benchmark=benchmark,
        window=len(past.book),
        volatility_20=figures.of("volatility_20", lambda: volatility(_newest(past.book, SHORT)[-SHORT:])),
        volatility_60=figures.of("volatility_60", lambda: volatility(_newest(past.book, MEDIUM)[-MEDIUM:])),
        value_at_risk=None if loss is None else round(loss * held.equity),
        beta=figures.of("beta", lambda: _beta(past, closes.get(benchmark, ()), benchmark)),
        correlation=correlation,
        pair=pair,
        missing=figures.missing,
    )


def _newest(returns: Sequence[float], least: int) -> Sequence[float]:
    if len(returns) < least:
        raise NoFigure(f"{len(returns)} of {least} sessions of prices")
    return returns


def _past(held: Held, closes: Mapping[str, Closes]) -> _Past:
    values = {symbol: value for symbol, value in held.values.items() if value}
    if not values:
        raise NoFigure("no positions")
    if held.equity <= 0:
        raise NoFigure("no equity")
    bare = [symbol for symbol in values if len(closes.get(symbol, ())) < 2]
    if bare:
        raise NoFigure(f"no prices of {bare[0]}")
    columns = {symbol: dict(closes[symbol]) for symbol in values}
    dates = sorted(set.intersection(*(set(column) for column in columns.values())))[-HISTORY:]
    by_symbol = {symbol: _returns([column[date] for date in dates]) for symbol, column in columns.items()}
    shares = [values[symbol] / held.equity for symbol in by_symbol]
    book = [fsum(map(mul, shares, row)) for row in zip(*by_symbol.values(), strict=True)]
    return _Past(dates, by_symbol, book)


def _returns(prices: Sequence[int]) -> list[float]:
    return [after / before - 1 for before, after in pairwise(prices)]


def _beta(past: _Past, closes: Closes, benchmark: str) -> float:
    """On the book's own sessions; those that the benchmark lacks are left out of both."""
    column = dict(closes)
    pairs = [
        (own, column[after] / column[before] - 1)
        for own, (before, after) in zip(past.book, pairwise(past.dates), strict=True)
        if before in column and after in column
    ]
    if len(pairs) < LEAST:
        raise NoFigure(f"{len(pairs)} of {LEAST} sessions of {benchmark}")
    return beta([own for own, _ in pairs], [market for _, market in pairs])


def _closest(past: _Past) -> tuple[float, tuple[str, str]]:
    """The largest correlation of two instruments, and which they are, in order of their names."""
    if len(past.by_symbol) < 2:
        raise NoFigure("fewer than two instruments")
    _newest(past.book, LEAST)
    unit = {symbol: standardised(past.by_symbol[symbol]) for symbol in sorted(past.by_symbol)}
    names = list(unit)
    pairs = [(first, second) for place, first in enumerate(names) for second in names[place + 1 :]]
    return max((fsum(map(mul, unit[first], unit[second])), (first, second)) for first, second in pairs)
