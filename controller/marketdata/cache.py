"""A feed kept as one binary file: read back in a few milliseconds, where parsing its sources takes up to a second.

Line 1: the key of the sources and the CRC-32 of all that follows, in hex. Line 2: JSON with ``sessions``, ``indices``
and ``columns`` (symbol → number of cells in close, open, high, low, volume). Then the cells, eight bytes each, in that
order. Worth nothing by itself: with another key, or damaged, it is made anew.
"""

import hashlib
import json
import sys
from array import array
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from controller.marketdata.feed import CLOSES, PACK, Column, Feed, load_feed
from controller.marketdata.instruments import TABLE

_FORMAT = f"1 {sys.byteorder}"
_FIELDS = ("close", "open", "high", "low", "volume")


def cached_feed(data_dir: str, path: Path) -> Feed:
    """:func:`load_feed` of ``data_dir``, kept in ``path`` for the next time; raises what it raises."""
    key = _key([TABLE, CLOSES, *([Path(data_dir) / PACK] if data_dir else [])])
    feed = _read(path, key)
    if feed is None:
        feed = load_feed(data_dir)
        with suppress(OSError):  # a disk that does not take it costs the next start time and nothing else
            _write(path, key, feed)
    return feed


def _key(sources: list[Path]) -> bytes:
    """What the feed is made of, and how: hex digits."""
    digest = hashlib.sha256(_FORMAT.encode())
    for source in sources:
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest().encode()


def _read(path: Path, key: bytes) -> Feed | None:
    """The feed, or None when the file is not there, not of ``key``, or not whole."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    first, _, rest = content.partition(b"\n")
    return _unpacked(rest) if first == _first(key, rest) else None


def _write(path: Path, key: bytes, feed: Feed) -> None:
    """Replace the file at once, so that no reader sees a part of it."""
    rest = _packed(feed)
    temporary = path.with_name(f"{path.name}.new")
    temporary.touch(0o600)
    temporary.write_bytes(_first(key, rest) + b"\n" + rest)
    temporary.replace(path)


def _first(key: bytes, rest: bytes) -> bytes:
    return b"%s %08x" % (key, crc32(rest))


def _packed(feed: Feed) -> bytes:
    columns = {symbol: [getattr(column, name) for name in _FIELDS] for symbol, column in feed.columns.items()}
    head = {
        "sessions": list(feed.sessions),
        "indices": sorted(feed.indices),
        "columns": {symbol: [len(cells) for cells in column] for symbol, column in columns.items()},
    }
    return json.dumps(head).encode() + b"\n" + b"".join(cells.tobytes() for c in columns.values() for cells in c)


def _unpacked(rest: bytes) -> Feed:
    text, _, cells = rest.partition(b"\n")
    head = json.loads(text)
    values = array("q")
    values.frombytes(cells)
    columns, at = {}, 0
    for symbol, counts in head["columns"].items():
        parts = []
        for count in counts:
            parts.append(values[at : at + count])
            at += count
        columns[symbol] = Column(*parts)
    return Feed(head["sessions"], columns, frozenset(head["indices"]))
