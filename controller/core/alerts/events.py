"""What new audit records and new decisions of the gate say: events, each once."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from controller.core.alerts.found import Found
from schemas.audit import AuditEntry, AuditRecord
from schemas.live import Decision

_WORDS = 200
_CHANGES = ("config.", "strategy.", "ab_test.", "emergency.resume")
_HALTS = ("emergency.", "strategy.halt", "strategy.pause")
_DECIDED = {"denied": "hard_limit_violation", "warned": "soft_limit_warning", "reduced": "size_reduced"}


def of_records(records: Iterable[AuditRecord]) -> tuple[Found, ...]:
    """What each record says; most say nothing that the picture does not."""
    return tuple(found for record in records for found in _of_record(record))


def _of_record(record: AuditRecord) -> Iterator[Found]:
    for rule, says, key in RECORDS:
        if says(record.entry):
            yield Found(rule, key(record), _fields(record.entry), record.entry.scope, record=record.seq)
            return


def _fields(entry: AuditEntry) -> dict[str, str]:
    return {
        "event": entry.event,
        "actor": entry.actor,
        "reason": _cut(entry.reason) or "no reason given",
        "details": _cut(entry.details) or "no more is known",
        "change": _cut(entry.after) or entry.revision[:12],
        "revision": entry.revision[:12],
        "outcome": entry.outcome,
    }


def _cut(text: str) -> str:
    return text if len(text) <= _WORDS else f"{text[: _WORDS - 1]}…"


def liquidation(entry: AuditEntry) -> bool:
    """A liquidation is asked for."""
    return entry.event.startswith("emergency.liquidate") and entry.kind == "intent"


def failed(entry: AuditEntry) -> bool:
    """An action did not end as it was meant."""
    return entry.kind == "outcome" and entry.outcome in ("failed", "partial", "unknown")


def applied(entry: AuditEntry) -> bool:
    """A commit is in force."""
    return entry.kind == "outcome" and entry.outcome == "done" and bool(entry.revision) and _begins(entry, _CHANGES)


def released(entry: AuditEntry) -> bool:
    """A halt was lifted."""
    return entry.event == "halt.released" and entry.kind == "fact"


def push_refused(entry: AuditEntry) -> bool:
    """A push was refused; a refused tip is in the picture."""
    return entry.event == "config.refused" and not entry.audit_id.startswith("refused-")


def critical(entry: AuditEntry) -> bool:
    """Anything else that is critical, but halts: those are in the picture."""
    return entry.level == "critical" and entry.kind == "fact" and not _begins(entry, _HALTS)


def test_decided(entry: AuditEntry) -> bool:
    """An A/B test ended as it may."""
    return _of_test(entry) and entry.level == "info"


def test_stopped(entry: AuditEntry) -> bool:
    """An A/B test ended as it should not."""
    return _of_test(entry) and entry.level == "warn"


def _of_test(entry: AuditEntry) -> bool:
    return entry.kind == "outcome" and entry.event.startswith("ab_test.")


def _begins(entry: AuditEntry, words: tuple[str, ...]) -> bool:
    return entry.event.startswith(words)


def _each(record: AuditRecord) -> tuple[str, ...]:
    """Every record is an event of its own."""
    return (str(record.seq),)


def _alike(record: AuditRecord) -> tuple[str, ...]:
    """The same thing again and again is one."""
    return record.entry.event, record.entry.scope


RECORDS: tuple[tuple[str, Callable[[AuditEntry], bool], Callable[[AuditRecord], tuple[str, ...]]], ...] = (
    ("liquidation", liquidation, _each),
    ("action_failed", failed, _alike),
    ("config_applied", applied, _each),
    ("test_decided", test_decided, _each),
    ("test_stopped", test_stopped, _each),
    ("resumed", released, _each),
    ("push_refused", push_refused, _alike),
    ("critical_record", critical, _each),
)


def of_decisions(decisions: Iterable[Decision], names: Mapping[str, str]) -> tuple[Found, ...]:
    """What the gate denied, warned of and reduced; ``names``: ids of strategies by uid. Halts are in the picture."""
    return tuple(_of_decision(item, names) for item in decisions if item.kind in _DECIDED)


def _of_decision(item: Decision, names: Mapping[str, str]) -> Found:
    rule = "order_denied" if item.kind == "denied" and not item.limit else _DECIDED[item.kind]
    fields = {
        "limit_name": item.limit or item.code,
        "strategy_id": names.get(item.uid, item.uid[:8]),
        "symbol": item.symbol,
        "reason": item.message or item.code,
    }
    source = (item.limit or "order").partition(".")[0] if item.kind == "warned" else ""
    return Found(rule, (item.uid, item.code, item.limit, item.symbol), fields, f"strategy:{item.uid}", source)
