"""CONTROLLER ON ANOMALY (safety section 3): the latch pair is gone, replaced or damaged while the controller runs.

What it held is unknown, so a synthetic halt ``latch-lost`` binds first; then everything open is raised again, the
lease is taken on the new file and the policy is named in it.
"""

import logging
from collections.abc import Callable

from controller.errors import LeaseLost, StoreUnavailable
from controller.home import Home
from controller.latch import journal
from controller.latch.journal_record import Entry
from controller.latch.layout import RAISE_MAGIC, LatchError, LeaseHeld
from controller.latch.mapped import REPLACED, MappedFile
from controller.ports import Clock, Store
from controller.reconcile.boot import book16, released, restore_pair
from controller.reconcile.halt_desk import HaltDesk
from controller.reconcile.lease import Lease
from schemas.audit import AuditEntry
from schemas.desired import Desired

_log = logging.getLogger(__name__)


class LatchGuard:
    """Watches the pair of one book. For one thread.

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
        self._problem = ""

    def check(self) -> bool:
        """Look, and repair what can be; whether anything was repaired.

        Raises LeaseLost when another controller has the new permit file. What cannot be repaired (a half of another
        book, a folder that cannot be written) is logged once: the gate freezes on it by itself and the permit is not
        renewed.
        """
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
            if str(error) != self._problem:
                _log.critical("the latch cannot be repaired: %s; see: gt-risk doctor", error)
            self._problem = str(error)
            return False
        self._problem = ""
        return True

    def close(self) -> None:
        """Let go of the raise file; idempotent."""
        if self._raise is not None:
            self._raise.close()
            self._raise = None

    def _repair(self, raised: str, permit: str) -> None:
        entries, _ = journal.read_home(str(self._home.root))
        replaced = tuple(text for text in (raised, permit) if text.endswith(REPLACED))
        told = restore_pair(self._home, self._book, self._closed(entries), replaced, self._lease.held)
        fence = self._lease.reopen() if permit else self._lease.fence
        self._desk.reraise_open(self._desired())
        self.close()
        self._raise = _mapped(self._home)
        for text in told:
            _log.critical("%s", text)
            self._audit(text)
        self._restored(fence)

    def _closed(self, entries: list[Entry]) -> frozenset[str]:
        """Ids that somebody has cleared; a store that is down knows none."""
        desired = self._desired()
        known = released(entries) | (desired.cleared.keys() if desired is not None else set())
        try:
            return known | self._store.released()
        except StoreUnavailable:
            return known

    def _audit(self, text: str) -> None:
        now = self._clock.wall_ns()
        entry = AuditEntry(
            at_ns=now,
            event="latch.lost",
            actor="controller",
            channel="controller",
            level="critical",
            audit_id=f"latch-lost-{now}",
            details=text,
        )
        try:
            self._store.append_audit(entry)
        except StoreUnavailable as error:
            _log.error("the lost latch is not in the audit log: %s; its halt is in the journal", error)


def _mapped(home: Home) -> MappedFile | None:
    """The raise file held open, so that its inode is not given to another file meanwhile."""
    try:
        return MappedFile(str(home.raise_file), RAISE_MAGIC, writable=False)
    except LatchError:
        return None
