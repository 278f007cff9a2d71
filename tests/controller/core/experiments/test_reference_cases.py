"""Every reference value of the experiments' arithmetic: R, scipy, the authors' own code, rpact."""

import numpy as np
import pytest

from controller.core.experiments import comparisons, ledoit_wolf, mismatch, power, sharpe, spending
from controller.core.experiments.relabelling import p_value, splits
from tests.support.reference import Reference, load


@pytest.fixture(scope="module")
def cases() -> Reference:
    return load()


@pytest.mark.parametrize(
    ("id", "first", "second", "sign"),
    [("lw_hac_mutual", "lw_mutual_1", "lw_mutual_2", 1), ("lw_hac_daily250", "daily250_A", "daily250_B", -1)],
)
def test_robust_sharpe_difference(cases: Reference, id: str, first: str, second: str, sign: int) -> None:
    found = ledoit_wolf.robust(cases.array(first), cases.array(second), ledoit_wolf.sharpe)
    cases.check(id, difference=abs(found.difference) * sign, se=found.error, p_value=found.p_value)


def test_robust_sharpe_difference_when_prewhitened(cases: Reference) -> None:
    found = ledoit_wolf.robust(cases.array("lw_hedge_1"), cases.array("lw_hedge_2"), ledoit_wolf.sharpe, prewhiten=True)
    cases.check("lw_hacpw_hedge", se=found.error, p_value=found.p_value)
    found = ledoit_wolf.robust(cases.array("daily250_A"), cases.array("daily250_B"), ledoit_wolf.sharpe, prewhiten=True)
    cases.check("lw_hac_daily250", se_prewhitened=found.error, p_value_prewhitened=found.p_value)


def test_robust_log_variance(cases: Reference) -> None:
    found = ledoit_wolf.robust(cases.array("daily250_B"), cases.array("daily250_A"), ledoit_wolf.log_variance)
    cases.check("lw_logvar_daily250", difference=found.difference, se=found.error, p_value=found.p_value)


def test_bootstrap(cases: Reference) -> None:
    first, second = cases.array("lw_hedge_1"), cases.array("lw_hedge_2")
    p = ledoit_wolf.bootstrap(first, second, ledoit_wolf.sharpe, 6, 4_999, np.random.default_rng(42))
    cases.check("lw_boot_hedge", p_value=p)


def test_exact_permutation_of_the_plain_difference(cases: Reference) -> None:
    a, b = cases.array("tradesA8"), cases.array("tradesB8")
    pooled = np.concatenate([a, b])[:, None]
    masks = splits(16, 8, 0, np.random.default_rng(0)).astype(bool)
    of_b, of_a = (pooled[np.nonzero(chosen)[1].reshape(-1, 8).T, 0] for chosen in (masks, ~masks))
    under = (sharpe.sharpe_ratio(of_b) - sharpe.sharpe_ratio(of_a))[:, None]
    seen = sharpe.sharpe_ratio(b) - sharpe.sharpe_ratio(a)
    cases.check("perm_sharpe_exact8", difference=float(seen[0]), p_value=float(p_value(under, seen, complete=True)[0]))
    means = (of_b.mean(axis=0) - of_a.mean(axis=0))[:, None]
    seen = np.array([b.mean() - a.mean()])
    cases.check("perm_mean_exact8", difference=float(seen[0]), p_value=float(p_value(means, seen, complete=True)[0]))


def test_welch(cases: Reference) -> None:
    found = comparisons._welch(cases.array("sleep2"), cases.array("sleep1"), 0.95)
    cases.check("welch_sleep", p_value=found["p"], ci_low=found["low"], ci_high=found["high"])
    found = comparisons._welch(cases.array("tradesA16"), cases.array("tradesB16"), 0.95)
    cases.check("welch_trades16", p_value=found["p"], ci_low=found["low"], ci_high=found["high"])


@pytest.mark.parametrize("n", ["16", "60"])
def test_average_win(cases: Reference, n: str) -> None:
    found = comparisons.average("average_win", cases.array(f"tradesA{n}"), cases.array(f"tradesB{n}"))
    cases.check(f"avgwin_trades{n}", p_value=found.p, mean_a=found.a, mean_b=found.b)


def test_win_rate_interval(cases: Reference) -> None:
    low, high = comparisons.wilson(34, 60)
    cases.check("wilson_34_60", low=low, high=high)


def test_spread(cases: Reference) -> None:
    found = comparisons.volatility(cases.array("tradesA16"), cases.array("tradesB16"))
    cases.check("brown_forsythe_16", p_value=found.p)


@pytest.mark.parametrize(
    ("id", "name"), [("maxdd_bacon", "bacon_portfolio"), ("maxdd_B", "daily250_B"), ("maxdd_firstloss", "firstloss")]
)
def test_drawdown(cases: Reference, id: str, name: str) -> None:
    cases.check(id, max_drawdown=-comparisons.drawdown(cases.array(name)))


def test_power(cases: Reference) -> None:
    cases.check("power_r_doc1", power=power.two_arms(20, 1))
    cases.check("power_n_d05", n_per_arm=power.needed_per_arm(0.5))
    cases.check("power_n30_d05", power=power.two_arms(30, 0.5))
    cases.check("power_paired_d03", n_pairs=power.needed_pairs(0.3))
    cases.check(
        "power_prop_r_doc", power=power.shares(50, 0.5, 0.75), n_per_arm=power.needed_for_shares(0.5, 0.75, 0.9)
    )


@pytest.mark.parametrize("id", ["srm_48_32", "srm_three", "srm_600_400"])
def test_sample_ratio(cases: Reference, id: str) -> None:
    given = cases.inputs(id)
    cases.check(id, p_value=mismatch.p_value(given["observed"], given["weights"]))


def test_holm(cases: Reference) -> None:
    assert comparisons.holm(cases.inputs("holm4")["p"]) == pytest.approx([0.03, 0.06, 0.06, 0.02], abs=1e-12)


@pytest.mark.parametrize("id", ["gst_obf5", "gst_obf_uneven"])
def test_spending(cases: Reference, id: str) -> None:
    information = cases.params(id)["information"]
    cases.check(id, z=list(spending.boundaries(information, 0.05)))
    if id == "gst_obf_uneven":
        cases.check(id, alpha_spent=[spending.obrien_fleming(share, 0.05) for share in information])
