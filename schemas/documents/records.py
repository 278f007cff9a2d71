"""``trust``, and what ``audit`` and ``config`` tell of the past."""

from typing import Literal

from pydantic import Field

from schemas.documents.control import Event
from schemas.documents.parts import Answer, Missing, Trouble
from schemas.edits import Applied
from schemas.plan import Direction
from schemas.review import Review
from schemas.scalars import Model
from schemas.status import Problem, Revision
from schemas.trust import Role, Target, TrustRule


class SignerView(Model):
    """One key: ``person``: a person's, not a machine's; ``denied``: a key that this home refuses."""

    principal: str
    kind: str
    key: str
    fingerprint: str
    roles: tuple[Role, ...]
    person: bool
    denied: bool


class Takes(Model):
    """How many must sign, and who can."""

    signers: int
    people: tuple[str, ...]


class TrustList(Answer):
    """``trust list``: ``trust_takes`` is what a change of the trust itself takes, ``denied`` fingerprints."""

    commit: str
    target: Target
    signers: tuple[SignerView, ...]
    rules: tuple[TrustRule, ...]
    trust_takes: Takes
    denied: tuple[str, ...]


class TrustCheck(Answer):
    """``trust check``: who may change it and how many must sign; ``rule`` decides, null for the built-in ones."""

    path: str
    field: str
    direction: Direction
    roles: tuple[Role, ...]
    people: tuple[str, ...]
    signers: int
    plan_digest: bool
    over_pct: str | None = Field(description="Percent of the last value that so many approved; null for any move")
    rule: TrustRule | None


class Act(Event):
    """An audit record of a person, with what came of it: ``resumed``, ``open``, or how the act itself ended."""

    result: str
    lasted_seconds: int | None = Field(description="Until it was resumed")
    response_seconds: int | None = Field(description="From the alert that it answers; null when it answers none")


class Kinds(Model):
    """How many of each kind."""

    emergency_halts: int
    strategy_controls: int
    config_changes: int
    others: int


class Interventions(Answer):
    """``audit interventions`` of the last ``days``, newest first."""

    interventions: tuple[Act, ...]
    total: int
    counts: Kinds
    average_response_seconds: int | None
    missing: Missing
    days: int


class Moved(Model):
    """One commit with the record of its application; ``moved``: name, old and new value of each setting."""

    time: str
    revision: str
    actor: str
    channel: str
    subject: str
    moved: tuple[tuple[str, str, str], ...]
    reason: str
    outcome: str
    audit_id: str


class ConfigChanges(Answer):
    """``audit config-changes``, newest first."""

    repository: str
    changes: tuple[Moved, ...]


class Verified(Answer):
    """The chain that was verified before it was exported."""

    intact: bool
    records: int
    head: str = Field(description="Hash of the last record, SHA-256 in hex")
    format: Literal["jsonl", "csv"]


class Exported(Verified):
    """``audit export`` without a file: the records, oldest first."""

    events: tuple[Event, ...]


class ExportedTo(Verified):
    """``audit export`` to a file, with the script beside it that checks it."""

    written: int
    output: str
    verifier: str | None


class Commit(Model):
    """One commit; ``state``: which of applied, verified and tip it is."""

    commit: str
    time: str
    author: str
    subject: str
    reason: str
    audit_id: str
    state: str


class ConfigHistory(Answer):
    """``config history``, newest first."""

    repository: str
    branch: str
    commits: tuple[Commit, ...]


class Reloaded(Answer):
    """``config reload``: what became of the tip."""

    applied: Applied
    revision: Revision


class Mistake(Problem):
    """One mistake; ``text`` is the whole line that says it."""

    text: str


class Validated(Answer):
    """``config validate``: how many documents there are and every mistake of them."""

    repository: str
    documents: int
    valid: bool
    problems: tuple[Mistake, ...]
    error: Trouble | None = None


class Reviewed(Answer, Review):
    """``config plan`` and ``verify`` with ``--base``: what a branch would change, merged there."""

    base_ref: str
    head_ref: str
    direction: Direction
    trailers: tuple[str, ...]
    verified: bool
    error: Trouble | None = None
