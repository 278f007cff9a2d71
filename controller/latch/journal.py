"""The halt journal: what makes a halt survive power loss.

A file of 512-byte records, written out with zeros beforehand; record 0 is the header. A halter takes the first free
record under an open-file-description try-lock, writes it in one call and has it on disk (fdatasync) when it returns.
"""

import os
import zlib

from controller.latch.journal_record import HALT, MAGIC, RECORD, RELEASED, Entry, pack, parse
from controller.latch.raising import try_lock, unlock

RECORDS = 4096
_RESCUE_RECORDS = 16
RESCUED = "holds halts that the journal could not take"
HEAD = MAGIC + b"HEAD"
_EMPTY = bytes(RECORD)
_CHUNK = 128 * RECORD
_RESCUE = "journal-"
_RESCUE_FOLDERS = ("", "run/", "latch/", "policy/", "logs/")
_NAMED = 3


class JournalHalt:
    """A halt as the journal knows it; ``opened_ns`` Unix time; ``released`` for ever once True."""

    __slots__ = ("actor", "halt_id", "mode", "opened_ns", "reason", "released", "scope", "slot", "source", "word")

    def __init__(self, entry: Entry) -> None:
        self.halt_id = entry.halt_id
        self.scope = entry.scope
        self.mode = entry.mode
        self.source = entry.source
        self.actor = entry.actor
        self.opened_ns = entry.wall_ns
        self.word = entry.word
        self.slot = entry.slot
        self.reason = ""
        self.released = False


class Damage:
    """What is wrong with a journal file, in words; ``parts`` are the bytes that are no record: (offset, bytes).

    The text has a checksum of them, so that another damage is never taken for one that was seen before.
    """

    __slots__ = ("parts", "path", "text")

    def __init__(self, path: str, text: str, parts: list[tuple[int, bytes]]) -> None:
        self.path = path
        self.text = text
        self.parts = parts


