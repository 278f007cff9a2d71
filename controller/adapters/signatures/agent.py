"""The ssh-agent protocol, as much of it as signing needs: list keys, sign.

Source: the SSH agent protocol draft (draft-ietf-sshm-ssh-agent).
"""

import socket

from controller.adapters.signatures.wire import Reader, WireError, string

_LIST, _KEYS, _SIGN, _SIGNED, _FAILURE = 11, 12, 13, 14, 5
_RSA_SHA2_512 = 4
_LARGEST = 256 * 1024
TIMEOUT = 30.0
"""Seconds: an agent may ask its owner before it signs."""


class AgentError(Exception):
    """The agent refuses or does not answer; ``hint`` is the next command."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Agent:
    """The agent behind the Unix socket ``path``; one connection a request."""

    def __init__(self, path: str) -> None:
        self._path = path

    def held(self) -> tuple[bytes, ...]:
        """Public key blobs that the agent holds; empty when it is locked. Raises AgentError."""
        reader = self._ask(_LIST, b"", _KEYS)
        keys = []
        for _ in range(min(reader.number(), 1_000)):
            keys.append(reader.string())
            reader.string()
        return tuple(keys)

    def sign(self, blob: bytes, data: bytes) -> bytes:
        """The wire-format signature of ``data`` by key ``blob`` (RSA: SHA-512). Raises AgentError."""
        held = self.held()
        if blob not in held:
            what = "it does not hold this key" if held else "it is locked or holds no key"
            raise AgentError(what, "ssh-add -X to unlock it, then ssh-add the key; ssh-add -l lists what it holds")
        flags = _RSA_SHA2_512 if Reader(blob).string() == b"ssh-rsa" else 0
        body = string(blob) + string(data) + flags.to_bytes(4, "big")
        return self._ask(_SIGN, body, _SIGNED).string()

    def _ask(self, kind: int, body: bytes, expected: int) -> Reader:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(TIMEOUT)
                connection.connect(self._path)
                connection.sendall(string(bytes([kind]) + body))
                size = int.from_bytes(_receive(connection, 4), "big")
                if not 0 < size <= _LARGEST:
                    raise WireError("its answer has no sensible length")
                answer = _receive(connection, size)
        except (OSError, WireError) as error:
            raise AgentError(f"{self._path}: {error}", 'eval "$(ssh-agent)"; ssh-add') from error
        if answer[0] != expected:
            raise AgentError("it refused (locked, or its owner said no)", "ssh-add -l; ssh-add -X unlocks an agent")
        return Reader(answer[1:])


def _receive(connection: socket.socket, count: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < count:
        piece = connection.recv(count - len(pieces))
        if not piece:
            raise WireError("it closed the connection")
        pieces += piece
    return bytes(pieces)
