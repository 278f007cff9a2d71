"""Every measure against an independent library or a published value, on real prices; each difference is explained.

Definitions, and why some libraries differ: docs/arithmetic.md.
"""

from itertools import pairwise
from math import log, sqrt

import empyrical
import numpy as np
import pytest
import statsmodels.api
from arch.univariate import EWMAVariance
from scipy import integrate, stats
from statsmodels.stats.proportion import proportion_confint

from controller.core.risk import falls, measures, tails
from controller.core.risk.concentration import herfindahl, wilson
from controller.core.risk.correlations import closest, matrix
from tests.support.closes import NAMES, returns_in

TIGHT = 1e-9
YEARS = (2008, 2013, 2020)
BOOK = {year: returns_in(year) for year in YEARS}
"""Returns of one year: a row for each of twenty names, the index last."""
CASES = [(year, row) for year in YEARS for row in (0, 7, len(NAMES) - 1)]


def table(rows: measures.Array) -> measures.Array:
    found: measures.Array = np.asarray(np.corrcoef(rows))
    return found


def near(value: float) -> object:
    return pytest.approx(value, rel=TIGHT, abs=1e-15)


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{NAMES[case[1]]}")
def case(request: pytest.FixtureRequest) -> tuple[int, int]:
    found: tuple[int, int] = request.param
    return found


@pytest.fixture
def returns(case: tuple[int, int]) -> measures.Array:
    year, row = case
    found: measures.Array = BOOK[year][row]
    return found


@pytest.fixture
def market(case: tuple[int, int]) -> measures.Array:
    found: measures.Array = BOOK[case[0]][-1]
    return found


def test_volatility_then_as_empyrical(returns: measures.Array) -> None:
    assert measures.volatility(returns) == near(empyrical.annual_volatility(returns))


def test_sharpe_then_as_empyrical_and_its_error_as_published(returns: measures.Array) -> None:
    assert measures.sharpe(returns).value == near(empyrical.sharpe_ratio(returns))
    daily = 0.04 / 252
    assert measures.sharpe(returns, riskless=daily).value == near(empyrical.sharpe_ratio(returns, risk_free=daily))


@pytest.mark.parametrize(
    ("ratio", "n", "error"),
    [(0.5, 12, 0.30618621784789735), (1.5, 60, 0.18819316317727028), (0.0, 36, 1 / 6), (1.0, 252, 0.0771516749810460)],
)
def test_sharpe_error_then_lo_s_table(ratio: float, n: int, error: float) -> None:
    """Lo 2002, eq. 9, from a series that has exactly this ratio."""
    half = sqrt((n - 1) / n)
    series = [ratio + (half if number % 2 else -half) for number in range(n)]
    found = measures.sharpe(series, per_year=1)
    assert found.value == near(ratio) and found.error == near(error)


def test_sortino_then_as_empyrical(returns: measures.Array) -> None:
    assert measures.sortino(returns) == near(empyrical.sortino_ratio(returns))


def test_growth_falls_and_calmar_then_as_empyrical(returns: measures.Array) -> None:
    curve = falls.curve_of(returns)
    assert measures.annual_return(returns) == near(empyrical.annual_return(returns))
    assert falls.falls(curve).deepest == near(-empyrical.max_drawdown(returns))
    assert falls.calmar(curve, 252) == near(empyrical.calmar_ratio(returns))


def test_longest_fall_then_as_counted_session_by_session(returns: measures.Array) -> None:
    peak, run, longest = 0.0, 0, 0
    for value in falls.curve_of(returns):
        run = 0 if value >= peak else run + 1
        peak, longest = max(peak, value), max(longest, run)
    found = falls.falls(falls.curve_of(returns))
    assert (found.longest, found.present) == (longest, run)


def test_beta_then_as_empyrical_and_as_a_regression(returns: measures.Array, market: measures.Array) -> None:
    found = measures.beta(returns, market)
    assert found == near(empyrical.beta(returns, market))
    fit = statsmodels.api.OLS(returns, statsmodels.api.add_constant(market)).fit()
    assert found == near(fit.params[1])


@pytest.mark.parametrize("confidence", tails.CONFIDENCES)
def test_historical_value_at_risk_then_as_empyrical(returns: measures.Array, confidence: float) -> None:
    assert tails.value_at_risk(returns, confidence) == near(-empyrical.value_at_risk(returns, 1 - confidence))


def test_historical_shortfall_then_the_mean_at_or_below_the_quantile(returns: measures.Array) -> None:
    """Empyrical takes the int((n - 1) · 5 %) + 1 smallest returns: the same ones, by another rule."""
    assert tails.expected_shortfall(returns) == near(-empyrical.conditional_value_at_risk(returns))


