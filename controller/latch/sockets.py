"""Bounded requests to Unix sockets without :mod:`socket` (its import costs as much as the halt)."""

import time
from _socket import AF_UNIX, SOCK_STREAM, socket

_RETRY = 0.001
_CHUNK = 65536
_LIMIT = 16 * 1024 * 1024


class Request:
    """One newline-terminated request on its way; :meth:`reply` waits for the line that answers it.

    ``deadline`` is in seconds of the monotonic clock and bounds connect, send and reply together.
    """

    __slots__ = ("_deadline", "_error", "_socket", "path")

    def __init__(self, path: str, line: bytes, deadline: float) -> None:
        """Connect and send; a failure is kept and raised by :meth:`reply`, so that nothing else waits for it."""
        self.path = path
        self._deadline = deadline
        self._error: OSError | None = None
        self._socket = socket(AF_UNIX, SOCK_STREAM)
        try:
            self._connect()
            self._send(line)
        except OSError as error:
            self._error = error
            self._socket.close()

    def reply(self) -> bytes:
        """The reply line. Raises OSError: refused, closed, or TimeoutError at the deadline."""
        if self._error is not None:
            raise self._error
        received = bytearray()
        try:
            while not received.endswith(b"\n"):
                self._bound()
                chunk = self._socket.recv(_CHUNK)
                if not chunk or len(received) > _LIMIT:
                    raise ConnectionError("closed without an answer")
                received += chunk
        finally:
            self._socket.close()
        return bytes(received)

    def _connect(self) -> None:
        while True:
            self._bound()
            try:
                self._socket.connect(self.path)
            except BlockingIOError:
                time.sleep(_RETRY)
            else:
                return

    def _send(self, line: bytes) -> None:
        self._bound()
        self._socket.sendall(line)

    def _bound(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer in time")
        self._socket.settimeout(left)


def problem_text(error: OSError) -> str:
    """Why a socket did not answer, in words."""
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return "not running"
    if isinstance(error, TimeoutError):
        return "silent"
    return error.strerror or str(error)
