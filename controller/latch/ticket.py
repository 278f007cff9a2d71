"""The liquidation ticket: 40 bytes of the permit file as a value; and what a request for one is signed over (pure).

::

    ticket  id16 | digest12 | expiry8 (CLOCK_BOOTTIME ns) | crc4 (seeded with the boot's id)
"""

import hashlib
import struct
import zlib
from collections.abc import Iterable
from typing import NamedTuple

NAMESPACE = b"gt-risk-liquidation"
"""SSHSIG namespace of requests: a signature over a commit is none over a request, and the other way round."""
TICKET_SIZE = 40
TICKET_LIMIT_NS = 600_000_000_000
"""A ticket is good for 10 minutes at most; a gate refuses one that ends later."""

_BODY = struct.Struct("=16s12sQ")
_CRC = struct.Struct("=I")


class Ticket(NamedTuple):
    """Leave to flatten one book once: ``id`` 32 hex digits, ``digest`` the first 24 of the book's,
    ``expires_ns`` CLOCK_BOOTTIME."""

    id: str
    digest: str
    expires_ns: int


def pack_ticket(ticket: Ticket | None, boot64: int) -> bytes:
    """The 40 bytes of ``ticket`` in this boot; zeros when there is none. Raises ValueError when it does not fit."""
    if ticket is None:
        return bytes(TICKET_SIZE)
    raw_id, digest = bytes.fromhex(ticket.id), bytes.fromhex(ticket.digest)
    if len(raw_id) != 16 or len(digest) != 12 or not 0 < ticket.expires_ns < 1 << 64:
        raise ValueError(f"no ticket: {ticket}")
    body = _BODY.pack(raw_id, digest, ticket.expires_ns)
    return body + _CRC.pack(_crc(body, boot64))


def parse_ticket(raw: bytes, boot64: int) -> Ticket | None:
    """The ticket in 40 bytes; None when there is none, it is torn, damaged or of another boot."""
    body = raw[: _BODY.size]
    if not any(body) or _CRC.unpack_from(raw, _BODY.size)[0] != _crc(body, boot64):
        return None
    raw_id, digest, expires_ns = _BODY.unpack(body)
    return Ticket(raw_id.hex(), digest.hex(), expires_ns)


def book_digest(positions: Iterable[tuple[str, str, int]]) -> str:
    """SHA-256 over the open positions (uid, symbol, signed quantity), one a line, sorted; 64 hex digits."""
    lines = sorted(f"{uid} {symbol} {quantity}\n" for uid, symbol, quantity in positions if quantity)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _crc(body: bytes, boot64: int) -> int:
    return zlib.crc32(body, zlib.crc32(boot64.to_bytes(8, "big")))
