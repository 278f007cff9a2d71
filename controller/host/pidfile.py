"""Pid files held by a lock: the lock says who lives, the number alone never does. Standard library only.

A service holds ``flock`` on its file for as long as it lives; the kernel drops it with the process, so a stale
number is never trusted and nothing has to be cleaned up after ``kill -9``.
"""

import fcntl
import os
import time
from pathlib import Path

_PATIENCE = 1.0
_STEP = 0.01


def hold(path: Path) -> int | None:
    """Take the lock and write our pid; the file descriptor to keep open, or None when another process has it.

    A reader's probe holds the lock for microseconds, so taking it is tried for up to one second.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + _PATIENCE
    while not _lock(descriptor, fcntl.LOCK_EX):
        if time.monotonic() >= deadline or holder(path) is not None:
            os.close(descriptor)
            return None
        time.sleep(_STEP)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def holder(path: Path) -> int | None:
    """Pid of the process that holds the lock, or None when nobody does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if _lock(descriptor, fcntl.LOCK_SH):
            return None
        text = os.pread(descriptor, 32, 0).strip()
        pid = int(text) if text.isdigit() else 0
        return pid if pid and _has_open(pid, path) else None
    finally:
        os.close(descriptor)


def signal_holder(path: Path, number: int) -> int | None:
    """Send signal ``number`` to the process that holds the lock; its pid, or None when nobody holds it."""
    pid = holder(path)
    if pid is None:
        return None
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return None
    return pid


def wait_released(path: Path, timeout: float) -> bool:
    """Wait until nobody holds the lock; False when ``timeout`` seconds were not enough."""
    deadline = time.monotonic() + timeout
    while holder(path) is not None:
        if time.monotonic() >= deadline:
            return False
        time.sleep(_STEP)
    return True


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _has_open(pid: int, path: Path) -> bool:
    """Whether ``pid`` really has the file open, where /proc can tell; the number alone could be a stale one's."""
    folder = Path(f"/proc/{pid}/fd")
    if not folder.parent.parent.joinpath("self").exists():
        return True
    target = os.path.realpath(path)
    try:
        return any(_target(link) == target for link in folder.iterdir())
    except OSError:
        return False


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""
