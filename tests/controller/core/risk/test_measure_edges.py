"""What every measure says when there is too little, nothing, no number, no change or no equity."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.risk import correlations, falls, measures, tails
from controller.core.risk.book import book_risk
from controller.core.risk.measures import NoFigure, Numbers
from controller.core.risk.performance import performance
from controller.core.risk.question import Held, Record
from tests.support.returns import closes, wave

Measure = Callable[[Numbers], object]
OF_RETURNS: dict[str, Measure] = {
    "volatility": measures.volatility,
    "ewma": measures.ewma_volatility,
    "sharpe": measures.sharpe,
    "sortino": measures.sortino,
    "growth": measures.annual_return,
    "historical": tails.value_at_risk,
    "gaussian": lambda returns: tails.gaussian(returns, 0.95),
    "cornish-fisher": lambda returns: tails.cornish_fisher(returns, 0.95),
    "beta": lambda returns: measures.beta(returns, returns),
    "correlation": lambda returns: measures.correlation(returns, returns),
    "returns": measures.returns_of,
    "falls": falls.falls,
    "exceedances": lambda returns: tails.exceedances(returns, 2),
    "christoffersen": tails.christoffersen,
}
DATES = [f"2024-{1 + number // 28:02d}-{1 + number % 28:02d}" for number in range(250)]


@pytest.mark.parametrize("measure", OF_RETURNS.values(), ids=OF_RETURNS)
def test_no_data_then_no_figure(measure: Measure) -> None:
    with pytest.raises(NoFigure, match=r"^no |^0 of "):
        measure([])


@pytest.mark.parametrize("name", [name for name in OF_RETURNS if name not in ("growth", "historical")])
def test_one_point_then_no_figure(name: str) -> None:
    with pytest.raises(NoFigure, match=r"^1 of "):
        OF_RETURNS[name]([0.01])


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("measure", OF_RETURNS.values(), ids=OF_RETURNS)
def test_not_a_number_then_no_figure_rather_than_nan(measure: Measure, bad: float) -> None:
    with pytest.raises(NoFigure, match=r"^not a number among the "):
        measure([0.01, bad, -0.02, 0.03])


@pytest.mark.parametrize("name", ["sharpe", "gaussian", "cornish-fisher", "correlation"])
@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3])
def test_constant_returns_then_no_figure(name: str, value: float) -> None:
    if name == "gaussian":
        with pytest.raises(NoFigure, match="do not vary"):
            tails.moments([value] * 9)
        return
    with pytest.raises(NoFigure, match="do not vary"):
        OF_RETURNS[name]([value] * 9)


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3])
def test_constant_returns_then_volatility_is_exactly_zero(value: float) -> None:
    assert measures.volatility([value] * 9) == 0.0


def test_nothing_below_the_target_then_no_sortino_and_no_calmar() -> None:
    with pytest.raises(NoFigure, match="no session fell short"):
        measures.sortino([0.01, 0.02])
    with pytest.raises(NoFigure, match="nothing fell yet"):
        falls.calmar([1.0, 1.1, 1.2], 252)


@pytest.mark.parametrize("curve", [[100.0, 0.0, 50.0], [100.0, -5.0, 50.0], [0.0, 1.0]])
def test_equity_that_was_not_above_zero_then_no_returns(curve: list[float]) -> None:
    with pytest.raises(NoFigure, match="not above zero"):
        measures.returns_of(curve)


def test_equity_below_zero_at_the_end_then_a_loss_of_more_than_all() -> None:
    assert measures.returns_of([100, -20]).tolist() == [-1.2]
    assert falls.falls([100, -20]).deepest == 1.2
    with pytest.raises(NoFigure, match="everything was lost"):
        measures.annual_return([-1.2])


def test_flows_then_they_are_no_return() -> None:
    assert measures.returns_of([100, 160, 150.0], [50, -10]).tolist() == [pytest.approx(0.1), pytest.approx(0.0)]


@given(st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=30), st.data())
def test_any_flows_then_returns_are_those_without_them(returns: list[float], data: st.DataObject) -> None:
    flows = data.draw(st.lists(st.floats(0, 100), min_size=len(returns), max_size=len(returns)))
    equity = [1_000.0]
    for gain, flow in zip(returns, flows, strict=True):
        equity.append(equity[-1] * (1 + gain) + flow)
    assert measures.returns_of(equity, flows) == pytest.approx(np.array(returns), abs=1e-12)


def test_instruments_that_do_not_vary_then_left_out_of_the_pair_and_nan_in_the_matrix() -> None:
    rows = np.array([[0.1] * 5, [0.1, 0.2, 0.3, 0.2, 0.1], [0.0] * 5, [0.1, 0.2, 0.2, 0.2, 0.1]])
    found = correlations.closest(rows)
    assert (found.first, found.second) == (1, 3)
    assert np.isnan(correlations.matrix(rows)).sum() == 12
    with pytest.raises(NoFigure, match="do not vary"):
        correlations.closest(rows[[0, 2]])
    with pytest.raises(NoFigure, match="fewer than two"):
        correlations.closest(rows[:1])


def test_no_sessions_then_no_backtest() -> None:
    with pytest.raises(NoFigure, match="no sessions"):
        tails.kupiec(0, 0, 0.05)


def test_hits_that_never_or_always_come_then_independent() -> None:
    assert tails.christoffersen([0.0] * 9).p_value == tails.christoffersen([1.0] * 9).p_value == 1.0


def test_performance_when_equity_went_below_zero_then_every_ratio_says_so() -> None:
    curve = closes(DATES[:40], [100] * 20 + [-1] * 20)
    found = performance(Record(curve), DATES)
    for name in ("sharpe", "sortino", "calmar", "volatility", "deepest_drawdown", "turnover"):
        assert found.missing[name] == "equity was not above zero"
    assert found.sessions == 0 and found.sharpe is None


def test_performance_then_falls_growth_and_turnover_of_the_curve() -> None:
    curve = closes(DATES[:43], [100, 110, 99, 104, 121] + [120] * 38)
    traded = [(DATES[0], 500), (DATES[1], 110), (DATES[42], 120)]
    found = performance(Record(curve, (), traded), DATES)
    assert found.deepest_drawdown == pytest.approx(0.1)
    assert (found.longest_drawdown, found.present_drawdown) == (38, 38)
    assert found.annual_return == pytest.approx(1.2 ** (252 / 42) - 1)
    assert found.calmar == pytest.approx(((1.2 ** (252 / 42)) - 1) / 0.1)
    mean = sum(value for _, value in curve) / 43
    assert found.turnover == pytest.approx(230 / 2 / mean * 252 / 42)
    assert found.curve == tuple(value for _, value in curve)


def test_turnover_when_older_fills_are_unknown_then_only_from_where_they_are_known() -> None:
    curve = closes(DATES[:43], wave(43, 2))
    traded = [(DATES[9], 7), (DATES[10], 900), (DATES[30], 110)]
    found = performance(Record(curve, (), traded, DATES[10]), DATES)
    mean = sum(value for _, value in curve[10:]) / 33
    assert found.turnover == pytest.approx(110 / 2 / mean * 252 / 32)
    late = performance(Record(curve, (), traded, DATES[25]), DATES)
    assert late.missing["turnover"] == "17 of 20 sessions"


def test_win_rate_then_with_its_interval() -> None:
    found = performance(Record((), [0.1] * 34 + [-0.1] * 26 + [0.0]), DATES)
    assert found.win_low == pytest.approx(0.441034387761256) and found.win_high == pytest.approx(0.684276031953132)


def test_book_when_its_past_is_long_enough_then_tails_matrix_and_backtest() -> None:
    names = [f"N{number:02d}" for number in range(15)]
    dates = [f"{2020 + number // 336}-{1 + number // 28 % 12:02d}-{1 + number % 28:02d}" for number in range(253)]
    rows = {name: closes(dates, wave(253, seed)) for seed, name in enumerate([*names, "SPX"], 1)}
    held = Held(dates[-1], 100_000_000, {name: (number + 1) * 1_000_000 for number, name in enumerate(names)})
    found = book_risk(held, rows, "SPX")
    assert [item.confidence for item in found.tails if item.method == "historical"] == [0.95, 0.975, 0.99]
    assert found.tails[0].value_at_risk == found.value_at_risk
    assert found.tails[0].expected_shortfall == found.expected_shortfall
    assert found.symbols[0] == "N14" and len(found.symbols) == len(found.correlations) == 12
    assert found.backtest is not None and (found.backtest.sessions, found.backtest.window) == (126, 126)
    assert all(item.reason.startswith("outside") or item.value_at_risk for item in found.tails)


def test_book_when_it_does_not_move_then_no_parametric_tail() -> None:
    flat = [(date, 5) for date in DATES]
    found = book_risk(Held(DATES[-1], 100, {"A": 5}), {"A": flat, "SPX": flat}, "SPX")
    assert found.volatility_20 == 0.0 and found.missing["beta"] == "the benchmark does not vary"
    assert {item.reason for item in found.tails if item.method != "historical"} == {"the returns do not vary"}
