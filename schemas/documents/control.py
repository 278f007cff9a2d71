"""``strategy``, ``config``, ``audit`` and ``health``, and what a command says that landed a commit."""

from typing import Any, Literal

from schemas.audit import AuditEntry
from schemas.documents.book import StrategyRow
from schemas.documents.parts import Answer, Headed, Holding, Missing, Performance, Phase, Trouble, Units
from schemas.edits import Applied
from schemas.plan import Change, Direction, Step
from schemas.scalars import Model
from schemas.status import Condition, Judged, Revision
from schemas.trust import Target


class StrategyList(Headed):
    """``strategy list``"""

    strategies: tuple[StrategyRow, ...]
    units: Units


class Capital(Model):
    """What a strategy may use, and what it does."""

    allocation_pct: float
    allocated: float | None
    deployed: float | None
    utilisation_pct: float | None
    available: float | None


class StrategyResult(StrategyRow):
    """A strategy with its performance and capital."""

    performance: Performance
    capital: Capital
    units: Units


class OrderLine(Model):
    """One order, newest first."""

    time: str | None
    submitted: str | None
    side: Literal["buy", "sell"]
    symbol: str
    type: str
    quantity: int
    filled: int
    price: float | None
    state: str


class StrategyDetails(StrategyResult):
    """Everything of one strategy."""

    owner: str
    module: str
    description: str
    holdings: tuple[Holding, ...]
    orders: tuple[OrderLine, ...]
    halts: tuple[str, ...]
    review: str | None


class StrategyShow(Headed):
    """``strategy show``"""

    phase: Phase | None
    strategy: StrategyDetails


class StrategyFigures(StrategyResult):
    """Where a strategy's result comes from."""

    realized: float | None
    unrealized: float | None
    fees: float | None


class StrategyMetrics(Headed):
    """``strategy metrics``"""

    strategy: StrategyFigures


class ConfigShow(Headed):
    """``config show``; ``config`` holds each document as its own schema describes it."""

    repository: str
    branch: str
    source: str
    revision: Revision
    conditions: tuple[Condition, ...]
    target: Target | None
    config: dict[str, Any] | None
    missing: Missing


class PlanView(Model):
    """A plan with its direction and digest."""

    base: str | None
    target: str
    changes: tuple[Change, ...]
    steps: tuple[Step, ...]
    halts: tuple[str, ...]
    direction: Direction
    digest: str


class Held(Model):
    """What the loosening part of a plan waits for."""

    reason: str
    message: str
    fix: str
    until: str | None


class ConfigPlan(Answer, PlanView):
    """``config plan``"""

    hold: Held | None


class ConfigDiff(Answer):
    """``config diff``: what is in force against the clone's documents or a commit's."""

    base: str | None
    target: str | None
    direction: Direction
    changes: tuple[Change, ...]
    text: tuple[str, ...]
    repository: str
    behind: int


class ConfigVerify(Answer):
    """``config verify``: every commit from the last verified one on, judged; ``repair`` are the commands back."""

    since: str
    tip: str
    commits: tuple[Judged, ...]
    left_out: int
    verified: bool
    repair: tuple[str, ...]


class Event(AuditEntry):
    """One audit record with its place in the chain."""

    seq: int
    time: str | None
    strategy: str | None
    previous: str
    hash: str


class AuditLog(Answer):
    """``audit log``"""

    events: tuple[Event, ...]


class AuditVerify(Answer):
    """``audit verify``"""

    intact: bool
    records: int
    head: str
    bad_seq: int
    problem: str
    open_intents: tuple[int, ...]
    checkpoints: int
    checkpointed: int


class Component(Model):
    """One part of the service; ``hint`` is the next command, empty when all is well."""

    name: str
    state: Literal["ok", "warning", "error"]
    message: str
    hint: str


class Sample(Model):
    """One value of one metric, in base units; ``suffix`` is added to the name of a part of a histogram."""

    name: str
    help: str
    value: float | bool
    labels: dict[str, str]
    type: Literal["gauge", "counter", "histogram"]
    suffix: Literal["", "_bucket", "_sum", "_count"]


class Health(Headed):
    """``health``"""

    components: tuple[Component, ...]
    metrics: tuple[Sample, ...]


class Landed(Answer):
    """What a command plans (``dry_run``) or has landed: ``commit`` and what became of it; ``error`` while it is not in
    force. ``changed`` alone: an edit that changed nothing."""

    dry_run: Literal[True] = True
    changed: tuple[str, ...] = ()
    parent: str = ""
    subject: str = ""
    audit_id: str = ""
    plan: PlanView | None = None
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    hold: str = ""
    limit_kind: Literal["hard", "soft"] = "hard"
    commit: str = ""
    applied: Applied | None = None
    error: Trouble | None = None
