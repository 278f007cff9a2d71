import statistics
from datetime import date, timedelta
from itertools import pairwise
from math import sqrt

import pytest

from controller.core.risk.book import book_risk
from controller.core.risk.question import Held
from tests.support.returns import closes, wave

NAMES = ("AMD", "JPM", "NVDA")
N = 253
DATES = [(date(2024, 1, 1) + timedelta(days=number)).isoformat() for number in range(N)]
PRICES = {name: wave(N, seed) for seed, name in enumerate(NAMES, 1)} | {"SPX": wave(N, 9)}
CLOSES = {name: closes(DATES, prices) for name, prices in PRICES.items()}
VALUES = {"AMD": 30_000_000, "JPM": 50_000_000, "NVDA": -10_000_000}
HELD = Held(DATES[-1], 100_000_000, VALUES)


def returns(name: str) -> list[float]:
    return [after / before - 1 for before, after in pairwise(PRICES[name])]


BOOK = [sum(VALUES[name] * returns(name)[k] for name in NAMES) / 100_000_000 for k in range(N - 1)]


def test_book_risk_then_each_figure_is_that_of_todays_positions_over_the_past() -> None:
    found = book_risk(HELD, CLOSES, "SPX")
    assert found.window == 252
    assert found.volatility_20 == pytest.approx(statistics.stdev(BOOK[-20:]) * sqrt(252))
    assert found.volatility_60 == pytest.approx(statistics.stdev(BOOK[-60:]) * sqrt(252))
    tail = statistics.quantiles(BOOK, n=20, method="inclusive")[0]
    assert found.value_at_risk == round(-tail * 100_000_000)
    assert found.beta == pytest.approx(statistics.linear_regression(returns("SPX"), BOOK).slope)
    assert found.missing == {}


def test_book_risk_then_names_the_pair_that_moves_together_most() -> None:
    pairs = {(a, b): statistics.correlation(returns(a), returns(b)) for a in NAMES for b in NAMES if a < b}
    best = max(pairs, key=lambda pair: pairs[pair])
    found = book_risk(HELD, CLOSES, "SPX")
    assert found.pair == best
    assert found.correlation == pytest.approx(pairs[best])


def test_book_risk_when_nothing_is_held_then_every_figure_says_so() -> None:
    found = book_risk(Held(DATES[-1], 100, {"AMD": 0}), CLOSES, "SPX")
    assert set(found.missing.values()) == {"no positions"}
    assert (found.volatility_20, found.value_at_risk, found.beta, found.correlation) == (None, None, None, None)


def test_book_risk_when_an_instrument_has_no_prices_then_names_it() -> None:
    found = book_risk(Held(DATES[-1], 100, {"AMD": 5, "XYZ": 5}), CLOSES, "SPX")
    assert found.missing["value_at_risk"] == "no prices of XYZ"


def test_book_risk_when_there_are_40_sessions_then_only_what_needs_20_is_told() -> None:
    short = {name: rows[-41:] for name, rows in CLOSES.items()}
    found = book_risk(HELD, short, "SPX")
    assert found.volatility_20 == pytest.approx(statistics.stdev(BOOK[-20:]) * sqrt(252))
    assert found.missing["volatility_60"] == "40 of 60 sessions of prices"
    assert set(found.missing) == {
        "volatility_60",
        "volatility_ewma",
        "value_at_risk",
        "expected_shortfall",
        "tails",
        "backtest",
        "beta",
        "correlation",
    }
    assert (found.tails, found.backtest, found.symbols) == ((), None, ())


def test_book_risk_when_one_instrument_missed_a_session_then_it_counts_for_none() -> None:
    gap = {**CLOSES, "AMD": [row for row in CLOSES["AMD"] if row[0] != DATES[100]]}
    assert book_risk(HELD, gap, "SPX").window == 251


def test_book_risk_when_the_benchmark_is_unknown_then_only_beta_is_missing() -> None:
    found = book_risk(HELD, {name: CLOSES[name] for name in NAMES}, "SPX")
    assert found.missing == {"beta": "0 of 60 sessions of SPX"}


def test_book_risk_when_one_instrument_is_held_then_there_is_no_pair() -> None:
    found = book_risk(Held(DATES[-1], 100, {"AMD": 5}), CLOSES, "SPX")
    assert found.missing == {"correlation": "fewer than two instruments"}


def test_book_risk_when_equity_is_gone_then_no_share_of_it_is_told() -> None:
    assert book_risk(Held(DATES[-1], 0, VALUES), CLOSES, "SPX").missing["beta"] == "no equity"
