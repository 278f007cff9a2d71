"""Against the standard library's own statistics, and the edges."""

import statistics
from math import isclose, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.risk.measures import (
    Figures,
    NoFigure,
    beta,
    correlation,
    sharpe,
    volatility,
)
from controller.core.risk.tails import value_at_risk

RETURNS = [0.012, -0.004, 0.0, 0.021, -0.017, 0.003, 0.009, -0.011, 0.006, -0.002]
MARKET = [0.008, -0.006, 0.002, 0.015, -0.012, 0.001, 0.004, -0.009, 0.007, 0.0]
NUMBERS = st.lists(st.integers(-500, 500).map(lambda value: value / 10_000), min_size=2, max_size=60)


def test_volatility_then_is_the_sample_deviation_of_a_year() -> None:
    assert volatility(RETURNS) == pytest.approx(statistics.stdev(RETURNS) * sqrt(252))


@given(NUMBERS, st.floats(1, 365))
def test_volatility_of_any_returns_then_agrees_with_the_standard_library(returns: list[float], year: float) -> None:
    assert isclose(volatility(returns, year), statistics.stdev(returns) * sqrt(year), abs_tol=1e-12)


@pytest.mark.parametrize("returns", [[], [0.01]])
def test_volatility_when_fewer_than_two_returns_then_no_figure(returns: list[float]) -> None:
    with pytest.raises(NoFigure, match="of 2 returns"):
        volatility(returns)


def test_volatility_when_constant_then_exactly_zero() -> None:
    assert volatility([0.1] * 7) == 0


@given(st.lists(st.integers(-10_000, 10_000), min_size=2, max_size=300))
def test_value_at_risk_of_any_results_then_minus_the_fifth_percentile(results: list[int]) -> None:
    assert value_at_risk(results) == pytest.approx(-statistics.quantiles(results, n=20, method="inclusive")[0])


def test_value_at_risk_then_a_loss_is_positive_and_one_result_is_its_own_quantile() -> None:
    assert value_at_risk([-3.0]) == 3.0
    assert value_at_risk([5.0, 6.0]) < 0


def test_value_at_risk_when_there_are_no_results_then_no_figure() -> None:
    with pytest.raises(NoFigure, match="no returns"):
        value_at_risk([])


def test_beta_then_is_the_slope_on_the_market() -> None:
    assert beta(RETURNS, MARKET) == pytest.approx(statistics.linear_regression(MARKET, RETURNS).slope)
    assert beta([2 * value for value in MARKET], MARKET) == pytest.approx(2)


def test_beta_when_the_market_stands_still_then_no_figure() -> None:
    with pytest.raises(NoFigure, match="does not vary"):
        beta(RETURNS, [0.0] * len(RETURNS))


def test_correlation_then_agrees_with_the_standard_library() -> None:
    assert correlation(RETURNS, MARKET) == pytest.approx(statistics.correlation(RETURNS, MARKET))
    assert correlation(RETURNS, [-value for value in RETURNS]) == pytest.approx(-1)


def test_sharpe_then_is_annualised_with_lo_s_standard_error() -> None:
    ratio = statistics.fmean(RETURNS) / statistics.stdev(RETURNS)
    found = sharpe(RETURNS)
    assert found.value == pytest.approx(ratio * sqrt(252))
    assert found.error == pytest.approx(sqrt((1 + ratio**2 / 2) / len(RETURNS) * 252))


@given(NUMBERS)
def test_sharpe_of_negated_returns_then_negated(returns: list[float]) -> None:
    if len(set(returns)) > 1:
        assert isclose(sharpe(returns).value, -sharpe([-value for value in returns]).value, abs_tol=1e-9)


def test_sharpe_when_returns_do_not_vary_then_no_figure() -> None:
    with pytest.raises(NoFigure, match="do not vary"):
        sharpe([0.01, 0.01, 0.01])


def test_figures_when_one_is_missing_then_none_with_its_reason() -> None:
    figures = Figures()
    assert figures.of("vol", lambda: volatility([])) is None
    assert figures.of("risk", lambda: value_at_risk([-1.0])) == 1.0
    assert figures.missing == {"vol": "0 of 2 returns"}
