"""The A/B test of a strategy in the compiled policy, and the direction of its changes."""

from decimal import Decimal
from typing import Any

import pytest

from controller.core.policy.compile import compile_policy
from controller.core.policy.direction import compare
from schemas.desired import Desired
from schemas.experiments import ABTest
from schemas.plan import Direction
from schemas.policy import Policy, TestPolicy
from tests.support.desired import UIDS, desired

NAME = "ml-momentum-v2"
UID = UIDS[NAME]
TEST = TestPolicy(id="t-1", seed=7, share_b_ppm=250_000, parameters_b={"lookback": 60})


def with_document(**fields: Any) -> Desired:
    base = {"version": 1, "id": "t-1", "name": "T", "strategy": NAME, "started": "2026-01-19", "duration_days": 14}
    variants = {"variant_a": {"name": "A"}, "variant_b": {"name": "B", "parameters": {"lookback": 60}}}
    test = ABTest.model_validate({**base, "alpha": Decimal(5), "seed": 7, **variants, **fields})
    return desired().model_copy(update={"ab_tests": {test.id: test}})


def compiled(**fields: Any) -> TestPolicy | None:
    return compile_policy(with_document(**fields), {}).strategies[UID].test


def with_test(test: TestPolicy | None) -> Policy:
    base = compile_policy(desired(), {})
    strategy = base.strategies[UID].model_copy(update={"test": test})
    return base.model_copy(update={"strategies": base.strategies | {UID: strategy}})


def direction(old: TestPolicy | None, new: TestPolicy | None) -> Direction:
    (change,) = compare(with_test(old), with_test(new))
    assert change.path == "ab_tests/t-1.yaml"
    return change.direction


def test_compile_when_a_test_runs_then_its_strategy_has_it_and_no_other() -> None:
    strategies = compile_policy(with_document(traffic_split="75/25"), {}).strategies
    assert {uid: item.test for uid, item in strategies.items()} == {**dict.fromkeys(strategies), UID: TEST}


@pytest.mark.parametrize("fields", [{"status": "stopped"}, {"status": "complete"}])
def test_compile_when_a_test_is_over_then_nobody_has_it(fields: dict[str, Any]) -> None:
    assert compiled(**fields) is None


def test_compile_when_a_paired_test_rolls_out_then_it_takes_signals_from_the_book() -> None:
    paired = {"unit": "day", "paired": True}
    running, rolled = compiled(**paired), compiled(**paired, status="complete", rollout=25)
    assert running is not None
    assert rolled is not None
    assert (running.paired, running.epoch, running.share_b_ppm) == (True, 0, 500_000)
    assert (rolled.paired, rolled.epoch, rolled.share_b_ppm) == (False, 2, 250_000)


def test_compare_when_only_the_share_of_b_shrinks_then_tightens() -> None:
    assert direction(TEST, TEST.model_copy(update={"share_b_ppm": 0})) is Direction.TIGHTEN


@pytest.mark.parametrize(
    "fields",
    [
        {"share_b_ppm": 260_000},
        {"seed": 8},
        {"epoch": 1},
        {"paired": True},
        {"assignment": "blocks"},
        {"parameters_a": {"lookback": 1}},
        {"parameters_b": {}, "share_b_ppm": 0},
    ],
    ids=str,
)
def test_compare_when_anything_else_of_a_test_changes_then_loosens(fields: dict[str, Any]) -> None:
    assert direction(TEST, TEST.model_copy(update=fields)) is Direction.LOOSEN


def test_compare_when_a_test_begins_or_ends_then_loosens() -> None:
    assert direction(None, TEST) is Direction.LOOSEN
    assert direction(TEST, None) is Direction.LOOSEN


def test_policy_without_a_test_then_its_text_and_digest_are_as_before_there_were_any() -> None:
    dumped = with_test(None).model_dump(mode="json")["strategies"][UID]
    assert "test" not in dumped
    assert with_test(None).digest() == compile_policy(desired(), {}).digest() != with_test(TEST).digest()
