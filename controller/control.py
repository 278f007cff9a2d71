"""Control: what the CLI, the API and the views may ask of the controller, running or not."""

import base64
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from controller.alert_ports import AlertStore
from controller.audit import against_notes, control_action, new_audit_id
from controller.core.change.asked import still_waits, trailers_for
from controller.core.desired.transition import validate_transition
from controller.core.desired.yaml_edit import apply_edit
from controller.core.plan import drawdown
from controller.core.plan.edits import BadArgument, Situation
from controller.core.plan.guards import Hold
from controller.core.plan.intents import edits_for, message
from controller.core.plan.planner import loosens
from controller.core.policy.compile import compile_policy
from controller.core.trust.case import Pinned
from controller.core.trust.commits import PLAN, target_text
from controller.core.trust.keys import Signed
from controller.core.trust.threshold import Needed
from controller.engine_ports import Reading
from controller.errors import FiguresUnavailable, GtRiskError, SourceUnavailable, Temporary
from controller.ports import Clock, Source, Store
from controller.reconcile.configuration import Configuration
from controller.reconcile.documents import Documents
from controller.reconcile.goal import Goal, GoalMaker, Memory
from controller.reconcile.halt_desk import HaltDesk
from controller.reconcile.judge import raise_first
from controller.reconcile.learned import learned
from controller.reconcile.observation import Origin
from controller.reconcile.provenance import Provenance
from controller.reconcile.report import Pass
from controller.reconcile.verifier import Now, Verifier
from controller.trial_ports import TrialStore
from schemas.audit import AuditEntry, AuditRecord, ChainReport, Checkpoint
from schemas.desired import Desired
from schemas.edits import Applied, Approve, Edit, Proposal, PutFile, Request
from schemas.halts import Adoption
from schemas.learning import Entered, Learned
from schemas.overview import Overview
from schemas.plan import Plan, Planned
from schemas.risk import Analysis, SetBy, SignedBy
from schemas.status import Condition, ConditionType
from schemas.trials import Outlook


def _no_outlook(_: Mapping[str, Any]) -> Outlook:
    raise FiguresUnavailable("only a running service can tell", hint="gt risk service start")


@dataclass(slots=True)
class Parts:
    """What control works with. ``reading`` gives the newest reading of the engine, ``analysis`` its figures;
    ``notes`` what people should know of a liquidation; ``waits`` why the loosening part of a goal must wait;
    ``signer`` is whose key signs here, None when that is unknown; ``signers`` who signed the commits after one up to
    another; ``attested`` the signed notes on the audit chain; ``outlook`` tells what an A/B test can see."""

    source: Source
    verifier: Verifier
    store: Store
    alerts: AlertStore
    clock: Clock
    desk: HaltDesk
    maker: GoalMaker
    memory: Memory
    pins: Pinned
    sectors: Mapping[str, str]
    reading: Callable[[], Reading] = Reading
    analysis: Callable[[], Analysis | None] = lambda: None
    last: Callable[[], Pass | None] = lambda: None
    notes: Callable[[], tuple[str, ...]] = tuple
    waits: Callable[[Goal], Hold | None] = lambda _: None
    signer: Callable[[], Signed | None] = lambda: None
    signers: Callable[[str, str], tuple[str, ...]] = lambda *_: ()
    attested: Callable[[], Sequence[Checkpoint]] = tuple
    outlook: Callable[[Mapping[str, Any]], Outlook] = _no_outlook


