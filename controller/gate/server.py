"""The gate's socket: one thread, a selector, bounded buffers. A slow or dead client is dropped, never waited for."""

import contextlib
import json
import os
import selectors
import socket
import time
from collections import deque
from pathlib import Path
from typing import Any, Protocol

from controller.gate.handlers import handle
from controller.gate.linger import Linger
from controller.gate.log import log
from controller.gate.sentinel import Sentinel
from controller.gate.venue import Bar
from controller.gate.views import bar_event, policy_event

MAX_LINE = 65_536
MAX_OUT = 4_194_304
"""Bytes that may wait for a client when another message comes; one message alone may be larger."""
MAX_CLIENTS = 256
BATCH = 4
ACCEPTS = 16
BARRIER = b'{"op":"barrier"}'
_CHUNK = 65_536
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_parse = json.JSONDecoder().decode


class Stop(Protocol):
    """What ends the loop: :class:`threading.Event` fits."""

    def is_set(self) -> bool:
        """Whether to end."""
        ...


class Client:
    """One connection. ``symbols`` is None until it subscribes; ``lines`` are requests not answered yet."""

    __slots__ = ("buffer", "ended", "lines", "out", "socket", "symbols", "watched")

    def __init__(self, channel: socket.socket) -> None:
        self.socket = channel
        self.buffer = b""
        self.lines: deque[bytes] = deque()
        self.out = bytearray()
        self.symbols: frozenset[str] | None = None
        self.ended = False
        self.watched = selectors.EVENT_READ

    def waits_for_barrier(self) -> bool:
        """Whether its next request is a halter's barrier."""
        return bool(self.lines) and self.lines[0] == BARRIER


