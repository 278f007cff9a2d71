"""What people ask for (intents), the edits that express it, and the proposal that they sign."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.desired import Peak, StrategyStatus
from schemas.plan import Plan
from schemas.scalars import CommitId, Day, HaltId, Line, Model, Uid


class SetLimit(Model):
    """``limits set NAME VALUE``; the value as the person wrote it."""

    kind: Literal["set-limit"] = "set-limit"
    name: Line
    value: Line


class ResetLimits(Model):
    """``limits reset``: these limits back to their defaults; every limit when ``names`` is empty."""

    kind: Literal["reset-limits"] = "reset-limits"
    names: tuple[Line, ...] = ()


class SetStatus(Model):
    """``strategy pause|resume ID``: resume also clears the strategy's own open halts, named in ``halts``.

    Their review is closed by ``reviewer`` (the actor when empty) and ``note``.
    """

    kind: Literal["set-status"] = "set-status"
    strategy: Line
    status: StrategyStatus
    halts: tuple[HaltId, ...] = ()
    peak: Peak | None = None
    reviewer: Line = ""
    note: Line = ""


class Resume(Model):
    """``emergency resume``: clear exactly these account halts, mode normal, every active strategy to paused."""

    kind: Literal["resume"] = "resume"
    halts: tuple[HaltId, ...] = ()
    peak: Peak | None = None


class AddStrategy(Model):
    """``strategy add ID``: a new document made of ``text``, a template or another strategy's; it starts paused.

    An empty ``name`` leaves the name that ``text`` has; ``added`` is the market's day.
    """

    kind: Literal["add-strategy"] = "add-strategy"
    strategy: Line
    uid: Uid
    name: Line = ""
    text: str
    added: Day | None = None


class AddTest(Model):
    """``ab-test create``: the document of a new A/B test."""

    kind: Literal["add-test"] = "add-test"
    test: Line
    text: str


class EndTest(Model):
    """``ab-test stop|analyze``: end a test for ever. A complete one that B has won also leaves B's configuration in a
    strategy document of its own, paused and without capital."""

    kind: Literal["end-test"] = "end-test"
    test: Line
    status: Literal["stopped", "complete"]


class RollOut(Model):
    """``ab-test rollout``: B's share of new signals, the next step or 0. At 100 the strategy takes B's parameters."""

    kind: Literal["roll-out"] = "roll-out"
    test: Line
    percent: Literal[0, 10, 25, 50, 100]


class WriteDocuments(Model):
    """``config edit``: documents as a person wrote them over those of ``base``; None removes one."""

    kind: Literal["write-documents"] = "write-documents"
    base: CommitId
    files: dict[Line, str | None]


class AdvancePhase(Model):
    """``learning phase advance``: the next learning phase ``number``, from market day ``started`` on; ``despite`` what
    speaks against it."""

    kind: Literal["advance-phase"] = "advance-phase"
    number: int
    started: Day
    despite: tuple[Line, ...] = ()


class Rollback(Model):
    """``config rollback``: documents as they were at ``commit``; trust and the records of halts stay as they are."""

    kind: Literal["rollback"] = "rollback"
    commit: CommitId


class Approve(Model):
    """``config approve``: sign what waits for approval at the tip, which must be ``commit`` when one is named."""

    kind: Literal["approve"] = "approve"
    commit: CommitId | Literal[""] = ""


Intent = Annotated[
    SetLimit
    | ResetLimits
    | SetStatus
    | Resume
    | AddStrategy
    | AddTest
    | EndTest
    | RollOut
    | AdvancePhase
    | WriteDocuments
    | Rollback
    | Approve,
    Field(discriminator="kind"),
]


class SetValue(Model):
    """Replace the scalar at ``pointer`` in a document, every other byte kept; ``value`` is YAML scalar text."""

    path: Line
    pointer: tuple[str, ...]
    value: str


class PutFile(Model):
    """A whole document, new or in place of the old one; None removes it."""

    path: Line
    text: str | None


Edit = SetValue | PutFile


class Request(Model):
    """An intent with who, why and which way it came. ``author`` is ``Name <email>`` as git writes it.

    ``not_before``: when what it loosens may come into force, ISO 8601 with its offset; ``override_freeze``: why an open
    freeze window does not hold it.
    """

    intent: Intent
    actor: Line
    author: Line
    reason: Line = ""
    not_before: Line = ""
    override_freeze: Line = ""
    channel: Literal["cli", "api"] = "cli"


class Proposal(Model):
    """What the service prepared for signing: sign ``payload`` (base64 of the commit payload) and land it.

    ``missing`` names who must also sign; ``notes`` are the lines of "This change will:"; ``hold`` says why a brake
    would hold the plan unless its digest is acknowledged.
    """

    parent: CommitId
    payload: str
    subject: Line
    audit_id: Line
    plan: Plan
    notes: tuple[Line, ...] = ()
    missing: tuple[Line, ...] = ()
    hold: Line = ""


class Applied(Model):
    """What became of a landed commit: in force, or the condition that holds it and the command that helps (``fix``)."""

    commit: CommitId
    in_force: bool
    condition: Line = ""
    fix: str = ""
    cancelled: dict[str, int] = {}
