"""Make a latch pair whole again, halted: a half is missing, damaged, of no book or of another pair (ON ANOMALY).

For the lease holder alone. Nothing is renamed, unlinked or cut: a word that still stands in a damaged raise file binds
on. No gate reads a pair whose halves differ, so they agree only once the halt is in; killed at any step, the next call
goes on from there.
"""

import os
import sys
import time
from pathlib import Path

from controller.latch.filesystem import check_filesystem
from controller.latch.layout import (
    ACCOUNT,
    FENCE_AT,
    HALT,
    HEADER_SIZE,
    NO_BOOK,
    PERMIT_MAGIC,
    RAISE_MAGIC,
    SIZE,
    Header,
    LatchError,
    LeaseHeld,
    is_sealed,
    pack_header,
    parse_header,
)
from controller.latch.raising import RaiseFile, create_raise_holding, publish, try_lock, unlock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SYNTHETIC = 5
"""Index of ``synthetic`` in :class:`schemas.halts.HaltSource`, as the latch stores it."""


class Half:
    """One file as it is found: ``problem`` empty when it is whole and of the book; ``header`` None when unreadable."""

    __slots__ = ("header", "path", "problem")

    def __init__(self, path: str, header: Header | None, problem: str) -> None:
        self.path = path
        self.header = header
        self.problem = problem


def problems(raise_path: str, permit_path: str, book16: bytes) -> list[str]:
    """What keeps the files from being the pair of this book. Raises LatchError for one that is not ours to touch."""
    raised, permit = _find(raise_path, RAISE_MAGIC, book16), _find(permit_path, PERMIT_MAGIC, book16)
    found = [half.problem for half in (raised, permit) if half.problem]
    if not found and raised.header and permit.header and raised.header.nonce16 != permit.header.nonce16:
        found = ["raise and permit are not of one pair"]
    return found


def mend(
    raise_path: str,
    permit_path: str,
    book16: bytes,
    name: "Callable[[bytes], bytes]",
    leased: tuple[int, int, int] | None = None,
) -> bytes:
    """Make both files one pair of this book that holds an account halt-all; the halt's id (16 bytes).

    ``name`` gives the id for the pair's 16-byte nonce; ``leased`` is the (device, inode, fence) of the permit whose
    lease this process holds. Raises LatchError for a half that is not ours to touch, LeaseHeld, OSError.
    """
    check_filesystem(raise_path)
    raised, permit = _find(raise_path, RAISE_MAGIC, book16), _find(permit_path, PERMIT_MAGIC, book16)
    nonce = _mend_permit(permit, book16, leased)
    halt_id = name(nonce)
    _mend_raise(raised, permit_path, book16, nonce, halt_id)
    return halt_id


def _find(path: str, magic: bytes, book16: bytes) -> Half:
    name = Path(path).name
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return Half(path, None, f"{name} was missing")
    try:
        head, status = os.pread(fd, HEADER_SIZE, 0), os.fstat(fd)
    finally:
        os.close(fd)
    try:
        header = parse_header(head, magic, name)
    except LatchError as error:
        if is_sealed(head):
            raise
        return Half(path, None, str(error))
    if header.book16 not in (book16, NO_BOOK):
        raise LatchError(f"{name}: belongs to another book ({header.book16.hex()})")
    if header.inode != status.st_ino or status.st_size < SIZE:
        return Half(path, None, f"{name} was a copy" if status.st_size >= SIZE else f"{name}: short file")
    return Half(path, header, "" if header.book16 == book16 else f"{name} was lost and made anew by a halter")


def _mend_permit(half: Half, book16: bytes, leased: tuple[int, int, int] | None) -> bytes:
    """A permit that permits and releases nothing, of a new pair; one that is whole stays. Its nonce."""
    if half.header is not None and not half.problem:
        return half.header.nonce16
    nonce = os.urandom(16)
    if not publish(half.path, PERMIT_MAGIC, book16, nonce, {}):
        _rewrite_permit(half.path, book16, nonce, leased)
    return nonce


def _rewrite_permit(path: str, book16: bytes, nonce: bytes, leased: tuple[int, int, int] | None) -> None:
    """In place, under the lease, whose fence stays."""
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        ours = leased is not None and (status.st_dev, status.st_ino) == leased[:2]
        if not ours and not try_lock(fd, 0, HEADER_SIZE):
            raise LeaseHeld(f"{path}: another controller holds the lease")
        body = bytearray(SIZE - HEADER_SIZE)
        if leased is not None and ours:
            at = FENCE_AT - HEADER_SIZE
            body[at : at + 8] = leased[2].to_bytes(8, sys.byteorder)
        _write(fd, body, HEADER_SIZE)
        _write(fd, pack_header(PERMIT_MAGIC, status.st_ino, book16, nonce), 0)
        os.fsync(fd)
        if not ours:
            unlock(fd, 0, HEADER_SIZE)
    finally:
        os.close(fd)


def _mend_raise(half: Half, permit_path: str, book16: bytes, nonce: bytes, halt_id: bytes) -> None:
    path, now = half.path, time.time_ns()
    if not Path(path).exists():
        create_raise_holding(path, permit_path, halt_id, ACCOUNT, HALT, SYNTHETIC, now)
        half = _find(path, RAISE_MAGIC, book16)
    if half.header is None:
        _seal_raise(path, book16, os.urandom(16))
    latch = RaiseFile.open(path, permit_path)
    try:
        if all(slot.halt_id != halt_id.hex() or not slot.open for slot in latch.slots()):
            latch.raise_halt(halt_id, ACCOUNT, HALT, SYNTHETIC, now)
    finally:
        latch.close()
    _seal_raise(path, book16, nonce)


def _seal_raise(path: str, book16: bytes, nonce: bytes) -> None:
    """Give the raise file its whole length and this header; every word in it stays."""
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        _write(fd, bytes(max(0, SIZE - status.st_size)), status.st_size)
        _write(fd, pack_header(RAISE_MAGIC, status.st_ino, book16, nonce), 0)
        os.fsync(fd)
    finally:
        os.close(fd)


def _write(fd: int, data: bytes | bytearray, at: int) -> None:
    if os.pwrite(fd, data, at) != len(data):
        raise OSError("latch: short write")
