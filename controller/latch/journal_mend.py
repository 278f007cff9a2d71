"""Mend a halt journal in place: take out bytes that are no record, take in what rescue files hold.

Nothing is renamed or cut, so that a halter that has the file open goes on; a record that another process has changed
meanwhile is left to it.
"""

import os

from controller.latch.journal import HEAD, Damage, Journal
from controller.latch.journal_record import RECORD, parse
from controller.latch.raising import try_lock, unlock


def blank(damage: Damage) -> bool:
    """Zeros over each damaged part (the header is written anew), on disk; False when a part has changed meanwhile.

    The caller has copied the bytes, and their halt is cleared. Raises OSError.
    """
    fd = os.open(damage.path, os.O_RDWR | os.O_CLOEXEC)
    try:
        done = [_blank(fd, at, data) for at, data in damage.parts]
        os.fdatasync(fd)
    finally:
        os.close(fd)
    return all(done)


def _blank(fd: int, at: int, data: bytes) -> bool:
    if not try_lock(fd, at, RECORD):
        return False
    try:
        if os.pread(fd, len(data), at).ljust(len(data), b"\0") != data:
            return False
        os.pwrite(fd, bytes(len(data)) if at else HEAD, at)
    finally:
        unlock(fd, at, RECORD)
    return True


def take_in(journal_path: str, rescue_path: str) -> None:
    """Bring every record of a rescue file that the journal does not have into it, on disk. Raises OSError."""
    held = set(_records(journal_path))
    journal = Journal(journal_path)
    try:
        for record in _records(rescue_path):
            if record not in held:
                journal.put(record)
        journal.sync()
    finally:
        journal.close()


def _records(path: str) -> list[bytes]:
    """Whole records as they stand in a file, in its order."""
    with open(path, "rb") as file:  # noqa: PTH123  # pathlib is slow to load
        content = file.read()
    found = [content[at : at + RECORD] for at in range(RECORD, len(content), RECORD)]
    return [record for record in found if parse(record) is not None]
