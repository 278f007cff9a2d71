"""What a change that is ready must still wait for: freeze windows, its own date, its stages, what proved bad before."""

import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from controller.core.change import freeze, known_bad, rollout, schedule
from controller.core.change.partly import Key, partly
from controller.core.plan.guards import Hold, first_hold
from controller.core.policy.direction import compare, compare_desired
from controller.core.trust.case import Pinned, find
from controller.core.trust.commits import trailers
from controller.core.trust.keys import SignatureError, Signed
from controller.ports import Clock, RawCommit, Source
from controller.reconcile.goal import Goal, Let, Memory
from controller.reconcile.observation import Verifies
from controller.reconcile.publisher import write_durably
from schemas.change import Stages
from schemas.change_record import ChangeRecord, KnownBad, Loosened
from schemas.desired import Desired
from schemas.live import LiveState
from schemas.plan import Change, Direction
from schemas.policy import Policy
from schemas.trust import Role

NAME = "changes.json"
_log = logging.getLogger(__name__)


class ChangeDesk:
    """Judges goals against what ``memory`` holds as applied, and keeps ``memory.record`` in the file ``record``.

    ``check`` verifies a signature over a payload and raises SignatureError.
    """

    def __init__(
        self,
        source: Source,
        verifier: Verifies,
        check: Callable[[bytes, bytes], Signed],
        clock: Clock,
        memory: Memory,
        record: Path,
        pins: Pinned,
    ) -> None:
        self._source = source
        self._verifier = verifier
        self._check = check
        self._clock = clock
        self._memory = memory
        self._record = record
        self._pins = pins
        memory.record = _read(record)

    @property
    def problem(self) -> str:
        """What is wrong with the record, empty for nothing: said until a person has taken the damaged one away."""
        lost = _damaged(self._record)
        if not lost.exists():
            return ""
        return f"the record of changes was damaged: what proved bad before is forgotten; look at it, then: rm {lost}"

    def waits(self, goal: Goal) -> Hold | None:
        """Why the loosening part of ``goal`` would wait if it landed now; changes nothing."""
        before = self._before(goal)
        if before is None:
            return None
        stages = _stages(before, goal.desired)
        found = first_hold(self._frozen(before, goal), schedule.hold(self._late(before, goal), _labels(before, goal)))
        if found is not None or stages is None or rollout.first(_loosened(goal)) == rollout.ALL:
            return found
        return Hold("RollingOut", f"it comes into force in stages of {stages.minutes} minutes", "gt-risk status")

    def let(self, goal: Goal, live: LiveState) -> Let | None:
        """How much of what people loosened may be in force now, None: all. What lifts by itself never waits here.

        What rolls out is written down before this returns.
        """
        before, base = self._before(goal), goal.unchanged
        if before is None or base is None:
            return None
        late = self._late(before, goal)
        due = tuple(item for item in _loosened(goal) if item[:2] not in late)
        frozen, stages = self._frozen(before, goal), _stages(before, goal.desired)
        at = self._memory.record.rollout
        going = at is not None and at.loosened == due
        if frozen is not None:
            part = rollout.part(at, stages, base, goal.target) if at and going and stages else base
            return Let(part, frozen)
        planned = schedule.hold(late, _labels(before, goal))
        if stages is None or not due:
            return None if planned is None else Let(partly(base, goal.target, _keys(due)), planned)
        return self._rolled(goal, base, due, stages, live, planned)

    def failed(self, goal: Goal, why: str) -> None:
        """What ``goal`` loosens could not be applied, for good: it is not tried again by itself."""
        self._mark(goal.desired.commit, why, _loosened(goal))

    def applied(self, goal: Goal, before: Desired | None) -> None:
        """All of ``goal`` is in force: what it rolls back is remembered as bad, what it loosens no longer is."""
        if before is not None and before.commit == goal.desired.commit:
            return
        record = self._memory.record
        left = known_bad.forget(record.known_bad, self._changes(before, goal.desired))
        self._save(record.model_copy(update={"known_bad": left, "rollout": None}))
        if goal.origin.rolls_back and before is not None:
            why = f"rolled back by {goal.desired.commit[:12]}"
            self._mark(before.commit, why, known_bad.loosened(self._changes(goal.desired, before)))

    def _rolled(
        self, goal: Goal, base: Policy, due: tuple[Loosened, ...], stages: Stages, live: LiveState, planned: Hold | None
    ) -> Let | None:
        """One step of the rollout, written down; a stage that fails gives nothing of it any more."""
        seen = rollout.Seen(live.account.equity, [halt.id for halt in goal.halts])
        commit = goal.desired.commit
        step = rollout.step(self._memory.record.rollout, commit, due, stages, seen, self._clock.wall_ns())
        self._save(self._memory.record.model_copy(update={"rollout": step.at}))
        if step.at is None:
            self._mark(commit, step.failed, due)
            return Let(base, Hold("KnownBad", f"{commit[:12]} was taken back: {step.failed}", "gt-risk config plan"))
        hold = first_hold(rollout.hold(step.at, stages), planned)
        return None if hold is None else Let(rollout.part(step.at, stages, base, goal.target), hold)

    def _before(self, goal: Goal) -> Desired | None:
        """What is applied, when people have changed it to something looser; else None."""
        before = self._memory.applied_desired
        if before is None or not (goal.releases or _loosens(self._changes(before, goal.desired))):
            return None
        return before

    def _frozen(self, before: Desired, goal: Goal) -> Hold | None:
        """The windows of what is applied and of what is wanted both count: taking one away waits for its end."""
        windows = (*before.risk.change.freeze, *goal.desired.risk.change.freeze)
        now = datetime.fromtimestamp(self._clock.wall_ns() // 1_000_000_000, UTC)
        if not freeze.open_windows(windows, now):
            return None
        return freeze.hold(windows, now, self._overrides(before, goal.desired))

    def _overrides(self, before: Desired, after: Desired) -> frozenset[Role]:
        """The roles of whoever has overridden the freeze for all that ``after`` loosens."""
        found: set[Role] = set()
        for commit in self._commits(before.commit, after.commit):
            if trailers(commit.message, freeze.TRAILER) and not _loosens(
                self._changes(self._verifier.desired(commit.id), after)
            ):
                found |= self._roles(commit)
        return frozenset(found)

    def _late(self, before: Desired, goal: Goal) -> dict[Key, schedule.Due]:
        """The keys whose time has not come, by the commits that brought them. A merge counts when it has a date."""
        commits = self._commits(before.commit, goal.desired.commit)
        if not any(schedule.due_of(commit.id, commit.message) for commit in commits):
            return {}
        line = [
            (schedule.due_of(commit.id, commit.message), self._own(commit))
            for commit in commits
            if len(commit.parents) == 1 or schedule.due_of(commit.id, commit.message)
        ]
        return schedule.waiting(schedule.schedule(line), self._clock.wall_ns())

    def _own(self, commit: RawCommit) -> Iterable[Change]:
        return self._changes(self._verifier.desired(commit.parents[0]), self._verifier.desired(commit.id))

    def _commits(self, applied: str, wanted: str) -> Sequence[RawCommit]:
        return self._source.history(applied, wanted) if applied != wanted else ()

    def _roles(self, commit: RawCommit) -> frozenset[Role]:
        """What the signer of a verified commit was when it was made."""
        try:
            signed = self._check(commit.payload, commit.signature or b"")
        except SignatureError:
            return frozenset()
        if signed.fingerprint in self._pins.denied_keys:
            return frozenset()
        trusts = [self._verifier.acting(parent).trust for parent in commit.parents]
        signers = [find(trust, signed.key) for trust in trusts]
        return frozenset.intersection(*(frozenset(signer.roles if signer else ()) for signer in signers))

    def _changes(self, before: Desired | None, after: Desired) -> tuple[Change, ...]:
        return compare_desired(before, after) if before is not None else ()

    def _mark(self, commit: str, why: str, loosened: tuple[Loosened, ...]) -> None:
        found = KnownBad(commit=commit, reason=why, at_ns=self._clock.wall_ns(), loosened=loosened)
        record = self._memory.record
        self._save(record.model_copy(update={"known_bad": known_bad.remember(record.known_bad, found)}))

    def _save(self, record: ChangeRecord) -> None:
        if record != self._memory.record:
            write_durably(self._record, record.model_dump_json())
            self._memory.record = record


def _read(path: Path) -> ChangeRecord:
    """The record on disk; a damaged one is put aside, what rolled out then starts from its first stage."""
    try:
        return ChangeRecord.model_validate_json(path.read_text())
    except FileNotFoundError:
        return ChangeRecord()
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        _log.error("%s cannot be read, what proved bad before is forgotten: %s", path, error)
        with contextlib.suppress(OSError):
            path.rename(_damaged(path))
        return ChangeRecord()


def _damaged(path: Path) -> Path:
    return path.with_suffix(".damaged")


def _stages(before: Desired, after: Desired) -> Stages | None:
    """What is applied says how it is changed; where it says nothing, what is wanted does."""
    return before.risk.change.rollout or after.risk.change.rollout


def _loosens(changes: Iterable[Change]) -> bool:
    return any(change.direction is Direction.LOOSEN for change in changes)


def _loosened(goal: Goal) -> tuple[Loosened, ...]:
    """What people loosened of the policy; what only the documents say has no parts."""
    return known_bad.loosened(compare(goal.before, goal.policy)) if goal.before is not None else ()


def _keys(loosened: Iterable[Loosened]) -> list[Key]:
    return [(scope, key) for scope, key, _ in loosened]


def _labels(before: Desired, goal: Goal) -> dict[Key, str]:
    return {(change.scope, change.key): change.label for change in compare_desired(before, goal.desired)}
