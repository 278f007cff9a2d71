"""The two latch files as bytes: offsets, words, header, bodies (pure; native byte order).

::

    header (both)  0 magic8 | 8 version u32, slots u32 | 16 st_ino u64 | 24 book16 | 40 nonce16 | 56 crc32 as u64
    raise   64 overflow word | 128..639 64 slot words | 1024..4095 64 bodies x 48
    permit  64 until | 72 policy word | 80 fence | 88 boot64 | 96..119 lastVerified (id20, crc4) | 120..159 liquidation
            ticket | 512..1023 released[64] | 1024 released overflow
    word    seq16 | random16 | scope24 | 0xA | mode4
    body    id16 wall_ns8 pid4 uid4 scope8 mode1 source1 pad2 crc4 (crc seeded with the word's upper half)

Imported on the halt's fast path: only modules that cost well under a millisecond.
"""

import struct
import zlib

SIZE = 4096
SLOTS = 64
OVERFLOW = SLOTS
VERSION = 1
NO_BOOK = bytes(16)
"""The book of a raise file that a halter made: what the file before it held is unknown, and nobody has halted yet."""
RAISE_MAGIC = b"GTRAISE1"
PERMIT_MAGIC = b"GTPERMT1"

HEADER_SIZE = 64
OVERFLOW_AT = 64
SLOTS_AT = 128
SLOTS_END = SLOTS_AT + 8 * SLOTS
BODIES_AT = 1024
BODY_SIZE = 48

UNTIL_AT = 64
POLICY_AT = 72
FENCE_AT = 80
BOOT_AT = 88
LAST_VERIFIED_AT = 96
TICKET_AT = 120
RELEASED_AT = 512
RELEASED_OVERFLOW_AT = 1024
PERMIT_END = RELEASED_OVERFLOW_AT + 8

PAUSE, FREEZE, HALT = 1, 2, 3
PERMIT_LIMIT_NS = 30_000_000_000
ACCOUNT = "account"
STRATEGY_PREFIX = "strategy:"

_MARK = 0xA
_SCOPES = 0xFFFFFF
_HEADER = struct.Struct("=8sIIQ16s16s")
_BODY = struct.Struct("=16sQIIQBBxx")
_CRC = struct.Struct("=I")
_LAST_VERIFIED = struct.Struct("=20sI")


class LatchError(Exception):
    """A latch file is not usable; the message names the file and what is wrong with it."""


class LatchMissing(LatchError):
    """The file does not exist."""


class LeaseHeld(LatchError):
    """Another process holds the lease on the permit file."""


def scope24(uid: str) -> int:
    """The 24 bits of a strategy in a word: 1 to 2^24 - 1. Two uids that collide are halted together."""
    return 1 + zlib.crc32(uid.encode()) % (_SCOPES)


def scope8(uid: str) -> int:
    """The 64 bits of a strategy in a body; never 0, which means the account."""
    text = uid.encode()
    return zlib.crc32(text) << 32 | zlib.adler32(text)


def uid_of(scope: str) -> str:
    """The uid in ``strategy:<uid>``, empty for ``account``. Raises ValueError for anything else."""
    if scope == ACCOUNT:
        return ""
    uid = scope.removeprefix(STRATEGY_PREFIX)
    if uid == scope or not uid:
        raise ValueError(f"{scope!r} is no scope: write account or strategy:<uid>")
    return uid


def scope_bits(scope: str) -> tuple[int, int]:
    """(24 bits for the word, 64 bits for the body) of ``account`` (0, 0) or ``strategy:<uid>``."""
    uid = uid_of(scope)
    return (scope24(uid), scope8(uid)) if uid else (0, 0)


def pack_word(seq: int, random16: int, scope: int, mode: int) -> int:
    """One 8-byte slot word; ``seq`` wraps at 2^16. Raises ValueError when a part does not fit."""
    if not (0 <= random16 <= 0xFFFF and 0 <= scope <= _SCOPES and PAUSE <= mode <= HALT):
        raise ValueError(f"no latch word: random {random16}, scope {scope}, mode {mode}")
    return (seq & 0xFFFF) << 48 | random16 << 32 | scope << 8 | _MARK << 4 | mode


def seq_of(word: int) -> int:
    """The slot's sequence number in a word."""
    return word >> 48


def scope_of(word: int) -> int:
    """0 for the account, else the strategy's :func:`scope24`."""
    return word >> 8 & _SCOPES


def mode_of(word: int) -> int:
    """1 pause, 2 freeze, 3 halt (when :func:`is_valid`)."""
    return word & 0xF


def is_valid(word: int) -> bool:
    """Whether a non-zero word is well formed; a malformed one counts as an account halt-all."""
    return word >> 4 & 0xF == _MARK and PAUSE <= word & 0xF <= HALT


