"""Raise halts: one word, no lock that waits, nothing else needed. Also creates the pair.

On the fast path: imports only what loads in well under a millisecond.
"""

import fcntl
import os
import struct
import sys

from controller.latch.layout import (
    BODIES_AT,
    BODY_SIZE,
    HALT,
    NO_BOOK,
    OVERFLOW,
    OVERFLOW_AT,
    PERMIT_MAGIC,
    RAISE_MAGIC,
    RELEASED_AT,
    SIZE,
    SLOTS,
    SLOTS_AT,
    LatchError,
    SlotBody,
    is_open,
    pack_body,
    pack_header,
    pack_word,
    scope_bits,
    seq_of,
)
from controller.latch.mapped import MappedFile

_FLOCK = struct.Struct("hhqqi4x")


class Raised:
    """Where a halt stands: ``slot`` (64: the overflow word) and the ``word`` that binds."""

    __slots__ = ("slot", "word")

    def __init__(self, slot: int, word: int) -> None:
        self.slot = slot
        self.word = word


class RaiseFile:
    """The raise half, mapped for tightening. Open it anew for each halt: the file may have been replaced."""

    __slots__ = ("_permit", "_raise")

    def __init__(self, raised: MappedFile, permit: MappedFile | None) -> None:
        self._raise = raised
        self._permit = permit

    @classmethod
    def open(cls, path: str, permit_path: str = "") -> "RaiseFile":
        """Map ``path``; ``permit_path`` (default: ``permit`` beside it) tells which slots are free again.

        Without a readable permit of the same pair only never-used slots are free. Raises LatchError.
        """
        raised = MappedFile(path, RAISE_MAGIC, writable=True)
        try:
            permit = MappedFile(permit_path or sibling(path), PERMIT_MAGIC, writable=False, file_writable=False)
        except LatchError:
            return cls(raised, None)
        if permit.header.nonce16 == raised.header.nonce16:
            return cls(raised, permit)
        permit.close()
        return cls(raised, None)

    def raise_halt(self, halt_id: bytes, scope: str, mode: int, source: int, wall_ns: int) -> Raised:
        """Store one halt (16-byte ``halt_id``; ``account`` or ``strategy:<uid>``; mode 1..3); it never waits.

        Raises ValueError for an unknown scope or mode, before anything is written.
        """
        short, long = scope_bits(scope)
        start, random16 = _random()
        for step in range(SLOTS):
            slot = (start + step) % SLOTS
            if not self._is_free(slot) or not self._lock(slot):
                continue
            try:
                if self._is_free(slot):
                    word = pack_word(self._next_seq(slot), random16, short, mode)
                    body = pack_body(word, halt_id, wall_ns, os.getpid(), os.getuid(), long, mode, source)
                    self._store(slot, word, body)
                    return Raised(slot, word)
            finally:
                self._unlock(slot)
        pack_word(0, 0, short, mode)
        return self._overflow(random16)

    def slots(self) -> list[SlotBody]:
        """Every slot whose word is not zero, the overflow word (slot 64) last; ``open`` says which bind."""
        view, data = self._raise.view, self._raise.data
        found = []
        for slot in range(SLOTS):
            word = view[SLOTS_AT // 8 + slot]
            if word:
                at = BODIES_AT + slot * BODY_SIZE
                found.append(SlotBody(slot, word, self._released(slot), data[at : at + BODY_SIZE]))
        overflow = view[OVERFLOW_AT // 8]
        if overflow:
            found.append(SlotBody(OVERFLOW, overflow, self._released(OVERFLOW), b""))
        return found

    def flush(self) -> None:
        """Write the mapping to disk, other threads going on. Raises OSError.

        Under load this takes hundreds of milliseconds, so no acknowledgement waits for it.
        """
        os.fdatasync(self._raise.fd)

    def close(self) -> None:
        """Unmap and close; idempotent."""
        self._raise.close()
        if self._permit is not None:
            self._permit.close()
            self._permit = None

    def _released(self, slot: int) -> int:
        return 0 if self._permit is None else self._permit.view[RELEASED_AT // 8 + slot]

    def _is_free(self, slot: int) -> bool:
        return not is_open(self._raise.view[SLOTS_AT // 8 + slot], self._released(slot))

    def _next_seq(self, slot: int) -> int:
        word = self._raise.view[SLOTS_AT // 8 + slot]
        return seq_of(word or self._released(slot)) + 1

    def _store(self, slot: int, word: int, body: bytes) -> None:
        at = BODIES_AT + slot * BODY_SIZE
        self._raise.data[at : at + BODY_SIZE] = body
        self._raise.view[SLOTS_AT // 8 + slot] = word

    def _overflow(self, random16: int) -> Raised:
        """An account halt-all, whatever was asked: whoever overwrites whom here, nothing gets looser."""
        before = self._raise.view[OVERFLOW_AT // 8] or self._released(OVERFLOW)
        word = pack_word(seq_of(before) + 1, random16, 0, HALT)
        self._raise.view[OVERFLOW_AT // 8] = word
        return Raised(OVERFLOW, word)

    def _lock(self, slot: int) -> bool:
        return try_lock(self._raise.fd, SLOTS_AT + 8 * slot, 8)

    def _unlock(self, slot: int) -> None:
        unlock(self._raise.fd, SLOTS_AT + 8 * slot, 8)


def try_lock(fd: int, start: int, length: int) -> bool:
    """Take an exclusive open-file-description lock on a byte range, or say at once that another has it."""
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, start, length, 0))
    except (BlockingIOError, PermissionError):
        return False
    return True


def unlock(fd: int, start: int, length: int) -> None:
    """Release a byte range taken with :func:`try_lock`."""
    fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _FLOCK.pack(fcntl.F_UNLCK, os.SEEK_SET, start, length, 0))


def sibling(raise_path: str) -> str:
    """The permit file of the pair of ``raise_path``."""
    return f"{raise_path.rpartition('/')[0] or '.'}/permit"


def create_pair(raise_path: str, permit_path: str, book16: bytes) -> None:
    """Create what is missing of the pair, each file whole or not at all; existing files are never touched.

    A missing half joins the pair of the existing one. Raises LatchError when an existing half is damaged or belongs
    to another book or when the file system does not share memory, OSError when the folder cannot be written.
    """
    from controller.latch.filesystem import check_filesystem

    check_filesystem(raise_path)
    nonce = os.urandom(16)
    for path, magic in ((raise_path, RAISE_MAGIC), (permit_path, PERMIT_MAGIC)):
        if os.path.exists(path):  # noqa: PTH110  # pathlib costs more than the halt itself
            existing = MappedFile(path, magic, writable=False, file_writable=False)
            existing.close()
            if existing.header.book16 != book16:
                raise LatchError(f"{path}: belongs to another book ({existing.header.book16.hex()})")
            nonce = existing.header.nonce16
    for path, magic in ((permit_path, PERMIT_MAGIC), (raise_path, RAISE_MAGIC)):
        publish(path, magic, book16, nonce, {})


def create_raise_holding(
    raise_path: str, permit_path: str, halt_id: bytes, scope: str, mode: int, source: int, wall_ns: int
) -> Raised | None:
    """Create a missing raise file that already holds the halt; None when somebody else has created it meanwhile.

    It joins the pair of a readable permit, so gates read it, but names no book: the lease holder sees by this that an
    earlier file was lost, however late it looks. Raises OSError when the folder cannot be written.
    """
    short, long = scope_bits(scope)
    start, random16 = _random()
    slot = start % SLOTS
    nonce, before = os.urandom(16), 0
    try:
        permit = MappedFile(permit_path, PERMIT_MAGIC, writable=False, file_writable=False)
    except LatchError:
        pass
    else:
        nonce = permit.header.nonce16
        before = permit.view[RELEASED_AT // 8 + slot]
        permit.close()
    word = pack_word(seq_of(before) + 1, random16, short, mode)
    body = pack_body(word, halt_id, wall_ns, os.getpid(), os.getuid(), long, mode, source)
    parts = {SLOTS_AT + 8 * slot: word.to_bytes(8, sys.byteorder), BODIES_AT + slot * BODY_SIZE: body}
    return Raised(slot, word) if publish(raise_path, RAISE_MAGIC, NO_BOOK, nonce, parts) else None


def publish(path: str, magic: bytes, book16: bytes, nonce16: bytes, parts: dict[int, bytes]) -> bool:
    """Write a whole file under a temporary name and link it to ``path``; False when ``path`` exists already.

    ``parts`` is what it holds, by offset. Raises OSError when the folder cannot be written.
    """
    temporary = f"{path}.{os.urandom(8).hex()}"
    fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        content = bytearray(SIZE)
        header = pack_header(magic, os.fstat(fd).st_ino, book16, nonce16)
        for at, part in ((0, header), *parts.items()):
            content[at : at + len(part)] = part
        if os.pwrite(fd, content, 0) != SIZE:
            raise OSError(f"{temporary}: short write")
        os.fsync(fd)
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        os.close(fd)
        os.unlink(temporary)  # noqa: PTH108  # pathlib costs more than the halt itself
    _sync_folder(path)
    return True


def _sync_folder(path: str) -> None:
    fd = os.open(path.rpartition("/")[0] or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _random() -> tuple[int, int]:
    """(a start slot, 16 random bits)."""
    raw = os.urandom(3)
    return raw[0] % SLOTS, raw[1] << 8 | raw[2]
