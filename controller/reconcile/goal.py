"""The goal: what should hold now, the plan that gets there, and the brakes on its loosening part."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

from controller.core.change import known_bad
from controller.core.experiments.restriction import without_b
from controller.core.learning.demotion import SCOPE, demoted, demotion
from controller.core.plan import drawdown, staleness
from controller.core.plan.effective import Restriction, effective, keep_halted
from controller.core.plan.guards import Hold, empty_snapshot, first_hold, size_of, too_much, unsaved
from controller.core.plan.planner import Inputs, changes_between, loosens, plan_for
from controller.core.policy.compile import compile_policy
from controller.core.policy.direction import compare
from controller.core.policy.text import text_of
from controller.core.risk.levels import drawdown_levels
from controller.ports import Store
from controller.reconcile.handlers import in_use
from controller.reconcile.observation import Origin, Seen
from controller.reconcile.publisher import Published, digest_of_policies
from schemas.change_record import ChangeRecord
from schemas.desired import Desired, Peak
from schemas.halts import ACCOUNT, Halt
from schemas.live import LiveState
from schemas.overview import Overview
from schemas.plan import Plan
from schemas.policy import Policy
from schemas.risk import Level
from schemas.status import Condition, Revision


class Desk(Protocol):
    """The halt desk, as planning needs it."""

    def open_halts(self, desired: Desired | None) -> tuple[Halt, ...]:
        """OPEN against ``desired``'s cleared documents, from every place that knows halts."""
        ...

    def standing(self, desired: Desired) -> tuple[tuple[Halt, ...], tuple[Halt, ...]]:
        """OPEN, and the halts that ``desired`` clears and that no release has ended yet."""
        ...

    def words(self) -> tuple[int, ...]:
        """Open words in the latch."""
        ...

    def raise_halt(self, scope: str, reason: str) -> Halt:
        """Raise a halt of the monitor; it is open when this returns."""
        ...

    def release(self, halt_id: str, commit: str) -> None:
        """Transition 7; idempotent."""
        ...


@dataclass(slots=True)
class Memory:
    """What one pass leaves to the next; boot restores it. ``awaiting``: who asked for releases that still wait.

    ``levels`` are the monitor's, of its newest sample; None before the first. ``restrictions`` are those in force.
    """

    revision: Revision = field(default_factory=Revision)
    applied: Policy | None = None
    applied_desired: Desired | None = None
    cleared: frozenset[str] = frozenset()
    published: Published | None = None
    conditions: tuple[Condition, ...] = ()
    overview: Overview | None = None
    cancelled: dict[str, int] = field(default_factory=dict)
    awaiting: Origin | None = None
    expected: Policy | None = None
    record: ChangeRecord = field(default_factory=ChangeRecord)
    levels: tuple[Level, ...] | None = None
    restrictions: tuple[Restriction, ...] = ()


