"""Connections to the controller for many threads: each is used by one at a time and kept for the next."""

import threading
from typing import Any

from controller.rpc.client import Connection, ServiceDown

KEPT = 8
"""Idle connections; the controller serves 64 clients in all."""


class Pool:
    """Asks the controller at socket ``path``; safe for threads. ``timeout`` of one answer in seconds."""

    def __init__(self, path: str, timeout: float = 5.0) -> None:
        self._path = path
        self._timeout = timeout
        self._lock = threading.Lock()
        self._idle: list[Connection] = []

    def __call__(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The result of one request. Raises RpcError, ServiceDown."""
        connection = self._take()
        try:
            result = connection.call(method, params)
        except ServiceDown:
            self.close()
            raise
        finally:
            self._put(connection)
        return result

    def close(self) -> None:
        """Drop what is idle: a controller that is gone takes all of its connections along."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> Connection:
        with self._lock:
            return self._idle.pop() if self._idle else Connection(self._path, self._timeout)

    def _put(self, connection: Connection) -> None:
        with self._lock:
            if len(self._idle) < KEPT:
                self._idle.append(connection)
                return
        connection.close()
