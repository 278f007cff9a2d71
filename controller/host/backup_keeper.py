"""The running controller's backups: one a day, and one before each change so large that it needs an acknowledgement.

Each is made by a process of its own, the daily one at the lowest priority, so that no lane of the controller waits.
"""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from controller.home import Home
from controller.host import backups
from controller.host.backups import Backup
from controller.settings import BackupSettings

FIRST_SECONDS = 30.0
"""A start is not the moment for it."""
RETRY_SECONDS = 30.0
STOP_SECONDS = 5.0
_TICK = 1.0
_log = logging.getLogger(__name__)


def begin(home: Home, why: str) -> subprocess.Popen[bytes]:
    """Start the process that makes one backup; its words go to ``logs/backup.log``."""
    path = home.logs / "backup.log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "controller.host.backup", why],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=home.root,
            env={**os.environ, "GT_RISK_HOME": str(home.root)},
            umask=0o077,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)


@dataclass(slots=True)
class BackupKeeper:
    """Makes what is due; ``done`` is called after each one that was made. Times in seconds of the monotonic clock."""

    home: Home
    settings: BackupSettings
    done: Callable[[], None] = lambda: None
    start_process: Callable[[Home, str], subprocess.Popen[bytes]] = begin
    _process: subprocess.Popen[bytes] | None = None
    _why: str = ""
    _wanted: str = ""
    _problem: str = ""
    _newest: Backup | None = None
    _daily_from: float = 0.0
    _not_before: float = 0.0
    _stopping: bool = False
    _stir: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a background thread."""
        self._daily_from = time.monotonic() + FIRST_SECONDS
        self._thread = threading.Thread(target=self._run, name="backups", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; a backup under way is given up, and nothing of it stays. Idempotent."""
        self._stopping = True
        self._stir.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(STOP_SECONDS)

    def missing(self, commit: str) -> str:
        """Empty when there is a backup from before ``commit`` took effect; else one is asked for, and this is why it is
        not there yet."""
        why = f"before {commit[:12]}"
        found, _ = backups.listed(self.home)
        if any(item.why == why for item in found):
            return ""
        if self._wanted != why:
            self._wanted, self._problem = why, ""
            self._stir.set()
        return self._problem or "a backup is made before this large change"

    def tick(self, now: float, wall_ns: int) -> None:
        """Look once: at the backup under way, else at what is wanted or due."""
        if self._process is not None:
            code = self._process.poll()
            if code is not None:
                self._process = None
                self._ended(code, now)
        elif now < self._not_before:
            return
        elif self._wanted:
            self._begin(self._wanted)
        elif now >= self._daily_from and self._is_due(wall_ns):
            self._begin(backups.DAILY)

    def _is_due(self, wall_ns: int) -> bool:
        """By what is remembered of the newest one, and then by what is on disk."""
        if not backups.is_due(self._newest, wall_ns, self.settings.every_hours):
            return False
        found, _ = backups.listed(self.home)
        self._newest = found[0] if found else None
        return backups.is_due(self._newest, wall_ns, self.settings.every_hours)

    def _begin(self, why: str) -> None:
        self._why = why
        self._process = self.start_process(self.home, why)

    def _ended(self, code: int, now: float) -> None:
        if code == 0:
            _log.info("backup made: %s", self._why)
            self._wanted = "" if self._wanted == self._why else self._wanted
            self.done()
            return
        self._not_before = now + RETRY_SECONDS
        self._problem = f"the backup before this large change failed; see {self.home.logs / 'backup.log'}"
        _log.error("backup failed (%s), exit code %d; see %s", self._why, code, self.home.logs / "backup.log")

    def _run(self) -> None:
        while not self._stopping:
            try:
                self.tick(time.monotonic(), time.time_ns())
            except OSError:
                _log.exception("backups failed, trying again")
            self._stir.wait(_TICK)
            self._stir.clear()
