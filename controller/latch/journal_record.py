"""One 512-byte record of the halt journal as bytes (pure).

::

    record  0 magic4 | 4 kind1 mode1 source1 pad1 | 8 wall_ns8 | 16 id16 | 32 word8 | 40 slot2 part2 | 44 scope48
            | 92 actor64 | 156 text352 | 508 crc4

A text longer than one record goes on in ``reason`` records with the same time and rising ``part``.
"""

import struct
import zlib

RECORD = 512
MAGIC = b"GTJ1"
HALT, REASON, RELEASED = 1, 2, 3

_HEAD = struct.Struct("=4sBBBxQ16sQhH48s64s352s")
_TEXT = 352
_CRC = struct.Struct("=I")


class Entry:
    """One record. ``halt_id`` 32 hex digits; ``text`` the reason (halt, reason) or the clearing commit (released)."""

    __slots__ = ("actor", "halt_id", "kind", "mode", "part", "scope", "slot", "source", "text", "wall_ns", "word")

    def __init__(
        self,
        kind: int,
        halt_id: str,
        wall_ns: int,
        *,
        scope: str = "",
        mode: int = 0,
        source: int = 0,
        actor: str = "",
        text: str = "",
        word: int = 0,
        slot: int = -1,
    ) -> None:
        self.kind = kind
        self.halt_id = halt_id
        self.wall_ns = wall_ns
        self.scope = scope
        self.mode = mode
        self.source = source
        self.actor = actor
        self.text: str = text
        self.word = word
        self.slot = slot
        self.part = 0

    @property
    def key(self) -> tuple[int, str, int, int]:
        """What tells it from every other entry."""
        return self.kind, self.halt_id, self.wall_ns, self.part


def pack(entry: Entry) -> list[bytes]:
    """The records of one entry; a text beyond the first goes on in reason records (a release keeps one record)."""
    records = []
    pieces = _pieces(entry.text)
    for part, text in enumerate(pieces[:1] if entry.kind == RELEASED else pieces):
        head = _HEAD.pack(
            MAGIC,
            entry.kind if part == 0 else REASON,
            entry.mode,
            entry.source,
            entry.wall_ns,
            bytes.fromhex(entry.halt_id),
            entry.word,
            entry.slot,
            part,
            _field(entry.scope, 48),
            _field(entry.actor, 64),
            text,
        )
        records.append(head + _CRC.pack(zlib.crc32(head)))
    return records


def parse(record: bytes) -> Entry | None:
    """The entry in 512 bytes, None when they are damaged."""
    if len(record) < RECORD or _CRC.unpack_from(record, _HEAD.size)[0] != zlib.crc32(record[: _HEAD.size]):
        return None
    magic, kind, mode, source, wall_ns, raw_id, word, slot, part, scope, actor, text = _HEAD.unpack_from(record)
    if magic != MAGIC or kind not in (HALT, REASON, RELEASED):
        return None
    entry = Entry(
        kind,
        raw_id.hex(),
        wall_ns,
        scope=_text(scope),
        mode=mode,
        source=source,
        actor=_text(actor),
        text=_text(text),
        word=word,
        slot=slot,
    )
    entry.part = part
    return entry


def _pieces(text: str) -> list[bytes]:
    """The text in pieces that fit one record each, cut between characters; one empty piece for an empty text."""
    raw = text.replace("\0", " ").encode(errors="replace")
    pieces: list[bytes] = []
    while raw or not pieces:
        piece = raw[:_TEXT].decode(errors="ignore").encode()
        pieces.append(piece)
        raw = raw[len(piece) :]
    return pieces


def _field(text: str, size: int) -> bytes:
    return text.replace("\0", " ").encode(errors="replace")[:size].decode(errors="ignore").encode()


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode(errors="replace")
