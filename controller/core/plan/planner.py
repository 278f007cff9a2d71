"""The planner: which ordered steps take the live engine from the applied policy to the effective one.

The order is that of safety section 4: the venue's mode and status down and cancels, old∧new at the
gate, the new policy alone, the venue's status and mode up, and only then the release of cleared
halts. After every prefix of the steps, gate and venue together are as strict as the looser of the two
sides at most. Steps are computed from live, so a plan that was cut short is simply planned again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from controller.core.change.partly import meet
from controller.core.plan.drift import venue_status, venue_target
from controller.core.plan.effective import strategy_scope
from controller.core.policy.direction import compare, compare_documents
from controller.core.policy.utilisation import annotate, foremost
from schemas.desired import Desired, StrategyStatus, TradingMode
from schemas.halts import ACCOUNT, Halt
from schemas.live import LiveState
from schemas.plan import Change, Direction, Plan, Step
from schemas.policy import Policy

_CLOSED = ("filled", "cancelled", "rejected")


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a plan follows from.

    ``base``: the last applied effective policy, None before the first. ``releases``: cleared halts still in the
    latch. ``rebases``: scopes whose peak a clear rebases. ``held``: a brake that keeps the loosening part back.
    ``part``: what of the loosening a held plan lets through all the same, beside the target; ``stands``: what the venue
    was told last, where that is not ``base``.
    ``settled``: the gate already holds exactly the snapshot that the plan ends with, under our fence.
    """

    base: Policy | None
    target: Policy
    live: LiveState | None
    changes: tuple[Change, ...] = ()
    peaks: Mapping[str, int] = field(default_factory=dict)
    releases: tuple[Halt, ...] = ()
    rebases: tuple[str, ...] = ()
    held: bool = False
    part: Policy | None = None
    stands: Policy | None = None
    settled: bool = False


def changes_between(base: Policy | None, target: Policy, before: Desired | None, after: Desired) -> tuple[Change, ...]:
    """What a plan from ``base`` to ``target`` lists: their control values, then what only the documents say."""
    return (*compare(base, target), *compare_documents(before, after))


def plan_for(inputs: Inputs) -> Plan:
    """The plan for ``inputs``; without live (a dry run beside a stopped engine) live is taken to be as applied."""
    base, target, live = inputs.base, inputs.target, inputs.live
    changes = inputs.changes
    if live is not None and any(change.kind == "limit" or change.key == "shadow" for change in changes):
        nearest = foremost(target, live, inputs.peaks)
        used = {key: use.value for key, use in nearest.items()}
        whose = {key: use.what for key, use in nearest.items()}
        changes = tuple(annotate(change, target, used, whose) for change in changes)
    return Plan(
        base=base.revision if base else None,
        target=target.revision,
        changes=changes,
        steps=tuple(_steps(inputs)),
        halts=target.halts,
    )


def _steps(inputs: Inputs) -> Iterable[Step]:
    target = meet(inputs.part or inputs.base, inputs.target) if inputs.held and inputs.base else inputs.target
    yield from _venue_steps(inputs, target, tighten=True)
    yield from _cancels(inputs)
    if inputs.base is not None and (inputs.changes or inputs.held) and not inputs.settled:
        yield Step(phase="joint", action="publish-joint", scope=ACCOUNT)
    if inputs.held:
        yield from _part(inputs, target)
        return
    if not inputs.settled:
        yield Step(phase="adopt", action="publish", scope=ACCOUNT)
    yield from _venue_steps(inputs, target, tighten=False)
    for scope in sorted(inputs.rebases):
        yield Step(phase="release", action="rebase-peak", scope=scope)
    for halt in inputs.releases:
        yield Step(phase="release", action="release-halt", scope=halt.scope, value=halt.id)


def _part(inputs: Inputs, target: Policy) -> Iterable[Step]:
    """What a held plan lets through: the gate holds it beside the target, then the venue follows."""
    if inputs.part is None:
        return
    if not inputs.settled:
        yield Step(phase="adopt", action="publish-part", scope=ACCOUNT)
    yield from _venue_steps(inputs, target, tighten=False)


def _venue_steps(inputs: Inputs, target: Policy, *, tighten: bool) -> Iterable[Step]:
    """Steps of the venue in one direction; a mode before statuses when tightening, after them when loosening."""
    live = inputs.live
    if live is None:
        return
    mode, statuses = venue_target(inputs.stands or inputs.base, target, live)
    phase = "tighten" if tighten else "loosen"
    steps = [
        Step(phase=phase, action="venue-status", scope=uid, value=status.value)
        for uid, status in sorted(statuses.items())
        if _moves(venue_status(live, uid).rank, status.rank, tighten)
    ]
    if _moves(live.venue_mode.rank, mode.rank, tighten):
        step = Step(phase=phase, action="venue-mode", scope=ACCOUNT, value=mode.value)
        steps = [step, *steps] if tighten else [*steps, step]
    yield from steps


def _moves(now: int, wanted: int, tighten: bool) -> bool:
    return wanted > now if tighten else wanted < now


def _cancels(inputs: Inputs) -> Iterable[Step]:
    """Cancels: everything under a freeze, a halted strategy's orders, and a strategy's when it becomes paused.

    A liquidation's orders work under the halt that it needs.
    """
    base, target, live = inputs.base, inputs.target, inputs.live
    orders = [order for order in live.orders if order.state not in _CLOSED and not order.ticket] if live else []
    working = {order.uid for order in orders}
    frozen = target.mode.rank >= TradingMode.HALT_TRADING.rank
    entered = base is not None and base.mode.rank < TradingMode.HALT_TRADING.rank
    if frozen:
        if working or entered:
            yield Step(phase="tighten", action="cancel-orders", scope=ACCOUNT)
        return
    for uid, strategy in sorted(target.strategies.items()):
        before = base.strategies[uid].status if base and uid in base.strategies else StrategyStatus.ACTIVE
        fell = strategy.status.rank > before.rank
        halted = strategy.status is StrategyStatus.HALTED
        if (fell and halted) or (uid in working and (fell or halted)):
            yield Step(phase="tighten", action="cancel-orders", scope=strategy_scope(uid))


def loosens(plan: Plan) -> bool:
    """Whether any part of ``plan`` loosens: a change, a venue step up, or the release of a halt."""
    return plan.direction is Direction.LOOSEN or any(step.phase in ("loosen", "release") for step in plan.steps)
