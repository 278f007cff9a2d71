"""The gate's view of the latch: two memory comparisons an order, a parse only when something changed.

Safety section 3, GATE ON ANOMALY. Nothing here loosens by itself: a word that was seen binds until its release.
"""

import os

from controller.latch.filesystem import check_filesystem
from controller.latch.layout import (
    FREEZE,
    HALT,
    NO_BOOK,
    OVERFLOW_AT,
    PERMIT_END,
    PERMIT_LIMIT_NS,
    PERMIT_MAGIC,
    POLICY_AT,
    RAISE_MAGIC,
    RELEASED_AT,
    SLOTS,
    SLOTS_AT,
    SLOTS_END,
    TICKET_AT,
    UNTIL_AT,
    LatchError,
    boot64,
    is_open,
    is_valid,
    mode_of,
    scope_of,
)
from controller.latch.mapped import MappedFile
from controller.latch.ticket import TICKET_SIZE, Ticket, parse_ticket

CHECK_NS = 50_000_000
_TRIES = 3
_UNTIL = UNTIL_AT // 8
_BOOT_ID = "/proc/sys/kernel/random/boot_id"


class LatchState:
    """What the latch says now; an unchanged latch gives the identical object.

    ``mode`` 0 normal, 1 pause, 2 freeze, 3 halt-all (account); ``strategy_modes`` scope24 → 1..3;
    ``permit`` ``ok``, or why only reducing orders pass: ``expired`` ``too-far`` ``other-boot`` ``never`` ``missing``;
    ``policy_version``, ``policy_digest24``, ``fence`` as the permit names them (the last known while it is missing);
    ``words`` the slot words that bind; ``ticket`` a liquidation's, expired or not;
    ``anomaly`` empty, or what is wrong with the files (then ``mode`` ≥ freeze).
    """

    __slots__ = (
        "anomaly",
        "fence",
        "mode",
        "permit",
        "policy_digest24",
        "policy_version",
        "strategy_modes",
        "ticket",
        "words",
    )

    def __init__(
        self,
        words: tuple[int, ...],
        permit: str,
        policy: int,
        fence: int,
        anomaly: str,
        ticket: Ticket | None = None,
    ) -> None:
        self.words = words
        self.ticket = ticket
        self.permit = permit
        self.policy_version = policy >> 24
        self.policy_digest24 = policy & 0xFFFFFF
        self.fence = fence
        self.anomaly = anomaly
        self.mode = FREEZE if anomaly else 0
        self.strategy_modes: dict[int, int] = {}
        for scope, mode in map(meaning, words):
            if scope:
                self.strategy_modes[scope] = max(self.strategy_modes.get(scope, 0), mode)
            else:
                self.mode = max(self.mode, mode)

    def same_as(self, other: "LatchState") -> bool:
        """Whether both say the same."""
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)


def meaning(word: int) -> tuple[int, int]:
    """(scope24, mode) of a word that is not zero; a malformed one is an account halt-all."""
    return (scope_of(word), mode_of(word)) if is_valid(word) else (0, HALT)


def passed(word: int, released: int) -> bool:
    """Whether a slot's release has reached ``word``: its sequence is at or beyond the word's (modulo 2^16)."""
    return released != 0 and (released >> 48) - (word >> 48) & 0xFFFF < 0x8000


def covers(newer: int, older: int) -> bool:
    """Whether the word ``newer`` restricts at least what ``older`` does."""
    (new_scope, new_mode), (old_scope, old_mode) = meaning(newer), meaning(older)
    return (new_scope, new_mode) == (0, HALT) or (new_scope == old_scope and new_mode >= old_mode)