def is_open(word: int, released: int) -> bool:
    """A slot is open when its word is not zero and is not the released one. The word alone decides."""
    return word != 0 and word != released


def word_hex(word: int) -> str:
    """A word as people and sockets see it: 16 lower-case hex digits."""
    return f"{word:016x}"


def pack_header(magic: bytes, inode: int, book16: bytes, nonce16: bytes) -> bytes:
    """The 64 header bytes of one file of the pair."""
    head = _HEADER.pack(magic, VERSION, SLOTS, inode, book16, nonce16)
    return head + zlib.crc32(head).to_bytes(8, "little")


class Header:
    """A checked header: ``inode``, ``book16``, ``nonce16``."""

    __slots__ = ("book16", "inode", "nonce16")

    def __init__(self, inode: int, book16: bytes, nonce16: bytes) -> None:
        self.inode = inode
        self.book16 = book16
        self.nonce16 = nonce16


def is_sealed(data: bytes) -> bool:
    """Whether the first 64 bytes carry their own checksum, whatever else they say."""
    return zlib.crc32(data[: _HEADER.size]).to_bytes(8, "little") == data[_HEADER.size : HEADER_SIZE]


def parse_header(data: bytes, magic: bytes, name: str) -> Header:
    """Check the first 64 bytes of file ``name``. Raises LatchError saying what is wrong."""
    if len(data) < HEADER_SIZE:
        raise LatchError(f"{name}: short file")
    found, version, slots, inode, book16, nonce16 = _HEADER.unpack_from(data)
    if not is_sealed(data):
        raise LatchError(f"{name}: bad header checksum")
    if found != magic or version != VERSION or slots != SLOTS:
        raise LatchError(f"{name}: bad header ({found!r}, version {version}, {slots} slots)")
    return Header(inode, book16, nonce16)


class SlotBody:
    """One slot as people and adoption see it.

    ``slot`` 0..63, or 64 for the overflow word, which has no body. ``halt_id`` is 32 hex digits, empty when the body
    is unreadable (``ok`` False): then only ``word`` is known. ``scope24``/``scope8`` are 0 for the account.
    """

    __slots__ = (
        "halt_id",
        "mode",
        "ok",
        "open",
        "os_uid",
        "pid",
        "scope8",
        "scope24",
        "slot",
        "source",
        "wall_ns",
        "word",
    )

    def __init__(self, slot: int, word: int, released: int, body: bytes) -> None:
        self.slot = slot
        self.word = word
        self.open = is_open(word, released)
        self.scope24 = scope_of(word)
        self.mode = mode_of(word) if is_valid(word) else HALT
        self.ok = bool(body) and _CRC.unpack_from(body, _BODY.size)[0] == _body_crc(body, word)
        raw, self.wall_ns, self.pid, self.os_uid, self.scope8, _, self.source = (
            _BODY.unpack_from(body) if self.ok else (b"", 0, 0, 0, 0, 0, 0)
        )
        self.halt_id = raw.hex()

    def is_of(self, uid: str) -> bool:
        """Whether this slot halts strategy ``uid`` ("" for the account); by the word alone when there is no body."""
        if not uid or not self.scope24:
            return not uid and not self.scope24
        return self.scope24 == scope24(uid) and (not self.ok or self.scope8 == scope8(uid))


def pack_body(
    word: int, halt_id: bytes, wall_ns: int, pid: int, os_uid: int, scope: int, mode: int, source: int
) -> bytes:
    """The 48 body bytes that go with ``word``; ``scope`` is the 64-bit form. The checksum binds them to the word."""
    body = _BODY.pack(halt_id, wall_ns, pid, os_uid, scope, mode, source)
    return body + _CRC.pack(_body_crc(body, word))


def _body_crc(body: bytes, word: int) -> int:
    return zlib.crc32(body[: _BODY.size], word >> 32)


def pack_last_verified(commit: str) -> bytes:
    """The 24 bytes of lastVerified: 40 hex digits and a checksum; empty clears it."""
    raw = bytes.fromhex(commit) if commit else bytes(20)
    return _LAST_VERIFIED.pack(raw, zlib.crc32(raw) if commit else 0)


def parse_last_verified(data: bytes) -> str:
    """The commit id, or empty when there is none or the checksum is wrong."""
    raw, crc = _LAST_VERIFIED.unpack(data[: _LAST_VERIFIED.size])
    return raw.hex() if any(raw) and zlib.crc32(raw) == crc else ""


def boot64(boot_id: str) -> int:
    """64 bits of the kernel's boot id (a UUID as text)."""
    return int(boot_id.strip().replace("-", "")[:16], 16)
