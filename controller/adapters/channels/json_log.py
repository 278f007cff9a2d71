"""Alerts as JSON lines in a file, one file a day (UTC)."""

import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controller.errors import ChannelUnavailable
from schemas.alerting import Message

KEEP_DAYS = 90
_NS = 1_000_000_000


class JsonLog:
    """:class:`controller.alert_ports.Channel` to ``path``; the files of days before stand beside it.

    ``now_ns``: the wall clock. Every line is on disk when :meth:`send` returns.
    """

    batch = 500

    def __init__(self, path: Path, now_ns: Callable[[], int]) -> None:
        self._path = path
        self._now_ns = now_ns

    def send(self, messages: Sequence[Message]) -> None:
        """Append a line each."""
        lines = "".join(json.dumps(_line(message), ensure_ascii=False) + "\n" for message in messages)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._rotate()
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            descriptor = os.open(self._path, flags, 0o600)
            try:
                _append(descriptor, lines.encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            raise ChannelUnavailable(f"{self._path}: {error.strerror}", hint=f"ls -ld {self._path.parent}") from error

    def _rotate(self) -> None:
        """A file that was last written on another day gets that day's name; the oldest of too many goes."""
        if not self._path.exists():
            return
        day = _day(self._path.stat().st_mtime_ns)
        if day == _day(self._now_ns()):
            return
        stem, suffix = self._path.stem, self._path.suffix
        aside = self._path.with_name(f"{stem}-{day}{suffix}")
        number = 1
        while aside.exists():
            aside = self._path.with_name(f"{stem}-{day}.{number}{suffix}")
            number += 1
        self._path.rename(aside)
        for old in sorted(self._path.parent.glob(f"{stem}-????-??-??*{suffix}"))[:-KEEP_DAYS]:
            old.unlink()


def _append(descriptor: int, data: bytes) -> None:
    """Behind a whole line: a crash may have left half of one."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        data = b"\n" + data
    while data:
        data = data[os.write(descriptor, data) :]
    os.fdatasync(descriptor)


def _day(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns // _NS, UTC):%Y-%m-%d}"


def _line(message: Message) -> dict[str, Any]:
    moment = datetime.fromtimestamp(message.at_ns // _NS, UTC).isoformat().replace("+00:00", "Z")
    line: dict[str, Any] = {"time": moment, "id": message.id, "kind": message.kind, "level": message.level}
    line["duplicate"] = message.duplicate
    if message.alert is None:
        return {**line, "message": message.title}
    alert = message.alert
    about = {name: getattr(alert, name) for name in ("rule", "source", "scope", "message", "fingerprint", "count")}
    return {**line, "alert": alert.id, **about, "state": alert.state.value, "record": alert.record}
