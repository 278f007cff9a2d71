"""Learning phases as documents: what they may not say, and how many strategies one lets be added."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from controller.core.desired.transition import validate_transition
from controller.errors import InvalidDesired
from schemas.desired import Desired, StrategyStatus
from tests.support.desired import COMMITS, desired, files, read

START = date(2012, 3, 1)
BROKEN = {
    "no such phase": (("number: 1", "number: 4"), "there is no phase 4: learning.phases has 3 (fix: write 1 to 3)"),
    "negative multiplier": (("multiplier: 0.5", "multiplier: -0.5"), "position_size_multiplier -0.5 of Exploration"),
    "bonus beyond all bounds": (
        ("bonus: 50%", "bonus: 1001%"),
        "exploration_bonus 1001 of Exploration is not 0 to 1000",
    ),
    "tolerance that is not exact": (("tolerance: 25%", "tolerance: 0.00001%"), "with at most 4 decimals"),
    "nothing could be opened": (
        ("position_size_multiplier: 0.75", "position_size_multiplier: 0.01"),
        "in Refinement position.max_position_dollars acts as $250, below position.min_position_dollars $500",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_phases_when_they_cannot_be_meant_then_refused_with_place_and_fix(name: str) -> None:
    edit, message = BROKEN[name]
    with pytest.raises(InvalidDesired) as raised:
        read(files(risk_config=edit))
    [problem, *_] = raised.value.problems
    assert message in str(problem)
    assert problem.line > 1


def test_phases_when_left_out_then_one_that_moves_nothing() -> None:
    text = files()["risk_config.yaml"].decode()
    start, end = text.index("learning:\n"), text.index("# What holds when git")
    found = read(files() | {"risk_config.yaml": (text[:start] + text[end:]).encode()})
    assert (found.risk.learning.number, found.risk.learning.phase.name) == (1, "Exploration")
    assert found.risk.learning.following is None


def tree(days: Sequence[date | None] = (), bound: int | None = 1) -> Desired:
    """The template's strategies, and one more for each day on which it was added."""
    base = desired(COMMITS[1])
    [first, *_] = base.strategies.values()
    added = {
        f"s-{index}": first.model_copy(
            update={"id": f"s-{index}", "uid": f"{index:032x}", "status": StrategyStatus.PAUSED, "added": day}
        )
        for index, day in enumerate(days, 1)
    }
    phase = base.risk.learning.phase.model_copy(update={"new_strategies_per_month": bound})
    learning = base.risk.learning.model_copy(update={"phases": (phase,)})
    risk = base.risk.model_copy(update={"learning": learning})
    return base.model_copy(update={"risk": risk, "strategies": base.strategies | added})


def refused(old: Desired, new: Desired) -> list[str]:
    return [item.message for item in validate_transition(old, new)]


def test_strategy_when_added_within_the_bound_then_it_may() -> None:
    assert refused(tree(), tree([START])) == []
    assert refused(tree([START]), tree([START, START + timedelta(days=30)])) == []
    assert refused(tree(bound=None), tree([START, START, None], bound=None)) == []


def test_strategy_when_one_too_many_within_a_month_then_refused() -> None:
    second = START + timedelta(days=29)
    assert refused(tree([START]), tree([START, second])) == [
        "strategy s-2 is one too many: the learning phase lets 1 be added within 30 days"
    ]
    assert refused(tree([second]), tree([second, START]))
    assert refused(tree(), tree([START, second]))
    assert refused(tree(bound=0), tree([START], bound=0))


def test_strategy_when_the_same_commit_lifts_the_bound_then_the_bound_before_it_counts() -> None:
    assert refused(tree([START], bound=1), tree([START, START], bound=None))
    assert refused(tree([START], bound=None), tree([START, START], bound=1))


def test_strategy_when_it_does_not_say_when_it_is_added_then_refused() -> None:
    [message] = refused(tree(), tree([None]))
    assert message.startswith("strategy s-1 does not say when it is added")


def test_strategy_when_its_day_changes_then_refused() -> None:
    earlier = START - timedelta(days=60)
    assert refused(tree([START]), tree([earlier])) == ["strategies/s-1.yaml changes the day on which it was added"]
    assert refused(tree([None]), tree([START]))
