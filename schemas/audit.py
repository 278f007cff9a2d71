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


class Checkpoint(Model):
    """Where the chain stood, as the bot's signed note in git says: record ``seq`` had ``hash`` while ``commit`` was in
    force. ``note`` is the note's own commit."""

    seq: int
    hash: str
    commit: str
    note: str = ""


class Evidence(Model):
    """What one apply was: the commit, its compiled policy, who signed for it, the plan, the halts that were open, and
    what the gate and the venue enforced before and after, all but ``signers`` and ``halts`` as digests."""

    commit: str
    policy: str
    signers: tuple[str, ...] = ()
    plan: str
    halts: tuple[str, ...] = ()
    before: str
    after: str

    def __str__(self) -> str:
        """One line of ``name=value`` words, lists joined by commas: the details of the outcome record."""
        values = self.model_dump()
        return " ".join(f"{name}={_word(value)}" for name, value in values.items())


def _word(value: str | tuple[str, ...]) -> str:
    joined = value if isinstance(value, str) else ",".join(value)
    return "_".join(joined.split()) or "-"


class ChainReport(Model):
    """Result of ``audit verify``: ``bad_seq`` is the first record that is changed, missing or cut off (0: none).

    ``checkpoints``: how many notes in git were compared, the newest at record ``checkpointed``.
    """

    ok: bool
    records: int
    head: str
    bad_seq: int = 0
    problem: str = ""
    open_intents: tuple[int, ...] = ()
    checkpoints: int = 0
    checkpointed: int = 0
