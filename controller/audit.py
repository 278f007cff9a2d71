"""Control actions in the audit log: the intent before it acts, the outcome after (design invariant 7)."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

from controller.latch.journal_record import HALT, REASON, RELEASED, Entry
from controller.ports import Clock, Store
from schemas.audit import AuditEntry, AuditRecord, ChainReport, Checkpoint, Outcome
from schemas.halts import ACCOUNT, HaltSource

_CHANNELS: dict[str, Literal["cli", "api", "monitor", "gate", "controller"]] = {
    HaltSource.CLI: "cli",
    HaltSource.API: "api",
    HaltSource.MONITOR: "monitor",
    HaltSource.GATE: "gate",
}
_WAY: ContextVar[Literal["cli", "api"]] = ContextVar("way", default="cli")
_ACCOUNT_EVENTS = ("emergency.normal", "emergency.pause_new_orders", "emergency.halt_trading", "emergency.halt_all")
_STRATEGY_EVENTS = ("strategy.active", "strategy.pause", "strategy.halt", "strategy.halt")


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
def asked_through(way: Literal["cli", "api"]) -> Iterator[None]:
    """What people do in the block came by ``way``, whatever part of the controller writes it down."""
    token = _WAY.set(way)
    try:
        yield
    finally:
        _WAY.reset(token)


@contextmanager
def control_action(store: Store, clock: Clock, entry: AuditEntry) -> Iterator[Action]:
    """Write ``entry`` as intent (durable), run the body, write its outcome: ``done``, what the body said, or
    ``failed`` with the error, which goes on. An entry without an audit id gets one; a person's (channel ``cli``) gets
    the way that the request came (:func:`asked_through`).

    Raises StoreUnavailable before the body when the intent cannot be written: then nothing may act.
    """
    channel = _WAY.get() if entry.channel == "cli" else entry.channel
    named = {"kind": "intent", "audit_id": entry.audit_id or new_audit_id(entry.at_ns), "channel": channel}
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


def against_notes(report: ChainReport, notes: Sequence[Checkpoint], hash_at: Callable[[int], str]) -> ChainReport:
    """``report`` with what the notes in git (oldest first) say about the same chain.

    ``hash_at`` gives a record's hash in the log, empty when there is none. A log that was written anew, chain and head
    together, is bad from behind the last note that it still fits.
    """
    proved = 0
    for note in notes:
        if report.bad_seq and note.seq >= report.bad_seq:
            break
        if hash_at(note.seq) != note.hash:
            told = (
                f"record {note.seq} is not the one in the signed note {note.note[:12]}: the log was changed behind it"
            )
            return report.model_copy(update={"ok": False, "bad_seq": proved + 1, "problem": told})
        proved = note.seq
    return report.model_copy(update={"checkpoints": len(notes), "checkpointed": proved})


def fold_journal(store: Store, records: Iterable[Entry]) -> Sequence[AuditRecord]:
    """Bring the halt journal into the chain: one fact per raise and release of a halt and per piece of a reason,
    however often it is called.

    Returns what was added, in the journal's order.
    """
    entries: dict[str, AuditEntry] = {}
    for entry in map(_journal_entry, records):
        entries.setdefault(entry.audit_id, entry)
    known = store.audited(entries.keys()) if entries else frozenset()
    return [store.append_audit(entry) for key, entry in entries.items() if key not in known]


def _journal_entry(record: Entry) -> AuditEntry:
    account = record.scope in ("", ACCOUNT)
    event, key = {
        HALT: ((_ACCOUNT_EVENTS if account else _STRATEGY_EVENTS)[record.mode], "raised"),
        REASON: ("halt.reason", f"reason-{record.wall_ns}-{record.part}"),
        RELEASED: ("halt.released", "released"),
    }[record.kind]
    clearing = record.kind == RELEASED
    return AuditEntry(
        at_ns=record.wall_ns,
        event=event,
        actor=record.actor or "unknown",
        channel=_CHANNELS.get(list(HaltSource)[record.source], "controller"),
        level="critical" if record.kind == HALT else "warn",
        scope=record.scope or ACCOUNT,
        reason="" if clearing else record.text,
        revision=record.text if clearing else "",
        audit_id=f"halt-{record.halt_id}-{key}",
        details=f"halt {record.halt_id}",
    )
