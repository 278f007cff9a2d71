"""The permit half of the latch, for the lease holder alone."""

import os

from controller.latch.layout import (
    BOOT_AT,
    FENCE_AT,
    HEADER_SIZE,
    LAST_VERIFIED_AT,
    PERMIT_MAGIC,
    POLICY_AT,
    RELEASED_AT,
    RELEASED_OVERFLOW_AT,
    SLOTS,
    TICKET_AT,
    UNTIL_AT,
    LatchError,
    LeaseHeld,
    pack_last_verified,
    parse_last_verified,
)
from controller.latch.mapped import MappedFile
from controller.latch.raising import try_lock, unlock
from controller.latch.reader import read_boot64
from controller.latch.ticket import TICKET_SIZE, Ticket, pack_ticket, parse_ticket


class PermitFile:
    """Time-limited permission, policy word, releases. Every write needs the lease (:meth:`acquire`).

    The lease is an open-file-description lock on the file's own header: the kernel drops it with this process. Fork
    without exec must not happen while it is held.
    """

    def __init__(self, path: str) -> None:
        """Map ``path``. Raises LatchError."""
        self._file = MappedFile(os.fspath(path), PERMIT_MAGIC, writable=True)
        self._held = False

    def acquire(self) -> int:
        """Take the lease, end any running permit, mark this boot; the new fence. Raises LeaseHeld."""
        if not self._held and not try_lock(self._file.fd, 0, HEADER_SIZE):
            raise LeaseHeld(f"{self._file.path}: another controller holds the lease")
        self._held = True
        self._put(UNTIL_AT, 0)
        self._put(BOOT_AT, read_boot64())
        self._put(FENCE_AT, self.fence + 1)
        return self.fence

    @property
    def fence(self) -> int:
        """The fence of the newest lease."""
        return self._file.view[FENCE_AT // 8]

    @property
    def until(self) -> int:
        """End of the permit, CLOCK_BOOTTIME nanoseconds; 0 when there is none."""
        return self._file.view[UNTIL_AT // 8]

    @property
    def policy(self) -> tuple[int, int]:
        """(version, first three bytes of the digest as a number)."""
        word = self._file.view[POLICY_AT // 8]
        return word >> 24, word & 0xFFFFFF

    def set_until(self, boot_ns: int) -> None:
        """Permit until ``boot_ns`` (CLOCK_BOOTTIME); 0 ends it. A gate accepts at most 30 s ahead."""
        self._put(UNTIL_AT, boot_ns)

    def set_policy(self, version: int, digest24: int) -> None:
        """Name the snapshot in force, in one word. Raises ValueError when a part does not fit."""
        if not (0 <= version < 1 << 40 and 0 <= digest24 < 1 << 24):
            raise ValueError(f"no policy word: version {version}, digest {digest24}")
        self._put(POLICY_AT, version << 24 | digest24)

    def release(self, slot: int, word: int) -> None:
        """Release exactly ``word`` of ``slot`` (0..63); a newer halt in the slot stays."""
        if not 0 <= slot < SLOTS:
            raise ValueError(f"no slot {slot}")
        self._put(RELEASED_AT + 8 * slot, word)

    def release_overflow(self, word: int) -> None:
        """Release exactly this overflow word; only together with every open halt."""
        self._put(RELEASED_OVERFLOW_AT, word)

    def released(self, slot: int) -> int:
        """The word last released in ``slot`` (64: overflow)."""
        return self._file.view[RELEASED_AT // 8 + slot]

    @property
    def last_verified(self) -> str:
        """The furthest verified commit; empty when none is known or its checksum is wrong."""
        return parse_last_verified(self._file.data[LAST_VERIFIED_AT : LAST_VERIFIED_AT + 24])

    def set_last_verified(self, commit: str) -> None:
        """Keep the furthest verified commit id (40 hex digits)."""
        self._require_lease()
        self._file.data[LAST_VERIFIED_AT : LAST_VERIFIED_AT + 24] = pack_last_verified(commit)

    @property
    def ticket(self) -> Ticket | None:
        """The liquidation ticket of this boot, expired or not; None when there is none."""
        return parse_ticket(self._file.data[TICKET_AT : TICKET_AT + TICKET_SIZE], read_boot64())

    def set_ticket(self, ticket: Ticket | None) -> None:
        """Issue a liquidation ticket, or take it back. A reader in between sees none: its checksum does not fit."""
        self._require_lease()
        self._file.data[TICKET_AT : TICKET_AT + TICKET_SIZE] = pack_ticket(ticket, read_boot64())

    def problem(self) -> str:
        """Empty while the path still names this whole file."""
        return self._file.problem()

    def flush(self) -> None:
        """Write the mapping to disk; may take long. Raises OSError."""
        os.fdatasync(self._file.fd)

    def close(self) -> None:
        """Give up the lease and unmap; idempotent. The permit then runs out by itself."""
        if self._held and self._file.fd >= 0:
            unlock(self._file.fd, 0, HEADER_SIZE)
        self._held = False
        self._file.close()

    def _put(self, at: int, word: int) -> None:
        self._require_lease()
        self._file.view[at // 8] = word

    def _require_lease(self) -> None:
        if not self._held:
            raise LatchError(f"{self._file.path}: written without the lease")
