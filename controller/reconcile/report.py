"""What one pass found and did, and the status that is made of it: conditions first, then the picture for every view."""

from collections.abc import Callable
from dataclasses import dataclass

from controller.core.plan import approval
from controller.core.plan.conditions import Facts, summarise
from controller.core.plan.drift import Drift
from controller.core.plan.guards import Hold
from controller.errors import Permanent, StoreUnavailable, Temporary
from controller.ports import Clock, Store
from controller.reconcile.goal import Desk, Goal, Memory
from controller.reconcile.handlers import PlanStale
from controller.reconcile.observation import Seen
from schemas.halts import Halt
from schemas.live import Decision, LiveState
from schemas.overview import Overview
from schemas.plan import Plan
from schemas.policy import Policy


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass found and did; the status is made of it in one place. ``waiting``: cleared halts that are
    released when the permit has started."""

    seen: Seen
    live: LiveState | None
    engine_error: str = ""
    goal: Goal | None = None
    plan: Plan | None = None
    hold: Hold | None = None
    part: Policy | None = None
    drifts: tuple[Drift, ...] = ()
    errors: tuple[Temporary | Permanent, ...] = ()
    waiting: tuple[Halt, ...] = ()
    store_error: str = ""

    @property
    def complete(self) -> bool:
        """Whether live was read, everything was planned and nothing failed: the permit may start."""
        done = self.plan is not None and not self.seen.more
        return done and self.live is not None and not self.errors and not self.store_error


@dataclass(frozen=True, slots=True)
class Reporter:
    """Makes status of passes, in one place; ``memory`` keeps the newest. ``troubles`` as in :class:`Facts`."""

    store: Store
    desk: Desk
    clock: Clock
    pid: int
    memory: Memory
    troubles: Callable[[], tuple[tuple[str, str], ...]]

    def report(self, found: Pass, in_force: bool) -> Overview:
        """The picture after ``found``; ``in_force``: the gate has read back what was applied."""
        memory, now = self.memory, self.clock.wall_ns()
        halts = found.goal.halts if found.goal else self.desk.open_halts(memory.applied_desired)
        peaks, decisions = self._kept()
        memory.conditions = summarise(self._facts(found, in_force, halts), memory.conditions, now)
        memory.overview = Overview(
            pid=self.pid,
            as_of_ns=now,
            revision=memory.revision,
            desired=memory.applied_desired or found.seen.desired,
            effective=memory.applied,
            live=found.live,
            live_error=found.engine_error,
            conditions=memory.conditions,
            halts=halts,
            peaks=peaks,
            decisions=decisions,
            refusal=found.seen.refusal,
            pending=found.plan if found.hold or found.errors else None,
        )
        return memory.overview

    def _kept(self) -> tuple[dict[str, int], tuple[Decision, ...]]:
        """Peaks and decisions of the store; those of the last pass while it is down."""
        try:
            return dict(self.store.peaks()), tuple(self.store.decisions())
        except StoreUnavailable:
            last = self.memory.overview
            return (dict(last.peaks), last.decisions) if last else ({}, ())

    def _facts(self, found: Pass, in_force: bool, halts: tuple[Halt, ...]) -> Facts:
        known = [*(found.goal.target.strategies.values() if found.goal else ())]
        strategies = [*known, *(found.seen.desired.strategies.values() if found.seen.desired else ())]
        ledgers = found.live.strategies.values() if found.live else ()
        return Facts(
            revision=self.memory.revision,
            in_force=in_force,
            refusal=found.seen.refusal,
            hold=found.hold,
            approval=approval.waiting(found.seen.held, found.seen.denied),
            source_error=found.seen.source_error,
            engine_error=found.engine_error,
            store_error=found.store_error,
            kept=found.goal.kept if found.goal else (),
            waiting=_waiting(found),
            verifying=found.seen.more,
            apply_error="; ".join(str(item) for item in found.errors if not isinstance(item, PlanStale)),
            rung=found.seen.rung,
            age_seconds=found.seen.age_seconds,
            drifts=found.drifts,
            halts=halts,
            labels={key: item.id for item in strategies for key in (item.uid, f"strategy:{item.uid}")},
            health=tuple((item.uid, item.health, item.health_reason) for item in ledgers if item.health),
            troubles=self.troubles(),
        )


def _waiting(found: Pass) -> str:
    """What the release of a cleared halt waits for, empty when none waits."""
    ids = ", ".join(halt.id[:12] for halt in found.waiting)
    return f"{ids} is cleared and released when the permit starts; see: gt-risk doctor" if ids else ""
