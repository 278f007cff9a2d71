"""Rescue files of the halt journal are taken in again: journal, audit log, and only then they go."""

import logging
import time
from pathlib import Path

from controller.errors import StoreUnavailable
from controller.home import Home
from controller.latch import journal, journal_mend
from controller.reconcile.halt_desk import HaltDesk
from controller.reconcile.troubles import Troubles

QUIET_NS = 60_000_000_000
"""A halter may still be writing to a younger one."""
_log = logging.getLogger(__name__)


class Rescue:
    """Looks at the rescue files of one home; for the lease holder, on one thread."""

    def __init__(self, home: Home, desk: HaltDesk) -> None:
        self._home = home
        self._desk = desk
        self._troubles = Troubles(_log)

    def take_in(self) -> None:
        """Every quiet, undamaged rescue file: its records into the journal and the audit log, then the file away.

        What cannot be done now is logged once and tried again at the next call.
        """
        quiet = [path for path in map(Path, journal.rescue_files(str(self._home.root))) if _is_quiet(path)]
        whole = [path for path in quiet if journal.examine(str(path))[1] is None]
        try:
            for path in whole:
                journal_mend.take_in(str(self._home.journal), str(path))
            if whole:
                self._desk.fold_journal()
            for path in whole:
                path.unlink()
                _log.warning("%s: its halts are in the journal and the audit log again, removed", path)
        except (StoreUnavailable, OSError) as error:
            self._troubles.tell("rescue files of the journal wait", str(error))
        else:
            self._troubles.tell("rescue files of the journal wait", "")


def _is_quiet(path: Path) -> bool:
    try:
        return time.time_ns() - path.stat().st_mtime_ns > QUIET_NS
    except FileNotFoundError:
        return False
