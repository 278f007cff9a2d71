"""The planner: safe at every prefix, and nothing left to do after it."""

from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controller.core.change.partly import partly
from controller.core.plan.planner import Inputs, loosens, plan_for
from controller.core.policy.direction import compare
from schemas.desired import StrategyStatus, TradingMode
from schemas.live import LiveState, OrderView
from schemas.plan import Plan, Step
from schemas.policy import Policy
from tests.support.policies import REVISIONS, UIDS, halt, live, lives, policies, policy, simple_changes

PAUSED, ACTIVE, HALTED = StrategyStatus.PAUSED, StrategyStatus.ACTIVE, StrategyStatus.HALTED


@dataclass(frozen=True)
class World:
    """A model of gate and venue: what each lets through."""

    gate: tuple[Policy, ...]
    mode: TradingMode
    statuses: dict[str, StrategyStatus] = field(default_factory=dict)

    def allows(self, uid: str, size: int, reducing: bool) -> bool:
        gate = bool(self.gate) and all(_policy_allows(item, uid, size, reducing) for item in self.gate)
        return gate and _venue_allows(self.mode, self.statuses.get(uid, ACTIVE), reducing)

    def after(self, step: Step, base: Policy | None, target: Policy, part: Policy | None = None) -> "World":
        match step.action:
            case "venue-mode":
                return replace(self, mode=TradingMode(step.value))
            case "venue-status":
                return replace(self, statuses={**self.statuses, step.scope: StrategyStatus(step.value)})
            case "publish-joint":
                assert base is not None
                return replace(self, gate=(base, target))
            case "publish-part":
                assert part is not None
                return replace(self, gate=(part, target))
            case "publish":
                return replace(self, gate=(target,))
            case _:
                return self


def _policy_allows(item: Policy, uid: str, size: int, reducing: bool) -> bool:
    strategy = item.strategies.get(uid)
    if strategy is None or (size > item.limits["order.max_dollars"] and not reducing):
        return False
    return _venue_allows(item.mode, strategy.status, reducing)


def _venue_allows(mode: TradingMode, status: StrategyStatus, reducing: bool) -> bool:
    if mode.rank >= TradingMode.HALT_TRADING.rank or status is HALTED:
        return False
    return reducing or (mode is TradingMode.NORMAL and status is ACTIVE)


def start(base: Policy | None, state: LiveState) -> World:
    statuses = {uid: ledger.venue_status for uid, ledger in state.strategies.items()}
    return World((base,) if base else (), state.venue_mode, statuses)


def worlds(plan: Plan, base: Policy | None, target: Policy, state: LiveState) -> list[World]:
    found = [start(base, state)]
    for step in plan.steps:
        found.append(found[-1].after(step, base, target))
    return found


def inputs(base: Policy | None, target: Policy, state: LiveState, **more: Any) -> Inputs:
    return replace(Inputs(base, target, state, simple_changes(base, target)), **more)


ORDERS = list(product(UIDS, range(4), (True, False)))


@given(st.none() | policies, policies, lives, st.booleans())
def test_every_prefix_when_planned_then_no_looser_than_both_sides(
    base: Policy | None, target: Policy, state: LiveState, held: bool
) -> None:
    plan = plan_for(inputs(base, target, state, held=held))
    path = worlds(plan, base, target, state)
    old, new = path[0], path[-1]
    for world in path:
        for order in ORDERS:
            assert not world.allows(*order) or old.allows(*order) or new.allows(*order), (world, order)


@given(st.none() | policies, policies, lives)
def test_after_all_steps_then_the_world_is_the_target(base: Policy | None, target: Policy, state: LiveState) -> None:
    final = worlds(plan_for(inputs(base, target, state)), base, target, state)[-1]
    for order in ORDERS:
        allowed = World((target,), TradingMode.NORMAL).allows(*order)
        assert not final.allows(*order) or allowed
    assert final.gate == (target,)


@given(st.none() | policies, policies, lives)
def test_diff_after_apply_then_empty(base: Policy | None, target: Policy, state: LiveState) -> None:
    final = worlds(plan_for(inputs(base, target, state)), base, target, state)[-1]
    again = plan_for(inputs(target, target, live(final.mode, final.statuses), settled=True))
    assert again.steps == () and again.changes == ()


@given(policies, policies, lives)
def test_held_plan_then_no_order_passes_that_either_side_denies(base: Policy, target: Policy, state: LiveState) -> None:
    final = worlds(plan_for(inputs(base, target, state, held=True)), base, target, state)[-1]
    for order in ORDERS:
        both = World((base, target), TradingMode.NORMAL).allows(*order)
        assert not final.allows(*order) or both


