"""The reconcile loop's one story: make live what the verified desired state says, in ``reconcile_once``.

fetch → verify → parse → read live → effective → plan → guard → record → apply → read back → status.
Level-triggered: it acts on what it reads, never on what woke it, and may be run again after a crash at
any point.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from controller.audit import control_action
from controller.core.change.partly import meet
from controller.core.plan import approval, staleness
from controller.core.plan.conditions import Facts, summarise
from controller.core.plan.drift import Drift, drifts
from controller.core.plan.guards import Hold
from controller.errors import EngineUnavailable, Permanent, StoreUnavailable, Temporary
from controller.ports import Clock, Engine, Source, Store
from controller.reconcile.change_desk import ChangeDesk
from controller.reconcile.goal import Desk, Goal, GoalMaker, Memory, pause_of
from controller.reconcile.handlers import Backoff, Context, PlanStale, in_use, run_plan
from controller.reconcile.observation import Observer, Origin, Seen, origin_of
from controller.reconcile.publisher import Publisher
from controller.reconcile.record import entry_for, evidence_of, refused_entry
from schemas.desired import Desired
from schemas.halts import Halt
from schemas.live import Decision, LiveState
from schemas.overview import Overview
from schemas.plan import Plan
from schemas.policy import Policy
from schemas.status import Refusal


@dataclass(slots=True)
class Parts:
    """Everything the reconciler works with.

    ``verified`` is told each newly verified commit; ``clock_jumped`` holds loosening back while it is true;
    ``permitted`` says whether the permit has started since boot: no halt is released before. ``changes`` says how
    much of what people loosened may be in force now; ``signers`` who signed the commits after one up to another.
    """

    observer: Observer
    source: Source
    store: Store
    engine: Engine
    clock: Clock
    publisher: Publisher
    desk: Desk
    backoff: Backoff
    maker: GoalMaker
    changes: ChangeDesk
    pid: int
    verified: Callable[[str], None] = lambda _: None
    clock_jumped: Callable[[], bool] = lambda: False
    permitted: Callable[[], bool] = lambda: True
    signers: Callable[[str, str], tuple[str, ...]] = lambda *_: ()


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
        return self.live is not None and self.plan is not None and not self.errors and not self.store_error


class Reconciler:
    """Runs passes, one at a time; ``memory`` is what it knows between them, ``last`` what the newest pass found."""

    def __init__(self, parts: Parts, memory: Memory) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self.memory = memory
        self._saved = memory.revision
        self._told: Refusal | None = None
        self.last: Pass | None = None

    def reconcile_once(self) -> Overview:
        """One pass. Raises LeaseLost when another one leads; what else goes wrong is in the conditions.

        Without the store nothing acts, because nothing may act unrecorded; halts bind by the latch all the same.
        """
        with self._lock:
            seen = self._parts.observer.observe(self.memory.revision)
            live, engine_error = self._read()
            found = Pass(seen, live, engine_error)
            try:
                self._note(seen)
                if seen.desired is not None:
                    goal = self._goal(seen, seen.desired, live)
                    found = self._act(self._decide(replace(found, goal=goal), goal))
                self._save_revision()
            except StoreUnavailable as error:
                found = replace(found, store_error=_with_hint(error))
            self.last = found
            return self._report(found)

    def _note(self, seen: Seen) -> None:
        """What is newly verified is in the permit before anything is done with it, in the store when the pass ends."""
        if seen.revision.last_verified != self.memory.revision.last_verified:
            self._parts.verified(seen.revision.last_verified)
        self.memory.revision = seen.revision
        self._parts.backoff.start(seen.revision.last_verified)
        if seen.refusal is not None and seen.refusal != self._told:
            self._tell(seen.refusal, seen.revision.observed_tip)
        self._told = seen.refusal

    def _tell(self, refusal: Refusal, tip: str) -> None:
        """A tip that is refused is in the audit log, once."""
        entry = refused_entry(refusal, tip, self._parts.clock.wall_ns())
        if not self._parts.store.audited({entry.audit_id}):
            self._parts.store.append_audit(entry)

    def _save_revision(self) -> None:
        """Once a pass at most: what was verified and what was applied are one write."""
        if self.memory.revision != self._saved:
            self._parts.store.save_revision(self.memory.revision)
            self._saved = self.memory.revision

    def _read(self) -> tuple[LiveState | None, str]:
        try:
            return self._parts.engine.read(), ""
        except EngineUnavailable as error:
            return None, error.message

    def _goal(self, seen: Seen, desired: Desired, live: LiveState | None) -> Goal:
        """Effective state; a breach that a clear would leave standing raises its successor first (transition 7)."""
        maker, origin = self._parts.maker, self._origin(desired.commit)
        restrictions = (*staleness.restrictions(seen.rung, seen.age_seconds), *approval.restrictions(seen.denied))
        goal = maker.goal(desired, live, origin, restrictions)
        if live is not None and maker.raise_successors(goal, live):
            goal = maker.goal(desired, live, origin, restrictions)
        return goal

    def _origin(self, commit: str) -> Origin:
        applied = self.memory.revision.last_applied
        if not applied:
            return Origin(reason="first apply")
        if commit == applied:
            return self.memory.awaiting or Origin()
        return origin_of(tuple(self._parts.source.commits(applied, commit)))

    def _decide(self, found: Pass, goal: Goal) -> Pass:
        """plan → guard; the drift is what live shows against what was applied last."""
        waiting = () if self._parts.permitted() else goal.releases
        self.memory.awaiting = goal.origin if waiting else None
        if waiting:
            goal = replace(goal, releases=(), rebases=())
        live, changes = found.live, self._parts.changes
        made = self._parts.maker.plan(
            goal,
            live,
            lambda: pause_of(found.seen, self._parts.clock_jumped()),
            lambda: changes.let(goal, live) if live is not None else None,
        )
        seen = drifts(self.memory.expected or self.memory.applied, live) if live else ()
        return replace(found, goal=goal, plan=made.plan, hold=made.hold, part=made.part, drifts=seen, waiting=waiting)

    def _act(self, found: Pass) -> Pass:
        """record → apply → read back. Where nothing is to be done, nothing is recorded."""
        goal, plan = found.goal, found.plan
        if goal is None or plan is None or found.live is None:
            return found
        if not plan.steps and not self._unremembered(goal, found.hold):
            return found
        context = self._context(found, goal, found.live)
        applied = self.memory.applied.revision if self.memory.applied else ""
        entry = entry_for(goal, plan, applied, self._parts.clock.wall_ns(), self.memory.restrictions)
        signers = self._parts.signers(applied, goal.target.revision)
        errors: tuple[Temporary | Permanent, ...] = ()
        live, engine_error = None, ""
        try:
            with control_action(self._parts.store, self._parts.clock, entry) as action:
                errors = run_plan(plan, context, self._parts.backoff, self._parts.clock.boot_ns())
                self.memory.published = context.published or self.memory.published
                if not errors:
                    self._remember(goal, plan, found)
                for error in (item for item in errors if isinstance(item, Permanent)):
                    self._parts.changes.failed(goal, f"it could not be applied: {error.message}")
                problems = [str(error) for error in errors] + ([found.hold.message] if found.hold else [])
                live, engine_error = self._read()
                proof = evidence_of(goal, plan, signers, found.live, live)
                action.result("partial" if problems else "done", details="; ".join([str(proof), *problems]))
        except StoreUnavailable as error:
            found = replace(found, store_error=_with_hint(error))
            live, engine_error = self._read()
        return replace(found, errors=errors, live=live, engine_error=engine_error)

    def _context(self, found: Pass, goal: Goal, live: LiveState) -> Context:
        if self.memory.applied is None or self.memory.applied.revision != goal.target.revision:
            self.memory.cancelled = {}
        return Context(
            engine=self._parts.engine,
            store=self._parts.store,
            publisher=self._parts.publisher,
            desk=self._parts.desk,
            base=self.memory.applied,
            target=goal.target,
            words=tuple(halt.word for halt in (*goal.halts, *goal.releases, *found.waiting) if halt.word),
            part=found.part,
            equity=goal.equity,
            gate_version=live.gate.policy_version,
            cancelled=self.memory.cancelled,
        )

    def _unremembered(self, goal: Goal, hold: Hold | None) -> bool:
        same = self.memory.applied == goal.target and self.memory.cleared == frozenset(goal.desired.cleared)
        return hold is None and not same

    def _remember(self, goal: Goal, plan: Plan, found: Pass) -> None:
        """What is in force now, for the next pass and the next boot; a held plan leaves old∧new as known good."""
        memory, hold = self.memory, found.hold
        memory.expected = meet(found.part, goal.target) if found.part is not None else None
        policies = [goal.target] if hold is None or memory.applied is None else [memory.applied, goal.target]
        if hold is None:
            self._parts.changes.applied(goal, memory.applied_desired)
            commit = goal.desired.commit
            memory.applied, memory.applied_desired = goal.target, goal.desired
            memory.restrictions = goal.restrictions
            memory.cleared = frozenset(goal.desired.cleared)
            memory.revision = memory.revision.model_copy(update={"last_applied": commit, "last_known_good": commit})
        documents = [policy.model_dump(mode="json") for policy in policies]
        self._parts.publisher.remember(documents, memory.cleared, memory.revision.last_applied)
        self._save_revision()
        self._parts.store.save_plan(plan, self._parts.clock.wall_ns(), "applied" if hold is None else "held")

    def _report(self, found: Pass) -> Overview:
        """Status, in one place: conditions from the facts of this pass, then the picture for every view."""
        memory, now = self.memory, self._parts.clock.wall_ns()
        halts = found.goal.halts if found.goal else self._parts.desk.open_halts(memory.applied_desired)
        peaks, decisions = self._kept()
        memory.conditions = summarise(self._facts(found, halts), memory.conditions, now)
        memory.overview = Overview(
            pid=self._parts.pid,
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
            return dict(self._parts.store.peaks()), tuple(self._parts.store.decisions())
        except StoreUnavailable:
            last = self.memory.overview
            return (dict(last.peaks), last.decisions) if last else ({}, ())

    def _facts(self, found: Pass, halts: tuple[Halt, ...]) -> Facts:
        known = [*(found.goal.target.strategies.values() if found.goal else ())]
        strategies = [*known, *(found.seen.desired.strategies.values() if found.seen.desired else ())]
        ledgers = found.live.strategies.values() if found.live else ()
        return Facts(
            revision=self.memory.revision,
            in_force=self.in_force(found.live),
            refusal=found.seen.refusal,
            hold=found.hold,
            approval=approval.waiting(found.seen.held, found.seen.denied),
            source_error=found.seen.source_error,
            engine_error=found.engine_error,
            store_error=found.store_error,
            kept=found.goal.kept if found.goal else (),
            waiting=self._waiting(found),
            apply_error="; ".join(str(item) for item in found.errors if not isinstance(item, PlanStale)),
            rung=found.seen.rung,
            age_seconds=found.seen.age_seconds,
            drifts=found.drifts,
            halts=halts,
            labels={key: item.id for item in strategies for key in (item.uid, f"strategy:{item.uid}")},
            health=tuple((item.uid, item.health, item.health_reason) for item in ledgers if item.health),
        )

    def _waiting(self, found: Pass) -> str:
        """What the release of a cleared halt waits for, empty when none waits."""
        ids = ", ".join(halt.id[:12] for halt in found.waiting)
        return f"{ids} is cleared and released when the permit starts; see: gt-risk doctor" if ids else ""

    def in_force(self, live: LiveState | None) -> bool:
        """Whether the gate itself reports the applied policy, and is no looser than it."""
        applied, published = self.memory.applied, self.memory.published
        if live is None or applied is None or published is None or not in_use(live.gate, published):
            return False
        return live.gate.mode.rank >= applied.mode.rank


def _with_hint(error: StoreUnavailable) -> str:
    return f"{error.message}; next: {error.hint or 'gt-risk doctor'}"
