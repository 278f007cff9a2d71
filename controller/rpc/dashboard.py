"""``dashboard.record``: what people do with users, keys and proposals of the dashboard, for the audit log."""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from controller.audit import new_audit_id
from controller.core.plan.edits import BadArgument
from controller.ports import Clock, Store
from schemas.audit import AuditEntry, Outcome

Params = Mapping[str, Any]
Document = dict[str, Any]
EVENTS = ("dashboard.user", "dashboard.key", "dashboard.proposal")


def methods(store: Store, clock: Clock, operator: str) -> dict[str, Callable[[Params], Document]]:
    """The methods by name; ``operator`` acts where nobody else is named."""
    return {"dashboard.record": lambda params: _record(store, clock, {"actor": operator or "unknown", **params})}


def _record(store: Store, clock: Clock, params: Params) -> Document:
    """An intent before the act, durable when this returns; with ``intent`` (its number) what came of it.

    Raises BadArgument for an event that is not the dashboard's own: nobody writes another's history here.
    """
    event, intent, outcome = str(params["event"]), int(params.get("intent", 0)), str(params.get("outcome", ""))
    if event not in EVENTS or outcome not in get_args(Outcome) or bool(intent) != bool(outcome):
        raise BadArgument(f"{event!r} {outcome!r} is nothing that the dashboard records", "gt risk audit log")
    now = clock.wall_ns()
    entry = AuditEntry.model_validate(
        {
            "at_ns": now,
            "event": event,
            "actor": str(params["actor"]),
            "channel": "api" if params.get("channel") == "api" else "cli",
            "level": "warn",
            "kind": "outcome" if intent else "intent",
            "intent": intent,
            "outcome": outcome,
            "reason": str(params.get("reason", "")),
            "after": str(params.get("after", "")),
            "audit_id": str(params.get("audit_id") or new_audit_id(now)),
            "details": str(params.get("details", "")),
        }
    )
    return {"seq": store.append_audit(entry).seq, "audit_id": entry.audit_id}
