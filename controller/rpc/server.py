"""The controller's socket: one thread a client, bounded in number, size and time, so no client can hold another up."""

import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from controller.errors import SettingsError
from controller.home import Home
from controller.ports import Control
from controller.rpc.methods import Dispatcher, Document, Params, parse_failure
from controller.settings import Settings

MAX_CLIENTS = 64
MAX_LINE = 1_048_576
IDLE_SECONDS = 300.0
SEND_SECONDS = 5.0
_MAX_PATH = 100
_INSIDE = ("Internal", "StoreUnavailable", "EngineUnavailable")
_log = logging.getLogger(__name__)


def serve_rpc(
    control: Control,
    settings: Settings,
    hold: Callable[[], None] | None = None,
    more: Mapping[str, Callable[[Params], Document]] | None = None,
) -> "RpcServer":
    """Start serving ``control`` on the home's socket; call :meth:`RpcServer.stop` at the end.

    ``hold``: stops the supervision (``Supervisor.hold``), asked for by an orderly ``service stop``. ``more``: methods
    that only a running controller has.
    """
    dispatcher = Dispatcher(control, settings, hold=hold, more=more)
    server = RpcServer(dispatcher, Home(settings.home).controller_socket)
    server.start()
    return server


class Replies(Protocol):
    """What a server asks: :class:`Dispatcher` fits."""

    def reply(self, request: Any) -> dict[str, Any]:
        """The reply to one decoded request."""
        ...


class RpcServer:
    """Serves a :class:`Dispatcher` on a 0600 Unix socket until :meth:`stop`."""

    def __init__(self, dispatcher: Replies, path: Path) -> None:
        self._dispatcher = dispatcher
        self._path = path
        self._stopping = threading.Event()
        self._slots = threading.BoundedSemaphore(MAX_CLIENTS)
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self.noted: Callable[[bool], None] = lambda _: None
        """Told of each request whether it failed inside: by a defect, or for a part that does not answer."""

    def start(self) -> None:
        """Listen and serve in background threads. Raises SettingsError when the path is too long for a socket.

        The caller holds the service's pid lock, so a socket file that is there already is a dead one's.
        """
        if len(os.fsencode(self._path)) > _MAX_PATH:
            raise SettingsError(f"{self._path}: longer than {_MAX_PATH} bytes", "export GT_RISK_HOME=<a shorter path>")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        self._path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            listener.bind(str(self._path))
        finally:
            os.umask(mask)
        listener.listen(MAX_CLIENTS)
        self._listener = listener
        self._thread = threading.Thread(target=self._accept, args=(listener,), name="rpc", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and remove the socket; idempotent. Replies under way get to their client or time out."""
        self._stopping.set()
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            self._path.unlink(missing_ok=True)
        if self._thread is not None:
            self._thread.join(SEND_SECONDS)

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if not self._slots.acquire(blocking=False):
                connection.close()
                continue
            threading.Thread(target=self._serve, args=(connection,), name="rpc-client", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as lines:
                connection.settimeout(IDLE_SECONDS)
                while line := lines.readline(MAX_LINE + 1):
                    if len(line) > MAX_LINE:
                        return
                    self._answer(connection, line)
        except OSError as error:
            _log.debug("rpc client left: %s", error)
        finally:
            self._slots.release()

    def _answer(self, connection: socket.socket, line: bytes) -> None:
        reply = self._reply(line)
        self.noted(_failed_inside(reply))
        connection.settimeout(SEND_SECONDS)
        connection.sendall(json.dumps(reply, separators=(",", ":")).encode() + b"\n")
        connection.settimeout(IDLE_SECONDS)

    def _reply(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except ValueError as error:
            return parse_failure(error)
        try:
            return self._dispatcher.reply(request)
        except Exception as error:  # noqa: BLE001  # the edge of a client's loop: it gets an answer, the log the trace
            _log.exception("rpc method failed")
            message = f"internal error: {type(error).__name__}: {error}"
            data = {"exit": 1, "hint": "gt risk service logs", "code": "Internal"}
            return {"jsonrpc": "2.0", "id": None, "error": {"code": -32603, "message": message, "data": data}}


def _failed_inside(reply: dict[str, Any]) -> bool:
    return reply.get("error", {}).get("data", {}).get("code") in _INSIDE
