"""CONTROLLER ON ANOMALY (safety section 3): latch pair or journal gone, replaced or damaged under the controller.

What they held is unknown, so a synthetic halt (transition 8) binds first; then everything open is raised or recorded
again, and of a new permit the lease is taken and the policy is named in it.
"""

import logging
import os
from collections.abc import Callable

from controller.errors import LeaseLost, StoreUnavailable
from controller.home import Home
from controller.latch import journal
from controller.latch.journal_record import Entry
from controller.latch.layout import RAISE_MAGIC, LatchError, LeaseHeld
from controller.latch.mapped import REPLACED, MappedFile
from controller.ports import Clock, Store
from controller.reconcile.boot import (
    JOURNAL_DAMAGED,
    JOURNAL_LOST,
    book16,
    raise_anomalies,
    record,
    released,
    restore_pair,
)
from controller.reconcile.halt_desk import HaltDesk
from controller.reconcile.halt_records import to_journal
from controller.reconcile.lease import Lease
from controller.reconcile.troubles import Troubles
from schemas.audit import AuditEntry
from schemas.desired import Desired

_log = logging.getLogger(__name__)


class LatchGuard:
    """Watches the pair and the journal of one book. For one thread.

    ``stop`` ends the permit before anything is repaired; ``restored`` is told after, with the new fence.
    """

    def __init__(
        self,
        home: Home,
        book: str,
        lease: Lease,
        desk: HaltDesk,
        store: Store,
        clock: Clock,
        *,
        desired: Callable[[], Desired | None],
        stop: Callable[[], None] = lambda: None,
        restored: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._home = home
        self._book = book16(book)
        self._lease = lease
        self._desk = desk
        self._store = store
        self._clock = clock
        self._desired = desired
        self._stop = stop
        self._restored = restored
        self._raise = _mapped(home)
        self._journal = _opened(home)
        self._troubles = Troubles(_log)
        self._damage: tuple[str, ...] = ()
        self._halted: tuple[str, ...] = ()

    def check(self) -> bool:
        """Look, and repair what can be; whether anything was repaired.

        Of the journal, another file in its place is a loss too; damage counts when it is there twice alike, because a
        halter may just be writing.

        Raises LeaseLost when another controller has the new permit file. What cannot be repaired (a half of another
        book, a folder that cannot be written) is logged once: the gate freezes on it by itself and the permit is not
        renewed.
        """
        return any([self._check_pair(), self._check_journal(), self._check_damage()])

    def _check_pair(self) -> bool:
        raised = "raise is not open" if self._raise is None else self._raise.problem()
        permit = self._lease.problem()
        if not raised and not permit:
            return False
        self._stop()
        try:
            self._repair(raised, permit)
        except LeaseHeld as error:
            raise LeaseLost(str(error), "gt-risk service status") from error
        except (LatchError, OSError) as error:
            self._tell("latch", str(error))
            return False
        self._tell("latch", "")
        return True

    def close(self) -> None:
        """Let go of the files; idempotent."""
        if self._raise is not None:
            self._raise.close()
            self._raise = None
        if self._journal >= 0:
            os.close(self._journal)
            self._journal = -1

    def _repair(self, raised: str, permit: str) -> None:
        entries, _ = journal.read_home(str(self._home.root))
        replaced = tuple(text for text in (raised, permit) if text.endswith(REPLACED))
        told = restore_pair(self._home, self._book, self._closed(entries), replaced, self._lease.held)
        fence = self._lease.reopen() if permit else self._lease.fence
        self._desk.reraise_open(self._desired())
        if self._raise is not None:
            self._raise.close()
        self._raise = _mapped(self._home)
        for text in told:
            self._announce("latch.lost", text)
        self._restored(fence)

    def _check_journal(self) -> bool:
        """Every open halt goes into the new one too: the old one was what made them survive power loss."""
        if not self._journal_lost():
            return False
        raised = self._halt([JOURNAL_LOST])
        if raised is None:
            return False
        for halt_id in raised:
            self._announce("journal.lost", f"{': '.join(JOURNAL_LOST)}; halted as {halt_id[:12]}")
        if self._journal >= 0:
            os.close(self._journal)
        self._journal = _opened(self._home)
        return bool(raised)

    def _check_damage(self) -> bool:
        """A damaged record may have been a halt's: one halt for this damage, until it is cleared or taken out."""
        before, self._damage = self._damage, self._desk.journal_damage()
        if self._damage != before or self._damage == self._halted:
            return False
        raised = self._halt([(JOURNAL_DAMAGED, text) for text in self._damage])
        if raised is None:
            return False
        self._halted = self._damage
        for halt_id in raised:
            self._announce("journal.damaged", f"{'; '.join(self._damage)}; halted as {halt_id[:12]}")
        return bool(raised)

    def _halt(self, wrong: list[tuple[str, str]]) -> list[str] | None:
        """Halt for what is wrong with the journal, and record everything open in it; ids of the new halts, None when
        the latch could not take them."""
        entries, _ = journal.read_home(str(self._home.root))
        try:
            raised, problems = raise_anomalies(self._home, wrong, self._closed(entries))
        except LatchError as error:
            self._tell("journal", str(error))
            return None
        problems += self._record_open()
        self._tell("journal", "; ".join(dict.fromkeys(problems)))
        return raised

    def _journal_lost(self) -> bool:
        """Whether the path names no journal, or not the one held open. What cannot be looked at is the probe's."""
        try:
            found = self._home.journal.stat()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return self._journal < 0 or not os.path.samestat(found, os.fstat(self._journal))

    def _record_open(self) -> list[str]:
        """Bring into the journal what is open and not in it; what went wrong."""
        known = journal.fold(journal.read_home(str(self._home.root))[0])
        missing = [item for item in self._desk.open_halts(self._desired()) if item.id not in known]
        return [problem for item in missing if (problem := record(self._home, to_journal(item)))]

    def _tell(self, what: str, problem: str) -> None:
        advice = f"{problem}; see: gt-risk doctor" if problem else ""
        self._troubles.tell(f"the {what} cannot be repaired", advice, logging.CRITICAL)

    def _closed(self, entries: list[Entry]) -> frozenset[str]:
        """Ids that somebody has cleared; a store that is down knows none."""
        desired = self._desired()
        known = released(entries) | (desired.cleared.keys() if desired is not None else set())
        try:
            return known | self._store.released()
        except StoreUnavailable:
            return known

    def _announce(self, event: str, text: str) -> None:
        """To the log and into the audit."""
        _log.critical("%s", text)
        now = self._clock.wall_ns()
        entry = AuditEntry(
            at_ns=now,
            event=event,
            actor="controller",
            channel="controller",
            level="critical",
            audit_id=f"{event.replace('.', '-')}-{now}",
            details=text,
        )
        try:
            self._store.append_audit(entry)
        except StoreUnavailable as error:
            _log.error("%s is not in the audit log: %s; its halt is in the journal", event, error)


def _mapped(home: Home) -> MappedFile | None:
    """The raise file held open, so that its inode is not given to another file meanwhile."""
    try:
        return MappedFile(str(home.raise_file), RAISE_MAGIC, writable=False)
    except LatchError:
        return None


def _opened(home: Home) -> int:
    """The journal held open, for the same reason; -1 when there is none."""
    try:
        return os.open(home.journal, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1
