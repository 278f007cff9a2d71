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
from controller.core.plan.drift import drifts
from controller.core.plan.guards import Hold
from controller.core.policy.text import text_of
from controller.engine_ports import Engine
from controller.errors import EngineUnavailable, Permanent, StoreUnavailable, Temporary
from controller.ports import Clock, RawCommit, Source, Store
from controller.reconcile.change_desk import ChangeDesk
from controller.reconcile.goal import Desk, Goal, GoalMaker, Memory, pause_of
from controller.reconcile.handlers import Backoff, Context, in_use, run_plan
from controller.reconcile.observation import Observer, Origin, Seen, origin_of
from controller.reconcile.publisher import Publisher
from controller.reconcile.record import entry_for, evidence_of, refused_entry
from controller.reconcile.report import Pass, Reporter
from schemas.desired import Desired
from schemas.live import LiveState
from schemas.overview import Overview
from schemas.plan import Plan
from schemas.status import Refusal


@dataclass(slots=True)
class Parts:
    """Everything the reconciler works with.

    ``verified`` is told each newly verified commit; ``clock_jumped`` holds loosening back while it is true;
    ``permitted`` says whether the permit has started since boot: no halt is released before. ``changes`` says how
    much of what people loosened may be in force now; ``signers`` who signed the commits after one up to another;
    ``troubles`` what else is wrong, as in :class:`controller.core.plan.conditions.Facts`; ``speaks`` whether the words
    of a verified commit count.
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
    troubles: Callable[[], tuple[tuple[str, str], ...]] = tuple
    speaks: Callable[[RawCommit], bool] = lambda _: True


class Reconciler:
    """Runs passes, one at a time; ``memory`` is what it knows between them, ``last`` what the newest pass found."""

    def __init__(self, parts: Parts, memory: Memory) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self.memory = memory
        self._reporter = Reporter(parts.store, parts.desk, parts.clock, parts.pid, memory, parts.troubles)
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
            return self._reporter.report(found, self.in_force(found.live))

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
        commits = self._parts.source.history(applied, commit)
        return origin_of(tuple(item for item in commits if self._parts.speaks(item)))

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
        texts = [text_of(policy) for policy in policies]
        self._parts.publisher.remember(texts, memory.cleared, memory.revision.last_applied)
        self._save_revision()
        self._parts.store.save_plan(plan, self._parts.clock.wall_ns(), "applied" if hold is None else "held")

    def in_force(self, live: LiveState | None) -> bool:
        """Whether the gate itself reports the applied policy, and is no looser than it."""
        applied, published = self.memory.applied, self.memory.published
        if live is None or applied is None or published is None or not in_use(live.gate, published):
            return False
        return live.gate.mode.rank >= applied.mode.rank


def _with_hint(error: StoreUnavailable) -> str:
    return f"{error.message}; next: {error.hint or 'gt-risk doctor'}"
