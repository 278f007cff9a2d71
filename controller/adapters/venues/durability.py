"""Append-only journal with snapshots: what was appended survives SIGKILL at any moment, whole or not at all.

``journal-<n>`` holds the records made after ``snapshot-<n>`` (no snapshot 0). One record is one line: the CRC-32
of its text, continued from the record before (the first from ``n``), then the JSON text. A record is one write(2).
A last line that is torn is cut off; damage before the last line is never skipped but reported.
"""

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

_PREFIX = len("00000000 ")
_encode = json.JSONEncoder(separators=(",", ":")).encode


class JournalDamaged(Exception):
    """The journal or a snapshot does not check; the message names file, byte and the next command."""


class JournalBusy(Exception):
    """Another process has the journal open: two writers would destroy it."""


class Journal:
    """The journal of one folder, locked while it is open. ``written`` counts the records since the snapshot.

    Raises JournalBusy. The kernel drops the lock with the process, so nothing is left behind by SIGKILL.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _locked(folder / "lock")
        self._number = max((_number(path) for path in folder.glob("snapshot-*")), default=0)
        self._fd = -1
        self._size = 0
        self._crc = 0
        self._dirty = False
        self._fresh = False
        self.written = 0

    def recover(self, restore: Callable[[Any], None], replay: Callable[[Any], None]) -> None:
        """Hand the newest snapshot (if any) to ``restore``, then each record since to ``replay``; ready to append.

        Raises JournalDamaged, changing no file. Whatever is raised, the journal is closed then.
        """
        try:
            self._recover(restore, replay)
        except BaseException:
            self.close()
            raise

    def _recover(self, restore: Callable[[Any], None], replay: Callable[[Any], None]) -> None:
        snapshot = self._folder / f"snapshot-{self._number}"
        if self._number:
            restore(_checked_snapshot(snapshot))
        path = self._folder / f"journal-{self._number}"
        data = path.read_bytes() if path.exists() else b""
        self._crc, position = self._number, 0
        while (end := data.find(b"\n", position)) >= 0:
            line = data[position:end]
            crc = crc32(line[_PREFIX:], self._crc)
            if line[:_PREFIX] != b"%08x " % crc:
                break
            replay(json.loads(line[_PREFIX:]))
            self._crc, position = crc, end + 1
            self.written += 1
        if b"\n" in data[position:].rstrip(b"\n"):
            raise JournalDamaged(f"{path}: byte {position}: damaged record before the last; next: gt risk doctor")
        self._fd, self._size = _create(path, position), position
        self._dirty = self._fresh = True

    def append(self, record: object) -> None:
        """Write one record; durable against SIGKILL on return. OSError: nothing was written."""
        text = _text(record)
        crc = crc32(text, self._crc)
        line = b"%08x %s\n" % (crc, text)
        try:
            if os.write(self._fd, line) != len(line):
                raise OSError("the journal's disk is full")
        except OSError:
            os.ftruncate(self._fd, self._size)
            raise
        self._size += len(line)
        self._crc = crc
        self._dirty = True
        self.written += 1

    def snapshot(self, state: object) -> None:
        """Make ``state`` the new beginning. Atomic; waits for the disk. The next :meth:`sync` drops what was before it.

        OSError: nothing has changed. Nothing can fail after the rename, which is what counts on recovery.
        """
        number, text = self._number + 1, _text(state)
        fd = _create(self._folder / f"journal-{number}", 0)
        try:
            temporary = self._folder / "snapshot.new"
            _write_whole(temporary, b"%08x %s\n" % (crc32(text), text))
            temporary.rename(self._folder / f"snapshot-{number}")
        except OSError:
            os.close(fd)
            raise
        os.close(self._fd)
        self._fd, self._number, self._crc, self._size, self.written = fd, number, number, 0, 0
        self._dirty = self._fresh = True

    def sync(self) -> None:
        """Everything so far survives a loss of power too, also what was recovered. OSError: perhaps it does not."""
        if not self._dirty:
            return
        os.fdatasync(self._fd)
        if self._fresh:
            self._sync_folder()
            self._drop_older()
        self._dirty = self._fresh = False

    def close(self) -> None:
        """Sync and release; idempotent."""
        if self._fd >= 0:
            self.sync()
            os.close(self._fd)
            self._fd = -1
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _drop_older(self) -> None:
        for path in [*self._folder.glob("snapshot-*"), *self._folder.glob("journal-*")]:
            if _number(path) < self._number:
                path.unlink()

    def _sync_folder(self) -> None:
        fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _locked(path: Path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise JournalBusy(f"{path.parent} is in use by another gate; next: gt risk service status") from None
    return fd


def _create(path: Path, size: int) -> int:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.ftruncate(fd, size)
    return fd


def _write_whole(path: Path, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(fd)


def _text(value: object) -> bytes:
    return _encode(value).encode()


def _number(path: Path) -> int:
    return int(path.name.rpartition("-")[2])


def _checked_snapshot(path: Path) -> Any:
    data = path.read_bytes().rstrip(b"\n")
    text = data[_PREFIX:]
    if data[:_PREFIX] != b"%08x " % crc32(text):
        raise JournalDamaged(f"{path}: byte 0: damaged snapshot; next: gt risk doctor")
    return json.loads(text)
