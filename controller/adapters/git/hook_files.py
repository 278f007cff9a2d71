"""The hooks in the config repos, and whose each one is. What ``init`` wrote is renewed, a person's own or edited stays.

A script of ours carries a digest of the rest of it; those of the first release, which carried none, had one form.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from controller.adapters.git.scripts import bare_hooks, clone_hooks, is_whole
from controller.home import Home
from controller.settings import Pins

_FIRST = re.compile(
    r"#!/bin/sh\n# Written by gt risk init\.\nexec [^\n]+ -I -m controller\.adapters\.git\.hooks [^\n]+ \"\$@\"\n"
)
_BY = re.compile(r"('[^']*'|\S+)(?= -I -m controller\.)")


class State(StrEnum):
    """What stands in a hook's place: nothing, what this release writes, what an older one wrote, or a person's own."""

    MISSING = "missing"
    CURRENT = "current"
    OLD = "old"
    OWN = "own"


def look(home: Home, pins: Pins) -> Iterator[tuple[Path, State]]:
    """Every hook of both repos."""
    for folder, scripts in _scripts(home, pins, sys.executable):
        for name, script in scripts.items():
            yield folder / name, _state(folder / name, script)


def renew(home: Home, pins: Pins) -> None:
    """Write what is missing or old in the repos that there are."""
    for folder, scripts in _scripts(home, pins, sys.executable):
        if folder.parent.is_dir():
            write(folder, scripts)


def write(folder: Path, scripts: Mapping[str, str]) -> None:
    """Write each hook that is missing or old; a hook of the owner's stays."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, script in scripts.items():
        path = folder / name
        if _state(path, script) in (State.CURRENT, State.OWN):
            continue
        temporary = folder / f".{name}.new"
        temporary.write_text(script)
        temporary.chmod(0o700)
        temporary.rename(path)


def _scripts(home: Home, pins: Pins, python: str) -> tuple[tuple[Path, Mapping[str, str]], ...]:
    return (
        (home.bare / "hooks", bare_hooks(home, python)),
        (home.clone / ".git" / "hooks", clone_hooks(home, pins, python)),
    )


def _state(path: Path, script: str) -> State:
    try:
        found = path.read_text(errors="replace")
    except FileNotFoundError:
        return State.MISSING
    ours = is_whole(found)
    runs = all(Path(python.strip("'")).exists() for python in _BY.findall(found))
    if ours and runs and _anyones(found) == _anyones(script):
        return State.CURRENT
    return State.OLD if ours or _FIRST.fullmatch(found) else State.OWN


def _anyones(script: str) -> list[str]:
    """The script without what names its interpreter: another one that runs it as well is no other release."""
    return _BY.sub("python", script).splitlines()[2:]