class LatchReader:
    """Reads one latch pair for a gate. Never creates, never writes; :meth:`poll` raises nothing.

    ``book16`` (None: any) must be the pair's book.
    """

    __slots__ = (
        "_book16",
        "_boot64",
        "_carried",
        "_identity",
        "_in_time",
        "_next_check",
        "_pair",
        "_paths",
        "_permit",
        "_permit_seen",
        "_raise",
        "_raise_seen",
        "_seen",
        "_state",
        "_until",
        "_until_seen",
        "_vanished",
    )

    def __init__(self, raise_path: str, permit_path: str, book16: bytes | None = None) -> None:
        self._paths = (os.fspath(raise_path), os.fspath(permit_path))
        self._book16 = book16
        self._boot64 = read_boot64()
        self._pair: tuple[MappedFile, MappedFile] | None = None
        self._identity: tuple[int, int] | None = None
        self._raise_seen = self._permit_seen = b""
        self._in_time = False
        self._until_seen = 0
        self._next_check = 0
        self._seen = [0] * (SLOTS + 1)
        self._vanished: list[tuple[int, int]] = []
        self._carried: list[int] = []
        self._state = LatchState((), "missing", 0, 0, "latch: not read yet")

    def poll(self, boot_ns: int) -> LatchState:
        """The state at ``boot_ns`` (CLOCK_BOOTTIME); the identical object while nothing has changed."""
        if boot_ns >= self._next_check:
            self._check(boot_ns)
        if self._pair is None:
            return self._state
        until = self._until[_UNTIL]
        in_time = 0 < until - boot_ns <= PERMIT_LIMIT_NS
        if (
            in_time is self._in_time
            and (in_time or until == self._until_seen)
            and self._raise[OVERFLOW_AT:SLOTS_END] == self._raise_seen
            and self._permit[POLICY_AT:PERMIT_END] == self._permit_seen
        ):
            return self._state
        return self._refresh(boot_ns)

    def reread(self, boot_ns: int) -> LatchState:
        """As :meth:`poll`, but checks paths and files now: for a barrier, which must see a replaced file too."""
        self._next_check = 0
        return self.poll(boot_ns)

    def close(self) -> None:
        """Unmap; :meth:`poll` opens again."""
        if self._pair is not None:
            for file in self._pair:
                file.close()
            self._pair = None
        self._next_check = 0

    def _check(self, boot_ns: int) -> None:
        self._next_check = boot_ns + CHECK_NS
        problem = "latch: not open"
        if self._pair is not None:
            problem = next((text for file in self._pair if (text := file.problem())), "")
            if problem:
                self.close()
                self._next_check = boot_ns + CHECK_NS
        if not problem:
            return
        try:
            self._open()
        except LatchError as error:
            permit_words = (self._state.policy_version << 24 | self._state.policy_digest24, self._state.fence)
            self._publish(LatchState(self._remembered(), "missing", *permit_words, str(error)))

    def _open(self) -> None:
        raise_path, permit_path = self._paths
        check_filesystem(raise_path)
        raised = MappedFile(raise_path, RAISE_MAGIC, writable=False)
        try:
            permit = MappedFile(permit_path, PERMIT_MAGIC, writable=False)
        except LatchError:
            raised.close()
            raise
        problem = self._mismatch(raised, permit)
        if problem:
            raised.close()
            permit.close()
            raise LatchError(problem)
        if self._identity not in (None, raised.identity):
            self._carried = list(self._remembered())
            self._seen = [0] * (SLOTS + 1)
            self._vanished = []
        self._identity = raised.identity
        self._pair = (raised, permit)
        self._raise, self._permit, self._until = raised.data, permit.data, permit.view
        self._raise_seen = b""

    def _mismatch(self, raised: MappedFile, permit: MappedFile) -> str:
        if raised.header.nonce16 != permit.header.nonce16:
            return "latch: raise and permit are not of one pair"
        books = {permit.header.book16} | ({raised.header.book16} - {NO_BOOK})
        known = {self._book16} if self._book16 is not None else set[bytes]()
        return "latch: this pair belongs to another book" if len(books | known) > 1 else ""

    def _refresh(self, boot_ns: int) -> LatchState:
        assert self._pair is not None
        self._raise_seen = self._raise[OVERFLOW_AT:SLOTS_END]
        self._permit_seen = self._permit[POLICY_AT:PERMIT_END]
        self._until_seen = until = self._until[_UNTIL]
        self._in_time = 0 < until - boot_ns <= PERMIT_LIMIT_NS
        binding = self._binding()
        policy, fence, boot = self._until[POLICY_AT // 8 : POLICY_AT // 8 + 3].tolist()
        reason = _permit_reason(until, boot_ns, boot == self._boot64 != 0)
        raw = self._permit_seen[TICKET_AT - POLICY_AT : TICKET_AT - POLICY_AT + TICKET_SIZE]
        anomaly = "latch: raise was lost and made anew" if self._pair[0].header.book16 == NO_BOOK else ""
        return self._publish(LatchState(binding, reason, policy, fence, anomaly, parse_ticket(raw, self._boot64)))

    def _publish(self, state: LatchState) -> LatchState:
        if not state.same_as(self._state):
            self._state = state
        return self._state

    def _binding(self) -> tuple[int, ...]:
        extra: set[int] = set()
        for _ in range(_TRIES):
            words, released = self._read()
            if (words, released) == self._read():
                break
            extra.update(word for word, gone in zip(words, released, strict=True) if is_open(word, gone))
        else:
            self._raise_seen = b""
        present = set(self._fold(words, released))
        self._carried = [old for old in self._carried if not any(covers(new, old) for new in present)]
        if self._raise_seen:
            extra.clear()
        return tuple(sorted(present | extra | set(self._remembered())))

    def _read(self) -> tuple[list[int], list[int]]:
        """(64 slot words and the overflow word, the same of the releases), each word in one aligned move."""
        assert self._pair is not None
        raised, permit = self._pair[0].view, self._pair[1].view
        words = raised[SLOTS_AT // 8 : SLOTS_END // 8].tolist()
        words.append(raised[OVERFLOW_AT // 8])
        released = permit[RELEASED_AT // 8 : PERMIT_END // 8].tolist()
        return words, released

    def _fold(self, words: list[int], released: list[int]) -> list[int]:
        """Take one consistent reading into the memory of seen words; the words that are open in it."""
        self._vanished = [(slot, word) for slot, word in self._vanished if not passed(word, released[slot])]
        present = []
        for slot, (word, gone) in enumerate(zip(words, released, strict=True)):
            before, now = self._seen[slot], word if is_open(word, gone) else 0
            if before and before != now and not passed(before, gone):
                self._vanished.append((slot, before))
            self._seen[slot] = now
            if now:
                present.append(now)
        return present

    def _remembered(self) -> tuple[int, ...]:
        return tuple(sorted({*filter(None, self._seen), *(word for _, word in self._vanished), *self._carried}))


def _permit_reason(until: int, boot_ns: int, this_boot: bool) -> str:
    if until == 0:
        return "never"
    if not this_boot:
        return "other-boot"
    if until <= boot_ns:
        return "expired"
    return "ok" if until - boot_ns <= PERMIT_LIMIT_NS else "too-far"


def read_boot64() -> int:
    """64 bits of this boot's id; 0 where the kernel tells none (then no permit is ever this boot's)."""
    try:
        with open(_BOOT_ID, encoding="ascii") as file:  # noqa: PTH123  # pathlib costs more than the halt itself
            return boot64(file.read())
    except OSError:
        return 0
