"""Halts as the journal, the latch and the documents hold them, brought into one form."""

from controller.core.plan.effective import halt_of
from controller.latch.journal import JournalHalt
from controller.latch.journal_record import HALT, Entry
from schemas.desired import Desired, TradingMode
from schemas.halts import Halt, HaltSource

MODES = list(TradingMode)
SOURCES = list(HaltSource)


def micros(wall_ns: int) -> int:
    """Halts are named by a digest over their time as evidence writes it: in microseconds."""
    return wall_ns // 1_000 * 1_000


def rounded(item: Halt) -> Halt:
    """The halt with its time as evidence writes it."""
    return item.model_copy(update={"opened_ns": micros(item.opened_ns)})


def from_documents(desired: Desired | None) -> list[Halt]:
    """What stands below ``halts/`` of a tree."""
    return [] if desired is None else [halt_of(document) for document in desired.halts.values()]


def from_journal(item: JournalHalt) -> Halt:
    """A halt of the journal."""
    return Halt(
        id=item.halt_id,
        scope=item.scope,
        mode=MODES[item.mode],
        opened_ns=micros(item.opened_ns),
        actor=item.actor,
        source=SOURCES[item.source],
        reason=item.reason,
        durable=True,
    )


def to_journal(item: Halt) -> Entry:
    """The journal's record of a halt."""
    return Entry(
        HALT,
        item.id,
        item.opened_ns,
        scope=item.scope,
        mode=item.mode.rank,
        source=SOURCES.index(item.source),
        actor=item.actor,
        text=item.reason,
        word=item.word,
        slot=item.slot,
    )
