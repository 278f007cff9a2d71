"""The lease over the permit file, also when the file is replaced under it (safety sections 3 and 6).

Standard library and latch only: the light boot takes it.
"""

from controller.errors import LeaseLost
from controller.latch.layout import BOOT_AT, FENCE_AT, HEADER_SIZE, PERMIT_MAGIC, LeaseHeld
from controller.latch.mapped import MappedFile
from controller.latch.permit import PermitFile
from controller.latch.raising import unlock

_HINT = "gt-risk service status"


class Lease(PermitFile):
    """A permit file whose every write first looks whether the fence is still this holder's.

    Each write raises LatchError without the lease and LeaseLost once another fence is in the file.
    """

    def __init__(self, path: str) -> None:
        """Map ``path``. Raises LatchError."""
        super().__init__(path)
        self._mine = 0
        self._old: list[MappedFile] = []

    def take(self, above: int = 0) -> int:
        """Take the lease with a fence above ``above`` and above the file's own; the fence. Raises LeaseHeld."""
        self._mine = 0
        fence = super().acquire()
        if fence <= above:
            self._put(FENCE_AT, above + 1)
        self._mine = self.fence
        return self._mine

    def reopen(self) -> int:
        """Take the lease again on the file that the path names now; the new fence, above the old one.

        The old mapping stays until the end: another thread may be about to write it. Raises LatchError, and LeaseLost
        when another controller has the new file.
        """
        before, file = self._mine, MappedFile(self._file.path, PERMIT_MAGIC, writable=True)
        if file.identity == self._file.identity:
            unlock(self._file.fd, 0, HEADER_SIZE)
        self._old.append(self._file)
        self._held, self._mine, self._file = False, 0, file
        try:
            return self.take(before)
        except LeaseHeld as error:
            raise LeaseLost(str(error), _HINT) from error

    @property
    def held(self) -> tuple[int, int, int]:
        """(device, inode) of the file that this lease is over, and its fence, whatever stands in the file now."""
        return *self._file.identity, self._mine

    @property
    def boot64(self) -> int:
        """The boot in which the permit was written last."""
        return self._file.view[BOOT_AT // 8]

    def lost(self) -> str:
        """Empty while the fence in the file is this holder's, or while the lease is being taken."""
        now = self.fence
        return "" if self._mine in (0, now) else f"fence {self._mine} is now {now}: another controller has the lease"

    def close(self) -> None:
        """Give up the lease and unmap; idempotent."""
        while self._old:
            self._old.pop().close()
        super().close()

    def _require_lease(self) -> None:
        super()._require_lease()
        if self._mine and (problem := self.lost()):
            raise LeaseLost(problem, _HINT)
