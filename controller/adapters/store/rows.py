"""Rows to schemas and back, in one place. A row is a mapping of column names to plain values."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping

from controller.adapters.store.chain import Head, Link
from controller.adapters.store.retention import Level, Sample
from schemas.audit import AuditEntry, AuditRecord, chain_hash
from schemas.halts import Halt
from schemas.live import Decision, FillView, OrderView, PositionView, ShadowView
from schemas.plan import Plan
from schemas.status import Revision
from schemas.trials import Look, Trial

Row = dict[str, Any]
_CHAIN = frozenset({"seq", "previous", "hash"})
_FLAGS = ("durable", "adopted", "evidenced")


def to_record(entry: AuditEntry, after: Head) -> AuditRecord:
    """``entry`` in its place in the chain, behind ``after``."""
    seq = after.seq + 1
    return AuditRecord(seq=seq, entry=entry, previous=after.hash, hash=chain_hash(seq, after.hash, entry))


def from_record(record: AuditRecord) -> Row:
    """The row of an audit record."""
    chain = {"seq": record.seq, "previous": record.previous, "hash": record.hash}
    return {**record.entry.model_dump(mode="json"), **chain}


def as_record(row: RowMapping) -> AuditRecord:
    """The audit record of a row; raises ValidationError for one that was damaged beyond reading."""
    link = as_link(row)
    return AuditRecord(
        seq=link.seq, previous=link.previous, hash=link.hash, entry=AuditEntry.model_validate(link.fields)
    )


def as_link(row: RowMapping) -> Link:
    """The row for checking the chain, unread."""
    fields = {name: value for name, value in row.items() if name not in _CHAIN}
    return Link(row["seq"], row["previous"], row["hash"], fields)


def from_revision(revision: Revision) -> list[Row]:
    """One row a name."""
    return [{"name": name, "commit_id": commit} for name, commit in revision.model_dump().items()]


def as_revision(values: Mapping[str, str]) -> Revision:
    """The revision of commits by name."""
    return Revision.model_validate(values)


def from_plan(plan: Plan, at_ns: int, outcome: str) -> Row:
    """The row of a plan."""
    document = plan.model_dump_json()
    return {
        "digest": plan.digest(),
        "at_ns": at_ns,
        "target": plan.target,
        "outcome": outcome,
        "document": document,
    }


def as_plan(document: str) -> Plan:
    """The plan kept as ``document``."""
    return Plan.model_validate_json(document)


def from_halt(halt: Halt) -> Row:
    """The row of a halt."""
    row = halt.model_dump(mode="json")
    return {**row, "word": f"{halt.word:016x}", **{name: int(row[name]) for name in _FLAGS}}


def as_halt(row: RowMapping) -> Halt:
    """The halt of a row."""
    flags = {name: bool(row[name]) for name in _FLAGS}
    return Halt.model_validate({**row, "word": int(row["word"], 16), **flags})


def from_decision(decision: Decision) -> Row:
    """The row of a gate decision."""
    return decision.model_dump(mode="json")


def as_decision(row: RowMapping) -> Decision:
    """The gate decision of a row."""
    return Decision.model_validate(dict(row))


def from_position(position: PositionView) -> Row:
    """The row of a position."""
    return position.model_dump(mode="json")


def as_position(row: RowMapping) -> PositionView:
    """The position of a row."""
    return PositionView.model_validate(dict(row))


def from_order(order: OrderView) -> Row:
    """The row of an order."""
    return order.model_dump(mode="json")


def as_order(row: RowMapping) -> OrderView:
    """The order of a row."""
    return OrderView.model_validate(dict(row))


def from_fill(book: str, fill: FillView) -> Row:
    """The row of a fill of ``book``."""
    return {"book": book, **fill.model_dump(mode="json")}


def as_fill(row: RowMapping) -> FillView:
    """The fill of a row."""
    return FillView.model_validate({name: value for name, value in row.items() if name != "book"})


def from_trial(trial: Trial) -> Row:
    """The row of an A/B test."""
    return {
        "test": trial.test,
        "state": trial.state,
        "decided_ns": trial.decided_ns,
        "document": trial.model_dump_json(),
    }


def as_trial(row: RowMapping) -> Trial:
    """The A/B test of a row."""
    return Trial.model_validate_json(row["document"])


def from_look(test: str, look: Look) -> Row:
    """The row of a look at ``test``."""
    return {"test": test, **look.model_dump(mode="json"), "crossed": look.crossed or ""}


def as_look(row: RowMapping) -> Look:
    """The look of a row."""
    fields = {name: value for name, value in row.items() if name != "test"}
    return Look.model_validate({**fields, "crossed": row["crossed"] or None})


def from_shadow(book: str, shadow: ShadowView) -> Row:
    """The row of a paired test's session in ``book``."""
    return {"book": book, **shadow.model_dump(mode="json")}


def as_shadow(row: RowMapping) -> ShadowView:
    """The session of a row."""
    return ShadowView.model_validate({name: value for name, value in row.items() if name != "book"})


def from_sample(series: str, level: Level, sample: Sample) -> Row:
    """The row of a sample."""
    return {"series": series, "resolution": level.number, **sample._asdict()}


def as_sample(row: RowMapping) -> Sample:
    """The sample of a row."""
    return Sample(**{name: row[name] for name in Sample._fields})
