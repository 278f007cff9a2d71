"""The pins of ``settings.toml`` as the file has them now: a key that is denied counts for nothing from then on."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from controller.errors import SettingsError
from controller.home import Home
from controller.settings import Pins, Settings, load

_Stamp = tuple[int, int, int]


class LivePins:
    """Implements :class:`controller.core.trust.case.Pinned`: what roots history as it was at the start, denied keys and
    repairs as they are in the file. ``problem`` says why it cannot be read; then what was known stays.

    ``told`` records a change before it counts; while it raises, nothing has changed.
    """

    def __init__(self, settings: Settings, told: Callable[[Pins, Pins], None] = lambda *_: None) -> None:
        self._path = Home(settings.home).settings
        self._home = settings.home
        self._told = told
        self._pins = settings.pins
        self._stamp = _stamp(self._path)
        self.problem = ""

    @property
    def repo(self) -> str:
        """Repository id."""
        return self._pins.repo

    @property
    def environment(self) -> str:
        """``paper`` or ``live``."""
        return self._pins.environment

    @property
    def branch(self) -> str:
        """Target branch."""
        return self._pins.branch

    @property
    def introduction(self) -> str:
        """Commit id of the introduction."""
        return self._pins.introduction

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Keys that may have signed it."""
        return self._pins.fingerprints

    @property
    def denied_keys(self) -> tuple[str, ...]:
        """Fingerprints that count for nothing."""
        return self._pins.denied_keys

    @property
    def repairs(self) -> tuple[str, ...]:
        """Commits that repaired trust.yaml."""
        return self._pins.repairs

    @property
    def repair_keys(self) -> tuple[str, ...]:
        """Fingerprints that sign repairs."""
        return self._pins.repair_keys

    def stale(self) -> bool:
        """Whether the file is another than the one that was read."""
        return _stamp(self._path) != self._stamp

    def renew(self) -> bool:
        """Read the file when it is another one; whether a pin that counts has changed. Raises what ``told`` raises."""
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return False
        try:
            found = load({**os.environ, "GT_RISK_HOME": str(self._home)}).pins
        except SettingsError as error:
            self.problem = f"{error.message}; the pins of before stay; next: {error.hint or f'$EDITOR {self._path}'}"
            return False
        now = replace(self._pins, denied_keys=found.denied_keys, repairs=found.repairs, repair_keys=found.repair_keys)
        changed = now != self._pins
        if changed:
            self._told(self._pins, now)
        self._pins, self._stamp, self.problem = now, stamp, ""
        return changed


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_mtime_ns, found.st_size
