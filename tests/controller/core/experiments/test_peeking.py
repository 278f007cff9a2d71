"""Looking after every observation names a false winner no more often than one look does; with raw p it does."""

from itertools import pairwise

import numpy as np
import pytest

from controller.core.experiments.analysis import Arms, Plan, analyse
from controller.core.experiments.relabelling import Array
from controller.core.experiments.spending import (
    NEVER,
    Boundaries,
    boundaries,
    conditional_power,
    obrien_fleming,
    sequential_p,
)
from tests.support.peeking import Draw, heavy, normal, paired, paired_p, persistent, skewed, unpaired, unpaired_p

EVERY = [k / 60 for k in range(16, 61)]


@pytest.mark.parametrize("draw", [normal, heavy, skewed])
def test_null_experiments_then_few_false_winners_and_raw_p_has_many(draw: Draw) -> None:
    rates = unpaired(draw, 60, 400, 199, seed=1)
    assert rates.spending <= 0.065
    assert rates.raw > 0.12


def test_null_experiments_when_paired_and_autocorrelated_then_few_false_winners() -> None:
    rates = paired(persistent, 60, 200, 99, seed=2, block=5, every=4)
    assert rates.spending <= 0.08
    assert rates.raw > 0.12


def test_harness_when_asked_like_analyse_then_the_same_p_in_50_experiments() -> None:
    plan, pooled = Plan("sharpe", n_max=60, seed=4, draws=199), skewed(np.random.default_rng(4), 48, 50)
    # ``analyse`` takes the lesser arm first, so that arms that change places keep p.
    pooled[:2] = np.sort(pooled[:2], axis=0)
    found = unpaired_p(pooled, plan.draws, np.random.default_rng(plan.seed))
    assert list(found) == [p_of(plan, column[::2], column[1::2]) for column in pooled.T]


def test_harness_when_paired_and_asked_like_analyse_then_the_same_p_in_50_experiments() -> None:
    plan = Plan("sharpe", n_max=100, seed=5, draws=199, paired=True, block=2)
    a, b = (persistent(np.random.default_rng(seed), 40, 50) for seed in (5, 6))
    found = paired_p(a, b, plan.block, plan.draws, np.random.default_rng(plan.seed))
    assert list(found) == [p_of(plan, *pair) for pair in zip(a.T, b.T, strict=True)]


def p_of(plan: Plan, a: Array, b: Array) -> float:
    """Of the one look that ``analyse`` logs."""
    places = np.arange(len(a), dtype=np.float64)
    return analyse(plan, Arms(a, b, places, places + 0.5), "collecting", ()).looks[0].p


def test_a_real_difference_then_nearly_the_power_of_one_look() -> None:
    rates = unpaired(normal, 60, 400, 199, seed=3, shift=0.008)
    assert rates.fixed > 0.7
    assert rates.spending >= 0.95 * rates.fixed


def test_boundaries_then_they_fall_and_spend_all_of_alpha_in_the_end() -> None:
    made = Boundaries(0.05)
    found = [made.look(share) for share in EVERY]
    assert all(one > two for one, two in pairwise(found))
    assert made.spent == pytest.approx(0.05)


def test_boundaries_against_simulated_paths() -> None:
    steps = np.diff([0.0, *EVERY]) ** 0.5
    scores = np.cumsum(np.random.default_rng(5).standard_normal((200_000, len(steps))) * steps, axis=1)
    crossed = (np.abs(scores) / np.sqrt(EVERY) >= boundaries(EVERY, 0.05)).any(axis=1).mean()
    assert crossed == pytest.approx(0.05, abs=0.0015)


def test_boundaries_when_next_to_nothing_is_spent_then_never() -> None:
    assert boundaries([0.001], 0.05) == (NEVER,)


def test_look_when_nothing_new_was_seen_then_refused() -> None:
    made = Boundaries(0.05)
    made.look(0.5)
    with pytest.raises(ValueError, match=r"0\.5 after one at 0\.5"):
        made.look(0.5)


@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.3])
def test_sequential_p_then_the_level_whose_boundary_is_met(alpha: float) -> None:
    z = boundaries(EVERY, alpha)[-1]
    assert sequential_p(EVERY, z) == pytest.approx(alpha, rel=2e-3)


def test_sequential_p_then_never_below_what_one_look_alone_would_say() -> None:
    assert sequential_p([1.0], 1.96) == pytest.approx(0.05, rel=1e-3)
    assert sequential_p([0.5, 1.0], 1.96) > 0.05
    assert sequential_p([0.5], 0.0) == 1.0


def test_conditional_power_then_the_trend_goes_on() -> None:
    assert conditional_power(0.5, 0.0, 1.96) < 0.01
    assert conditional_power(0.5, 2.8, 1.96) > 0.95
    assert (conditional_power(1.0, 2.0, 1.96), conditional_power(1.0, 1.9, 1.96)) == (1.0, 0.0)


def test_spending_then_all_of_it_at_the_end_and_no_more() -> None:
    assert obrien_fleming(1.0, 0.05) == pytest.approx(0.05)
    assert obrien_fleming(1.5, 0.05) == pytest.approx(0.05)
