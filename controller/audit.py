"""Control actions in the audit log: the intent before it acts, the outcome after (design invariant 7)."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal, Protocol

from controller.ports import Clock, Store
from schemas.audit import AuditEntry, AuditRecord, Outcome
from schemas.halts import ACCOUNT, HaltSource

_CHANNELS: dict[str, Literal["cli", "api", "monitor", "gate", "controller"]] = {
    HaltSource.CLI: "cli",
    HaltSource.API: "api",
    HaltSource.MONITOR: "monitor",
    HaltSource.GATE: "gate",
}
_ACCOUNT_EVENTS = ("emergency.resume", "emergency.pause_new_orders", "emergency.halt_trading", "emergency.halt_all")
_STRATEGY_EVENTS = ("strategy.resume", "strategy.pause", "strategy.halt", "strategy.halt")


class JournalRecord(Protocol):
    """What the audit needs of one record of the halt journal; ``mode`` and ``source`` are the latch's numbers."""

    @property
    def id(self) -> str:
        """Id of the halt, hex."""
        ...

    @property
    def kind(self) -> str:
        """``raise``, ``reason``, ``release`` …"""
        ...

    @property
    def scope(self) -> str:
        """``account`` or ``strategy:<uid>``."""
        ...

    @property
    def mode(self) -> int:
        """Rank of the mode."""
        ...

    @property
    def wall_ns(self) -> int:
        """Unix time in nanoseconds."""
        ...

    @property
    def pid(self) -> int:
        """Process that wrote it."""
        ...

    @property
    def uid(self) -> int:
        """User that wrote it."""
        ...

    @property
    def source(self) -> int:
        """Index into :class:`schemas.halts.HaltSource`."""
        ...

    @property
    def actor(self) -> str:
        """Who."""
        ...

    @property
    def reason(self) -> str:
        """Why; may be empty."""
        ...


class Action:
    """A control action under way. Say what came of it by :meth:`result`; otherwise it is ``done``."""

    def __init__(self, intent: AuditRecord) -> None:
        self.intent = intent
        self.outcome: Outcome = "done"
        self.after = intent.entry.after
        self.details = ""

    @property
    def audit_id(self) -> str:
        """Id that intent and outcome share."""
        return self.intent.entry.audit_id

    def result(self, outcome: Outcome, *, after: str = "", details: str = "") -> None:
        """What the outcome record will say."""
        self.outcome, self.details = outcome, details
        self.after = after or self.after


def new_audit_id(wall_ns: int) -> str:
    """``aud-20260119-102345-5f3a9c``: UTC second of the act and six random hex digits against twins."""
    moment = datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC)
    return f"aud-{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


@contextmanager
def control_action(store: Store, clock: Clock, entry: AuditEntry) -> Iterator[Action]:
    """Write ``entry`` as intent (durable), run the body, write its outcome: ``done``, what the body said, or
    ``failed`` with the error, which goes on. An entry without an audit id gets one.

    Raises StoreUnavailable before the body when the intent cannot be written: then nothing may act.
    """
    named = {"kind": "intent", "audit_id": entry.audit_id or new_audit_id(entry.at_ns)}
    action = Action(store.append_audit(entry.model_copy(update=named)))
    try:
        yield action
    except BaseException as error:
        action.result("failed", details=f"{type(error).__name__}: {error}")
        _close(store, clock, action)
        raise
    _close(store, clock, action)


def close_open_intents(store: Store, clock: Clock, readback: Callable[[AuditRecord], str]) -> Sequence[AuditRecord]:
    """Close every intent that a crash left open as ``unknown``, with what ``readback`` finds now; at boot only.

    Returns the outcome records.
    """
    closed = []
    for intent in store.open_intents():
        action = Action(intent)
        action.result("unknown", after=readback(intent), details="the process ended before the outcome was written")
        closed.append(_close(store, clock, action))
    return closed


def _close(store: Store, clock: Clock, action: Action) -> AuditRecord:
    outcome = {
        "at_ns": clock.wall_ns(),
        "kind": "outcome",
        "intent": action.intent.seq,
        "outcome": action.outcome,
        "after": action.after,
        "details": action.details,
        "level": "error" if action.outcome in ("failed", "unknown") else action.intent.entry.level,
    }
    return store.append_audit(action.intent.entry.model_copy(update=outcome))


def fold_journal(store: Store, records: Iterable[JournalRecord]) -> Sequence[AuditRecord]:
    """Bring the halt journal into the chain: one fact per halt id and kind, however often it is called.

    Returns what was added, in the journal's order.
    """
    entries = {entry.audit_id: entry for entry in map(_journal_entry, records)}
    known = store.audited(entries.keys()) if entries else frozenset()
    return [store.append_audit(entry) for key, entry in entries.items() if key not in known]


def _journal_entry(record: JournalRecord) -> AuditEntry:
    events = _ACCOUNT_EVENTS if record.scope == ACCOUNT else _STRATEGY_EVENTS
    raised = record.kind == "raise"
    source = list(HaltSource)[record.source]
    return AuditEntry(
        at_ns=record.wall_ns,
        event=events[record.mode] if raised else f"halt.{record.kind}",
        actor=record.actor or f"uid {record.uid}",
        channel=_CHANNELS.get(source, "controller"),
        level="critical" if raised else "warn",
        scope=record.scope,
        reason=record.reason,
        audit_id=f"halt-{record.id}-{record.kind}",
        details=f"halt {record.id}, pid {record.pid}, uid {record.uid}",
    )
