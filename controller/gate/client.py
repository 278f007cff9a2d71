"""The client of the gate's socket: standard library only, so that a runner stays light.

One request at a time on one connection; events come on a connection of their own.
"""

import json
import socket
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

_CHUNK = 65_536
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_parse = json.JSONDecoder().decode
_RETRY = 0.001
"""Seconds between two tries to connect while the gate has more callers than it has accepted."""


class GateUnavailable(Exception):
    """The gate does not answer. What became of a submitted order is then unknown: ask again with its client id."""


class GateClient:
    """Talks to one gate. Connects on first use and again after an error; never repeats a request by itself.

    ``timeout`` in seconds bounds the connection and each wait for the gate. The kernel keeps it (SO_RCVTIMEO): Python's
    own would ask before every read and write whether it may.
    """

    def __init__(self, path: Path | str, timeout: float = 2.0) -> None:
        self._path = str(path)
        self._timeout = timeout
        self._socket: socket.socket | None = None
        self._buffer = b""

    def request(self, op: str, **fields: Any) -> dict[str, Any]:
        """Send one request and return its reply, ``ok`` included. Raises GateUnavailable."""
        try:
            channel = self._socket or self._connect()
            channel.sendall(_encode({"op": op, **fields}).encode() + b"\n")
            return self._reply(channel)
        except BlockingIOError as error:
            self.close()
            raise GateUnavailable(f"gate at {self._path}: timed out") from error
        except (OSError, ValueError) as error:
            self.close()
            raise GateUnavailable(f"gate at {self._path}: {str(error) or type(error).__name__}") from error

    def submit(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Put one (fields of ``engine_ports.Order``) through the gate; the reply has those of ``answer.Answer``."""
        return self.request("submit", order=dict(order))

    def events(self, symbols: Sequence[str] = (), poll: float = 1.0) -> Iterator[dict[str, Any] | None]:
        """Events as they come; None after each ``poll`` seconds of silence. Raises GateUnavailable when it ends."""
        try:
            with self._open(self._timeout) as channel:
                channel.sendall(_encode({"op": "subscribe", "symbols": list(symbols)}).encode() + b"\n")
                channel.settimeout(poll)
                yield from _lines(channel)
        except (OSError, ValueError) as error:
            raise GateUnavailable(f"gate at {self._path}: {str(error) or type(error).__name__}") from error

    def close(self) -> None:
        """Drop the connection; idempotent."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._buffer = None, b""

    def __enter__(self) -> "GateClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _connect(self) -> socket.socket:
        channel = self._open(self._timeout)
        bound = struct.pack("ll", *divmod(int(self._timeout * 1e6), 1_000_000))
        channel.setblocking(True)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            channel.setsockopt(socket.SOL_SOCKET, option, bound)
        self._socket, self._buffer = channel, b""
        return channel

    def _open(self, timeout: float) -> socket.socket:
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        deadline = time.monotonic() + timeout
        try:
            channel.settimeout(timeout)
            while True:
                try:
                    channel.connect(self._path)
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        raise
                    time.sleep(_RETRY)
                else:
                    return channel
        except OSError:
            channel.close()
            raise

    def _reply(self, channel: socket.socket) -> dict[str, Any]:
        data = bytearray(self._buffer)
        begun = 0
        while (end := data.find(b"\n", begun)) < 0:
            begun, chunk = len(data), channel.recv(_CHUNK)
            if not chunk:
                raise ConnectionResetError("closed the connection")
            data += chunk
        self._buffer = bytes(data[end + 1 :])
        del data[end:]
        return _object(data)


def _lines(channel: socket.socket) -> Iterator[dict[str, Any] | None]:
    buffer = b""
    while True:
        try:
            chunk = channel.recv(_CHUNK)
        except TimeoutError:
            yield None
            continue
        if not chunk:
            raise ConnectionResetError("closed the connection")
        *lines, buffer = (buffer + chunk).split(b"\n")
        for line in lines:
            yield _object(line)


def _object(line: bytes | bytearray) -> dict[str, Any]:
    value = _parse(line.decode())
    if not isinstance(value, dict):
        raise ValueError("reply is not an object")
    return value
