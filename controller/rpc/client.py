"""Tiny client of the controller's socket: one request, one reply. Standard library only, no asyncio.

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


def call(path: str, method: str, params: dict[str, Any] | None = None, timeout: float = 5.0) -> dict[str, Any]:
    """Ask the service at socket ``path``; the result. Raises RpcError, ServiceDown; ``timeout`` in seconds."""
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(path)
        connection.sendall(json.dumps(request).encode() + b"\n")
        line = _line(connection)
    except OSError as error:
        raise ServiceDown(f"service down: {path}: {error.strerror or error}") from error
    finally:
        connection.close()
    return _result(line)


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
