"""A WebSocket client of a few lines (RFC 6455): it leaves nothing open when it is refused."""

import http.client
import os
import socket
import struct
from types import TracebackType

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "A" * 22 + "==",
}
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10


class WebSocket:
    """``status`` 101: it is open. Texts come by :meth:`receive`; pings are answered; its end is a close code."""

    def __init__(self, address: str, headers: dict[str, str] | None = None, timeout: float = 30.0) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout)
        self._stream = self._socket.makefile("rb")
        sent = {"Host": address, **HANDSHAKE, **(headers or {})}
        lines = [f"{name}: {value}\r\n" for name, value in sent.items()]
        self._socket.sendall(f"GET /ws HTTP/1.1\r\n{''.join(lines)}\r\n".encode())
        self.status = int(self._stream.readline().split()[1])
        self.headers = http.client.parse_headers(self._stream)
        self.body = b"" if self.status == 101 else self._stream.read(int(self.headers["Content-Length"]))

    def receive(self) -> str | int:
        """The next text, or the code with which the server closes; 1006 when it is just gone."""
        while True:
            kind, data = self._frame()
            if kind == _TEXT:
                return data.decode()
            if kind == _CLOSE:
                return int(struct.unpack(">H", data[:2])[0]) if data else 1006
            if kind == _PING:
                self._send(_PONG, data)

    def until_closed(self) -> int:
        """Read on to the end; its code."""
        while not isinstance(found := self.receive(), int):
            pass
        return found

    def send(self, text: str) -> None:
        """Say something."""
        self._send(_TEXT, text.encode())

    def close(self) -> None:
        """Let go; idempotent."""
        self._stream.close()
        self._socket.close()

    def __enter__(self) -> "WebSocket":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _frame(self) -> tuple[int, bytes]:
        head = self._stream.read(2)
        if len(head) < 2:
            return _CLOSE, b""
        size = head[1]
        if size >= 126:
            size = int.from_bytes(self._stream.read(2 if size == 126 else 8), "big")
        return head[0] & 0x0F, self._stream.read(size)

    def _send(self, kind: int, data: bytes) -> None:
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
        self._socket.sendall(bytes((0x80 | kind, 0x80 | len(data))) + mask + masked)
