"""What one scope made of its equity: returns from session to session of the market clock.

A curve holds the last equity that was seen in each session. Where sessions were not seen (the replay ran faster than
the sampling), a return spans several, and figures are annualised by the number of returns that fit into a year.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from controller.core.risk.backtest import backtest
from controller.core.risk.concentration import wilson
from controller.core.risk.falls import calmar, curve_of, falls
from controller.core.risk.measures import (
    SESSIONS_A_YEAR,
    Array,
    Figures,
    NoFigure,
    annual_return,
    returns_of,
    sharpe,
    sortino,
    volatility,
)
from controller.core.risk.question import HISTORY, Closes, Record
from schemas.risk import Performance

LEAST = 20
"""With fewer returns, deviation and ratio are noise."""
SHOWN = 60
"""Newest values of the curve that are told."""
T = TypeVar("T")


_RETURNED = (
    "sharpe",
    "sortino",
    "calmar",
    "volatility",
    "annual_return",
    "deepest_drawdown",
    "turnover",
    "backtest",
)


class _Seen(NamedTuple):
    """The sessions that were seen, their equities and places in the calendar, and the returns between them."""

    dates: Sequence[str]
    equity: Sequence[int]
    places: Sequence[int]
    returns: Array
    per_year: float


def performance(record: Record, calendar: Sequence[str]) -> Performance:
    """``calendar``: the market's sessions, of which the newest 253 count."""
    figures = Figures()
    found = {**_returned(figures, record, calendar), **_closed(figures, record.gains)}
    curve = tuple(value for _, value in record.curve[-SHOWN:])
    return Performance.model_validate({**found, "curve": curve, "missing": figures.missing})


def _returned(figures: Figures, record: Record, calendar: Sequence[str]) -> dict[str, object]:
    """What follows from the curve."""
    try:
        seen = _seen(record.curve, calendar)
    except NoFigure as error:
        figures.missing |= dict.fromkeys(_RETURNED, str(error))
        return {}

    def annual(name: str, measure: Callable[[Array, float], T]) -> T | None:
        return figures.of(name, lambda: measure(_enough(seen.returns), seen.per_year))

    ratio = annual("sharpe", sharpe)
    fell = figures.of("deepest_drawdown", lambda: falls(seen.equity))
    return {
        "sessions": seen.returns.size,
        "sharpe": ratio and ratio.value,
        "sharpe_error": ratio and ratio.error,
        "sortino": annual("sortino", sortino),
        "calmar": annual("calmar", lambda returns, per_year: calmar(curve_of(returns), per_year)),
        "volatility": annual("volatility", volatility),
        "annual_return": annual("annual_return", annual_return),
        "deepest_drawdown": fell and fell.deepest,
        "longest_drawdown": fell and fell.longest,
        "present_drawdown": fell and fell.present,
        "turnover": figures.of("turnover", lambda: _turnover(record, seen)),
        "backtest": figures.of("backtest", lambda: backtest(_single(seen), "its own")),
    }


def _closed(figures: Figures, gains: Sequence[float]) -> dict[str, object]:
    """What follows from closed trades; the share of winners is of those that did not end at exactly their cost."""
    decided = [gain for gain in gains if gain]
    found: dict[str, object] = {
        "trades": len(gains),
        "average_win": figures.of("average_win", lambda: _average(gains, 1)),
        "average_loss": figures.of("average_loss", lambda: _average(gains, -1)),
    }
    if not decided:
        figures.missing["win_rate"] = "no closed trades yet"
        return found
    wins = sum(gain > 0 for gain in decided)
    low, high = wilson(wins, len(decided))
    return {**found, "win_rate": wins / len(decided), "win_low": low, "win_high": high}


def _seen(curve: Closes, calendar: Sequence[str]) -> _Seen:
    """Returns between the sessions that were seen, and how many of them make a year."""
    place = {date: number for number, date in enumerate(calendar[-HISTORY:])}
    known = [(date, equity) for date, equity in curve if date in place]
    dates, equity = [date for date, _ in known], [equity for _, equity in known]
    places = [place[date] for date in dates]
    returns = returns_of(equity) if len(known) > 1 else np.empty(0)
    spanned = places[-1] - places[0] if len(known) > 1 else 1
    return _Seen(dates, equity, places, returns, SESSIONS_A_YEAR * max(1, returns.size) / spanned)


def _single(seen: _Seen) -> Array:
    """The returns of one session each: value at risk is for one, what spans several is no test of it."""
    return seen.returns[np.diff(seen.places) == 1] if seen.returns.size else seen.returns


def _enough(returns: Array) -> Array:
    if returns.size < LEAST:
        raise NoFigure(f"{returns.size} of {LEAST} sessions")
    return returns


def _average(gains: Sequence[float], sign: int) -> float:
    """Mean of the gains (``sign`` 1) or of the losses (-1), each a share of its trade's cost."""
    found = [gain for gain in gains if gain * sign > 0]
    if not found:
        raise NoFigure("no winning trade yet" if sign > 0 else "no losing trade yet")
    return sum(found) / len(found)


def _turnover(record: Record, seen: _Seen) -> float:
    """Half of what was traded over mean equity, a year; over the sessions of which both are known whole."""
    first = next((number for number, date in enumerate(seen.dates) if date >= record.since), len(seen.dates))
    if len(seen.dates) - first <= LEAST:
        raise NoFigure(f"{max(0, len(seen.dates) - first - 1)} of {LEAST} sessions")
    start = seen.dates[first]
    traded = sum(value for date, value in record.traded if date > start)
    mean = sum(seen.equity[first:]) / len(seen.equity[first:])
    return traded / 2 / mean * SESSIONS_A_YEAR / (seen.places[-1] - seen.places[first])
