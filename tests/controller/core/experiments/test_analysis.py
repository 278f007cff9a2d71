"""A look at a test: what it says, what it decides, and what it never says."""

from collections.abc import Callable
from dataclasses import replace
from math import isfinite

import numpy as np
import pytest
from numpy.typing import NDArray

from controller.core.experiments import comparisons
from controller.core.experiments.analysis import Arms, Guardrail, Plan, Report, analyse
from controller.core.experiments.mismatch import mismatched, of_two
from controller.core.experiments.relabelling import Array
from controller.core.experiments.standing import DECIDED, MOVES, Facts, advance, b_takes_part, later
from schemas.trials import State

PLAN = Plan("sharpe", n_max=120, seed=1, draws=499)


def arms(n: int, shift: float = 0.0, seed: int = 1, n_b: int | None = None) -> Arms:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(0.001, 0.01, n), rng.normal(0.001 + shift, 0.01, n if n_b is None else n_b)
    return Arms(a, b, times(a), times(b) + 0.5)


def times(of: np.ndarray) -> NDArray[np.float64]:
    return np.arange(len(of), dtype=np.float64)


def run(plan: Plan, whole: Arms, steps: range) -> Report:
    """Looks at the first so many of both arms, one after another."""
    state: State = "collecting"
    report = None
    for n in steps:
        part = Arms(whole.a[:n], whole.b[:n], whole.time_a[:n], whole.time_b[:n])
        report = analyse(plan, part, state, report.looks if report else ())
        state = report.state
    assert report is not None
    return report


def all_finite(report: Report) -> None:
    """No figure is infinite or NaN, and what is missing says why."""
    for item in (report.primary, *report.secondaries):
        figures = [item.a, item.b, item.difference, item.low, item.high, item.p]
        assert all(figure is None or isfinite(figure) for figure in figures), item
        assert item.status == "ok" or item.reason
    assert report.robust is None or all(map(isfinite, report.robust))


def test_analyse_when_an_arm_is_small_then_collects_and_looks_at_nothing() -> None:
    report = analyse(PLAN, arms(15), "collecting", ())
    assert (report.state, report.looks, report.primary.p) == ("collecting", (), None)


def test_analyse_when_the_difference_is_great_then_b_wins_and_stays() -> None:
    report = run(PLAN, arms(60, 0.02), range(16, 61, 4))
    assert report.state == "winner_b"
    assert report.primary.p is not None
    assert report.primary.p < 0.05
    later = analyse(PLAN, arms(60), report.state, report.looks)
    assert later.state == "winner_b"


def test_analyse_when_nothing_differs_then_says_so_at_the_end_only() -> None:
    report = run(PLAN, arms(60, seed=4), range(16, 60, 4))
    assert report.state == "running"
    assert run(PLAN, arms(60, seed=4), range(16, 61, 4)).state == "no_difference"


def test_analyse_when_b_is_worse_than_a_guardrail_allows_then_stops() -> None:
    plan = replace(PLAN, guardrails=(Guardrail("mean_return", 0.002),))
    assert analyse(plan, arms(40, -0.02), "running", ()).state == "stopped_by_guardrail"


def test_analyse_when_b_crosses_but_a_guardrail_is_not_shown_then_no_winner_yet() -> None:
    plan = replace(PLAN, guardrails=(Guardrail("win_rate", 0.0001),))
    whole = arms(40, 0.012, seed=2)
    wins = replace(whole, b=np.where(np.arange(40) % 2, -0.0001, whole.b + 0.05))
    report = run(plan, wins, range(16, 41, 4))
    assert any(look.crossed == "b" for look in report.looks)
    assert report.state == "running"


def test_analyse_when_the_arms_are_not_as_the_split_says_then_invalid() -> None:
    report = analyse(PLAN, replace(arms(40), epochs=((60, 20, 0.5),)), "running", ())
    assert report.state == "invalid"
    assert "epoch 1" in report.reason


def test_analyse_when_asked_again_then_the_same_to_the_last_bit_and_nothing_counts_twice() -> None:
    first = analyse(PLAN, arms(30, 0.004), "collecting", ())
    again = analyse(PLAN, arms(30, 0.004), "collecting", ())
    assert first == again
    assert analyse(PLAN, arms(30, 0.004), first.state, first.looks).looks == first.looks


def test_analyse_then_what_is_shown_never_rises_and_never_undercuts_the_level() -> None:
    report = run(PLAN, arms(60, 0.004, seed=3), range(16, 61, 6))
    shown = [look.shown for look in report.looks]
    assert shown == sorted(shown, reverse=True)
    assert all((look.crossed is not None) <= (look.shown <= 0.0505) for look in report.looks)


@pytest.mark.parametrize(
    "a",
    [
        np.array([]),
        np.array([0.01]),
        np.full(40, 0.01),
        np.zeros(40),
        np.full(40, -1.0),
        np.abs(np.random.default_rng(1).normal(0, 0.01, 40)) + 0.001,
    ],
    ids=["no trade", "one trade", "constant", "all zero", "everything lost", "all wins"],
)
@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.filterwarnings("error")
def test_analyse_when_an_arm_is_strange_then_a_clear_state_and_only_finite_figures(a: np.ndarray, paired: bool) -> None:
    b = np.random.default_rng(2).normal(0, 0.01, len(a) if paired else 40)
    report = analyse(replace(PLAN, paired=paired), Arms(a, b, times(a), times(b) + 0.5), "collecting", ())
    assert report.state in ("collecting", "running", "winner_a")
    all_finite(report)


