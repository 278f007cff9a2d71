"""``gt risk limits …``, ``config …`` and ``audit …`` as documents."""

from collections.abc import Sequence
from typing import Any

from controller.views.figures import instant
from schemas.audit import AuditRecord, ChainReport
from schemas.limits import LIMITS, Limit, Unit
from schemas.overview import Overview
from schemas.plan import Plan

_NUMBER_UNIT = {
    Unit.MONEY: "USD",
    Unit.PERCENT: "percent",
    Unit.RATIO: "ratio",
    Unit.COUNT: "count",
    Unit.SECONDS: "seconds",
}


def limits(overview: Overview) -> dict[str, Any]:
    """Every limit in the table's order, with the value of the applied desired state."""
    return {"limits": [limit_view(overview, limit) for limit in LIMITS], "revision": overview.revision.last_applied}


def limit_view(overview: Overview, limit: Limit) -> dict[str, Any]:
    """One limit: ``text`` as the spec prints it, ``value`` as a number in ``unit``; null when nothing is applied."""
    value = None
    if overview.desired is not None:
        section = overview.desired.risk.hard_limits if limit.hard else overview.desired.risk.soft_limits
        value = getattr(getattr(section, limit.group), limit.key)
    whole = limit.unit in (Unit.COUNT, Unit.SECONDS)
    return {
        "name": limit.name,
        "kind": "hard" if limit.hard else "soft",
        "value": None if value is None else int(value) if whole else float(value),
        "text": limit.text(value) if value is not None else None,
        "unit": _NUMBER_UNIT[limit.unit],
        "base": limit.base or None,
        "loosens": limit.leaf.value,
        "default": limit.default,
        "doc": limit.doc,
    }


def show(overview: Overview, repository: str, branch: str) -> dict[str, Any]:
    """``config show``: where the config is, what of it is applied, and its documents as the models hold them."""
    desired = overview.desired
    return {
        "repository": repository,
        "branch": branch,
        "revision": overview.revision.model_dump(mode="json"),
        "conditions": [item.model_dump(mode="json") for item in overview.conditions],
        "target": desired.trust.target.model_dump(mode="json") if desired else None,
        "config": desired.model_dump(mode="json", by_alias=True, exclude={"commit"}) if desired else None,
        "missing": {} if desired else {"config": "no verified desired state yet"},
    }


def plan_view(plan: Plan) -> dict[str, Any]:
    """A plan with its digest and overall direction."""
    return {**plan.model_dump(mode="json"), "direction": plan.direction.value, "digest": plan.digest()}


def audit(records: Sequence[AuditRecord]) -> dict[str, Any]:
    """Audit records, newest first, each flat with its time."""
    return {"events": [_event(record) for record in records]}


def _event(record: AuditRecord) -> dict[str, Any]:
    entry = record.entry.model_dump(mode="json")
    return {"seq": record.seq, "time": instant(record.entry.at_ns), **entry, "hash": record.hash}


def chain(report: ChainReport) -> dict[str, Any]:
    """``audit verify``; a chain that is not intact needs attention."""
    document = report.model_dump(mode="json")
    intact = document.pop("ok")
    problem = f"audit chain broken at record {report.bad_seq}: {report.problem}"
    return {"intact": intact, **document, "attention": [] if intact else [problem]}
