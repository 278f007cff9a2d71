"""What a learning phase does to limits, and that moving from one phase to another never loosens unseen."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.learning.phases import SIZED, TOLERATED, moved, size_ppm, written_as
from controller.core.policy.compile import compile_policy
from controller.core.policy.direction import compare_desired
from controller.gate.book import Book
from schemas.desired import Desired
from schemas.learning import Learning, Phase
from schemas.limits import LIMITS
from schemas.plan import Direction
from schemas.policy import Policy
from tests.controller.core.policy.test_direction_gate import SYMBOLS, assert_no_hidden_loosening, books
from tests.support.desired import COMMITS, desired

WRITTEN = {
    limit.name: limit.compile(
        getattr(
            getattr(desired().risk.hard_limits if limit.hard else desired().risk.soft_limits, limit.group), limit.key
        )
    )
    for limit in LIMITS
}
SHARES = st.integers(0, 30).map(lambda part: Decimal(part) / 10)
PHASES = st.builds(
    Phase,
    name=st.just("Any"),
    position_size_multiplier=SHARES,
    exploration_bonus=SHARES.map(lambda share: 100 * share),
    soft_limit_tolerance=SHARES.map(lambda share: 100 * share),
    new_strategies_per_month=st.none() | st.integers(0, 3),
)


def phase(multiplier: str = "1.0", bonus: str = "0%", tolerance: str = "0%") -> Phase:
    return Phase.model_validate(
        {
            "name": "Any",
            "position_size_multiplier": multiplier,
            "exploration_bonus": bonus,
            "soft_limit_tolerance": tolerance,
        }
    )


def tree(*phases: Phase, number: int = 1, commit: str = COMMITS[0]) -> Desired:
    base = desired(commit)
    learning = Learning(number=number, started=base.risk.learning.started, phases=phases)
    return base.model_copy(update={"risk": base.risk.model_copy(update={"learning": learning})})


def policy_of(found: Desired) -> Policy:
    return compile_policy(found, SYMBOLS)


@pytest.mark.parametrize(
    ("multiplier", "bonus", "expected"),
    [
        ("0.5", "50%", 750_000),
        ("0.75", "0%", 750_000),
        ("1.0", "50%", 1_000_000),
        ("3.0", "0%", 1_000_000),
        ("0", "0%", 0),
    ],
)
def test_size_then_multiplier_times_bonus_and_never_above_one(multiplier: str, bonus: str, expected: int) -> None:
    assert size_ppm(phase(multiplier, bonus)) == expected


@given(PHASES)
def test_phase_when_compiled_then_lifts_no_hard_limit_and_nothing_that_halts(found: Phase) -> None:
    acting = WRITTEN | moved(WRITTEN, found)
    assert all(acting[limit.name] <= WRITTEN[limit.name] for limit in LIMITS if limit.name in SIZED)
    others = [limit.name for limit in LIMITS if limit.name not in (*SIZED, *TOLERATED)]
    assert all(acting[name] == WRITTEN[name] for name in others)
    assert all(acting[name] >= WRITTEN[name] for name in TOLERATED)
    assert not {name for name in TOLERATED if name.startswith("drawdown.")}


@given(PHASES, st.sampled_from([*SIZED, *TOLERATED]), st.integers(0, 10**12))
def test_written_as_when_compiled_again_then_acts_as_asked_at_most(found: Phase, name: str, acting: int) -> None:
    written = WRITTEN | {name: written_as(name, acting, found)}
    again = (written | moved(written, found))[name]
    assert again <= acting
    assert acting - again <= 4 or size_ppm(found) == 0


@settings(max_examples=150, deadline=None)
@given(PHASES, PHASES, books())
def test_direction_when_the_phase_moves_then_what_the_gate_passes_more_is_loosen(
    one: Phase, other: Phase, book: Book
) -> None:
    here, there = policy_of(tree(one, other)), policy_of(tree(one, other, number=2))
    assert_no_hidden_loosening(here, there, book)
    assert_no_hidden_loosening(there, here, book)


@given(PHASES, PHASES)
def test_advance_when_no_cap_rises_then_it_is_no_loosening_and_else_it_is(one: Phase, other: Phase) -> None:
    here, there = tree(one, other), tree(one, other, number=2, commit=COMMITS[1])
    before, after = policy_of(here).limits, policy_of(there).limits
    few, many = one.new_strategies_per_month, other.new_strategies_per_month
    more_new = few is not None and (many is None or many > few)
    rises = any(after[name] > before[name] for name in (*SIZED, *TOLERATED)) or more_new
    directions = {change.direction for change in compare_desired(here, there, SYMBOLS)}
    assert (Direction.LOOSEN in directions) == rises


def test_advance_when_a_cap_rises_then_the_plan_says_what_it_acts_as() -> None:
    here, there = tree(phase("0.5"), phase()), tree(phase("0.5"), phase(), number=2, commit=COMMITS[1])
    told = {item.label: (item.old, item.new, item.direction) for item in compare_desired(here, there, SYMBOLS)}
    assert told["position.max_position_pct"] == ("7.5%", "15%", Direction.LOOSEN)
    assert told["position.max_position_dollars"] == ("$12,500", "$25,000", Direction.LOOSEN)
    assert told["learning.number"] == ("1", "2", Direction.NEUTRAL)


def test_advance_when_more_strategies_may_be_added_then_it_loosens() -> None:
    few, many = phase().model_copy(update={"new_strategies_per_month": 1}), phase()
    told = compare_desired(tree(few, many), tree(few, many, number=2, commit=COMMITS[1]), SYMBOLS)
    assert {item.label: (item.old, item.new, item.direction) for item in told} == {
        "learning.number": ("1", "2", Direction.NEUTRAL),
        "learning.new_strategies": ("1", "any number", Direction.LOOSEN),
    }
