"""SSH wire format and SSHSIG armour. Light: the CLI signs with it inside its start-up budget."""

import binascii
import hashlib

from controller.core.trust.keys import SignatureError

MAGIC = b"SSHSIG"
NAMESPACE = b"git"
HASHES = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
_BEGIN = b"-----BEGIN SSH SIGNATURE-----"
_END = b"-----END SSH SIGNATURE-----"
_LONGEST = 16_384


class WireError(SignatureError):
    """The bytes are not what they claim to be; the message says what is wrong."""


class Reader:
    """Reads length-prefixed fields from ``data`` and refuses to run past its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """Exactly ``count`` bytes. Raises WireError when fewer are left."""
        end = self._at + count
        if end > len(self._data):
            raise WireError("it ends too early")
        piece = self._data[self._at : end]
        self._at = end
        return piece

    def number(self) -> int:
        """A big-endian 32-bit number."""
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        """A string: 32-bit length, then its bytes."""
        return self.take(self.number())

    def end(self) -> None:
        """Raises WireError when bytes are left over."""
        if self._at != len(self._data):
            raise WireError("it has bytes after its end")


def string(data: bytes) -> bytes:
    """``data`` with its 32-bit length in front."""
    return len(data).to_bytes(4, "big") + data


def signed_data(payload: bytes, hash_name: bytes = b"sha512", namespace: bytes = NAMESPACE) -> bytes:
    """What an SSHSIG key signs for ``payload``: magic, namespace, hash name, digest."""
    digest = HASHES[hash_name](payload).digest()
    return MAGIC + string(namespace) + string(b"") + string(hash_name) + string(digest)


def armour(blob: bytes, signature: bytes, hash_name: bytes = b"sha512", namespace: bytes = NAMESPACE) -> bytes:
    """The armoured SSHSIG of a wire-format ``signature`` made by key ``blob``, lines of 70 columns."""
    body = MAGIC + (1).to_bytes(4, "big") + string(blob) + string(namespace) + string(b"")
    body += string(hash_name) + string(signature)
    text = binascii.b2a_base64(body, newline=False)
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return b"\n".join([_BEGIN, *lines, _END, b""])


def dearmour(armoured: bytes) -> bytes:
    """The bytes inside the armour. Raises WireError for anything but exactly one armoured signature."""
    if len(armoured) > _LONGEST:
        raise WireError("it is larger than any SSH signature")
    lines = armoured.removesuffix(b"\n").split(b"\n")
    if armoured.count(_BEGIN) > 1:
        raise WireError("it holds two signatures")
    if lines[0] != _BEGIN or lines[-1] != _END:
        raise WireError("it is not one armoured SSH signature (OpenPGP and X.509 are not accepted)")
    try:
        return binascii.a2b_base64(b"".join(lines[1:-1]), strict_mode=True)
    except binascii.Error:
        raise WireError("its base64 is broken") from None
