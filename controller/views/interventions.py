"""``audit interventions``: what people did, what came of it, and how soon after an alert.

An intervention is a record that a person caused (channel cli, api or git). It answers the worst alert (WARN or more)
that was open then in its scope, the oldest of several, at most a day old, and that no intervention before it answered;
its response time runs from when that alert was raised.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.views.audit import event
from schemas.alerting import SEVERITY, Alert
from schemas.audit import AuditEntry, AuditRecord
from schemas.halts import ACCOUNT

PEOPLE = ("cli", "api", "git")
_KINDS = {"emergency": "emergency_halts", "strategy": "strategy_controls", "config": "config_changes"}
_HELD = ("strategy.pause", "strategy.halt", "emergency.halt", "emergency.pause", "emergency.liquidat")
_NO_ACTS = ("halt.", "alert.", "config.refused")
_DAY_NS = 86_400 * 1_000_000_000
_NO_ALERT = "no alert came before one"


def interventions(
    records: Sequence[AuditRecord], names: Mapping[str, str], alerts: Sequence[Alert] = ()
) -> dict[str, Any]:
    """Newest first, with counts by kind and the average response time; ``records`` and ``alerts`` in any order."""
    ordered = sorted(records, key=lambda record: record.seq)
    made = [record for record in ordered if _by_a_person(record)]
    answered = _response_times(made, alerts)
    ends = _Ends(ordered)
    rows = [{**event(record, names), **ends.of(record), "response_seconds": answered[record.seq]} for record in made]
    known = [seconds for seconds in answered.values() if seconds is not None]
    counts = dict.fromkeys((*_KINDS.values(), "others"), 0)
    for row in rows:
        counts[_kind(row["event"])] += 1
    return {
        "interventions": rows[::-1],
        "total": len(rows),
        "counts": counts,
        "average_response_seconds": round(sum(known) / len(known)) if known else None,
        "missing": {} if known else {"average_response": _NO_ALERT},
    }


def _kind(name: str) -> str:
    return "others" if name == "emergency.resume" else _KINDS.get(name.partition(".")[0], "others")


def _by_a_person(record: AuditRecord) -> bool:
    entry = record.entry
    return entry.channel in PEOPLE and entry.kind != "outcome" and not entry.event.startswith(_NO_ACTS)


def _response_times(made: Sequence[AuditRecord], alerts: Sequence[Alert]) -> dict[int, int | None]:
    left = sorted((item for item in alerts if SEVERITY[item.level] >= SEVERITY["WARN"]), key=_worst_first)
    found: dict[int, int | None] = {}
    for record in made:
        answered = next((item for item in left if _is_answered(item, record.entry)), None)
        found[record.seq] = None
        if answered is not None:
            left.remove(answered)
            found[record.seq] = (record.entry.at_ns - answered.first_ns) // 1_000_000_000
    return found


def _worst_first(alert: Alert) -> tuple[int, int]:
    return -SEVERITY[alert.level], alert.first_ns


def _is_answered(alert: Alert, act: AuditEntry) -> bool:
    """An act on the account answers for every scope, one on a strategy for it and for the account."""
    if not act.at_ns - _DAY_NS < alert.first_ns <= act.at_ns:
        return False
    is_open = not alert.resolved_ns or alert.resolved_ns > act.at_ns
    uid = act.scope.removeprefix("strategy:")
    return is_open and (act.scope == ACCOUNT or alert.scope in (ACCOUNT, f"strategy:{uid}"))


class _Ends:
    """How acts ended: by the intent that an outcome closes, by the halt that was released, by the scope resumed."""

    def __init__(self, ordered: Sequence[AuditRecord]) -> None:
        self._outcomes = {item.entry.intent: item.entry.outcome for item in ordered if item.entry.kind == "outcome"}
        self._lifts: dict[str, list[AuditRecord]] = {}
        for item in ordered:
            if item.entry.event == "halt.released":
                self._lifts.setdefault(item.entry.details, []).append(item)
            elif item.entry.kind == "intent" and item.entry.event.endswith(".resume"):
                self._lifts.setdefault(item.entry.scope, []).append(item)

    def of(self, record: AuditRecord) -> dict[str, Any]:
        """``result``: what came of it (``resumed``, ``open``, or how the act itself ended), ``lasted_seconds`` when
        resumed."""
        entry = record.entry
        state = entry.outcome if entry.kind == "fact" else self._outcomes.get(record.seq, "under way")
        if state not in ("", "done", "partial") or not entry.event.startswith(_HELD):
            return {"result": state or "done", "lasted_seconds": None}
        key = entry.details if entry.details.startswith("halt ") else entry.scope
        lifted = next((item for item in self._lifts.get(key, ()) if item.seq > record.seq), None)
        if lifted is None:
            return {"result": "open", "lasted_seconds": None}
        return {"result": "resumed", "lasted_seconds": (lifted.entry.at_ns - entry.at_ns) // 1_000_000_000}
