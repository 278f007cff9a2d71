"""What a strategy and a book have shown, held against what a phase asks; one thing at a time."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.learning.evidence import (
    GRADUATION_RULES,
    Goal,
    Reached,
    Shown,
    checkpoint,
    goals,
    graduation,
    progress,
)
from schemas.learning import Goals, Graduation, Learning, Phase
from schemas.risk import Performance

ASKED = Graduation()
GOOD = Performance(
    sessions=20, trades=50, sharpe=0.5, sharpe_error=0.4, win_rate=0.55, win_low=0.4, deepest_drawdown=0.15
)


def shown(**changes: object) -> Shown:
    return Shown(GOOD.model_copy(update=changes))


def test_graduation_when_each_figure_is_just_reached_then_ready() -> None:
    assert graduation(Shown(GOOD), ASKED) == ("ready", ())


@pytest.mark.parametrize(
    ("found", "state", "lacks"),
    [
        (shown(trades=49), "needs data", "49 of 50 trades"),
        (shown(trades=None), "needs data", "0 of 50 trades"),
        (shown(sessions=19), "needs data", "19 of 20 days"),
        (shown(sharpe=None), "needs data", "no Sharpe ratio yet"),
        (shown(sharpe_error=None), "needs data", "no error of the Sharpe ratio yet"),
        (shown(win_low=None), "needs data", "no win rate yet"),
        (shown(deepest_drawdown=None), "needs data", "no drawdown yet"),
        (shown(sharpe=0.49), "behind", "Sharpe 0.49 of 0.5"),
        (shown(win_low=0.39), "behind", "win rate above 39% only"),
        (shown(deepest_drawdown=0.151), "behind", "fell by 15.1%"),
        (shown(sharpe_error=0.5), "on track", "Sharpe 0.50 ± 0.50 may be 0"),
        (Shown(GOOD, "halted"), "halted", "halted"),
        (Shown(GOOD, "drawdown.strategy_halt_pct breached"), "halted", "drawdown.strategy_halt_pct breached"),
    ],
)
def test_graduation_when_one_thing_is_missing_then_not_ready_and_says_what(
    found: Shown, state: str, lacks: str
) -> None:
    verdict = graduation(found, ASKED)
    assert (verdict.state, verdict.lacks[0]) == (state, lacks)


def test_graduation_when_too_little_and_bad_then_too_little_counts_first_and_a_halt_before_all() -> None:
    assert graduation(shown(trades=3, sharpe=-1.0), ASKED).state == "needs data"
    assert graduation(shown(sharpe_error=2.0, win_low=0.1), ASKED).state == "behind"
    assert graduation(Shown(Performance(), "halted"), ASKED).state == "halted"


@given(
    st.builds(
        Performance,
        sessions=st.integers(0, 60),
        trades=st.none() | st.integers(0, 120),
        sharpe=st.none() | st.floats(-2, 3),
        sharpe_error=st.none() | st.floats(0, 2),
        win_low=st.none() | st.floats(0, 1),
        deepest_drawdown=st.none() | st.floats(0, 1),
    ),
    st.sampled_from(["", "halted"]),
)
def test_graduation_then_ready_only_with_all_of_it(found: Performance, barred: str) -> None:
    verdict = graduation(Shown(found, barred), ASKED)
    assert (verdict.state == "ready") == (not verdict.lacks) == (verdict == ("ready", ()))
    if verdict.state == "ready":
        assert not barred and (found.trades or 0) >= 50 and found.sessions >= 20
        assert (found.sharpe or 0) >= 0.5 and (found.sharpe or 0) > (found.sharpe_error or 0)
        assert (found.win_low or 0) >= 0.4 and (found.deepest_drawdown or 0) <= 0.15
    assert len(verdict.lacks) <= len(GRADUATION_RULES)


GOALS = Goals(trades=100, strategies=3, graduated=1, sharpe=Decimal("0.5"), max_drawdown=Decimal(15))


def test_goals_when_some_are_reached_then_each_says_where_it_stands() -> None:
    reached = Reached(trades=142, strategies=2, graduated=1, sharpe=0.42, deepest=0.123)
    assert goals(GOALS, reached, over=False) == (
        Goal("trades", 100, 142, "met"),
        Goal("strategies", 3, 2, "open"),
        Goal("graduated", 1, 1, "met"),
        Goal("sharpe", 0.5, 0.42, "open"),
        Goal("max_drawdown", 15, 12.3, "holding"),
    )


def test_goals_when_the_phase_is_over_then_a_kept_bound_is_met_and_a_broken_one_missed() -> None:
    for deepest, state in ((0.15, "met"), (0.1501, "missed"), (None, "unknown")):
        found = goals(GOALS, Reached(0, 0, 0, None, deepest), over=True)
        assert found[-1].state == state
    assert goals(GOALS, Reached(0, 0, 0, None, 0.2), over=False)[-1].state == "missed"


def test_goals_when_nothing_is_known_or_asked_then_unknown_or_none() -> None:
    assert [item.state for item in goals(GOALS, Reached(None, None, 0, None, None), over=False)] == [
        "unknown",
        "unknown",
        "open",
        "unknown",
        "unknown",
    ]
    assert goals(Goals(), Reached(1, 1, 1, 1.0, 0.1), over=True) == ()


def learning(started: date | None) -> Learning:
    return Learning(number=1, started=started, phases=(Phase(name="Exploration", days=30),))


def test_progress_then_counts_from_the_first_day_and_never_below_nothing_left() -> None:
    start = date(2026, 1, 2)
    assert progress(learning(start), start) == (1, 29, date(2026, 2, 1))
    assert progress(learning(start), date(2026, 1, 19)) == (18, 12, date(2026, 2, 1))
    assert progress(learning(start), date(2026, 3, 1)) == (59, 0, date(2026, 2, 1))
    assert progress(learning(None), start) is None


@pytest.mark.parametrize(("day", "expected"), [(1, None), (5, None), (6, 6), (11, 6), (18, 18), (30, 30), (99, 30)])
def test_checkpoint_then_the_newest_fifth_that_is_over(day: int, expected: int | None) -> None:
    start = date(2026, 1, 2)
    assert checkpoint(learning(start), start + timedelta(days=day - 1)) == expected


def test_checkpoint_when_days_are_no_multiple_of_five_or_the_start_is_not_known_then_rounded_up_or_none() -> None:
    start = date(2026, 1, 2)
    odd = Learning(number=1, started=start, phases=(Phase(name="Odd", days=7),))
    reached = [checkpoint(odd, start + timedelta(days=day)) for day in range(8)]
    assert reached == [None, 2, 3, 3, 5, 6, 7, 7]
    assert checkpoint(learning(None), start) is None
    assert checkpoint(learning(start), start - timedelta(days=40)) is None
