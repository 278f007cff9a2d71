"""``audit.head``: sequence and hash of the newest audit record, kept apart from the table."""

import fcntl
import os
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.adapters.store.chain import EMPTY, Head
from controller.errors import StoreUnavailable

_RECORD = struct.Struct("<Q32s")
_CRC = struct.Struct("<I")
SIZE = _RECORD.size + _CRC.size


class HeadFile:
    """A 44-byte record: seq u64, SHA-256, crc32. Whoever appends holds the file's lock from before the insert until
    the new head is written, so the head is never more than one record behind the table."""

    def __init__(self, path: Path, timeout: float) -> None:
        self._path = path
        self._timeout = timeout

    @contextmanager
    def locked(self) -> Iterator[int]:
        """The open file (created when absent), exclusively locked among all processes and threads.

        Raises StoreUnavailable when the lock is not free within the timeout, or the file cannot be opened.
        """
        try:
            descriptor = self._open()
        except OSError as error:
            raise StoreUnavailable(f"{self._path}: {error.strerror}", hint=f"ls -l {self._path}") from error
        try:
            self._lock(descriptor)
            yield descriptor
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        created = not self._path.exists()
        descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        if created:
            folder = os.open(self._path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        return descriptor

    def _lock(self, descriptor: int) -> None:
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    text = f"{self._path}: another process has held the lock for {self._timeout:g} s"
                    raise StoreUnavailable(text, hint=f"fuser -v {self._path}") from None
                time.sleep(0.0005)


def read_head(descriptor: int) -> Head | None:
    """The head in the file: EMPTY when there is nothing yet, None when what is there is damaged."""
    data = os.pread(descriptor, SIZE + 1, 0)
    if not data:
        return EMPTY
    if len(data) != SIZE or _CRC.unpack_from(data, _RECORD.size)[0] != zlib.crc32(data[: _RECORD.size]):
        return None
    seq, digest = _RECORD.unpack_from(data)
    return Head(seq, digest.hex())


def write_head(descriptor: int, head: Head) -> None:
    """Replace the head, durably. Raises StoreUnavailable."""
    record = _RECORD.pack(head.seq, bytes.fromhex(head.hash))
    data = record + _CRC.pack(zlib.crc32(record))
    try:
        if os.pwrite(descriptor, data, 0) != SIZE:
            raise OSError("short write")
        os.ftruncate(descriptor, SIZE)
        os.fdatasync(descriptor)
    except OSError as error:
        raise StoreUnavailable(f"audit head: {error}", hint="df -h") from error