@pytest.mark.parametrize("confidence", tails.CONFIDENCES)
def test_gaussian_tail_then_as_scipy(returns: measures.Array, confidence: float) -> None:
    normal = stats.norm(returns.mean(), returns.std())
    found = tails.losses(returns, confidence, "gaussian")
    assert found.value_at_risk == near(-normal.ppf(1 - confidence))
    beyond = normal.expect(lambda x: x, lb=-np.inf, ub=normal.ppf(1 - confidence), conditional=True)
    assert found.expected_shortfall == pytest.approx(-beyond, rel=1e-7)


def test_moments_then_as_scipy(returns: measures.Array) -> None:
    found = tails.moments(returns)
    assert found.skew == near(stats.skew(returns)) and found.kurtosis == near(stats.kurtosis(returns))


def test_cornish_fisher_expansion_then_as_performance_analytics() -> None:
    """PerformanceAnalytics' modified VaR of the Bacon portfolio: -0.056028994816641 (outside our domain)."""
    bacon = [0.003, 0.026, 0.011, -0.01, 0.015, 0.025, 0.016, 0.067, -0.014, 0.04, -0.005, 0.081]
    bacon += [0.04, -0.037, -0.061, 0.017, -0.049, -0.022, 0.07, 0.058, -0.065, 0.024, -0.005, -0.009]
    found = tails.moments(bacon)
    z = tails.expansion(stats.norm.ppf(0.05), found.skew, found.kurtosis)
    assert found.mean + found.deviation * z == near(-0.056028994816641)
    assert not tails.in_domain(found.skew, found.kurtosis)


@pytest.mark.parametrize(("skew", "kurtosis"), [(0.0, 0.0), (-0.3, 0.5), (0.5, 2.0), (-0.8, 3.0)])
def test_cornish_fisher_shortfall_then_the_mean_of_the_expansion_over_the_tail(skew: float, kurtosis: float) -> None:
    assert tails.in_domain(skew, kurtosis)
    z = stats.norm.ppf(0.025)
    area, _ = integrate.quad(
        lambda u: tails.expansion(u, skew, kurtosis) * stats.norm.pdf(u), -np.inf, z, epsabs=1e-14, epsrel=1e-12
    )
    assert tails.beyond_expansion(z, skew, kurtosis) == pytest.approx(area / 0.025, rel=1e-8)


@pytest.mark.parametrize("skew", np.linspace(-2.5, 2.5, 11))
@pytest.mark.parametrize("kurtosis", np.linspace(-1, 9, 11))
def test_cornish_fisher_domain_then_where_the_expansion_rises_everywhere(skew: float, kurtosis: float) -> None:
    z = np.linspace(-60, 60, 24_001)
    values = [tails.expansion(float(point), skew, kurtosis) for point in z[::40]]
    if tails.in_domain(skew, kurtosis):
        assert all(before <= after for before, after in pairwise(values))
    else:
        fine = [tails.expansion(float(point), skew, kurtosis) for point in z]
        assert any(before > after for before, after in pairwise(fine))


def test_cornish_fisher_inside_its_domain_then_losses_rise_with_confidence() -> None:
    calm = [row for rows in BOOK.values() for row in rows if tails.in_domain(*tails.moments(row)[2:])]
    assert calm
    for row in calm:
        found = [tails.losses(row, confidence, "cornish-fisher") for confidence in tails.CONFIDENCES]
        assert found == sorted(found) and all(one.expected_shortfall >= one.value_at_risk for one in found)


def test_cornish_fisher_outside_its_domain_then_refused() -> None:
    with pytest.raises(measures.NoFigure, match=r"outside the Cornish-Fisher domain: skewness 4\.96"):
        tails.cornish_fisher([0.0] * 50 + [0.2, 0.01, -0.01] * 2, 0.99)


def test_fading_volatility_then_the_seed_that_arch_s_recursion_keeps(returns: measures.Array) -> None:
    """arch needs a value before the first; seeded with ours, its recursion ends at ours."""
    own = measures.ewma_volatility(returns, per_year=1) ** 2
    sigma2 = np.zeros(returns.size + 1)
    bounds = np.tile([0.0, 1.0], (returns.size + 1, 1))
    EWMAVariance(0.94).compute_variance(np.empty(0), np.append(returns, 0.0), sigma2, own, bounds)
    assert sigma2[-1] == near(own)


