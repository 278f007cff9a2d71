"""Risk of the book as it is held now: today's positions carried through the past of their instruments.

In a past session the book would have gained sum(value × (close / close before - 1)), where a value is quantity × mark
of today, a short one negative; its return is that gain over today's equity. Cash earns nothing. Only sessions in
which every held instrument has a close count: where one has none, the return spans to the next that all have.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from controller.core.risk import correlations, tails
from controller.core.risk.backtest import backtest
from controller.core.risk.measures import Array, Figures, NoFigure, beta, ewma_volatility, volatility
from controller.core.risk.question import HISTORY, Closes, Held
from schemas.risk import BOOK_FIGURES, BookRisk, Tail

SHORT, MEDIUM, LEAST = 20, 60, 60
MATRIX = 12
"""Instruments whose correlations are told one by one: the largest positions."""


class Past(NamedTuple):
    """Closes of what is held: ``prices`` has a row for each of ``symbols`` and a column for each of ``dates``;
    ``values`` are today's, micro-dollars, a short one negative."""

    dates: Sequence[str]
    symbols: Sequence[str]
    values: Array
    prices: Array


def book_risk(held: Held, closes: Mapping[str, Closes], benchmark: str) -> BookRisk:
    """Every figure; ``closes``: (date, close) oldest first by instrument, the benchmark's among them.

    Tails, beta and correlation use the newest 252 sessions, and need 60 of them; the backtest needs all 252.
    """
    figures = Figures()
    past = figures.of("past", lambda: _past(held, closes))
    if past is None:
        missing = dict.fromkeys(BOOK_FIGURES, figures.missing["past"])
        return BookRisk(market_time=held.market_time, benchmark=benchmark, missing=missing)
    return measured(held, past, closes.get(benchmark, ()), benchmark)


def measured(held: Held, past: Past, market: Closes, benchmark: str) -> BookRisk:
    """Every figure of an aligned past."""
    figures = Figures()
    each = past.prices[:, 1:] / past.prices[:, :-1] - 1
    book: Array = past.values @ each / held.equity
    loss = figures.of("value_at_risk", lambda: tails.losses(_newest(book, LEAST)))
    if loss is None:
        figures.missing["expected_shortfall"] = figures.missing["value_at_risk"]
    closest = figures.of("correlation", lambda: _closest(each, book))
    symbols, matrix = _matrix(past, each)
    return BookRisk(
        market_time=held.market_time,
        benchmark=benchmark,
        window=book.size,
        volatility_20=figures.of("volatility_20", lambda: volatility(_newest(book, SHORT)[-SHORT:])),
        volatility_60=figures.of("volatility_60", lambda: volatility(_newest(book, MEDIUM)[-MEDIUM:])),
        volatility_ewma=figures.of("volatility_ewma", lambda: ewma_volatility(_newest(book, LEAST))),
        value_at_risk=loss and round(loss.value_at_risk * held.equity),
        expected_shortfall=loss and round(loss.expected_shortfall * held.equity),
        tails=figures.of("tails", lambda: _tails(_newest(book, LEAST), held.equity)) or (),
        backtest=figures.of("backtest", lambda: backtest(book, "prices")),
        beta=figures.of("beta", lambda: _beta(past.dates, book, market, benchmark)),
        correlation=closest and closest.value,
        pair=(past.symbols[closest.first], past.symbols[closest.second]) if closest else (),
        symbols=symbols,
        correlations=matrix,
        missing=figures.missing,
    )


def _newest(returns: Array, least: int) -> Array:
    if returns.size < least:
        raise NoFigure(f"{returns.size} of {least} sessions of prices")
    return returns


def _past(held: Held, closes: Mapping[str, Closes]) -> Past:
    values = {symbol: value for symbol, value in sorted(held.values.items()) if value}
    if not values:
        raise NoFigure("no positions")
    if held.equity <= 0:
        raise NoFigure("no equity")
    bare = [symbol for symbol in values if len(closes.get(symbol, ())) < 2]
    if bare:
        raise NoFigure(f"no prices of {bare[0]}")
    columns = [dict(closes[symbol]) for symbol in values]
    dates = sorted(set.intersection(*(set(column) for column in columns)))[-HISTORY:]
    prices = np.array([[column[date] for date in dates] for column in columns], dtype=np.float64)
    return Past(dates, tuple(values), np.array(list(values.values()), dtype=np.float64), prices)


def _tails(returns: Array, equity: int) -> tuple[Tail, ...]:
    return tuple(
        _tail(returns, equity, method, confidence) for method in tails.METHODS for confidence in tails.CONFIDENCES
    )


def _tail(returns: Array, equity: int, method: tails.Method, confidence: float) -> Tail:
    try:
        loss = tails.losses(returns, confidence, method)
    except NoFigure as error:
        return Tail(method=method, confidence=confidence, reason=str(error))
    return Tail(
        method=method,
        confidence=confidence,
        value_at_risk=round(loss.value_at_risk * equity),
        expected_shortfall=round(loss.expected_shortfall * equity),
    )


def _beta(dates: Sequence[str], book: Array, market: Closes, benchmark: str) -> float:
    """On the book's own sessions; those that the benchmark lacks are left out of both."""
    column = dict(market)
    levels = np.array([column.get(date, np.nan) for date in dates])
    moves = levels[1:] / levels[:-1] - 1
    both = np.isfinite(moves)
    if both.sum() < LEAST:
        raise NoFigure(f"{both.sum()} of {LEAST} sessions of {benchmark}")
    return beta(book[both], moves[both])


def _closest(each: Array, book: Array) -> correlations.Pair:
    """The largest correlation of two instruments, and which rows they are."""
    if len(each) < 2:
        raise NoFigure("fewer than two instruments")
    _newest(book, LEAST)
    return correlations.closest(each)


def _matrix(past: Past, each: Array) -> tuple[tuple[str, ...], tuple[tuple[float | None, ...], ...]]:
    """Correlations of the largest positions, largest first; nothing where :func:`_closest` has no figure."""
    if len(each) < 2 or each.shape[1] < LEAST:
        return (), ()
    largest = np.argsort(-np.abs(past.values), kind="stable")[:MATRIX]
    found = correlations.matrix(each[largest])
    rows = tuple(tuple(None if np.isnan(value) else float(value) for value in row) for row in found)
    return tuple(past.symbols[place] for place in largest), rows
