"""Permutation tests of Sharpe differences: symmetric, free of scale, exact when small, undefined when they must be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from controller.core.experiments import sharpe
from controller.core.experiments.relabelling import splits, swaps

RETURNS = arrays(np.float64, st.integers(3, 8), elements=st.integers(-50, 60).map(lambda x: x / 1000), unique=True)


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@settings(deadline=None, max_examples=30)
@given(RETURNS, RETURNS)
def test_unpaired_when_the_arms_change_places_then_the_sign_flips_and_p_stays(a: np.ndarray, b: np.ndarray) -> None:
    one, other = sharpe.unpaired(a, b, 99, rng()), sharpe.unpaired(b, a, 99, rng())
    assert one.difference == pytest.approx(-other.difference)
    assert one.p_value == other.p_value


@settings(deadline=None, max_examples=30)
@given(RETURNS, st.floats(0.01, 100))
def test_unpaired_when_returns_are_scaled_then_p_stays(a: np.ndarray, scale: float) -> None:
    b = a[::-1] + 0.003
    one, other = sharpe.unpaired(a, b, 99, rng()), sharpe.unpaired(a * scale, b * scale, 99, rng())
    assert one.p_value == pytest.approx(other.p_value)


@settings(deadline=None, max_examples=30)
@given(RETURNS, st.integers(0, 2**32))
def test_paired_when_the_arms_change_places_then_the_sign_flips_and_p_stays(a: np.ndarray, seed: int) -> None:
    b = np.random.default_rng(seed).permutation(a) + 0.001
    one, other = sharpe.paired(a, b, 99, rng()), sharpe.paired(b, a, 99, rng())
    assert one.difference == pytest.approx(-other.difference)
    assert one.p_value == pytest.approx(other.p_value, nan_ok=True)


def test_unpaired_then_the_studentised_statistic_is_the_textbook_one() -> None:
    a, b = rng().normal(0.1, 1, 30), rng().normal(0.2, 2, 40)
    found = sharpe.unpaired(a, b, 99, rng())

    def ratio_and_variance(x: np.ndarray) -> tuple[float, float]:
        ratio = float(x.mean() / x.std(ddof=1))
        of = float(x.mean() / x.std())
        variance = 1 + of**2 / 2 - of * stats.skew(x) + of**2 * stats.kurtosis(x) / 4
        return ratio, float(variance) / len(x)

    (of_a, var_a), (of_b, var_b) = ratio_and_variance(a), ratio_and_variance(b)
    assert float(found.statistic[0]) == pytest.approx((of_b - of_a) / np.sqrt(var_a + var_b))


@pytest.mark.parametrize("mean", [0.0, 500.0])
def test_paired_then_the_statistic_is_the_delta_method_on_the_pairs(mean: float) -> None:
    common = mean + rng().normal(0, 1, 50)
    a, b = common + rng().normal(0.1, 0.5, 50), common * 0.5 + np.random.default_rng(9).normal(0.2, 0.5, 50)
    found = sharpe.paired(a, b, 99, rng())

    def influence(x: np.ndarray) -> np.ndarray:
        scored = (x - x.mean()) / x.std()
        return np.asarray(scored - x.mean() / x.std() / 2 * (scored**2 - 1))

    error = (influence(b) - influence(a)).std() / np.sqrt(50)
    difference = b.mean() / b.std(ddof=1) - a.mean() / a.std(ddof=1)
    assert float(found.statistic[0]) == pytest.approx(difference / error)


def test_columns_then_each_is_what_it_is_alone() -> None:
    pooled = np.random.default_rng(3).normal(0.01, 1, (40, 3))
    masks = splits(40, 15, 199, rng())
    together = sharpe.unpaired_with(masks, pooled, 15)
    for column in range(3):
        alone = sharpe.unpaired_with(masks, pooled[:, [column]], 15)
        assert together.p_value[column] == alone.p_value[0]
        assert together.statistic[column] == pytest.approx(alone.statistic[0])


@pytest.mark.parametrize("constant", [np.full(6, 0.01), np.zeros(6), np.full(6, 0.1 + 0.2)])
def test_unpaired_when_an_arm_does_not_vary_then_undefined_and_no_warning(constant: np.ndarray) -> None:
    found = sharpe.unpaired(constant, np.arange(6) / 100, 99, rng())
    assert np.isnan(found.difference[0])
    assert np.isnan(found.p_value[0])


def test_ratio_when_there_is_one_return_then_undefined() -> None:
    assert np.isnan(sharpe.sharpe_ratio(np.array([0.01]))[0])


def test_paired_when_every_swap_is_looked_at_then_the_observed_counts_with_its_mirror() -> None:
    found = sharpe.paired(5 + rng().normal(0, 0.01, 3), np.array([5.01, 4.99, 5.02]), 99, rng())
    assert found.p_value[0] in (0.25, 0.5, 0.75, 1.0)


def test_masks_when_few_then_all_of_them_once() -> None:
    assert len({tuple(row) for row in splits(8, 3, 10, rng())}) == 56
    assert len({tuple(row) for row in swaps(6, 2, 10, rng())}) == 8
    assert (swaps(5, 2, 10, rng())[:, [0, 2]] == swaps(5, 2, 10, rng())[:, [1, 3]]).all()


def test_masks_when_many_then_so_many_draws_of_the_right_size() -> None:
    masks = splits(60, 20, 500, rng())
    assert masks.shape == (500, 60)
    assert (masks.sum(axis=1) == 20).all()
    assert masks.mean(axis=0) == pytest.approx(np.full(60, 1 / 3), abs=0.1)
