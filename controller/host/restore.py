"""Put a backup's store in the place of the store, and lose nothing (ADR 0010).

What only grows stays grown: the audit log goes on from its newest record, halts are the union of both stores, a release
counts only where the journal, the last-known-good or the replaced store has it too, peaks are the higher ones. Latch,
journal, git, policies and the venue's book are not touched. What is replaced goes to ``replaced/<UTC instant>/``.
"""

import contextlib
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from controller.adapters.store import snapshot, sqlite_file
from controller.adapters.store.carry import Carried, Witness, carry_over
from controller.adapters.store.chain import Head
from controller.adapters.store.database import Database
from controller.adapters.store.head import HeadFile, read_head, write_head
from controller.adapters.store.sql import SqlStore
from controller.audit import new_audit_id
from controller.errors import Permanent, StoreUnavailable
from controller.home import Home
from controller.host import backups, pidfile
from controller.host.backups import Backup
from controller.host.supervisor import SERVICES, pid_file, pid_of
from controller.latch import journal
from controller.latch.journal_record import RELEASED
from controller.reconcile.publisher import load_last_known_good
from schemas.audit import AuditEntry, AuditRecord

_LOCK_SECONDS = 5.0
_SPARE = 64 << 20


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: ``aside`` holds what was replaced, ``carried`` what came along from there."""

    backup: Backup
    aside: Path
    carried: Carried
    audit_id: str


def restore(home: Home, chosen: Backup, actor: str, reason: str) -> Restored:
    """Restore the store from ``chosen`` (see :func:`checked`); audited, intent and outcome.

    Killed anywhere, the store is the old one or the new one, whole, and the next call starts over. Raises Permanent
    while a service runs or for a damaged backup, StoreUnavailable, OSError.
    """
    with _stopped(home):
        at_ns = time.time_ns()
        aside = home.replaced / backups.name_of(at_ns)
        for folder in (home.replaced, aside):
            folder.mkdir(mode=0o700, exist_ok=folder == home.replaced)
        staged, head = aside / "new.db", aside / "new.head"
        with HeadFile(home.audit_head, _LOCK_SECONDS).locked() as descriptor:
            _stage(chosen, staged, head)
            witness, unknown = _witness(home, read_head(descriptor))
            carried = carry_over(staged, home.store, witness)
            carried.lost += unknown
            done = Restored(chosen, aside, carried, new_audit_id(at_ns))
            intent = _intend(staged, head, carried, _entry(done, actor, reason, at_ns))
            _keep_aside(home, aside)
            staged.rename(home.store)
            _sync(home.root)
            write_head(descriptor, Head(intent.seq, intent.hash))
        head.unlink()
        _conclude(home, intent)
    return done


def checked(home: Home, wanted: str) -> Backup:
    """The backup of ``wanted`` (a UTC date or a name), every file of it as its manifest says, with room to restore it.

    Raises Permanent, StoreUnavailable.
    """
    chosen = backups.of_date(home, wanted)
    if problems := backups.damage(chosen.folder):
        raise Permanent(f"backup {chosen.name} is damaged: {'; '.join(problems[:3])}", "gt risk db status")
    wanted_bytes, free = chosen.bytes + _SPARE, shutil.disk_usage(home.root).free
    if free < wanted_bytes:
        message = f"{home.root}: the restore needs {wanted_bytes >> 20} MiB, {free >> 20} MiB are free"
        raise StoreUnavailable(message, hint=f"df -h {home.root}")
    return chosen


def refuse_while_running(home: Home) -> None:
    """Raise Permanent while any process of the service lives."""
    running = [name for name in SERVICES if pid_of(home, name) is not None]
    if running:
        raise Permanent(f"{', '.join(running)} must not run while the store is replaced", "gt risk service stop")


@contextmanager
def _stopped(home: Home) -> Iterator[None]:
    """Nothing of the service runs, and no controller starts meanwhile."""
    refuse_while_running(home)
    home.run.mkdir(mode=0o700, exist_ok=True)
    held = pidfile.hold(pid_file(home, "controller"))
    if held is None:
        raise Permanent("a controller has just been started", "gt risk service stop")
    try:
        yield
    finally:
        os.close(held)


def _stage(chosen: Backup, staged: Path, head: Path) -> None:
    """A copy of the backup's store, checked, of this release's schema. Raises Permanent."""
    for source, target in ((chosen.folder / backups.STORE, staged), (chosen.folder / backups.HEAD, head)):
        target.touch(mode=0o600)
        shutil.copyfile(source, target)
    problem = sqlite_file.problem(staged)
    report = snapshot.chain_of(staged, head) if not problem else None
    if report is not None and not report.ok:
        problem = f"its audit chain is broken at record {report.bad_seq}: {report.problem}"
    if problem:
        raise Permanent(f"backup {chosen.name} is damaged: {problem}", "gt risk db status")
    Database(staged, upgrade=True).close()


def _witness(home: Home, head: Head | None) -> tuple[Witness, list[str]]:
    """(what journal, last-known-good and audit head know, what of them cannot be read)."""
    entries, _ = journal.read_home(str(home.root))
    released = frozenset(entry.halt_id for entry in entries if entry.kind == RELEASED)
    try:
        known = load_last_known_good(home.policy)
    except ValueError as error:
        return Witness(released, "", head), [str(error)]
    if known is None:
        return Witness(released, "", head), []
    return Witness(released | known.cleared, known.commit, head), []


def _entry(done: Restored, actor: str, reason: str, at_ns: int) -> AuditEntry:
    lost = done.carried.lost
    came = f"{done.carried.records} newer audit records, all halts and the higher peaks came along"
    return AuditEntry(
        at_ns=at_ns,
        event="db.restore",
        actor=actor,
        channel="cli",
        level="critical" if lost else "warn",
        kind="intent",
        reason=reason,
        before=f"store of {backups.iso(at_ns)}, kept in {done.aside}",
        after=f"backup {done.backup.name}",
        audit_id=done.audit_id,
        details="; ".join([came, *(f"LOST {text}" for text in lost)]),
    )


def _intend(staged: Path, head: Path, carried: Carried, entry: AuditEntry) -> AuditRecord:
    """The intent, in the log that takes effect with the rename: it is there before the store acts as the store."""
    with HeadFile(head, _LOCK_SECONDS).locked() as descriptor:
        write_head(descriptor, carried.head)
    store = SqlStore(staged, head)
    try:
        record = store.append_audit(entry)
    finally:
        store.close()
    if Path(f"{staged}-wal").exists():
        raise StoreUnavailable(f"{staged}: another process reads it", hint=f"fuser -v {staged}")
    return record


def _keep_aside(home: Home, aside: Path) -> None:
    """The replaced store under a second name. A WAL that cannot be folded in goes along with it: SQLite would play it
    into the new store."""
    if home.store.exists():
        with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(home.store)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        os.link(home.store, aside / home.store.name)
    for path in sorted(home.root.glob(f"{home.store.name}-*")):
        path.rename(aside / path.name)
    shutil.copy(home.audit_head, aside / home.audit_head.name)
    _sync(aside)


def _conclude(home: Home, intent: AuditRecord) -> None:
    outcome = {"at_ns": time.time_ns(), "kind": "outcome", "intent": intent.seq, "outcome": "done"}
    store = SqlStore(home.store, home.audit_head)
    try:
        store.append_audit(intent.entry.model_copy(update=outcome))
    finally:
        store.close()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
