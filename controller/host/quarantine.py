"""Damaged bytes of the halt journal: they have a halt, and once that is cleared ``doctor --fix`` puts them aside."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from controller.home import Home
from controller.host import backups, pidfile
from controller.host.finding import Finding
from controller.host.supervisor import pid_file
from controller.latch import journal, journal_mend
from controller.latch.journal import RESCUED, Damage
from controller.reconcile.boot import JOURNAL_DAMAGED, released, synthetic_id
from controller.reconcile.publisher import load_last_known_good


@dataclass(frozen=True, slots=True)
class Aside:
    """Damage that was taken out of ``path``, or would be; its bytes are in the folder ``to``."""

    path: Path
    what: str
    to: Path


def put_aside(home: Home, *, dry_run: bool) -> list[Aside]:
    """Copy cleared damage to ``replaced/<UTC instant>/`` and take it out of its file, or with ``dry_run`` only say so.

    Raises OSError.
    """
    cleared = _cleared(home)
    found = [item for item in journal.damages(str(home.root)) if _halt_id(item) in cleared]
    to = home.replaced / backups.name_of(time.time_ns())
    if found and not dry_run:
        for folder in (home.replaced, to):
            folder.mkdir(mode=0o700, exist_ok=folder == home.replaced)
    done = [item for item in found if dry_run or _put_aside(item, to)]
    return [Aside(Path(item.path), item.text, to) for item in done]


def findings(home: Home) -> Iterator[Finding]:
    """Every record of the halt journal is whole, and nothing lies beside it."""
    entries, problems = journal.read_home(str(home.root))
    halts = journal.fold(entries)
    cleared, ids = _cleared(home), {item.text: _halt_id(item) for item in journal.damages(str(home.root))}
    for problem in problems:
        halt_id = ids.get(problem, "")
        if problem.endswith(RESCUED):
            yield Finding("journal", "warning", problem, _next_for_rescue(home))
        elif halt_id in cleared:
            yield Finding("journal", "warning", f"{problem}; its halt is cleared", "gt risk doctor --fix")
        elif halt_id in halts:
            text = f"{problem}; halted as {halt_id[:12]}"
            yield Finding("journal", "error", text, "gt risk emergency resume, then gt risk doctor --fix")
        else:
            yield Finding("journal", "error", problem, "gt risk service start")
    if not problems:
        yield Finding("journal", "ok", f"{len(entries)} records")


def _next_for_rescue(home: Home) -> str:
    runs = pidfile.holder(pid_file(home, "controller")) is not None
    return "nothing: the controller takes them in within two minutes" if runs else "gt risk service start"


def _cleared(home: Home) -> frozenset[str]:
    """Ids that a commit in force or the journal has cleared. An unreadable last-known-good clears nothing."""
    done = released(journal.read_home(str(home.root))[0])
    try:
        known = load_last_known_good(home.policy)
    except ValueError:
        known = None
    return done | (known.cleared if known is not None else frozenset())


def _halt_id(damage: Damage) -> str:
    return synthetic_id(JOURNAL_DAMAGED, damage.text)


def _put_aside(damage: Damage, to: Path) -> bool:
    for at, data in damage.parts:
        path = to / f"{Path(damage.path).name}.{at}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    return journal_mend.blank(damage)