@pytest.mark.parametrize("year", YEARS)
def test_correlations_then_as_numpy_and_the_largest_pair_of_them(year: int) -> None:
    rows = BOOK[year]
    whole = table(rows)
    assert matrix(rows) == pytest.approx(whole, rel=TIGHT, abs=1e-12)
    np.fill_diagonal(whole, -2)
    found = closest(rows)
    assert (found.first, found.second) == divmod(int(whole.argmax()), len(whole))
    assert found.value == near(stats.pearsonr(rows[found.first], rows[found.second]).statistic)


@pytest.mark.parametrize("rows", [2, 255, 256, 257, 600])
def test_largest_pair_over_blocks_then_as_of_the_whole_matrix(rows: int) -> None:
    made = np.random.default_rng(rows).standard_normal((rows, 40))
    whole = table(made)
    whole[np.tril_indices(rows)] = -2
    found = closest(made)
    assert (found.first, found.second) == divmod(int(whole.argmax()), len(whole))
    assert found.value == near(whole.max())


@pytest.mark.parametrize(("wins", "trades"), [(34, 60), (0, 5), (5, 5), (1, 2), (580, 1000)])
def test_wilson_interval_then_as_statsmodels(wins: int, trades: int) -> None:
    low, high = proportion_confint(wins, trades, method="wilson")
    found = wilson(wins, trades)
    assert found.low == pytest.approx(low, rel=TIGHT, abs=1e-12) and found.high == near(high)


@pytest.mark.parametrize(
    ("exceptions", "sessions", "rate", "ratio", "p"),
    [
        (3, 250, 0.01, 0.0949401226644, 0.757988321373),
        (9, 250, 0.01, 10.2290306325978, 0.0013824730075),
        (20, 250, 0.05, 4.0395204761392, 0.0444464493061),
        (36, 500, 0.05, 4.5110305001473, 0.0336769452566),
        (7, 30, 0.01, 32.3383311728803, 1.29532730637e-08),
        (0, 250, 0.01, 5.0251679267507, 0.0249815030534),
    ],
)
def test_kupiec_then_published_values_and_scipy(
    exceptions: int, sessions: int, rate: float, ratio: float, p: float
) -> None:
    found = tails.kupiec(exceptions, sessions, rate)
    assert found.statistic == pytest.approx(ratio, rel=1e-9) and found.p_value == pytest.approx(p, rel=1e-9)
    binomials = [stats.binom(sessions, share).logpmf(exceptions) for share in (exceptions / sessions, rate)]
    assert found.statistic == pytest.approx(2 * (binomials[0] - binomials[1]), rel=1e-9)
    assert found.p_value == near(stats.chi2(1).sf(found.statistic))


def test_christoffersen_then_a_likelihood_ratio_of_a_chain_of_two_states() -> None:
    hits = np.array([0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0], dtype=float)
    pairs = list(pairwise(hits.astype(int)))
    counts = {pair: pairs.count(pair) for pair in ((0, 0), (0, 1), (1, 0), (1, 1))}
    calm, hit = counts[0, 1] / (counts[0, 0] + counts[0, 1]), counts[1, 1] / (counts[1, 0] + counts[1, 1])
    both = (counts[0, 1] + counts[1, 1]) / len(pairs)
    chain = sum(
        counts[before, after] * log(share if after else 1 - share)
        for (before, after), share in zip(counts, (calm, calm, hit, hit), strict=True)
    )
    flat = sum(count * log(both if after else 1 - both) for (_, after), count in counts.items())
    found = tails.christoffersen(hits)
    assert found.statistic == near(2 * (chain - flat)) and found.p_value == near(stats.chi2(1).sf(found.statistic))
    whole = tails.coverage(hits, 0.05)
    assert whole.statistic == near(found.statistic + tails.kupiec(6, 20, 0.05).statistic)
    assert whole.p_value == near(stats.chi2(2).sf(whole.statistic))


def test_exceedances_then_as_a_loop_over_sessions(returns: measures.Array) -> None:
    found = tails.exceedances(returns, 126)
    slow = [
        float(returns[place] < np.percentile(returns[place - 126 : place], 5)) for place in range(126, returns.size)
    ]
    assert found.tolist() == slow


def test_concentration_then_the_sum_of_squared_shares() -> None:
    held = [30_000_000, -20_000_000, 50_000_000]
    shares = np.abs(held) / np.abs(held).sum()
    assert herfindahl(held) == near(float((shares**2).sum())) and herfindahl([5] * 8) == near(1 / 8)
    assert herfindahl([]) is None and herfindahl([0]) is None