@pytest.mark.parametrize(
    "of_b",
    [
        lambda b: b,
        lambda b: 2 * b,
        lambda b: np.where(np.arange(len(b)) == 7, b, 0.0),
        lambda b: np.where(np.arange(len(b)) < len(b) - 1, 0.01, b),
        lambda b: np.tile([0.01, -0.01], len(b) // 2),
        lambda b: np.zeros(len(b)),
    ],
    ids=["the same", "of another size", "one gain", "one change", "all as far", "nothing"],
)
@pytest.mark.filterwarnings("error")
def test_analyse_when_long_pairs_are_strange_then_a_clear_state_and_only_finite_figures(
    of_b: Callable[[Array], Array],
) -> None:
    b = np.random.default_rng(2).normal(0, 0.01, 120)
    plan = replace(PLAN, n_max=300, paired=True, draws=199)
    for a in (b, of_b(b)):
        report = analyse(plan, Arms(a, of_b(b), times(a), times(b) + 0.5), "collecting", ())
        assert report.state == "running"
        all_finite(report)


@pytest.mark.parametrize("size", [1.0, 0.7, 2.0, 3.0])
def test_analyse_when_pairs_differ_in_nothing_but_size_then_no_look_says_that_they_do(size: float) -> None:
    plan = replace(PLAN, n_max=120, paired=True, draws=199)
    for seed in range(4):
        b = np.random.default_rng(seed).normal(0.002, 0.01, 120)
        report = analyse(plan, Arms(size * b, b, times(b), times(b) + 0.5), "running", ())
        assert (report.primary.status, report.primary.p, report.looks) == ("undefined", None, ())
        assert (report.primary.reason, report.robust) == ("the difference does not vary", None)
        assert report.state == "no_difference"


def test_analyse_when_paired_and_long_then_volatility_is_compared_as_of_pairs() -> None:
    long = arms(100, 0.002)
    for paired, test in ((True, "Ledoit-Wolf log variance"), (False, "Brown-Forsythe")):
        found = analyse(replace(PLAN, paired=paired, n_max=200), long, "running", ()).secondaries
        assert [item.test for item in found if item.metric == "volatility"] == [test]


def test_analyse_when_paired_and_long_then_robust_figures_stand_beside() -> None:
    long = arms(100, 0.002)
    assert analyse(replace(PLAN, paired=True, n_max=200), long, "running", ()).robust is not None
    assert analyse(PLAN, long, "running", ()).robust is None


def test_advance_then_what_is_decided_stays_decided() -> None:
    for state in DECIDED:
        assert advance(state, Facts(enough=True, ended=True, crossed="a", mismatched=True)) == state
        assert later(state, "running") == state
        assert not b_takes_part(state, 0)
    assert set(MOVES) == {"collecting", "running", *DECIDED}


def test_rollout_when_it_follows_no_win_then_b_takes_no_part() -> None:
    assert b_takes_part("winner_b", 10)
    assert not any(b_takes_part(state, 10) for state in (None, *MOVES) if state != "winner_b")
    assert (b_takes_part(None, 0), b_takes_part("running", 0)) == (True, True)
    assert (later("winner_b", "returned"), later("returned", "winner_b")) == ("returned", "returned")


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (Facts(enough=False, ended=False, crossed="b"), "collecting"),
        (Facts(enough=True, ended=False, crossed="b", safe=False), "running"),
        (Facts(enough=True, ended=True, crossed="b", safe=False), "no_difference"),
        (Facts(enough=True, ended=True, crossed="b"), "winner_b"),
        (Facts(enough=True, ended=False, crossed="a", safe=False), "winner_a"),
        (Facts(enough=True, ended=False, crossed="b", harmed="win_rate"), "stopped_by_guardrail"),
        (Facts(enough=True, ended=False, crossed="b", harmed="win_rate", mismatched=True), "invalid"),
    ],
)
def test_advance_then_a_winner_needs_everything(facts: Facts, state: State) -> None:
    assert advance("collecting", facts) == state


def test_mismatch_then_the_first_epoch_that_cannot_be_chance() -> None:
    assert mismatched([(50, 50, 0.5), (90, 10, 0.1)]) is None
    assert mismatched([(50, 50, 0.5), (50, 50, 0.1)]) == 1
    assert of_two(0, 0, 0.5) == 1.0
    assert of_two(3_000, 3_000, 0.5) == pytest.approx(1.0)


def test_win_rate_when_there_are_too_many_for_an_exact_test_then_by_its_limit() -> None:
    few, many = arms(200, 0.001), arms(201, 0.001)
    assert comparisons.win_rate(few.a, few.b).test == "Boschloo"
    assert comparisons.win_rate(many.a, many.b).test == "pooled z"
    wins = int((few.a > 0).sum()), int((few.b > 0).sum())
    exact, limit = (compare(*wins, few.a, few.b) for compare in (comparisons.boschloo, comparisons.pooled_z))
    assert limit == pytest.approx(exact, rel=0.15)
    assert comparisons.win_rate(np.full(300, 0.01), np.full(300, 0.01)).p == 1
    assert comparisons.win_rate(np.full(300, -0.01), np.full(300, 0.01)).p == pytest.approx(0, abs=1e-9)