def create(path: str, records: int = RECORDS) -> None:
    """Create the journal, zeros written out, whole or not at all; an existing one is never touched. Raises OSError."""
    temporary = f"{path}.{os.urandom(8).hex()}"
    fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        _write(fd, HEAD + bytes(records * RECORD - len(HEAD)), 0)
        os.fsync(fd)
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        os.close(fd)
        os.unlink(temporary)  # noqa: PTH108  # pathlib costs more than the halt itself
    folder = os.open(path.rpartition("/")[0] or ".", os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Journal:
    """The journal, open for writing; many processes may hold it open. Raises OSError from every method."""

    __slots__ = ("_fd", "_next", "path")

    def __init__(self, path: str) -> None:
        """Open ``path``; a missing one is never made here, so that its loss stays to be seen (see :func:`create`)."""
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._next = 1

    def write(self, entry: Entry) -> None:
        """Write one entry (several records when its text is long), visible to every reader but not yet durable."""
        for record in pack(entry):
            self.put(record)

    def sync(self) -> None:
        """Make everything written so far survive power loss."""
        os.fdatasync(self._fd)

    def append(self, entry: Entry) -> None:
        """:meth:`write` and :meth:`sync`."""
        self.write(entry)
        self.sync()

    def reserve(self, records: int = RECORDS // 4) -> None:
        """Keep that many records allocated behind the last one in use, so that a full disk stops no halt."""
        size = os.fstat(self._fd).st_size // RECORD
        self._next = self._first_free(self._next, size)
        missing = records - (size - self._next)
        if missing > 0:
            os.posix_fallocate(self._fd, size * RECORD, missing * RECORD)
            os.fsync(self._fd)

    def close(self) -> None:
        """Close; idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def put(self, record: bytes) -> None:
        """:meth:`write` of one whole record as it is."""
        while True:
            size = -(-os.fstat(self._fd).st_size // RECORD)
            index = self._first_free(self._next, size)
            self._next = index + 1
            at = index * RECORD
            if not try_lock(self._fd, at, RECORD):
                continue
            try:
                if not any(os.pread(self._fd, RECORD, at)):
                    _write(self._fd, record, at)
                    return
            finally:
                unlock(self._fd, at, RECORD)

    def _first_free(self, start: int, size: int) -> int:
        """Index of the first all-zero record at or behind ``start``; ``size`` (the end) when there is none."""
        for base in range(start, size, _CHUNK // RECORD):
            chunk = os.pread(self._fd, _CHUNK, base * RECORD)
            for offset in range(0, len(chunk), RECORD):
                if chunk[offset : offset + 4] == b"\0\0\0\0" and not any(chunk[offset : offset + RECORD]):
                    return base + offset // RECORD
        return max(start, size)


def probe(path: str, wall_ns: int) -> None:
    """Prove that the journal at ``path`` can be made durable now: the time into its header, on disk. Raises OSError.

    It is opened anew: a descriptor would go on proving a file that nobody finds again.
    """
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        _write(fd, wall_ns.to_bytes(8, "little"), 8)
        os.fdatasync(fd)
    finally:
        os.close(fd)


def read(path: str) -> tuple[list[Entry], list[str]]:
    """(every whole record in file order, what is wrong with the file). A damaged record hides no other one."""
    entries, damage = examine(path)
    return entries, [] if damage is None else [damage.text]


def examine(path: str) -> tuple[list[Entry], Damage | None]:
    """As :func:`read`, with the damage itself; without parts when the file is missing or cannot be read."""
    name = os.path.basename(path)  # noqa: PTH119  # pathlib costs more than the halt itself
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        return [], Damage(path, f"{name}: {'missing' if missing else error.strerror}", [])
    try:
        entries, parts = _read(fd)
    except OSError as error:
        return [], Damage(path, f"{name}: {error.strerror}", [])
    finally:
        os.close(fd)
    return entries, Damage(path, f"{name}: {_named(parts)}", parts) if parts else None


def record(home: str, entry: Entry) -> tuple[Journal | None, str]:
    """Write an entry to the journal, else to any place that :func:`read_home` finds: (where it is, what went wrong).

    The caller syncs and closes what it gets.
    """
    problem = ""
    for path in (f"{home}/journal", *rescue_paths(home, entry.halt_id)):
        journal = None
        try:
            if problem:
                create(path, _RESCUE_RECORDS)
            journal = Journal(path)
            journal.write(entry)
        except OSError as error:
            problem = problem or f"journal: {error.strerror or error}"
            if journal is not None:
                journal.close()
        else:
            return journal, f"{problem}; recorded in {path} instead" if problem else ""
    return None, problem


def rescue_paths(root: str, halt_id: str) -> list[str]:
    """Where a halt is recorded when ``<home>/journal`` cannot be written; :func:`read_home` finds it there."""
    return [f"{root}/{folder}{_RESCUE}{halt_id}" for folder in _RESCUE_FOLDERS]


def rescue_files(root: str) -> list[str]:
    """Paths of the rescue files that a home holds."""
    found: list[str] = []
    for folder in _RESCUE_FOLDERS:
        try:
            names = os.listdir(f"{root}/{folder}")  # noqa: PTH208  # pathlib costs more than the halt itself
        except FileNotFoundError:
            continue
        found += sorted(f"{root}/{folder}{name}" for name in names if name.startswith(_RESCUE))
    return found


def read_home(root: str) -> tuple[list[Entry], list[str]]:
    """As :func:`read`, over the journal of a home folder and every rescue file in it."""
    return examine_home(root)[:2]


def examine_home(root: str) -> tuple[list[Entry], list[str], list[Damage]]:
    """As :func:`read_home`, with what in these files is no record."""
    journal = f"{root}/journal"
    entries: list[Entry] = []
    problems: list[str] = []
    damaged: list[Damage] = []
    for path in (journal, *rescue_files(root)):
        more, damage = examine(path)
        entries += more
        problems += [] if path == journal else [f"{path.removeprefix(root)[1:]}: {RESCUED}"]
        problems += [] if damage is None else [damage.text]
        damaged += [damage] if damage is not None and damage.parts else []
    return entries, problems, damaged


def damages(root: str) -> list[Damage]:
    """What is no record in the journal and the rescue files of a home."""
    return examine_home(root)[2]


def fold(entries: list[Entry]) -> dict[str, JournalHalt]:
    """Halts by id. The reason written last wins; a release is for ever, wherever it stands in the file."""
    halts = {entry.halt_id: JournalHalt(entry) for entry in entries if entry.kind == HALT}
    reasons: dict[str, dict[int, dict[int, str]]] = {}
    for entry in entries:
        if entry.kind == RELEASED and entry.halt_id in halts:
            halts[entry.halt_id].released = True
        elif entry.text:
            reasons.setdefault(entry.halt_id, {}).setdefault(entry.wall_ns, {})[entry.part] = entry.text
    for halt_id, by_time in reasons.items():
        if halt_id in halts:
            parts = by_time[max(by_time)]
            halts[halt_id].reason = "".join(parts[part] for part in sorted(parts))
    return halts


def _read(fd: int) -> tuple[list[Entry], list[tuple[int, bytes]]]:
    """(whole records, (offset, bytes) of what is none)."""
    entries: list[Entry] = []
    parts: list[tuple[int, bytes]] = []
    whole, tail = divmod(os.fstat(fd).st_size, RECORD)
    head = os.pread(fd, len(HEAD), 0).ljust(len(HEAD), b"\0")
    if head != HEAD:
        parts.append((0, head))
    for base in range(1, whole, _CHUNK // RECORD):
        chunk = os.pread(fd, min(_CHUNK, (whole - base) * RECORD), base * RECORD)
        for offset in range(0, len(chunk), RECORD):
            record = chunk[offset : offset + RECORD]
            if record != _EMPTY:
                at = base * RECORD + offset
                entry = parse(record) or _read_again(fd, at)
                if entry is None:
                    parts.append((at, record))
                else:
                    entries.append(entry)
    end = os.pread(fd, tail, whole * RECORD)
    if whole and any(end):
        parts.append((whole * RECORD, end))
    return entries, parts


def _named(parts: list[tuple[int, bytes]]) -> str:
    names = [_part(at, len(data)) for at, data in parts]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    checksum = 0
    for _, data in parts:
        checksum = zlib.crc32(data, checksum)
    return f"damaged in {', '.join(names[:_NAMED])}{more} ({checksum:08x})"


def _part(at: int, size: int) -> str:
    if not at:
        return "its header"
    return f"record {at // RECORD}" if size == RECORD else "its torn end"


def _read_again(fd: int, at: int) -> Entry | None:
    """A record that another process was just writing is whole the next time."""
    for _ in range(3):
        entry = parse(os.pread(fd, RECORD, at))
        if entry is not None:
            return entry
    return None


def _write(fd: int, data: bytes, at: int) -> None:
    if os.pwrite(fd, data, at) != len(data):
        raise OSError("short write")
