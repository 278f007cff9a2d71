"""The socket under a stream, so that a client that reads too slowly costs its own stream and never a thread."""

import errno
import select
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

SLOW_SECONDS = 10.0
"""A client that took nothing for so long is let go; it comes back where it was."""


class Outlet:
    """Without a socket, as in a test client, everything is written at once."""

    def __init__(self, environ: Mapping[str, Any], patience: float = SLOW_SECONDS) -> None:
        self._socket: socket.socket | None = environ.get("gunicorn.socket")
        self._patience = patience

    def each(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Each piece when it can be written. Raises BrokenPipeError when the client is gone or too slow."""
        for piece in pieces:
            self.wait()
            yield piece

    def send(self, pieces: Iterable[bytes]) -> None:
        """Write each piece. Raises BrokenPipeError as :meth:`each`."""
        for piece in self.each(pieces):
            if self._socket is not None:
                self._socket.sendall(piece)

    def cut(self) -> None:
        """End the connection; what was written still arrives. The server waits for no client's own end then, which
        it would do in the one thread that accepts connections."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def gone(self) -> bool:
        """Whether the client closed its end or the connection is lost; never waits."""
        if self._socket is None:
            return False
        number = self._socket.fileno()  # another thread may close it right now
        if number < 0:
            return True
        poll = select.poll()
        poll.register(number, select.POLLRDHUP)
        return bool(poll.poll(0))

    def wait(self) -> None:
        """Until a piece can be written. Raises BrokenPipeError, the connection cut, when the client is too slow."""
        if self._socket is None:
            return
        if self._socket.fileno() < 0:
            raise BrokenPipeError(errno.EPIPE, "the client is gone")
        poll = select.poll()
        poll.register(self._socket, select.POLLOUT)
        if not poll.poll(self._patience * 1_000):
            self.cut()
            raise BrokenPipeError(errno.EPIPE, "the client reads too slowly")
