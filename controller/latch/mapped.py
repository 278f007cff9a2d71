"""One file of the latch pair, opened, checked and mapped."""

import mmap
import os

from controller.latch.layout import HEADER_SIZE, SIZE, Header, LatchError, LatchMissing, parse_header

REPLACED = "replaced by another file"


class MappedFile:
    """A checked mapping. ``view`` is the file as native 8-byte words; ``data`` the mapping; ``fd`` stays open.

    Raises LatchError when the file is missing, short, unlinked, has a bad header or another inode than its header says.
    """

    __slots__ = ("_head", "data", "fd", "header", "identity", "path", "view")

    def __init__(self, path: str, magic: bytes, *, writable: bool, file_writable: bool = True) -> None:
        self.path = path
        name = os.path.basename(path)  # noqa: PTH119  # pathlib costs more than the halt itself
        try:
            self.fd = os.open(path, (os.O_RDWR if file_writable else os.O_RDONLY) | os.O_CLOEXEC)
        except FileNotFoundError:
            raise LatchMissing(f"{name}: missing") from None
        except OSError as error:
            raise LatchError(f"{name}: {error.strerror}") from error
        try:
            self.header, self.data = self._map(name, magic, writable)
        except (OSError, ValueError) as error:
            os.close(self.fd)
            raise LatchError(f"{name}: {error}") from error
        except LatchError:
            os.close(self.fd)
            raise
        self.view = memoryview(self.data).cast("Q")

    def _map(self, name: str, magic: bytes, writable: bool) -> tuple[Header, mmap.mmap]:
        status = os.fstat(self.fd)
        self.identity = (status.st_dev, status.st_ino)
        if status.st_size < SIZE:
            raise LatchError(f"{name}: short file ({status.st_size} of {SIZE} bytes)")
        if status.st_nlink == 0:
            raise LatchError(f"{name}: unlinked")
        self._head = os.pread(self.fd, HEADER_SIZE, 0)
        header = parse_header(self._head, magic, name)
        if header.inode != status.st_ino:
            raise LatchError(f"{name}: this is a copy (inode {status.st_ino}, written for {header.inode})")
        protection = mmap.PROT_READ | mmap.PROT_WRITE if writable else mmap.PROT_READ
        return header, mmap.mmap(self.fd, SIZE, mmap.MAP_SHARED, protection)

    def problem(self) -> str:
        """Empty while the path still names this file and the file is whole; else what is wrong."""
        name = os.path.basename(self.path)  # noqa: PTH119  # pathlib costs more than the halt itself
        try:
            status = os.stat(self.path)  # noqa: PTH116  # as above
        except OSError as error:
            return f"{name}: missing" if isinstance(error, FileNotFoundError) else f"{name}: {error.strerror}"
        if (status.st_dev, status.st_ino) != self.identity:
            return f"{name}: {REPLACED}"
        if status.st_nlink == 0:
            return f"{name}: unlinked"
        if status.st_size < SIZE:
            return f"{name}: short file ({status.st_size} of {SIZE} bytes)"
        return "" if self.data[:HEADER_SIZE] == self._head else f"{name}: header changed"

    def close(self) -> None:
        """Unmap and close; idempotent."""
        if self.fd >= 0:
            self.view.release()
            self.data.close()
            os.close(self.fd)
            self.fd = -1
