"""What the standing of tests takes from a policy: B's signals, never anything else, and never the other way."""

from typing import Any

import pytest

from controller.core.experiments.question import plan_digest
from controller.core.experiments.restriction import without_b
from controller.core.experiments.standing import MOVES
from controller.core.policy.compile import compile_policy
from controller.core.policy.direction import compare
from schemas.experiments import ABTest
from schemas.plan import Direction
from schemas.policy import Policy
from schemas.trials import State, Trial
from tests.support.rig import UID_A, desired
from tests.support.trials import ab_test


def policy_of(test: ABTest) -> Policy:
    return compile_policy(desired(1).model_copy(update={"ab_tests": {test.id: test}}), {})


def share(test: ABTest, state: State | None, **fields: Any) -> int:
    """B's share under ``state``; None: nothing is known of the test."""
    known = {"test": test.id, "strategy": "s-a", "book": "b", "plan": plan_digest(test), "state": state, **fields}
    trials = {} if state is None else {test.id: Trial.model_validate(known)}
    policy = policy_of(test)
    found = without_b(policy, {test.id: test}, trials)
    assert all(change.direction is Direction.TIGHTEN for change in compare(policy, found))
    restricted = found.strategies[UID_A].test
    assert restricted is not None
    return restricted.share_b_ppm


@pytest.mark.parametrize("state", sorted(MOVES))
def test_share_when_a_test_is_decided_then_b_gets_nothing(state: State) -> None:
    assert share(ab_test("s-a"), state) == (500_000 if state in ("collecting", "running") else 0)


@pytest.mark.parametrize("state", sorted(MOVES))
def test_share_when_rolling_out_then_only_what_won_gets_its_step(state: State) -> None:
    rolled = ab_test("s-a", status="complete", rollout=25)
    assert share(rolled, state) == (250_000 if state == "winner_b" else 0)


def test_share_when_nothing_is_known_then_a_test_begins_and_a_rollout_does_not() -> None:
    assert share(ab_test("s-a"), None) == 500_000
    assert share(ab_test("s-a", status="complete", rollout=10), None) == 0


def test_share_when_another_test_had_the_id_then_nothing() -> None:
    assert share(ab_test("s-a"), "running", plan="other") == 0
    assert share(ab_test("s-a", status="complete", rollout=10), "winner_b", plan="other") == 0


def test_policy_when_no_test_is_decided_then_the_same_object() -> None:
    test = ab_test("s-a")
    policy = policy_of(test)
    assert without_b(policy, {test.id: test}, {}) is policy
