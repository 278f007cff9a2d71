"""Audit records: hash-chained, intent and outcome kept as two records (design invariant 7)."""

from typing import Literal

from schemas.policy import digest_of
from schemas.scalars import Model

GENESIS = "0" * 64
Outcome = Literal["", "done", "failed", "partial", "refused", "unknown"]


class AuditEntry(Model):
    """What a caller wants recorded. ``event`` as in spec 2.2.9 (``emergency.halt_all``, ``config.change``).

    ``intent`` is 0 for an intent or a plain fact, else the sequence number of the intent that this outcome closes.
    """

    at_ns: int
    event: str
    actor: str
    channel: Literal["cli", "api", "git", "monitor", "gate", "controller", "bot"]
    level: Literal["info", "warn", "error", "critical"] = "info"
    kind: Literal["intent", "outcome", "fact"] = "fact"
    intent: int = 0
    outcome: Outcome = ""
    scope: str = "account"
    reason: str = ""
    before: str = ""
    after: str = ""
    revision: str = ""
    audit_id: str = ""
    details: str = ""


class AuditRecord(Model):
    """An entry in its place in the chain: ``hash`` = SHA-256(seq, previous hash, entry)."""

    seq: int
    entry: AuditEntry
    previous: str
    hash: str


def chain_hash(seq: int, previous: str, entry: AuditEntry) -> str:
    """The hash that binds ``entry`` to its place: over (seq, previous, every field)."""
    return digest_of([seq, previous, entry.model_dump(mode="json")])


class ChainReport(Model):
    """Result of ``audit verify``: ``bad_seq`` is the first record that is changed, missing or cut off (0: none)."""

    ok: bool
    records: int
    head: str
    bad_seq: int = 0
    problem: str = ""
    open_intents: tuple[int, ...] = ()
