"""The halt journal as the controller reads it many times a second: parsed only when a record changed."""

import logging
from contextlib import suppress
from pathlib import Path

from controller.home import Home
from controller.latch import journal as journals
from controller.latch.journal_record import RECORD, Entry
from controller.reconcile.halt_records import from_journal
from controller.reconcile.troubles import Troubles
from schemas.halts import Halt

_CHUNK = 64 * 1024
_ZEROS = bytes(_CHUNK)
_log = logging.getLogger(__name__)


class JournalView:
    """Entries of the journal and its rescue files. For one thread at a time.

    Of the header record only its magic is compared: the probe writes the rest every second.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._raw: bytes | None = None
        self._rescued: list[tuple[str, int]] = []
        self._entries: list[Entry] = []
        self._halts: dict[str, journals.JournalHalt] = {}
        self._records: tuple[Halt, ...] = ()
        self._damage: tuple[str, ...] = ()
        self._troubles = Troubles(_log)

    def entries(self) -> list[Entry]:
        """Every whole record in file order; what is damaged is logged once."""
        self._refresh()
        return self._entries

    def halts(self) -> dict[str, journals.JournalHalt]:
        """Halts by id."""
        self._refresh()
        return self._halts

    def records(self) -> tuple[Halt, ...]:
        """The same in the form of all records of halts."""
        self._refresh()
        return self._records

    def damage(self) -> tuple[str, ...]:
        """What in the files is no record."""
        self._refresh()
        return self._damage

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
        self._entries, problems, damaged = journals.examine_home(str(self._home.root))
        self._halts = journals.fold(self._entries)
        self._records = tuple(map(from_journal, self._halts.values()))
        self._damage = tuple(item.text for item in damaged)
        self._troubles.tell("halt journal", "; ".join(problems), logging.ERROR)

    def _content(self) -> bytes:
        """What is in use: records are taken from the front, so a chunk of zeros ends it."""
        parts: list[bytes] = []
        try:
            with self._home.journal.open("rb", buffering=0) as file:
                parts.append(file.read(len(journals.HEAD)))
                file.seek(RECORD)
                while (part := file.read(_CHUNK)) != _ZEROS[: len(part)]:
                    parts.append(part)
        except OSError as error:
            return str(error).encode()
        return b"".join(parts)

    def _rescue_files(self) -> list[tuple[str, int]]:
        """(path, time of the last change) of each."""
        found: list[tuple[str, int]] = []
        for path in journals.rescue_files(str(self._home.root)):
            with suppress(FileNotFoundError):
                found.append((path, Path(path).stat().st_mtime_ns))
        return found
