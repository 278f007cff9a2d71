"""A bound on a whole conversation: timeouts of single reads let a server that drips bytes hold it for ever."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class Deadline:
    """Within the block, sockets that are watched are shut down once ``seconds`` are over."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._watched: list[socket.socket] = []
        self.passed = False

    def watch(self, connection: socket.socket) -> None:
        """Shut ``connection`` down in time; a TLS socket made of it too, for both share the kernel's connection."""
        self._watched.append(connection.dup())

    def _cut(self) -> None:
        self.passed = True
        for connection in list(self._watched):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        for connection in self._watched:
            connection.close()
