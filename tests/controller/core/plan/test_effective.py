"""Strictest wins: effective state, OPEN, the staleness ladder, drift."""

import random as random_module
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.desired.documents import parse
from controller.core.plan.drift import drifts
from controller.core.plan.effective import (
    Restriction,
    digests,
    effective,
    evidence_text,
    halt_of,
    open_halts,
    status_under,
    strategy_scope,
)
from controller.core.plan.staleness import may_loosen, restrictions, rung
from schemas.desired import ClearedDocument, HaltDocument, Staleness, StrategyStatus, TradingMode
from schemas.halts import ACCOUNT, Halt
from schemas.live import LiveState
from schemas.plan import Direction
from schemas.policy import Policy
from tests.support.policies import halt, halts, lives, policies, policy


def no_looser(one: Policy, two: Policy) -> bool:
    """Whether ``one`` is at least as strict as ``two`` in mode and every status."""
    statuses = all(one.strategies[uid].status.rank >= item.status.rank for uid, item in two.strategies.items())
    return one.mode.rank >= two.mode.rank and statuses


@given(policies, st.lists(halts, max_size=4))
def test_effective_then_never_looser_than_desired_or_any_halt(desired: Policy, some: list[Halt]) -> None:
    result = effective(desired, some)
    assert no_looser(result, desired)
    for item in some:
        assert item.id in result.halts
        if item.scope == ACCOUNT:
            assert result.mode.rank >= item.mode.rank
        for uid, strategy in result.strategies.items():
            if item.scope == strategy_scope(uid):
                assert strategy.status.rank >= status_under(item.mode).rank


@given(policies, st.lists(halts, max_size=4), st.randoms())
def test_effective_when_halts_reordered_then_same(
    desired: Policy, some: list[Halt], random: random_module.Random
) -> None:
    mixed = list(some)
    random.shuffle(mixed)
    assert effective(desired, some) == effective(desired, mixed)


@given(policies, st.lists(halts, max_size=3), halts)
def test_effective_when_one_more_halt_then_no_looser(desired: Policy, some: list[Halt], more: Halt) -> None:
    assert no_looser(effective(desired, [*some, more]), effective(desired, some))


def test_halt_all_then_every_strategy_is_halted() -> None:
    result = effective(policy(), [halt()])
    assert {item.status for item in result.strategies.values()} == {StrategyStatus.HALTED}


def test_restriction_then_binds_and_is_no_halt() -> None:
    result = effective(policy(), (), (Restriction(ACCOUNT, TradingMode.PAUSE_NEW_ORDERS, "stale"),))
    assert result.mode is TradingMode.PAUSE_NEW_ORDERS and result.halts == ()


def cleared(item: Halt, digest: str = "") -> dict[str, ClearedDocument]:
    digest = digest or min(digests(item))
    return {item.id: ClearedDocument(version=1, id=item.id, halt_digest=digest, by="ada", reason="ok")}


def test_open_when_known_twice_then_one_with_the_stricter_mode_and_all_facts() -> None:
    weak = halt(1, mode=TradingMode.PAUSE_NEW_ORDERS, durable=True, reason="why")
    strong = halt(1, mode=TradingMode.HALT_ALL, word=7, slot=3)
    (found,) = open_halts([weak, strong], {})
    assert (found.mode, found.durable, found.word, found.slot, found.reason) == (
        TradingMode.HALT_ALL,
        True,
        7,
        3,
        "why",
    )


def test_open_when_cleared_by_digest_then_closed_and_by_another_digest_open() -> None:
    assert open_halts([halt(1)], cleared(halt(1))) == ()
    assert len(open_halts([halt(1)], cleared(halt(1), "0" * 64))) == 1
    assert len(open_halts([halt(1)], cleared(halt(2)))) == 1


def test_open_when_released_before_then_late_backfill_opens_nothing() -> None:
    assert open_halts([halt(1)], {}, frozenset({halt(1).id})) == ()


@given(halts)
def test_evidence_then_reads_back_as_the_same_halt(item: Halt) -> None:
    text = evidence_text(item.model_copy(update={"reason": 'quotes " and: colons #'}))
    document = parse(f"halts/{item.id}.yaml", text.encode()).model
    assert isinstance(document, HaltDocument) and document.opened.tzinfo == UTC
    assert halt_of(document).digest() in digests(item)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, "fresh"),
        (299.9, "fresh"),
        (300, "report"),
        (3_600, "no-loosening"),
        (86_399, "no-loosening"),
        (86_400, "pause-new-orders"),
    ],
)
def test_ladder_when_a_bound_is_reached_then_its_rung(age: float, expected: str) -> None:
    assert rung(Staleness(), age) == expected


def test_ladder_then_loosening_ends_before_new_orders_do() -> None:
    assert may_loosen("report") and not may_loosen("no-loosening") and not may_loosen("pause-new-orders")
    assert restrictions("no-loosening", 1) == ()
    assert restrictions("pause-new-orders", 1)[0].mode is TradingMode.PAUSE_NEW_ORDERS


@given(policies, lives)
def test_drift_then_direction_follows_the_rank(applied: Policy, live: LiveState) -> None:
    for item in drifts(applied, live):
        kind = TradingMode if item.scope == ACCOUNT else StrategyStatus
        assert (kind(item.found).rank > kind(item.expected).rank) == (item.direction is Direction.TIGHTEN)
    assert drifts(None, live) == ()