class Server:
    """Listens on ``path`` (0600) and answers requests in order, at most BATCH of one client at a stretch.

    Barriers go first: a halt waits for the order in hand, not for those that are queued.
    """

    def __init__(self, path: Path, sentinel: Sentinel) -> None:
        self._path = path
        self._sentinel = sentinel
        self._selector = selectors.DefaultSelector()
        self._clients: dict[int, Client] = {}
        self._waiting: list[Client] = []
        self._linger = Linger()
        self._wait = 0.0
        self._listener = _listen(path)
        self._selector.register(self._listener, selectors.EVENT_READ)

    def serve(self, stop: Stop) -> None:
        """Run until ``stop`` is set; each round: read, answer, follow the latch, let the venue go on."""
        self._sentinel.begin()
        while not stop.is_set():
            for key, mask in self._selector.select(self._timeout()):
                if key.data is None:
                    self._accept()
                else:
                    self._ready(key.data, mask)
            if self._waiting:
                self._answer_all()
            self._wait = self._sentinel.step()
            self._publish()

    def close(self) -> None:
        """Drop every client and remove the socket; idempotent."""
        for client in list(self._clients.values()):
            self._drop(client)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(self._listener)
        if self._listener.fileno() >= 0:
            self._listener.close()
            self._path.unlink(missing_ok=True)
        self._selector.close()

    def _timeout(self) -> float:
        return 0.0 if self._waiting or self._linger.awake(time.monotonic_ns()) else self._wait

    def _answer_all(self) -> None:
        self._linger.called(time.monotonic_ns())
        waiting, self._waiting = self._waiting, []
        if len(waiting) > 1:
            waiting.sort(key=Client.waits_for_barrier, reverse=True)
        for client in waiting:
            self._answer(client)
        self._linger.answered(time.monotonic_ns())

    def _accept(self) -> None:
        for _ in range(ACCEPTS):
            try:
                channel, _peer = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                log("accept-failed", "error", error=str(error))
                self._drop_oldest("no room for another connection")
                return
            self._admit(channel)

    def _admit(self, channel: socket.socket) -> None:
        channel.setblocking(False)
        if len(self._clients) >= MAX_CLIENTS:
            self._drop_oldest("too many connections")
        client = self._clients[channel.fileno()] = Client(channel)
        self._selector.register(channel, client.watched, client)
        self._read(client)

    def _drop_oldest(self, why: str) -> None:
        quiet = [client for client in self._clients.values() if client.symbols is None]
        for client in (quiet or list(self._clients.values()))[:1]:
            log("client-dropped", "warn", reason=why)
            self._drop(client)

    def _ready(self, client: Client, mask: int) -> None:
        if mask & selectors.EVENT_WRITE:
            self._flush(client)
        if mask & selectors.EVENT_READ and len(client.lines) < BATCH:
            self._read(client)

    def _read(self, client: Client) -> None:
        try:
            chunk = client.socket.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if not chunk:
            self._end(client)
            return
        *lines, client.buffer = (client.buffer + chunk).split(b"\n")
        if lines and not client.lines:
            self._waiting.append(client)
        client.lines.extend(lines)
        if len(client.buffer) > MAX_LINE:
            log("client-dropped", "warn", reason="a request is too long")
            self._drop(client)

    def _end(self, client: Client) -> None:
        """The peer sends no more: what it asked for is still done, then the connection goes."""
        client.ended = True
        self._watch(client)

    def _answer(self, client: Client) -> None:
        for _ in range(BATCH):
            if not client.lines:
                break
            if line := client.lines.popleft().strip():
                self._answer_one(client, _decode(line))
        if client.lines:
            self._waiting.append(client)
        self._flush(client)

    def _answer_one(self, client: Client, request: object) -> None:
        if isinstance(request, dict) and request.get("op") == "subscribe":
            self._subscribe(client, request)
        else:
            self._put(client, self._reply(request))

    def _reply(self, request: object) -> dict[str, Any]:
        try:
            return handle(self._sentinel, request)
        except Exception as error:  # noqa: BLE001  # the loop's edge: one bad request must not stop the gate
            log("request-failed", "error", error=f"{type(error).__name__}: {error}")
            return {"ok": False, "error": f"the gate could not answer: {type(error).__name__}"}

    def _subscribe(self, client: Client, request: dict[str, Any]) -> None:
        symbols = request.get("symbols") or []
        client.symbols = frozenset(item for item in symbols if isinstance(item, str))
        self._sentinel.refresh()
        self._put(client, policy_event(self._sentinel.desk))

    def _publish(self) -> None:
        outbox = self._sentinel.outbox
        if not outbox:
            return
        for client in [client for client in self._clients.values() if client.symbols is not None]:
            for item in outbox:
                event = bar_event(item, client.symbols or frozenset()) if isinstance(item, Bar) else item
                self._put(client, event)
            self._flush(client)
        outbox.clear()

    def _put(self, client: Client, message: dict[str, Any]) -> None:
        if client.socket.fileno() < 0:
            return
        if len(client.out) > MAX_OUT:
            log("client-dropped", "warn", reason="it does not read what it asked for")
            self._drop(client)
            return
        client.out += _encode(message).encode() + b"\n"

    def _flush(self, client: Client) -> None:
        if client.socket.fileno() < 0:
            return
        try:
            while client.out:
                sent = client.socket.send(client.out)
                del client.out[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(client)
            return
        self._watch(client)

    def _watch(self, client: Client) -> None:
        if client.ended and not client.lines and not client.out:
            self._drop(client)
            return
        wanted = selectors.EVENT_WRITE if client.out else 0
        wanted |= 0 if client.ended else selectors.EVENT_READ
        if wanted == client.watched:
            return
        if not client.watched:
            self._selector.register(client.socket, wanted, client)
        elif not wanted:
            self._selector.unregister(client.socket)
        else:
            self._selector.modify(client.socket, wanted, client)
        client.watched = wanted

    def _drop(self, client: Client) -> None:
        fd = client.socket.fileno()
        if fd < 0:
            return
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(client.socket)
        self._clients.pop(fd, None)
        client.lines.clear()
        client.out.clear()
        client.socket.close()


def _listen(path: Path) -> socket.socket:
    """A listening socket at ``path``, readable by its owner only from the first moment on."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(mask)
    return listener


def _decode(line: bytes) -> object:
    try:
        return _parse(line.decode())
    except (ValueError, RecursionError):
        return None
