"""The backups of a home as they lie on disk: names, manifests, checks, which of them are kept. Standard library only.

A backup is a folder ``backups/<UTC instant>/`` with its files and ``manifest.json``, which holds the size and SHA-256
of each. It appears whole, by one rename; what is unfinished begins with ``.new-``.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controller.errors import Permanent
from controller.home import Home

MANIFEST = "manifest.json"
STORE, HEAD, AUDIT, BUNDLE = "store.db", "audit.head", "audit.jsonl", "config.bundle"
UNFINISHED = ".new-"
DAILY = "daily"
LATE = 1.25
"""How many intervals old the newest backup may be before people are told."""
_CHUNK = 1 << 20
_HOUR_NS = 3_600_000_000_000
_LIST = "gt risk db status"


@dataclass(frozen=True, slots=True)
class Backup:
    """One whole backup: ``why`` it was made, the store's ``schema``, the audit log's newest record (``records``,
    ``head``) and the config repo's ``tip`` at that moment. Times are Unix nanoseconds, sizes bytes."""

    folder: Path
    at_ns: int
    why: str
    schema: str
    records: int
    head: str
    tip: str
    bytes: int

    @property
    def name(self) -> str:
        """The UTC instant, ``2026-01-18T020000.000Z``."""
        return self.folder.name

    def document(self) -> dict[str, Any]:
        """As the CLI tells it."""
        return {
            "name": self.name,
            "folder": str(self.folder),
            "time": iso(self.at_ns),
            "why": self.why,
            "bytes": self.bytes,
            "schema": self.schema,
            "audit_records": self.records,
            "tip": self.tip,
        }


def name_of(wall_ns: int) -> str:
    """The folder name for an instant; names sort as their instants do."""
    moment = datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H%M%S}.{wall_ns // 1_000_000 % 1_000:03d}Z"


def iso(wall_ns: int) -> str:
    """``2026-01-18T02:00:00Z``."""
    return f"{datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def listed(home: Home) -> tuple[list[Backup], list[str]]:
    """(every backup with a readable manifest, newest first; what is wrong with the others)."""
    found, problems = [], []
    for folder in _folders(home):
        try:
            found.append(_read(folder))
        except (OSError, ValueError, KeyError, TypeError) as error:
            problems.append(f"{folder / MANIFEST}: {error}")
    return sorted(found, key=lambda item: item.name, reverse=True), problems


def way_back(home: Home) -> str:
    """The command that brings the newest backup back; without one, the command that says how much is lost."""
    found, _ = listed(home)
    return f"gt risk db restore --date {found[0].name[:10]}" if found else "gt risk audit verify"


def _folders(home: Home) -> list[Path]:
    if not home.backups.is_dir():
        return []
    return [path for path in home.backups.iterdir() if path.is_dir() and not path.name.startswith(UNFINISHED)]


def _read(folder: Path) -> Backup:
    document = json.loads((folder / MANIFEST).read_text())
    audit = document["audit"]
    size = sum(item["bytes"] for item in document["files"].values())
    return Backup(
        folder,
        int(document["at_ns"]),
        document["why"],
        document["schema"],
        int(audit["records"]),
        audit["head"],
        document["tip"],
        size,
    )


def of_date(home: Home, wanted: str) -> Backup:
    """The newest backup of a UTC date (``2026-01-18``), or the one with this whole name. Raises Permanent."""
    found, _ = listed(home)
    chosen = next((item for item in found if item.name == wanted or item.name.startswith(f"{wanted}T")), None)
    if chosen is not None:
        return chosen
    if not found:
        raise Permanent(f"no backup in {home.backups}", "gt risk db backup")
    near = min(found, key=lambda item: (abs(_days(item.name) - _days(wanted)), item.name))
    raise Permanent(f"no backup of {wanted}; the nearest is {near.name}", f"gt risk db restore --date {near.name[:10]}")


def _days(name: str) -> int:
    try:
        return datetime.fromisoformat(name[:10]).toordinal()
    except ValueError:
        raise Permanent(f"{name!r} is no date: write YYYY-MM-DD or the name of a backup", _LIST) from None


def damage(folder: Path) -> list[str]:
    """Every file of a backup that is missing, added or not the one that its manifest names; empty when all is well."""
    try:
        wanted = json.loads((folder / MANIFEST).read_text())["files"]
    except (OSError, ValueError, KeyError) as error:
        return [f"{folder / MANIFEST}: {error}"]
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {MANIFEST}
    problems = [f"{folder / name}: missing" for name in sorted(wanted.keys() - there)]
    problems += [f"{folder / name}: not in the manifest" for name in sorted(there - wanted.keys())]
    for name in sorted(wanted.keys() & there):
        if sha256(folder / name) != wanted[name]["sha256"]:
            problems.append(f"{folder / name}: its SHA-256 is not the manifest's")
    return problems


def sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def surplus(backups: Iterable[Backup], keep_days: int) -> list[Backup]:
    """Backups beyond the newest ``keep_days`` days that have one. Days are counted, not ages: a clock that is wrong
    for an hour deletes nothing."""
    ordered: Sequence[Backup] = sorted(backups, key=lambda item: item.name, reverse=True)
    days = list(dict.fromkeys(item.name[:10] for item in ordered))[: max(1, keep_days)]
    return [item for item in ordered if item.name[:10] not in days]


def late(home: Home, found: Sequence[Backup], every_hours: float, now_ns: int) -> str:
    """What is wrong with the age of the newest of ``found`` (newest first); empty for nothing, as in a new home."""
    if not home.store.exists() or not is_due(found[0] if found else None, now_ns, every_hours * LATE):
        return ""
    if found:
        return f"the newest backup is of {iso(found[0].at_ns)}, one is wanted every {every_hours:g} h"
    bot = home.keys / "bot"
    born_ns = bot.stat().st_mtime_ns if bot.exists() else 0
    return "" if now_ns - born_ns < every_hours * LATE * _HOUR_NS else "there is no backup"


def is_due(newest: Backup | None, now_ns: int, every_hours: float) -> bool:
    """Whether another one is wanted: none, too old, or made in what is the future now."""
    return newest is None or not 0 <= now_ns - newest.at_ns < every_hours * _HOUR_NS
