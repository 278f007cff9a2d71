"""Halts on the bot's own branch: read as evidence of what is open, and written down there for ever."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from controller.core.desired.documents import parse
from controller.core.plan.effective import evidence_text, halt_of, merge
from controller.errors import GtRiskError
from controller.ports import Clock, RawCommit, Source, Store
from controller.reconcile.troubles import Troubles
from schemas.audit import Checkpoint
from schemas.desired import HaltDocument
from schemas.halts import Halt

Own = Callable[[RawCommit], bool]
"""Whether a commit of the branch is the bot's and counts."""
NOTE_EVERY_NS = 3_600_000_000_000
_log = logging.getLogger(__name__)


class Notary(Protocol):
    """Signed notes in git on where the audit chain stood. ``own``: whether the bot signed a note."""

    def attest(self, seq: int, hash: str, commit: str, own: Own) -> Checkpoint:
        """Add a note on ``commit`` that record ``seq`` has ``hash``, after the notes before it.

        Raises SourceUnavailable, also while the notes end with one that is not the bot's ``own``.
        """
        ...

    def attested(self, own: Own) -> Sequence[Checkpoint]:
        """The newest 5,000 notes that are the bot's ``own``, oldest first. Raises SourceUnavailable, Refused."""
        ...


class Heads:
    """Puts the head of the audit chain into git: with each commit that comes into force, else hourly."""

    def __init__(self, store: Store, notary: Notary, clock: Clock) -> None:
        self._store = store
        self._notary = notary
        self._clock = clock
        self._noted: Checkpoint | None = None
        self._noted_ns = 0

    def publish(self, commit: str, own: Own) -> bool:
        """Add a note when one is due; whether one was. ``commit`` is in force. Raises GtRiskError."""
        if self._noted is None:
            self._noted = next(reversed(self._notary.attested(own)), None)
        noted, now = self._noted, self._clock.boot_ns()
        if noted is not None and noted.commit == commit and now - self._noted_ns < NOTE_EVERY_NS:
            return False
        newest = next(iter(self._store.audit(limit=1)), None)
        if newest is None or (noted is not None and noted.seq >= newest.seq):
            return False
        self._noted = self._notary.attest(newest.seq, newest.hash, commit, own)
        self._noted_ns = now
        return True


class Evidence:
    """``known``: the halts that the branch records, by id; replaced whole, so that any thread may read it.

    ``records`` gives the halts of every place.
    """

    def __init__(self, source: Source, store: Store, records: Callable[[], Iterable[Halt]]) -> None:
        self.known: Mapping[str, Halt] = {}
        self._source = source
        self._store = store
        self._records = records
        self._files: Mapping[str, bytes] = {}
        self._troubles = Troubles(_log)

    def load(self, own: Own) -> None:
        """Read the branch as its ``own`` commits left it: what anybody else wrote there binds nothing.

        A source that is down leaves what was known. Invalid files are skipped and logged.
        """
        try:
            files = self._source.evidence(own)
        except GtRiskError as error:
            self._troubles.tell("evidence branch", str(error))
            return
        self._troubles.tell("evidence branch", "")
        if files == self._files:
            return
        self._files = files
        found = {}
        for path, content in files.items():
            document = parse(path, content).model
            if isinstance(document, HaltDocument):
                found[document.id] = halt_of(document)
            else:
                _log.warning("evidence branch: %s is no halt record", path)
        self.known = {**self.known, **found}

    def publish(self, own: Own) -> bool:
        """Write down in one commit what the branch lacks; whether anything was missing. Raises GtRiskError."""
        missing = {item.id: merge([item]) for item in self._records() if item.id not in self.known}
        if not missing:
            return False
        files = {f"halts/{key}.yaml": evidence_text(item).encode() for key, item in missing.items()}
        self._source.publish_evidence(files, f"halts: record {', '.join(sorted(key[:12] for key in missing))}\n", own)
        for item in missing.values():
            self._store.save_halt(item.model_copy(update={"evidenced": True}))
        self.known = {**self.known, **missing}
        return True
