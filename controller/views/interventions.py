"""``audit interventions``: what people did, what came of it, and how soon after an alert.

An intervention is a record that a person caused (channel cli, api or git). Its response time runs from the first alert
(a record of monitor or gate that warns or worse) since the intervention before it, at most a day back.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from controller.views.audit import event
from schemas.audit import AuditRecord

PEOPLE = ("cli", "api", "git")
_WATCHERS = ("monitor", "gate")
_KINDS = {"emergency": "emergency_halts", "strategy": "strategy_controls", "config": "config_changes"}
_HELD = ("strategy.pause", "strategy.halt", "emergency.halt", "emergency.pause", "emergency.liquidat")
_DAY_NS = 86_400 * 1_000_000_000
_NO_ALERT = "no alert came before one"


def interventions(records: Sequence[AuditRecord], names: Mapping[str, str]) -> dict[str, Any]:
    """Newest first, with counts by kind and the average response time; ``records`` in any order."""
    ordered = sorted(records, key=lambda record: record.seq)
    made = [record for record in ordered if _by_a_person(record)]
    answered = _response_times(made, ordered)
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
    return entry.channel in PEOPLE and entry.kind != "outcome" and not entry.event.startswith("halt.")


def _response_times(made: Sequence[AuditRecord], ordered: Sequence[AuditRecord]) -> dict[int, int | None]:
    alerts = [item.entry.at_ns for item in ordered if item.entry.channel in _WATCHERS and item.entry.level != "info"]
    before, found = 0, dict[int, int | None]()
    for record in made:
        at = record.entry.at_ns
        place = bisect_right(alerts, max(before, at - _DAY_NS))
        answered = place < len(alerts) and alerts[place] <= at
        found[record.seq] = (at - alerts[place]) // 1_000_000_000 if answered else None
        before = at
    return found


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
