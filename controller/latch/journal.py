"""The halt journal: what makes a halt survive power loss.

A file of 512-byte records, written out with zeros beforehand; record 0 is the header. A halter takes the first free
record under an open-file-description try-lock, writes it in one call and has it on disk (fdatasync) when it returns.
"""

import os

from controller.latch.journal_record import HALT, MAGIC, RECORD, RELEASED, Entry, pack, parse
from controller.latch.raising import try_lock, unlock

RECORDS = 4096
_RESCUE_RECORDS = 16
RESCUED = "holds halts that the journal could not take"
_EMPTY = bytes(RECORD)
_CHUNK = 128 * RECORD
_RESCUE = "journal-"
_RESCUE_FOLDERS = ("", "run/", "latch/", "policy/", "logs/")


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


def create(path: str, records: int = RECORDS) -> None:
    """Create the journal, zeros written out, whole or not at all; an existing one is never touched. Raises OSError."""
    temporary = f"{path}.{os.urandom(8).hex()}"
    fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        _write(fd, MAGIC + b"HEAD" + bytes(records * RECORD - 8), 0)
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
            self._put(record)

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

    def _put(self, record: bytes) -> None:
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
    name = os.path.basename(path)  # noqa: PTH119  # pathlib costs more than the halt itself
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        return [], [f"{name}: {'missing' if isinstance(error, FileNotFoundError) else error.strerror}"]
    try:
        return _read(fd, name)
    except OSError as error:
        return [], [f"{name}: {error.strerror}"]
    finally:
        os.close(fd)


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


def read_home(root: str) -> tuple[list[Entry], list[str]]:
    """As :func:`read`, over the journal of a home folder and every rescue file in it."""
    entries, problems = read(f"{root}/journal")
    for folder in _RESCUE_FOLDERS:
        try:
            names = sorted(os.listdir(f"{root}/{folder}"))  # noqa: PTH208  # pathlib costs more than the halt itself
        except FileNotFoundError:
            continue
        for name in names:
            if name.startswith(_RESCUE):
                more, wrong = read(f"{root}/{folder}{name}")
                entries += more
                problems += [f"{folder}{name}: {RESCUED}", *wrong]
    return entries, problems


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


def _read(fd: int, name: str) -> tuple[list[Entry], list[str]]:
    entries, problems = [], []
    whole, tail = divmod(os.fstat(fd).st_size, RECORD)
    if os.pread(fd, 4, 0) != MAGIC:
        problems.append(f"{name}: bad header")
    for base in range(1, whole, _CHUNK // RECORD):
        chunk = os.pread(fd, min(_CHUNK, (whole - base) * RECORD), base * RECORD)
        for offset in range(0, len(chunk), RECORD):
            record = chunk[offset : offset + RECORD]
            if record != _EMPTY:
                index = base + offset // RECORD
                entry = parse(record) or _read_again(fd, index)
                if entry is None:
                    problems.append(f"{name}: record {index} is damaged")
                else:
                    entries.append(entry)
    if tail and any(os.pread(fd, tail, whole * RECORD)):
        problems.append(f"{name}: torn record at the end")
    return entries, problems


def _read_again(fd: int, index: int) -> Entry | None:
    """A record that another process was just writing is whole the next time."""
    for _ in range(3):
        entry = parse(os.pread(fd, RECORD, index * RECORD))
        if entry is not None:
            return entry
    return None


def _write(fd: int, data: bytes, at: int) -> None:
    if os.pwrite(fd, data, at) != len(data):
        raise OSError("short write")
