"""CONTROLLER BOOT, the light half (safety section 3, steps 1 to 5 and 8): halts and last-known-good first.

Standard library and latch only: what was in force is in force again before anything heavy is imported.
The permit stays at 0 throughout; it starts after the first complete reconcile.
"""

import contextlib
import hashlib
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from controller.home import Home
from controller.latch import journal as journals
from controller.latch.journal_record import HALT as RAISED
from controller.latch.journal_record import Entry
from controller.latch.layout import HALT, LatchError
from controller.latch.raising import RaiseFile, create_pair, create_raise_holding
from controller.latch.reader import read_boot64
from controller.reconcile.lease import Lease
from controller.reconcile.publisher import LastKnownGood, Published, Publisher, load_last_known_good, newest_fence

SYNTHETIC = 5
"""Index of ``synthetic`` in :class:`schemas.halts.HaltSource`, as the latch stores it."""
LONG_EXPIRY_NS = 600_000_000_000
_ANOMALIES = ("damaged", "bad header", "torn record", "missing")


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


def boot(home: Home, book: str, environment: str) -> Booted:
    """Take the lease, end any permit, re-raise what is open and put the last-known-good in force.

    Raises LeaseHeld when another controller runs, LatchError when the latch cannot be used, OSError.
    """
    entries, problems = journals.read_home(str(home.root))
    lost = restore_pair(home, book16(book), entries)
    permit = Lease(str(home.permit_file))
    try:
        expired_at, silent = _expiry(home, permit)
        fence = permit.take(newest_fence(home.policy))
    except LatchError:
        permit.close()
        raise
    publisher = Publisher(
        home.policy, book, environment, fence, lambda version, digest: permit.set_policy(version, int(digest[:6], 16))
    )
    booted = Booted(home, permit, publisher, None, problems=problems + lost, expired_at=expired_at)
    try:
        booted.known_good = load_last_known_good(home.policy)
    except ValueError as error:
        booted.problems.append(str(error))
    _raise_again(booted, entries)
    _raise_anomalies(booted, entries, problems, silent)
    if booted.known_good is not None:
        newest = max(permit.policy[0], booted.known_good.version)
        booted.published = publisher.publish(booted.known_good.policies, at_least=newest)
    return booted


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


def restore_pair(home: Home, book: bytes, entries: list[Entry], replaced: tuple[str, ...] = ()) -> list[str]:
    """Make a missing half anew, never without a halt: what it held is unknown. What was done, for people.

    ``replaced``: names of halves that are there and are not the ones that were. Raises LatchError when an existing
    half is damaged or of another book, OSError when the folder cannot be written.
    """
    found = [path.name for path in (home.raise_file, home.permit_file) if not path.exists()]
    if not found and not replaced:
        return []
    found = sorted({*found, *replaced}, reverse=True)
    halt_id = synthetic_id("latch-lost", f"{' '.join(found)} {len(entries)}")
    paths = (str(home.raise_file), str(home.permit_file))
    home.raise_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = time.time_ns()
    held = None
    if not home.raise_file.exists() and not home.permit_file.exists():
        _create_permit(home, book)
    if not home.raise_file.exists():
        held = create_raise_holding(*paths, bytes.fromhex(halt_id), "account", HALT, SYNTHETIC, now)
    if held is None and halt_id not in _held(home):
        _raise(home, halt_id, "account", HALT, SYNTHETIC, now)
    create_pair(*paths, _book_of(home.raise_file, book))
    what = "replaced" if replaced else "missing"
    _record(home, halt_id, "account", now, f"latch-lost: {', '.join(found)} was {what}")
    return [f"latch: {', '.join(found)} was {what}; halted as {halt_id[:12]}"]


def _create_permit(home: Home, book: bytes) -> None:
    """The permit first and alone: the raise half then joins its pair and its book, holding the halt from the start."""
    with tempfile.TemporaryDirectory(prefix=".new-", dir=home.permit_file.parent) as folder:
        create_pair(f"{folder}/raise", f"{folder}/permit", book)
        with contextlib.suppress(FileExistsError):
            os.link(f"{folder}/permit", home.permit_file)


def _book_of(path: Path, book: bytes) -> bytes:
    """The book that an existing half is for; it was written by a halter who may not have known."""
    header = path.read_bytes()[24:40]
    return header if len(header) == 16 else book


def _raise_again(booted: Booted, entries: list[Entry]) -> None:
    """Every open halt of the journal that the raise file no longer holds."""
    cleared = booted.known_good.cleared if booted.known_good else frozenset()
    held = _held(booted.home)
    for halt in journals.fold(entries).values():
        if not halt.released and halt.halt_id not in held and halt.halt_id not in cleared:
            _raise(booted.home, halt.halt_id, halt.scope, halt.mode, halt.source, halt.opened_ns)
            booted.raised.append(halt.halt_id)


def _raise_anomalies(booted: Booted, entries: list[Entry], problems: list[str], silent: int) -> None:
    """Synthetic halts for a journal that may have lost some, and for a permit that had run out for long."""
    wrong = [text for text in problems if any(word in text for word in _ANOMALIES)]
    if "journal: missing" in wrong and booted.known_good is None:
        wrong.remove("journal: missing")
    reasons = [("journal-damaged", text) for text in wrong]
    if silent > LONG_EXPIRY_NS:
        reasons.append(("permit-expired", f"the permit had run out {silent // 10**9} s before this start"))
    folded = journals.fold(entries)
    held = _held(booted.home)
    for kind, text in reasons:
        halt_id = synthetic_id(kind, text if kind == "journal-damaged" else str(booted.permit.fence))
        known = folded.get(halt_id)
        if halt_id not in held and not (known is not None and known.released):
            now = time.time_ns()
            _raise(booted.home, halt_id, "account", HALT, SYNTHETIC, now)
            _record(booted.home, halt_id, "account", now, f"{kind}: {text}")
            booted.raised.append(halt_id)


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


def _record(home: Home, halt_id: str, scope: str, wall_ns: int, reason: str) -> None:
    journal = journals.Journal(str(home.journal))
    try:
        entry = Entry(
            RAISED, halt_id, wall_ns, scope=scope, mode=HALT, source=SYNTHETIC, actor=f"pid {os.getpid()}", text=reason
        )
        journal.append(entry)
    finally:
        journal.close()


__all__ = ["Booted", "LatchError", "book16", "boot", "restore_pair", "synthetic_id"]
