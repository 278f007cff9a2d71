"""Tiny client of the controller's socket: one reply to each request. Standard library only, no asyncio.

``_socket`` is used directly: it costs a quarter of what importing ``socket`` does at the CLI's start.
"""

import _socket
import json
from typing import Any

MAX_REPLY = 64 * 1024 * 1024
_CHUNK = 65_536


class RpcError(Exception):
    """The service answered with an error.

    ``exit`` is the CLI's exit code, ``hint`` the next command, ``problems`` are the mistakes of documents.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        exit: int = 1,
        code: str = "Error",
        problems: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit = exit
        self.code = code
        self.problems = problems or []


class ServiceDown(RpcError):
    """Nobody answers on the socket: no service, or one that does not answer in time."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "gt risk service start", 3, "ServiceDown")


class Connection:
    """One connection to the service, kept between requests and made anew after an error. ``timeout`` in seconds."""

    def __init__(self, path: str, timeout: float = 5.0) -> None:
        self._path = path
        self._timeout = timeout
        self._socket: _socket.socket | None = None

    def call(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """The result of one request. Raises RpcError, ServiceDown."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
        try:
            connection = self._socket or self._connect()
            connection.sendall(json.dumps(request).encode() + b"\n")
            line = _line(connection)
        except PermissionError as error:
            self.close()
            hint = f"ls -ld {self._path}   # run it as the owner"
            raise RpcError(f"{self._path}: {error.strerror}", hint, 1, "NoPermission") from error
        except OSError as error:
            self.close()
            raise ServiceDown(f"service down: {self._path}: {error.strerror or error}") from error
        return _result(line)

    def close(self) -> None:
        """Drop the connection; idempotent."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> _socket.socket:
        self._socket = connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        connection.settimeout(self._timeout)
        connection.connect(self._path)
        return connection


def call(path: str, method: str, params: dict[str, Any] | None = None, timeout: float = 5.0) -> dict[str, Any]:
    """Ask the service at socket ``path``; the result. Raises RpcError, ServiceDown; ``timeout`` in seconds."""
    connection = Connection(path, timeout)
    try:
        return connection.call(method, params)
    finally:
        connection.close()


def _line(connection: _socket.socket) -> bytes:
    parts: list[bytes] = []
    size = 0
    while not (parts and parts[-1].endswith(b"\n")):
        part = connection.recv(_CHUNK)
        size += len(part)
        if not part or size > MAX_REPLY:
            raise ConnectionError(0, "the service closed the connection")
        parts.append(part)
    return b"".join(parts)


def _result(line: bytes) -> dict[str, Any]:
    reply = json.loads(line)
    error = reply.get("error")
    if error is None:
        result: dict[str, Any] = reply["result"]
        return result
    data = error.get("data") or {}
    hint, code = data.get("hint", ""), data.get("code", "Error")
    raise RpcError(error["message"], hint, data.get("exit", 1), code, data.get("problems"))