@dataclass(slots=True)
class ControllerControl:
    """:class:`controller.ports.Control`. ``poke`` makes the loop reconcile now, ``refetch`` also ask a remote,
    ``scan`` look at the halts; without a loop they do nothing."""

    parts: Parts
    poke: Callable[[str], None] = lambda _: None
    refetch: Callable[[str], None] | None = None
    make_overview: Callable[[], Overview] | None = None
    scan: Callable[[], None] = lambda: None
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _provenance: Provenance = field(init=False)

    def __post_init__(self) -> None:
        self._provenance = Provenance(self.parts.source)

    def overview(self) -> Overview:
        """The newest picture, with live as anybody read it last and the halts that have come since."""
        picture = self.parts.memory.overview
        if picture is None:
            if self.make_overview is None:
                raise Temporary("the controller has not finished its first pass", 0.2, "gt risk service status")
            return self.make_overview()
        reading = self.parts.reading()
        newer: dict[str, object] = {"analysis": self._analysis(), "notes": self.parts.notes()}
        known = {halt.word for halt in picture.halts if halt.reason}
        if not known >= {halt.word for halt in picture.halts} | set(self.parts.desk.words()):
            newer["halts"] = self.parts.desk.open_halts(self.parts.memory.applied_desired)
        if reading != Reading():
            newer |= {"live": reading.live, "live_error": reading.error}
        return picture.model_copy(update=newer)

    def _analysis(self) -> Analysis | None:
        found, levels = self.parts.analysis(), self.parts.memory.levels
        return found if levels is None else (found or Analysis()).model_copy(update={"levels": levels})

    def origins(self) -> Mapping[str, SetBy]:
        """Which commit gave each limit of what is applied its value."""
        applied = self.parts.memory.revision.last_applied
        return self._provenance.of(applied) if applied else {}

    def signed(self) -> SignedBy | None:
        """Who wrote and who signed the commit that is applied."""
        applied = self.parts.memory.revision.last_applied
        if not applied:
            return None
        written, parent = self._provenance.written(applied)
        return SignedBy(**written.model_dump(), signers=self.parts.signers(parent, applied))

    def phases(self) -> Sequence[Entered]:
        """The learning phases that commits brought the account into."""
        applied = self.parts.memory.revision.last_applied
        return self._provenance.phases(applied) if applied else ()

    def learned(self) -> Learned:
        """What the last month has taught."""
        live = self.parts.reading().live
        return learned(self.parts.store, live.book if live else "", self.parts.clock.wall_ns())

    def wake(self, reason: str) -> None:
        """Reconcile soon, with a fetch of a remote before it."""
        (self.refetch or self.poke)(reason)

    def notify(self) -> None:
        """A pass has ended: whoever waits for a commit looks again."""
        with self._changed:
            self._changed.notify_all()

    def adopt_halts(self) -> Adoption:
        """What the desk sees bind; the emergency lane does the rest."""
        found = self.parts.desk.adoption()
        self.scan()
        return found

    def propose(self, request: Request) -> Proposal:
        """Edit, validate, compile and plan on the newest tip."""
        parts = self.parts
        tip = parts.source.tip()
        before = self._verified(tip)
        now_ns = parts.clock.wall_ns()
        edits = edits_for(request.intent, before, self._situation(before, request))
        audit_id = new_audit_id(now_ns)
        target = target_text(parts.pins.repo, parts.pins.environment, parts.pins.branch)
        files = {path: self._content(tip, path, edits.edits) for path in {edit.path for edit in edits.edits}}
        edits = replace(edits, trailers=(*edits.trailers, *trailers_for(request)))
        text = message(edits, request.actor, request.reason, audit_id, target, request.channel)
        seconds = now_ns // 1_000_000_000
        draft = parts.source.stage(tip, files, request.author, seconds, text)
        after = parts.verifier.desired(_tree_of(draft)).model_copy(update={"commit": tip})
        raise_first(validate_transition(before, after, self._now().open_halts))
        plan, hold, waits = self._plan(after)
        digest, waiting = self._approval(request, tip, _tree_of(draft), text)
        digests = [plan.digest(), *([digest] if digest else [])]
        payload = draft.rstrip(b"\n") + b"\n" + "".join(f"{PLAN}: {item}\n" for item in digests).encode()
        return Proposal(
            parent=tip,
            payload=base64.b64encode(payload).decode(),
            subject=edits.subject,
            audit_id=audit_id,
            plan=plan,
            notes=edits.notes,
            missing=(*still_waits(waits, request, loosens=loosens(plan)), *map(str, waiting)),
            hold=hold.why if hold else "",
        )

    def _approval(self, request: Request, tip: str, tree: str, text: str) -> tuple[str, tuple[Needed, ...]]:
        """The digest that our signature names, and what of the request waits all the same.

        What others left waiting is named by an approval alone, never along with something else. Raises BadArgument
        for an approval that adds nothing.
        """
        verifier, signer = self.parts.verifier, self.parts.signer()
        held, approves = verifier.held(tip), isinstance(request.intent, Approve)
        digest, waiting = verifier.preview(tip, tree, text, signer, naming=approves or not held)
        if not approves:
            return digest, tuple(item for item in waiting if item not in held)
        if signer is not None and {item.signed for item in waiting} == {item.signed for item in held}:
            raise BadArgument(f"your signature adds nothing: {'; '.join(map(str, waiting))}", "gt risk trust list")
        return digest, waiting

    def land(self, payload: bytes, signature: bytes) -> str:
        """Verify as the hook does (open halts judge the new commit, not what was accepted before), move the branch,
        wake the loop."""
        parts = self.parts
        commit = parts.source.seal(payload, signature)
        parent, known = _parent_of(payload), parts.memory.revision.last_verified
        if parent and not self._is_ancestor(parent, known):
            self._verified(parent)
        parts.verifier.advance(parent, commit, self._now()).required()
        parts.source.land(payload, signature)
        self.poke(f"landed {commit[:12]}")
        return commit

    def wait_applied(self, commit: str, timeout: float) -> Applied:
        """Wait until ``commit`` or a descendant is in force by read-back, or say what holds it."""
        if self.make_overview is not None:
            return Applied(commit=commit, in_force=False, condition="ServiceDown: applied when the service starts")
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                answer = self._answer(commit)
                left = deadline - time.monotonic()
                if answer is not None:
                    return answer
                if left <= 0:
                    return Applied(
                        commit=commit, in_force=False, condition=self._holding() or "Reconciling: not applied yet"
                    )
                self._changed.wait(left)

    def reload(self, actor: str, reason: str, timeout: float) -> Applied:
        """Look at the source now, audited; whether the tip that it has is in force, or what holds it."""
        parts = self.parts
        before = parts.memory.revision.last_applied
        entry = AuditEntry(
            at_ns=parts.clock.wall_ns(), event="config.reload", actor=actor, channel="cli", reason=reason, before=before
        )
        with control_action(parts.store, parts.clock, entry) as action:
            tip = self._observed(before)
            self.wake(f"reload by {actor}")
            applied = self.wait_applied(tip, timeout)
            after = parts.memory.revision.last_applied
            action.result("done" if applied.in_force else "refused", after=after, details=applied.condition)
        return applied

    def _observed(self, in_force: str) -> str:
        """The tip. Raises SourceUnavailable that says what stays."""
        try:
            return self.parts.source.tip()
        except SourceUnavailable as error:
            message = f"{error.message}; {in_force[:12] or 'nothing'} stays in force"
            raise SourceUnavailable(message, error.retry_after, error.hint or "gt risk doctor") from error

    @property
    def configuration(self) -> Configuration:
        """Documents and commits."""
        parts = self.parts
        return Configuration(parts.source, parts.verifier, parts.memory, parts.sectors)

    def plan(self, ref: str) -> Planned:
        """The plan from what is applied to ``ref`` or the tip, and what would hold it now."""
        commit = ref or self.parts.source.tip()
        plan, hold, waits = self._plan(self._verified(commit))
        found = waits or hold
        if found is None:
            return Planned(plan=plan)
        return Planned(plan=plan, hold=found.reason, why=found.why, fix=found.fix, until_ns=found.until_ns)

    def audit(
        self, *, event: str = "", actor: str = "", level: str = "", since_ns: int = 0, limit: int = 50
    ) -> Sequence[AuditRecord]:
        """Newest first."""
        return self.parts.store.audit(event=event, actor=actor, level=level, since_ns=since_ns, limit=limit)

    def audit_after(self, seq: int, limit: int) -> Sequence[AuditRecord]:
        """The chain from behind record ``seq`` on."""
        return self.parts.store.audit_after(seq, limit)

    def verify_audit(self) -> ChainReport:
        """Check the chain, and the notes in git on where it stood."""
        report = self.parts.store.verify_audit()
        try:
            notes = self.parts.attested()
        except GtRiskError as error:
            problem = report.problem or f"not compared with git: {error}"
            return report.model_copy(update={"problem": problem})
        return against_notes(report, notes, self._hash_at)

    @property
    def tests(self) -> TrialStore:
        """What was seen of A/B tests."""
        return self.parts.store.tests

    def outlook(self, plan: Mapping[str, Any]) -> Outlook:
        """What an A/B test with this plan can see."""
        return self.parts.outlook(plan)

    def _hash_at(self, seq: int) -> str:
        return next((item.hash for item in self.parts.store.audit_after(seq - 1, 1) if item.seq == seq), "")

    def _verified(self, commit: str) -> Desired:
        known = self.parts.memory.revision.last_verified
        if commit == known:
            return self.parts.verifier.desired(commit)
        return self.parts.verifier.advance(known, commit).required().desired

    def _now(self) -> Now:
        return Now(self.parts.desk.open_halts(self.parts.memory.applied_desired))

    def _situation(self, desired: Desired, request: Request) -> Situation:
        parts, live = self.parts, self.parts.reading().live
        found = drawdown.drawdowns(compile_policy(desired, parts.sectors), live, parts.store.peaks()) if live else ()
        return Situation(
            halts=parts.desk.open_halts(desired),
            drawdowns={item.key: item for item in found},
            actor=request.actor,
            reason=request.reason,
            history=Documents(parts.source),
            new_uid=lambda: secrets.token_hex(16),
            waiting=tuple(map(str, parts.verifier.held(desired.commit))),
            trials=parts.store.tests.trials(),
        )

    def _content(self, tip: str, path: str, edits: Sequence[Edit]) -> bytes | None:
        """The file at ``path`` with every edit of it applied, None when it goes."""
        content: bytes | None = None
        for edit in (item for item in edits if item.path == path):
            if isinstance(edit, PutFile):
                content = None if edit.text is None else edit.text.encode()
            else:
                content = apply_edit(content or self.parts.source.blob(self.parts.source.tree(tip)[path].id), edit)
        return content

    def _plan(self, desired: Desired) -> tuple[Plan, Hold | None, Hold | None]:
        """The plan, the brake that its digest releases, and what it would have to wait for now."""
        live = self.parts.reading().live
        goal = self.parts.maker.goal(desired, live, Origin())
        made = self.parts.maker.plan(goal, live)
        return made.plan, made.hold, self.parts.waits(goal)

    def _answer(self, commit: str) -> Applied | None:
        """From the picture that everybody is shown: what is said to be in force is there to be read."""
        memory, found = self.parts.memory, self.parts.last()
        picture = memory.overview
        if found is None or picture is None:
            return None
        applied = picture.revision.last_applied
        if applied and (applied == commit or self._is_ancestor(commit, applied)):
            ready = _ready(picture.conditions)
            if ready is not None and ready.status == "True":
                return Applied(commit=commit, in_force=True, cancelled=dict(memory.cancelled))
            return None
        blocked = found.seen.refusal is not None or (found.hold is not None and not found.hold.brief)
        if blocked and found.seen.revision.last_attempted == commit:
            fix = found.hold.fix if found.hold else found.seen.refusal.fix if found.seen.refusal else ""
            return Applied(commit=commit, in_force=False, condition=self._holding(), fix=fix)
        return None

    def _is_ancestor(self, old: str, new: str) -> bool:
        try:
            return self.parts.source.is_ancestor(old, new)
        except GtRiskError:
            return False

    def _holding(self) -> str:
        ready = _ready(self.parts.memory.conditions)
        return f"{ready.reason}: {ready.message}"[:500] if ready is not None and ready.status != "True" else ""


def _ready(conditions: Sequence[Condition]) -> Condition | None:
    return next((item for item in conditions if item.type is ConditionType.READY), None)


def _tree_of(payload: bytes) -> str:
    return payload.split(b"\n", 1)[0].removeprefix(b"tree ").decode()


def _parent_of(payload: bytes) -> str:
    lines = payload.partition(b"\n\n")[0].split(b"\n")
    return next((line[7:].decode() for line in lines if line.startswith(b"parent ")), "")
