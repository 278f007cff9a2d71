"""CONTROLLER BOOT, the light half (safety section 3, steps 1 to 5 and 8): halts and last-known-good first.

Standard library and latch only: what was in force is in force again before anything heavy is imported.
The permit stays at 0 throughout; it starts after the first complete reconcile.
"""

import hashlib
import os
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import count

from controller.home import Home
from controller.latch import journal as journals
from controller.latch import mend
from controller.latch.journal_record import HALT as RAISED
from controller.latch.journal_record import RELEASED, Entry
from controller.latch.layout import ACCOUNT, HALT, LatchError
from controller.latch.mend import SYNTHETIC
from controller.latch.raising import RaiseFile
from controller.latch.reader import read_boot64
from controller.reconcile.expiries import NAME as EXPIRIES
from controller.reconcile.expiries import Expiries
from controller.reconcile.lease import Lease
from controller.reconcile.publisher import (
    LastKnownGood,
    Published,
    Publisher,
    canonical,
    load_last_known_good,
    newest_fence,
)

LONG_EXPIRY_NS = 600_000_000_000
_NO_STORE = "the store is missing: drawdown peaks and the audit log are gone with it"
JOURNAL_DAMAGED = "journal-damaged"
JOURNAL_LOST = (JOURNAL_DAMAGED, "journal: missing")
_ANEW = (JOURNAL_LOST[1], _NO_STORE)
"""What is made anew and can so be lost again: each loss has a halt of its own."""


@dataclass(slots=True)
class Booted:
    """What the light boot leaves: the lease, the publisher under its fence, and what it found.

    ``expired_at``: when the last permit had run out before this start (boot nanoseconds), 0 when it had not.
    """

    home: Home
    permit: Lease
    publisher: Publisher
    known_good: LastKnownGood | None
    published: Published | None = None
    problems: list[str] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)
    expired_at: int = 0


def synthetic_id(kind: str, evidence: str) -> str:
    """The deterministic id of a synthetic halt: the same evidence gives the same id, so it is cleared once."""
    return hashlib.sha256(f"gt-risk synthetic halt {kind} {evidence}".encode()).hexdigest()[:32]


def unclosed_id(kind: str, evidence: str, closed: Collection[str]) -> str:
    """As :func:`synthetic_id`, for what can happen anew: once its halt is ``closed`` the next one has another id."""
    return next(halt_id for number in count() if (halt_id := synthetic_id(kind, f"{evidence} {number}")) not in closed)


def boot(home: Home, book: str, environment: str) -> Booted:
    """Take the lease, end any permit, re-raise what is open and put the last-known-good in force.

    Raises LeaseHeld when another controller runs, LatchError when the latch cannot be used, OSError.
    """
    entries, problems = journals.read_home(str(home.root))
    known_good, unreadable = _known_good(home)
    closed = released(entries) | (known_good.cleared if known_good else frozenset())
    lost = restore_pair(home, book16(book), closed)
    permit = Lease(str(home.permit_file))
    try:
        expired_at, silent = _expiry(home, permit)
        _note_expiry(home, expired_at)
        wrong = _anomalies(home, problems, fresh=known_good is None) + _long_expiry(permit, silent)
        raised, unwritten = raise_anomalies(home, wrong, closed)
        unwritten += _reserve(home)
        fence = permit.take(newest_fence(home.policy))
    except (LatchError, OSError):
        permit.close()
        raise
    publisher = Publisher(
        home.policy, book, environment, fence, lambda version, digest: permit.set_policy(version, int(digest[:6], 16))
    )
    problems += unreadable + lost + unwritten
    booted = Booted(home, permit, publisher, known_good, problems=problems, expired_at=expired_at)
    booted.raised = raised + _raise_again(home, entries, closed)
    if known_good is not None:
        newest = max(permit.policy[0], known_good.version)
        booted.published = publisher.publish([canonical(policy) for policy in known_good.policies], at_least=newest)
    return booted


def released(entries: list[Entry]) -> frozenset[str]:
    """Ids that the journal knows as released."""
    return frozenset(entry.halt_id for entry in entries if entry.kind == RELEASED)


def _known_good(home: Home) -> tuple[LastKnownGood | None, list[str]]:
    try:
        return load_last_known_good(home.policy), []
    except ValueError as error:
        return None, [str(error)]


def book16(book: str) -> bytes:
    """The 16 bytes by which the latch knows a book."""
    return hashlib.sha256(book.encode()).digest()[:16]


def _expiry(home: Home, permit: Lease) -> tuple[int, int]:
    """(when the last permit had run out, for how long), both 0 when it had not or was ended by a clean stop.

    Of a permit of an earlier boot only the file's own time tells how long ago it was written.
    """
    ended, now = permit.until, time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    if not ended:
        return 0, 0
    if permit.boot64 != read_boot64():
        return now, max(0, time.time_ns() - home.permit_file.stat().st_mtime_ns)
    return (ended, now - ended) if ended <= now else (0, 0)


def _note_expiry(home: Home, ended: int) -> None:
    """Count it before the lease ends the evidence; the next process may be killed before it issues a permit."""
    if ended:
        boot_ns, wall_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME), time.time_ns()
        Expiries(home.policy / EXPIRIES, boot_ns, wall_ns).note(ended, boot_ns, wall_ns, followed=False)


