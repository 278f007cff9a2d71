"""Changes that somebody asked for on the dashboard: each waits in a file of the home for a person's signature.

A proposal acts by nothing. Whoever signs it gets a plan of the newest tip, made and judged as if they had asked.
"""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

LIFE_NS = 7 * 86_400 * 1_000_000_000
"""What nobody signed for so long is no longer meant."""
MOST = 100
KINDS = ("set-limit", "set-status", "resume", "write-documents")
"""What the dashboard asks for; nothing else is signed from a file of its own making."""
_NEVER = ("trust.yaml", "halts/", "cleared/")
_HEX = frozenset("0123456789abcdef")


class TooMany(Exception):
    """More proposals wait than anybody reads."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """``intent`` as in :mod:`schemas.edits`, ``by`` who asked and why, ``what`` one line; ``digest`` of the plan as it
    was then; ``made_ns`` Unix nanoseconds."""

    id: str
    intent: Mapping[str, Any]
    by: str
    reason: str
    what: str
    digest: str
    made_ns: int


class Proposals:
    """Those in ``folder``, which the first one makes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, intent: Mapping[str, Any], by: str, reason: str, what: str, digest: str, now_ns: int) -> Proposal:
        """Keep a new one, durable when this returns. Raises TooMany, OSError."""
        if len(self.waiting(now_ns)) >= MOST:
            raise TooMany(f"{MOST} proposals wait for a signature")
        made = Proposal(secrets.token_hex(4), intent, by, reason, what, digest, now_ns)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        temporary = self._folder / f".{made.id}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(made), file)
            file.flush()
            os.fsync(descriptor)
        temporary.rename(self._path(made.id))
        return made

    def waiting(self, now_ns: int) -> Sequence[Proposal]:
        """All that can still be signed, oldest first; what is too old is removed."""
        found = [item for path in self._folder.glob("*.json") if (item := self.find(path.stem)) is not None]
        for item in found:
            if now_ns >= item.made_ns + LIFE_NS:
                self.remove(item.id)
        return sorted((item for item in found if now_ns < item.made_ns + LIFE_NS), key=lambda item: item.made_ns)

    def find(self, id: str) -> Proposal | None:
        """The one of that id; None when there is none, or none that can be read."""
        if not id or not _HEX.issuperset(id):
            return None
        try:
            return Proposal(**json.loads(self._path(id).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def remove(self, id: str) -> None:
        """It was signed, or is not wanted; harmless when it is gone."""
        self._path(id).unlink(missing_ok=True)

    def _path(self, id: str) -> Path:
        return self._folder / f"{id}.json"


def refusal(intent: Mapping[str, Any]) -> str:
    """Why ``intent`` is nothing that a proposal may ask for; empty when it may.

    Who may do what, and what was halted and cleared, is never changed from the dashboard, whoever signs.
    """
    if intent.get("kind") not in KINDS:
        return f"{intent.get('kind')!r} is nothing that the dashboard asks for"
    barred = [path for path in intent.get("files", {}) if str(path).startswith(_NEVER)]
    return f"{barred[0]} is not changed from the dashboard" if barred else ""
