"""The halt journal as the controller reads it many times a second: parsed only when a record changed."""

import logging
from pathlib import Path

from controller.home import Home
from controller.latch import journal as journals
from controller.latch.journal_record import RECORD, Entry

_PREFIX = Path(journals.rescue_paths("", "")[0]).name
_CHUNK = 64 * 1024
_log = logging.getLogger(__name__)


class JournalView:
    """Entries of the journal and its rescue files. For one thread at a time.

    The header record is left out of the comparison: the probe writes it every second.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._raw: bytes | None = None
        self._rescued: frozenset[str] = frozenset()
        self._entries: list[Entry] = []
        self._halts: dict[str, journals.JournalHalt] = {}

    def entries(self) -> list[Entry]:
        """Every whole record in file order; what is damaged is logged once."""
        self._refresh()
        return self._entries

    def halts(self) -> dict[str, journals.JournalHalt]:
        """Halts by id."""
        self._refresh()
        return self._halts

    def append(self, entry: Entry) -> None:
        """Write one entry, durable when it returns. Raises OSError."""
        written = journals.Journal(str(self._home.journal))
        try:
            written.append(entry)
        finally:
            written.close()

    def _refresh(self) -> None:
        raw, rescued = self._content(), self._rescue_files()
        if raw == self._raw and rescued == self._rescued:
            return
        self._raw, self._rescued = raw, rescued
        self._entries, problems = journals.read_home(str(self._home.root))
        self._halts = journals.fold(self._entries)
        for problem in problems:
            _log.error("journal: %s", problem)

    def _content(self) -> bytes:
        """What is in use: records are taken from the front, so a chunk of zeros ends it."""
        parts: list[bytes] = []
        try:
            with self._home.journal.open("rb", buffering=0) as file:
                file.seek(RECORD)
                while (part := file.read(_CHUNK)).strip(b"\0"):
                    parts.append(part)
        except OSError as error:
            return str(error).encode()
        return b"".join(parts)

    def _rescue_files(self) -> frozenset[str]:
        """Rescue files by name, in every folder that may hold one."""
        folders = {Path(path).parent for path in journals.rescue_paths(str(self._home.root), "")}
        return frozenset(str(path) for folder in folders for path in folder.glob(f"{_PREFIX}*"))