@given(policies, policies, lives, st.data())
def test_part_of_a_held_plan_then_nothing_passes_at_any_step_that_it_or_the_target_denies(
    base: Policy, target: Policy, state: LiveState, data: Any
) -> None:
    keys = [(change.scope, change.key) for change in compare(base, target)]
    part = partly(base, target, data.draw(st.sets(st.sampled_from(keys))) if keys else ())
    world = old = start(base, state)
    for step in plan_for(inputs(base, target, state, held=True, part=part)).steps:
        world = world.after(step, base, target, part)
        for order in ORDERS:
            let = World((part, target), TradingMode.NORMAL).allows(*order)
            assert not world.allows(*order) or let or old.allows(*order)
    assert world.gate == (part, target)
    assert all(World((target,), TradingMode.NORMAL).allows(*order) for order in ORDERS if world.allows(*order))


@given(policies, policies, lives, st.integers(0, 8))
def test_plan_cut_short_and_planned_again_then_no_looser_than_both(
    base: Policy, target: Policy, state: LiveState, cut: int
) -> None:
    first = worlds(plan_for(inputs(base, target, state)), base, target, state)
    reached = first[min(cut, len(first) - 1)]
    resumed = plan_for(inputs(base, target, live(reached.mode, reached.statuses), settled=reached.gate == (target,)))
    old, world = first[0], reached
    for step in resumed.steps:
        world = world.after(step, base, target)
        for order in ORDERS:
            target_side = World((target,), TradingMode.NORMAL).allows(*order)
            assert not world.allows(*order) or old.allows(*order) or target_side
    assert world.gate == (target,)


def _order(uid: str) -> OrderView:
    return OrderView(
        order="o1",
        client_id="c1",
        uid=uid,
        symbol="AAPL",
        side="buy",
        type="limit",
        quantity=1,
        filled=0,
        price=1,
        state="working",
        submitted_ns=1,
        market_time="",
    )


def test_pause_with_working_orders_then_they_are_cancelled() -> None:
    base, target = policy(), policy(REVISIONS[1], statuses={UIDS[0]: PAUSED})
    plan = plan_for(inputs(base, target, live(orders=(_order(UIDS[0]),))))
    assert [step.action for step in plan.steps][:2] == ["venue-status", "cancel-orders"]


def test_working_order_under_a_freeze_then_cancelled_again() -> None:
    frozen = policy(mode=TradingMode.HALT_TRADING)
    plan = plan_for(inputs(frozen, frozen, live(TradingMode.HALT_TRADING, orders=(_order(UIDS[0]),)), settled=True))
    assert [step.action for step in plan.steps] == ["cancel-orders"]


def test_working_order_of_a_liquidation_under_a_freeze_then_left_alone() -> None:
    frozen = policy(mode=TradingMode.HALT_ALL)
    order = _order(UIDS[0]).model_copy(update={"ticket": "1" * 32})
    statuses = dict.fromkeys(frozen.strategies, HALTED)
    plan = plan_for(
        inputs(frozen, frozen, live(TradingMode.HALT_ALL, statuses=statuses, orders=(order,)), settled=True)
    )
    assert "cancel-orders" not in [step.action for step in plan.steps]


def test_tightening_drift_when_unchanged_then_kept() -> None:
    plan = plan_for(inputs(policy(), policy(), live(statuses={UIDS[0]: HALTED}), settled=True))
    assert plan.steps == ()


def test_loosening_drift_when_unchanged_then_corrected() -> None:
    paused = policy(statuses={UIDS[0]: PAUSED})
    plan = plan_for(inputs(paused, paused, live(statuses={UIDS[0]: ACTIVE}), settled=True))
    assert [(step.action, step.value) for step in plan.steps] == [("venue-status", "paused")]


def test_tightening_drift_when_a_person_changes_it_then_follows() -> None:
    base, target = policy(statuses={UIDS[0]: PAUSED}), policy(REVISIONS[1])
    plan = plan_for(inputs(base, target, live(statuses={UIDS[0]: HALTED})))
    assert plan.steps[-1].value == "active"


def test_release_then_last_of_all_and_absent_when_held() -> None:
    base = policy(mode=TradingMode.HALT_ALL, statuses={UIDS[0]: HALTED})
    target = policy(REVISIONS[1], statuses={UIDS[0]: PAUSED})
    state = live(TradingMode.HALT_ALL, {UIDS[0]: HALTED})
    releases: dict[str, Any] = {"releases": (halt(),), "rebases": ("account",)}
    plan = plan_for(inputs(base, target, state, **releases))
    assert [step.action for step in plan.steps][-3:] == ["venue-mode", "rebase-peak", "release-halt"]
    assert loosens(plan)
    held = plan_for(inputs(base, target, state, held=True, **releases))
    assert [step.action for step in held.steps] == ["publish-joint"]


def test_digest_when_only_positions_move_then_same() -> None:
    base, target = policy(), policy(REVISIONS[1], order__max_dollars=1)
    one = plan_for(inputs(base, target, live(equity=1)))
    two = plan_for(inputs(base, target, live(equity=10**12)))
    assert one.digest() == two.digest()