@dataclass(frozen=True, slots=True)
class Goal:
    """What should hold: the effective policy ``target``, and what must be done about halts on the way.

    ``policy`` is the desired one; ``equity`` and ``peaks`` by ``account`` and uid, micro-dollars; a peak that a clear
    rebases stands at today's equity already. ``kept``: uids that the tree took away while a halt of them is open.
    ``before``: the applied desired policy, ``unchanged`` what it would come to now; both None while no other commit is
    applied.
    """

    desired: Desired
    policy: Policy
    target: Policy
    halts: tuple[Halt, ...]
    releases: tuple[Halt, ...]
    rebases: tuple[str, ...]
    equity: Mapping[str, int]
    peaks: Mapping[str, int]
    origin: Origin
    kept: tuple[str, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    before: Policy | None = None
    unchanged: Policy | None = None


class Made(NamedTuple):
    """A plan, the brake on its loosening part, and what of that part is let through all the same."""

    plan: Plan
    hold: Hold | None = None
    part: Policy | None = None


class Let(NamedTuple):
    """How much of a goal may be in force now: ``policy``, which the gate holds beside the target; ``hold`` says why not
    all of it."""

    policy: Policy
    hold: Hold


class GoalMaker:
    """Makes goals and plans from what is desired, open and live.

    ``unsaved`` says of a commit why there is no backup from before it yet; a large change waits for one.
    """

    def __init__(
        self,
        store: Store,
        desk: Desk,
        sectors: Mapping[str, str],
        memory: Memory,
        unsaved: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._store = store
        self._desk = desk
        self._sectors = sectors
        self._memory = memory
        self._unsaved = unsaved

    def goal(
        self, desired: Desired, live: LiveState | None, origin: Origin, restrictions: Sequence[Restriction] = ()
    ) -> Goal:
        """Effective = desired ⊓ open halts ⊓ computed restrictions. Raises StoreUnavailable."""
        policy = compile_policy(desired, self._sectors)
        halts, releases = self._desk.standing(desired)
        rebases = self._rebases(desired, releases) if live else ()
        peaks = dict(self._store.peaks())
        equity = drawdown.equities(policy, live, peaks) if live else {}
        peaks |= {key: equity[key] for key in map(_key, rebases) if key in equity}
        found = drawdown_levels(policy, equity, peaks, self._memory.levels) if live else ()
        restrictions = (*restrictions, *drawdown.restrictions(found), *self._demotion(desired, found))
        target = effective(self._shown(policy, desired, restrictions), halts, restrictions)
        target, kept = keep_halted(target, self._memory.applied, halts)
        return self._compared(
            Goal(desired, policy, target, halts, releases, rebases, equity, peaks, origin, kept, restrictions)
        )

    def _compared(self, goal: Goal) -> Goal:
        """``goal`` with what is applied, when it wants something else: every halt of now binds there too."""
        applied = self._memory.applied_desired
        if applied is None or applied.commit == goal.desired.commit:
            return goal
        before, halts = compile_policy(applied, self._sectors), (*goal.halts, *goal.releases)
        now = effective(self._shown(before, applied, goal.restrictions), halts, goal.restrictions)
        unchanged, _ = keep_halted(now, self._memory.applied, halts)
        return replace(goal, before=before, unchanged=unchanged)

    def _demotion(self, desired: Desired, found: Sequence[Level]) -> tuple[Restriction, ...]:
        """After a restart a demotion counts as in force, so that none is lifted early."""
        binds = any(item.scope == SCOPE for item in self._memory.restrictions)
        return demotion(desired.risk.learning, found, binds=binds or (bool(found) and self._memory.levels is None))

    def _shown(self, policy: Policy, desired: Desired, restrictions: Sequence[Restriction]) -> Policy:
        """``policy`` as the standing of its A/B tests and the phase's evidence restrict it."""
        policy = demoted(policy, desired.risk.learning, restrictions)
        return without_b(policy, desired.ab_tests, self._store.tests.trials()) if desired.ab_tests else policy

    def raise_successors(self, goal: Goal, live: LiveState) -> bool:
        """Before a halt is released, every breach that stands without it gets a halt of its own; whether any did."""
        if not goal.releases:
            return False
        bound = {halt.scope for halt in goal.halts}
        breaches = [item for item in drawdown.drawdowns(goal.policy, live, goal.peaks) if item.breach]
        missing = [item for item in breaches if item.scope not in bound and ACCOUNT not in bound]
        for item in missing:
            self._desk.raise_halt(item.scope, item.reason)
        return bool(missing)

    def plan(
        self,
        goal: Goal,
        live: LiveState | None,
        pause: Callable[[], Hold | None] = lambda: None,
        let: Callable[[], Let | None] = lambda: None,
    ) -> Made:
        """The plan; one that is held ends with old∧new, or with what is let through of it. ``pause``: further brakes;
        ``let``: how much may be in force now, asked when no brake holds."""
        applied = self._memory.applied
        inputs = Inputs(
            base=applied,
            target=goal.target,
            live=live,
            changes=changes_between(applied, goal.target, self._memory.applied_desired, goal.desired),
            peaks=goal.peaks,
            releases=goal.releases,
            rebases=goal.rebases,
            stands=self._memory.expected,
            settled=self.gate_has(live, (goal.target,)),
        )
        plan = plan_for(inputs)
        if applied is None or not loosens(plan):
            return Made(plan)
        hold = first_hold(pause(), self._brake(plan, goal))
        allowed = let() if hold is None else None
        if hold is None and allowed is None:
            return Made(plan)
        part = allowed.policy if allowed is not None and allowed.policy != applied else None
        settled = self.gate_has(live, (part or applied, goal.target))
        plan = plan_for(replace(inputs, held=True, part=part, settled=settled))
        return Made(plan, hold or (allowed.hold if allowed is not None else None), part)

    def gate_has(self, live: LiveState | None, policies: Sequence[Policy]) -> bool:
        """Whether the gate reports that it uses exactly ``policies``, published by us."""
        published = self._memory.published
        if live is None or published is None or not in_use(live.gate, published):
            return False
        return published.digest == digest_of_policies([text_of(policy) for policy in policies])

    def _rebases(self, desired: Desired, releases: Sequence[Halt]) -> tuple[str, ...]:
        named = {halt.scope: desired.cleared.get(halt.id) for halt in releases}
        return tuple(sorted(scope for scope, clear in named.items() if clear and clear.peak is Peak.REBASE))

    def _brake(self, plan: Plan, goal: Goal) -> Hold | None:
        before = self._memory.applied_desired
        if before is None:
            return None
        base = compile_policy(before, self._sectors)
        size = size_of(base, goal.policy, compare(base, goal.policy))
        digest = plan.digest()
        twins = {plan.model_copy(update={"target": parent}).digest() for parent in goal.origin.parents}
        acknowledged = frozenset({digest}) if twins & goal.origin.acknowledged else goal.origin.acknowledged
        bound = before.risk.guards.max_changed_pct
        changes = changes_between(base, goal.policy, before, goal.desired)
        hold = first_hold(
            empty_snapshot(base, goal.policy),
            too_much(size, bound, digest, acknowledged),
            known_bad.hold(self._memory.record.known_bad, changes, goal.desired.commit, digest in acknowledged, digest),
        )
        return hold or unsaved(size, bound, lambda: self._unsaved(goal.desired.commit))


def pause_of(seen: Seen, jumped: bool) -> Hold | None:
    """The brake of a stale source or a moved clock."""
    if not staleness.may_loosen(seen.rung):
        return Hold("SourceStale", f"no verified source for {seen.age_seconds:.0f} s; see: gt-risk doctor")
    if jumped:
        return Hold("ClockJump", "the wall clock jumped; loosening waits for a complete pass")
    return None


def _key(scope: str) -> str:
    return ACCOUNT if scope == ACCOUNT else scope.partition(":")[2]
