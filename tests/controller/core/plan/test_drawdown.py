"""Drawdown against durable peaks, guards on large changes, conditions."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.plan.conditions import Facts, summarise
from controller.core.plan.drawdown import base_key, drawdowns, equities, raised_peaks, restrictions
from controller.core.plan.guards import Size, empty_snapshot, size_of, too_much
from controller.core.risk.levels import levels
from schemas.desired import TradingMode
from schemas.halts import ACCOUNT
from schemas.live import LiveState, StrategyLive
from schemas.policy import Policy
from schemas.status import ConditionType, Refusal, RefusalReason, Revision
from tests.support.policies import REVISIONS, UIDS, halt, live, policy, simple_changes

PEAK = 100_000_000_000
CAPITAL = 30_000_000_000


def with_profit(realized: int = 0, unrealized: int = 0, fees: int = 0, equity: int = PEAK) -> LiveState:
    ledger = StrategyLive(
        uid=UIDS[0],
        venue_status=policy().strategies[UIDS[0]].status,
        realized=realized,
        unrealized=unrealized,
        fees=fees,
    )
    return live(equity=equity, ledgers={UIDS[0]: ledger})


@pytest.mark.parametrize(
    ("share", "level"),
    [(0, "clear"), (49, "clear"), (50, "info"), (75, "warn"), (89, "warn"), (90, "error"), (100, "halt")],
)
def test_account_drawdown_when_share_of_limit_is_lost_then_level(share: int, level: str) -> None:
    equity = PEAK - PEAK * 25 * share // 10_000
    levels = {item.key: item.level for item in drawdowns(policy(), live(equity=equity), {ACCOUNT: PEAK})}
    assert levels[ACCOUNT] == level


def test_strategy_equity_then_first_capital_plus_results_less_fees() -> None:
    peaks = {base_key(UIDS[0]): 10_000_000}
    found = equities(policy(), with_profit(realized=5, unrealized=-2, fees=1), peaks)
    assert found[UIDS[0]] == 10_000_000 + 5 - 2 - 1


def test_strategy_drawdown_when_limit_reached_then_halt_of_its_scope() -> None:
    state = with_profit(unrealized=-CAPITAL * 20 // 100)
    found = {item.key: item for item in drawdowns(policy(), state, {ACCOUNT: PEAK, UIDS[0]: CAPITAL})}
    assert found[UIDS[0]].level == "halt" and found[UIDS[0]].scope == f"strategy:{UIDS[0]}"
    assert found[UIDS[0]].mode is TradingMode.HALT_ALL and "20.00%" in found[UIDS[0]].reason


def test_raised_limit_then_the_same_loss_is_no_breach() -> None:
    state = with_profit(unrealized=-CAPITAL * 20 // 100)
    loose = policy(drawdown__strategy_halt_pct=500_000)
    found = {item.key: item.level for item in drawdowns(loose, state, {ACCOUNT: PEAK, UIDS[0]: CAPITAL})}
    assert found[UIDS[0]] == "clear"


@given(st.lists(st.integers(1, 2 * PEAK), min_size=1, max_size=8))
def test_peaks_over_any_path_then_only_rise_and_start_at_capital(path: list[int]) -> None:
    peaks: dict[str, int] = {}
    for equity in path:
        before = peaks.get(ACCOUNT, 0)
        peaks |= raised_peaks(policy(), live(equity=equity), peaks)
        assert peaks[ACCOUNT] >= before
    assert peaks[ACCOUNT] == max(PEAK, *path)
    assert raised_peaks(policy(), live(equity=path[-1]), peaks) == {}


def test_allocation_changed_later_then_base_stays() -> None:
    peaks = raised_peaks(policy(), live(), {})
    assert peaks[base_key(UIDS[0])] == CAPITAL == peaks[UIDS[0]]
    strategy = policy().strategies[UIDS[0]].model_copy(update={"allocation": 1})
    less = policy().model_copy(update={"strategies": {UIDS[0]: strategy}})
    assert equities(less, live(), peaks)[UIDS[0]] == CAPITAL


def test_reducing_band_then_new_orders_are_paused_in_that_scope() -> None:
    found = levels(policy(), live(equity=PEAK * 77 // 100), {ACCOUNT: PEAK}, ())
    assert [(item.scope, item.mode) for item in restrictions(found)] == [(ACCOUNT, TradingMode.PAUSE_NEW_ORDERS)]


def test_empty_snapshot_then_held() -> None:
    held = empty_snapshot(policy(), policy(REVISIONS[1], statuses={}))
    assert held is not None and held.reason == "EmptySnapshot"
    no_limits = policy(REVISIONS[1]).model_copy(update={"limits": {}})
    assert empty_snapshot(policy(), no_limits) is not None
    assert empty_snapshot(policy(), policy(REVISIONS[1])) is None
    assert empty_snapshot(None, policy()) is None


def test_too_much_then_held_unless_its_digest_is_named() -> None:
    held = too_much(Size(3, 5), Decimal(50), "d1", frozenset({"d2"}))
    assert held is not None and "3 of 5" in held.message and "d1" in held.message
    assert too_much(Size(3, 5), Decimal(50), "d1", frozenset({"d1"})) is None
    assert too_much(Size(1, 2), Decimal(50), "d1", frozenset()) is None


def test_size_then_loosened_and_removed_objects_count_and_tightened_do_not() -> None:
    base = policy(statuses=dict.fromkeys(UIDS, policy().strategies[UIDS[0]].status))
    fewer = policy(REVISIONS[1], statuses={UIDS[0]: base.strategies[UIDS[0]].status})
    assert size_of(base, fewer, ()) == Size(2, 5)
    looser = policy(REVISIONS[1], order__max_dollars=1)
    assert size_of(policy(), looser, simple_changes(policy(), looser)) == Size(1, 3)
    tighter: Policy = policy(REVISIONS[1], TradingMode.HALT_ALL)
    assert size_of(policy(), tighter, simple_changes(policy(), tighter)) == Size(0, 3)


def test_condition_when_nothing_changes_then_keeps_its_time() -> None:
    facts = Facts(Revision(last_applied=REVISIONS[0]), in_force=True, halts=(halt(),))
    first = summarise(facts, (), 1)
    second = summarise(facts, first, 2)
    assert first == second and {item.type for item in first} == {ConditionType.READY, ConditionType.BYPASS_ACTIVE}
    assert "gt-risk emergency resume" in second[1].message


def test_condition_when_refused_then_stalled_with_fix_and_not_ready() -> None:
    refusal = Refusal(commit=REVISIONS[1], reason=RefusalReason.UNSIGNED, message="no signature", fix="git commit -S")
    found = summarise(Facts(Revision(last_applied=REVISIONS[0]), in_force=True, refusal=refusal), (), 1)
    assert found[0].type is ConditionType.READY and found[0].status == "False"
    assert found[1].type is ConditionType.STALLED and "git commit -S" in found[1].message


def test_condition_when_gate_does_not_read_back_then_not_ready() -> None:
    (ready,) = summarise(Facts(Revision(last_applied=REVISIONS[0])), (), 1)
    assert ready.status == "False" and ready.reason == "NotReadBack"
