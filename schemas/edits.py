"""What people ask for (intents), the edits that express it, and the proposal that they sign."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.desired import Peak, StrategyStatus
from schemas.plan import Plan
from schemas.scalars import CommitId, HaltId, Line, Model


class SetLimit(Model):
    """``limits set NAME VALUE``; the value as the person wrote it."""

    kind: Literal["set-limit"] = "set-limit"
    name: Line
    value: Line


class SetStatus(Model):
    """``strategy pause|resume ID``: resume also clears the strategy's own open halts, named in ``halts``."""

    kind: Literal["set-status"] = "set-status"
    strategy: Line
    status: StrategyStatus
    halts: tuple[HaltId, ...] = ()
    peak: Peak | None = None


class Resume(Model):
    """``emergency resume``: clear exactly these account halts, mode normal, every active strategy to paused."""

    kind: Literal["resume"] = "resume"
    halts: tuple[HaltId, ...] = ()
    peak: Peak | None = None


Intent = Annotated[SetLimit | SetStatus | Resume, Field(discriminator="kind")]


class SetValue(Model):
    """Replace the scalar at ``pointer`` in a document, every other byte kept; ``value`` is YAML scalar text."""

    path: Line
    pointer: tuple[str, ...]
    value: str


class AddFile(Model):
    """A new document."""

    path: Line
    text: str


Edit = SetValue | AddFile


class Request(Model):
    """An intent with who and why. ``author`` is ``Name <email>`` as git writes it."""

    intent: Intent
    actor: Line
    author: Line
    reason: Line = ""


class Proposal(Model):
    """What the service prepared for signing: sign ``payload`` (base64 of the commit payload) and land it.

    ``missing`` names who must also sign; ``notes`` are the lines of "This change will:".
    """

    parent: CommitId
    payload: str
    subject: Line
    audit_id: Line
    plan: Plan
    notes: tuple[Line, ...] = ()
    diff: str = ""
    missing: tuple[Line, ...] = ()


class Applied(Model):
    """What became of a landed commit: in force, or the condition that holds it."""

    commit: CommitId
    in_force: bool
    condition: Line = ""
    cancelled: dict[str, int] = {}
