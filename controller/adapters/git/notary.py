"""The head of the audit chain as signed notes on ``refs/notes/gt-risk-audit``: ``git log --notes=gt-risk-audit``."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from controller.adapters.git.process import Git
from controller.adapters.git.reader import MAX_COMMITS, Reader
from controller.adapters.git.remote import Remote
from controller.adapters.git.source import BOT, Own
from controller.adapters.git.writer import Writer
from controller.core.trust.commits import trailers
from controller.errors import SourceUnavailable
from controller.ports import Clock, RawCommit
from schemas.audit import Checkpoint

NOTES = "refs/notes/gt-risk-audit"
TRAILER = "Audit-Head"
_HEAD = re.compile(r"([0-9]{1,15}) ([0-9a-f]{64}) ([0-9a-f]{40})")


class GitNotary:
    """Implements :class:`controller.reconcile.evidence.Notary` in the bare repo at ``path``, and at its ``remote``.

    ``sign`` signs with the bot's key; ``timeout`` in seconds bounds each git call. Each note is a commit of its own
    whose tree is the newest note alone.
    """

    def __init__(
        self, path: Path, clock: Clock, sign: Callable[[bytes], bytes], remote: str = "", timeout: float = 20.0
    ) -> None:
        self._git = Git(path, timeout)
        self._reader = Reader(self._git)
        self._writer = Writer(self._reader)
        self._clock = clock
        self._sign = sign
        self._remote = Remote(self._reader, remote, (NOTES,)) if remote else None

    def attest(self, seq: int, hash: str, commit: str, own: Own) -> Checkpoint:
        """Add the note; a remote has it when this returns."""
        if self._remote is not None:
            self._remote.update()
        tip = self._reader.ref(NOTES)
        if tip is not None and not own(self._reader.commit(tip)):
            message = f"{NOTES} ends with {tip[:12]}, which no bot has signed: nothing is added to it"
            raise SourceUnavailable(message, 60.0, f"git update-ref {NOTES} <its newest commit by the bot>")
        gone = {} if tip is None else dict.fromkeys(self._reader.tree(tip))
        head = f"{seq} {hash} {commit}"
        message = f"audit: record {seq}\n\n{TRAILER}: {head}\n"
        files: dict[str, bytes | None] = {**gone, commit: f"audit record {seq} {hash}\n".encode()}
        payload = self._writer.stage(tip, files, BOT, self._clock.wall_ns() // 1_000_000_000, message)
        note = self._writer.commit(payload, self._sign(payload))
        if self._remote is not None:
            self._remote.push(NOTES, note, tip)
        else:
            self._writer.move(NOTES, note, tip)
        return Checkpoint(seq=seq, hash=hash, commit=commit, note=note)

    def attested(self, own: Own) -> Sequence[Checkpoint]:
        """The bot's notes along first parents, as they are here now."""
        found: list[Checkpoint] = []
        at = self._reader.ref(NOTES)
        for _ in range(MAX_COMMITS):
            if at is None:
                break
            note = self._reader.commit(at)
            if own(note):
                found += _read(note)
            at = note.parents[0] if note.parents else None
        return found[::-1]

    def close(self) -> None:
        """End every git process; idempotent."""
        self._git.stop()
        self._reader.close()


def _read(note: RawCommit) -> list[Checkpoint]:
    heads = [_HEAD.fullmatch(value) for value in trailers(note.message, TRAILER)]
    return [Checkpoint(seq=int(head[1]), hash=head[2], commit=head[3], note=note.id) for head in heads if head]