def restore_pair(
    home: Home,
    book: bytes,
    closed: Collection[str],
    replaced: tuple[str, ...] = (),
    leased: tuple[int, int, int] | None = None,
) -> list[str]:
    """Mend what is missing or damaged of the pair, never without a halt: what it held is unknown. What was done, for
    people.

    ``closed``: ids that were cleared, never used again; ``replaced``: what says that a half is not the one that was;
    ``leased``: what :attr:`Lease.held` says. Raises LatchError for a half that is not ours to
    touch, OSError when the folder cannot be written.
    """
    paths = (str(home.raise_file), str(home.permit_file))
    found = [*mend.problems(*paths, book), *replaced]
    if not found:
        return []
    home.raise_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = f"latch-lost: {', '.join(found)}"
    halt_id = mend.mend(
        *paths, book, lambda nonce: bytes.fromhex(unclosed_id("latch-lost", nonce.hex(), closed)), leased
    ).hex()
    problem = _record(home, halt_id, text)
    return [f"{text}; halted as {halt_id[:12]}", *([problem] if problem else [])]


def _raise_again(home: Home, entries: list[Entry], closed: Collection[str]) -> list[str]:
    """Raise every open halt of the journal that the raise file no longer holds; their ids."""
    held = _held(home)
    gone = [halt for key, halt in journals.fold(entries).items() if key not in held and key not in closed]
    for halt in gone:
        _raise(home, halt.halt_id, halt.scope, halt.mode, halt.source, halt.opened_ns)
    return [halt.halt_id for halt in gone]


def _anomalies(home: Home, problems: list[str], *, fresh: bool) -> list[tuple[str, str]]:
    """(kind, text) of what says that halts or peaks may be lost; what a new home never had is not lost."""
    found = [(JOURNAL_DAMAGED, text) for text in problems if not text.endswith(journals.RESCUED)]
    if not home.store.exists() or not home.store.stat().st_size:
        found.append(("store-lost", _NO_STORE))
    return [item for item in found if not (fresh and item[1] in _ANEW)]


def _long_expiry(permit: Lease, silent: int) -> list[tuple[str, str]]:
    """A halt is due when the last permit had run out for long; named by that permit, which taking the lease ends."""
    if silent <= LONG_EXPIRY_NS:
        return []
    return [("permit-expired", f"the permit of boot {permit.boot64:016x} until {permit.until} had run out for long")]


def raise_anomalies(home: Home, wrong: list[tuple[str, str]], closed: Collection[str]) -> tuple[list[str], list[str]]:
    """Synthetic halts, each once for its evidence (kind, text); what can happen anew halts anew.

    A missing journal is made once they are in the latch. (Ids of those raised now, what could not be written.)
    """
    held, raised = _held(home), dict[str, str]()
    for kind, text in wrong:
        halt_id = unclosed_id(kind, text, closed) if text in _ANEW else synthetic_id(kind, text)
        if halt_id not in held and halt_id not in closed:
            _raise(home, halt_id, ACCOUNT, HALT, SYNTHETIC, time.time_ns())
            raised[halt_id] = f"{kind}: {text}"
    unwritten = [_make_journal(home), *(_record(home, halt_id, reason) for halt_id, reason in raised.items())]
    return list(raised), [problem for problem in unwritten if problem]


def _make_journal(home: Home) -> str:
    try:
        if not home.journal.exists():
            journals.create(str(home.journal))
    except OSError as error:
        return f"journal: {error.strerror or error}"
    return ""


def _reserve(home: Home) -> list[str]:
    """Room in the journal for the halts to come, so that a full disk stops none; what went wrong."""
    try:
        journal = journals.Journal(str(home.journal))
        try:
            journal.reserve()
        finally:
            journal.close()
    except OSError as error:
        return [f"journal: {error.strerror or error}"]
    return []


def _held(home: Home) -> set[str]:
    raised = RaiseFile.open(str(home.raise_file))
    try:
        return {slot.halt_id for slot in raised.slots() if slot.open}
    finally:
        raised.close()


def _raise(home: Home, halt_id: str, scope: str, mode: int, source: int, wall_ns: int) -> None:
    raised = RaiseFile.open(str(home.raise_file), str(home.permit_file))
    try:
        raised.raise_halt(bytes.fromhex(halt_id), scope, mode, source, wall_ns)
    finally:
        raised.close()


def _record(home: Home, halt_id: str, reason: str) -> str:
    now, actor = time.time_ns(), f"pid {os.getpid()}"
    return record(
        home, Entry(RAISED, halt_id, now, scope=ACCOUNT, mode=HALT, source=SYNTHETIC, actor=actor, text=reason)
    )


def record(home: Home, entry: Entry) -> str:
    """Bring an entry into the journal or wherever else it is found, on disk; empty, or what went wrong."""
    journal, problem = journals.record(str(home.root), entry)
    if journal is not None:
        try:
            journal.sync()
        except OSError as error:
            problem = problem or f"{journal.path}: {error.strerror}"
        finally:
            journal.close()
    return problem
