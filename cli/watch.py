"""``--watch``: one process, one kept connection, a whole frame at a time, every two seconds until Ctrl-C.

Plain escape codes on the terminal's second screen: a frame is one write between the marks of a synchronised update,
so it is never seen half drawn, and costs a thousandth of what a layout library would.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from cli.output import OK, Document, Failure, Render
from cli.remote import home, socket_path
from cli.render.text import cut, paint, span
from controller.rpc.client import Connection, RpcError, ServiceDown

SECONDS = 2.0
STALE_SECONDS = 5
_TIMEOUT = 2.0
_WARNING = "⚠️"
_OPEN, _CLOSE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_BEGIN, _NEXT, _END = "\x1b[?2026h\x1b[H", "\x1b[K\n", "\x1b[K\x1b[J\x1b[?2026l"


class Frame(NamedTuple):
    """What is known at one tick: the newest document there was, its age in seconds, and what is wrong now."""

    document: Document | None
    age: float
    error: RpcError | None


class Feed:
    """Asks ``method`` again and again; a service that comes back is asked on a new connection."""

    def __init__(self, path: str, method: str) -> None:
        self._connection = Connection(path, _TIMEOUT)
        self._method = method
        self._last: Document | None = None

    def next(self) -> Frame:
        """The frame of now."""
        try:
            self._last = self._ask()
        except RpcError as error:
            return Frame(self._last, _age(self._last), error)
        return Frame(self._last, _age(self._last), None)

    def close(self) -> None:
        """Drop the connection."""
        self._connection.close()

    def _ask(self) -> Document:
        try:
            return self._connection.call(self._method)
        except ServiceDown:
            return self._connection.call(self._method)


def _age(document: Document | None) -> float:
    as_of = document["as_of"] if document else None
    return max(0.0, time.time() - datetime.fromisoformat(as_of).timestamp()) if as_of else 0.0


def watch(method: str, render: Render, as_json: bool) -> int:
    """Show ``method`` until Ctrl-C (exit code 0); ``as_json``: one document a line. Raises Failure without a home."""
    if not os.path.exists(f"{home()}/settings.toml"):  # noqa: PTH110  # pathlib costs 9 ms
        raise Failure(f"no gt-risk home at {home()}", "gt risk init", code="NoHome")
    feed = Feed(socket_path(), method)
    with _until_stopped(), closing(feed), _screen(not as_json and sys.stdout.isatty()) as screen:
        due = time.monotonic()
        while True:
            frame = feed.next()
            if as_json:
                _write(_json_line(frame))
            else:
                screen.show(text(frame, render))
            due = max(due + SECONDS, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))
    return OK


def text(frame: Frame, render: Render) -> list[str]:
    """A frame's lines: how fresh it is, then the document."""
    shown = list(render(frame.document)) if frame.document else []
    return [*_freshness(frame), "", *shown]


def _freshness(frame: Frame) -> list[str]:
    if frame.error is not None:
        stale = f"STALE, {span(frame.age)} old: " if frame.document else ""
        return [f"{_WARNING}  {stale}{frame.error.message}", f"  next: {frame.error.hint}"]
    if frame.age >= STALE_SECONDS:
        return [f"{_WARNING}  STALE: the newest reading is {span(frame.age)} old"]
    return [f"Every {SECONDS:.0f}s, Ctrl-C ends it"]


def _json_line(frame: Frame) -> str:
    import json

    if frame.error is None:
        return json.dumps({"ok": True, **(frame.document or {})}, ensure_ascii=False) + "\n"
    error = {"message": frame.error.message, "hint": frame.error.hint, "code": frame.error.code}
    return json.dumps({"ok": frame.error.exit == 3, "error": error}, ensure_ascii=False) + "\n"


class _Screen:
    """Frames on a terminal, cut to its size; elsewhere one below the other."""

    def __init__(self, terminal: bool) -> None:
        self._terminal = terminal

    def show(self, lines: Sequence[str]) -> None:
        """Draw one frame."""
        if not self._terminal:
            _write("\n".join([*_painted(lines), "", ""]))
            return
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
        if len(lines) > rows:
            lines = [*lines[: rows - 1], f"… {len(lines) - rows + 1} more lines"]
        _write(_BEGIN + _NEXT.join(_painted([cut(line, columns) for line in lines])) + _END)


def _painted(lines: Sequence[str]) -> list[str]:
    """What is wrong stands out; painted last, because colour takes no cells."""
    return [paint(lines[0], "yellow") if lines[0].startswith(_WARNING) else lines[0], *lines[1:]]


@contextmanager
def _screen(terminal: bool) -> Iterator[_Screen]:
    if terminal:
        _write(_OPEN)
    try:
        yield _Screen(terminal)
    finally:
        if terminal:
            _write(_CLOSE)


@contextmanager
def _until_stopped() -> Iterator[None]:
    """Ctrl-C, and being told to end, leave the terminal as it was."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    try:
        yield
    except KeyboardInterrupt:
        return


def _write(shown: str) -> None:
    """One write to the terminal, whole."""
    sys.stdout.buffer.write(shown.encode())
    sys.stdout.buffer.flush()
