"""``gt risk audit …`` as documents."""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.views.figures import instant
from schemas.audit import AuditRecord, ChainReport


def audit(records: Sequence[AuditRecord], names: Mapping[str, str]) -> dict[str, Any]:
    """Audit records, newest first, each flat with its time; ``names`` maps a strategy's uid to its id."""
    return {"events": [event(record, names) for record in records]}


def event(record: AuditRecord, names: Mapping[str, str]) -> dict[str, Any]:
    """One record with its place in the chain."""
    entry = record.entry.model_dump(mode="json")
    strategy = names.get(record.entry.scope.removeprefix("strategy:"))
    return {
        "seq": record.seq,
        "time": instant(record.entry.at_ns),
        **entry,
        "strategy": strategy,
        "previous": record.previous,
        "hash": record.hash,
    }


def chain(report: ChainReport) -> dict[str, Any]:
    """``audit verify``; a chain that is not intact needs attention."""
    document = report.model_dump(mode="json")
    intact = document.pop("ok")
    broken = f"audit chain broken at record {report.bad_seq}: {report.problem}"
    found = ([report.problem] if report.problem else []) if intact else [broken]
    return {"intact": intact, **document, "attention": found}
