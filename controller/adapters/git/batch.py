"""One git process that answers for object after object, read within a time limit."""

import os
import select
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence

from controller.adapters.git.process import Git, close_pipe
from controller.errors import SourceUnavailable

_AHEAD = 32
"""Object ids that are asked for at once: far less than a pipe holds."""


class Batch:
    """A persistent ``git cat-file --batch``: tens of microseconds an object, started again when it is gone."""

    def __init__(self, git: Git) -> None:
        self._argv, self._env = git.command(["cat-file", "--batch"])
        self._timeout = git.timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = bytearray()
        self._lock = threading.Lock()

    def get(self, name: str, bound: int) -> tuple[str, str, bytes] | int | None:
        """(id, type, content) of the object ``name``; its size when that is over ``bound``; None when missing.

        ``name`` is an object id or a fully qualified ref. Raises SourceUnavailable.
        """
        if "\n" in name or not name:
            return None
        with self._lock:
            try:
                return self._ask(name, bound)
            except (OSError, EOFError, ValueError) as error:
                self._stop()
                raise SourceUnavailable(f"git cat-file gave no answer for {name}: {error}") from error

    def get_all(self, names: Sequence[str], bound: int) -> Iterator[tuple[str, str, bytes] | int | None]:
        """As :meth:`get` of each of the object ids ``names``; a few are on their way while one is read."""
        for first in range(0, len(names), _AHEAD):
            some = names[first : first + _AHEAD]
            with self._lock:
                found = self._several(some, bound)
            yield from found

    def close(self) -> None:
        """End the process; the next ``get`` starts a new one."""
        with self._lock:
            self._stop()

    def _several(self, names: Sequence[str], bound: int) -> list[tuple[str, str, bytes] | int | None]:
        try:
            self._send(names)
            found: list[tuple[str, str, bytes] | int | None] = []
            for at in range(len(names)):
                found.append(self._answer(bound))
                if isinstance(found[-1], int):
                    self._send(names[at + 1 :])
            return found
        except (OSError, EOFError, ValueError) as error:
            self._stop()
            raise SourceUnavailable(f"git cat-file gave no answer for {names[0]}: {error}") from error

    def _ask(self, name: str, bound: int) -> tuple[str, str, bytes] | int | None:
        self._send([name])
        return self._answer(bound)

    def _send(self, names: Sequence[str]) -> None:
        process = self._running()
        assert process.stdin is not None
        process.stdin.write(b"".join(name.encode() + b"\n" for name in names))
        process.stdin.flush()

    def _answer(self, bound: int) -> tuple[str, str, bytes] | int | None:
        deadline = time.monotonic() + self._timeout
        words = self._line(deadline).rsplit(b" ", 2)
        if words[-1] in (b"missing", b"ambiguous"):
            return None
        size = int(words[2])
        if size > bound:
            self._stop()
            return size
        content = self._take(size + 1, deadline)
        return words[0].decode(), words[1].decode(), content[:-1]

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._stop()
            self._process = subprocess.Popen(
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._env,
            )
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        self._buffer.clear()
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                close_pipe(pipe)
        process.wait()

    def _line(self, deadline: float) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            self._more(deadline)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def _take(self, count: int, deadline: float) -> bytes:
        while len(self._buffer) < count:
            self._more(deadline)
        piece = bytes(self._buffer[:count])
        del self._buffer[:count]
        return piece

    def _more(self, deadline: float) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        left = deadline - time.monotonic()
        descriptor = process.stdout.fileno()
        if left <= 0 or not _readable(descriptor, left):
            raise EOFError(f"nothing within {self._timeout:g} s")
        piece = os.read(descriptor, 1 << 16)
        if not piece:
            raise EOFError("it ended")
        self._buffer += piece


def _readable(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1_000))
