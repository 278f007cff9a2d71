"""Permissions of a home: what each path may have at most, what is wider, and closing it."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from controller.home import Home
from controller.host.finding import Finding, Level

FOLDER, FILE, KEY, SCRIPT = 0o700, 0o600, 0o400, 0o700
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Wide:
    """A path with more permissions than it may have; ``wanted`` is its mode without them."""

    path: Path
    mode: int
    wanted: int

    @property
    def fix(self) -> str:
        """The command that closes it."""
        return f"chmod {self.wanted:04o} {self.path}"


def too_wide(home: Home) -> Iterator[Wide]:
    """Every path of the home with more than: folders 0700, keys 0400, hooks and the clone's files 0700, others 0600."""
    for path, status in _paths(home):
        mode = stat.S_IMODE(status.st_mode)
        wanted = mode & _most(home, path, status.st_mode)
        if not stat.S_ISLNK(status.st_mode) and mode != wanted:
            yield Wide(path, mode, wanted)


def _paths(home: Home) -> Iterator[tuple[Path, os.stat_result]]:
    """What is in the home; what vanishes meanwhile, as temporary files do, is nobody's any more."""
    yield home.root, home.root.lstat()
    for folder, folders, files in os.walk(home.root):
        for name in (*folders, *files):
            path = Path(folder, name)
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue
            yield path, status


def _most(home: Home, path: Path, mode: int) -> int:
    if stat.S_ISDIR(mode):
        return FOLDER
    if path.parent == home.keys:
        return KEY
    return SCRIPT if path.parent.name == "hooks" or home.clone in path.parents else FILE


def close(home: Home, *, dry_run: bool) -> list[Wide]:
    """Take away what is too much, or with ``dry_run`` only say what that is. Raises OSError."""
    found = list(too_wide(home))
    if not dry_run:
        for item in found:
            with suppress(FileNotFoundError):
                item.path.chmod(item.wanted)
    return found


def _is_reached(home: Home, item: Wide) -> bool:
    """Whether that opens anything to others: a ``git pull`` in the clone makes files by the person's umask, which a
    closed home keeps from them all the same."""
    in_clone = home.clone in item.path.parents and not home.root.stat().st_mode & 0o077
    return bool(item.mode & 0o077) and not in_clone


def permissions(home: Home) -> Iterator[Finding]:
    """Who can reach the home, and whose files are in it."""
    found = sorted(too_wide(home), key=lambda item: not _is_reached(home, item))
    for item in found[:_SHOWN]:
        hint = item.fix if len(found) == 1 else "gt risk doctor --fix"
        if _is_reached(home, item):
            yield Finding("permissions", "error", f"{item.path} is {item.mode:04o}: others can reach it", hint)
        else:
            yield Finding(
                "permissions", "warning", f"{item.path} is {item.mode:04o}, {item.wanted:04o} is enough", hint
            )
    if len(found) > _SHOWN:
        more = found[_SHOWN:]
        level: Level = "error" if _is_reached(home, more[0]) else "warning"
        yield Finding("permissions", level, f"{len(more)} more paths are open too wide", "gt risk doctor --fix")
    strangers = [path for path, status in _paths(home) if status.st_uid != os.geteuid()]
    if strangers:
        text = f"{strangers[0]} belongs to another user" + (f", and {len(strangers) - 1} more" * (len(strangers) > 1))
        yield Finding("permissions", "error", text, f"sudo chown -R $(id -un) {home.root}")
    if not found and not strangers:
        yield Finding("permissions", "ok", f"{home.root} is closed to others")
