"""The form of an OpenSSH public key line: whether it holds what it says, without any cryptography."""

import base64
import binascii

from controller.core.trust.keys import OPENPGP, key_blob

_PARTS = {
    "ssh-ed25519": 2,
    "ssh-rsa": 3,
    "ecdsa-sha2-nistp256": 3,
    "ecdsa-sha2-nistp384": 3,
    "ecdsa-sha2-nistp521": 3,
    "sk-ssh-ed25519@openssh.com": 3,
    "sk-ecdsa-sha2-nistp256@openssh.com": 4,
}
_ED25519_BYTES = 32
_MIN_RSA_BYTES = 256


def read_key_line(line: str) -> bytes:
    """The wire form of the key in ``line`` (type, base64, optional comment). ValueError says what is wrong."""
    words = line.split()
    if words[:1] == [OPENPGP.decode()]:
        return key_blob(line)
    if "-cert-" in line.partition(" ")[0]:
        raise ValueError(f"{words[0]!r} is a certificate: list the plain key that it is for")
    if len(words) < 2 or words[0] not in _PARTS:
        raise ValueError(f"{line[:40]!r} is not an OpenSSH public key of a known type")
    try:
        blob = base64.b64decode(words[1], validate=True)
    except binascii.Error:
        raise ValueError("it is not base64") from None
    parts = _split(blob)
    if len(parts) != _PARTS[words[0]] or parts[0] != words[0].encode():
        raise ValueError(f"it does not hold what {words[0]} says")
    if words[0] == "ssh-ed25519" and len(parts[1]) != _ED25519_BYTES:
        raise ValueError(f"an ed25519 key has {_ED25519_BYTES} bytes, this one {len(parts[1])}")
    if words[0] == "ssh-rsa" and len(parts[2].lstrip(b"\0")) < _MIN_RSA_BYTES:
        raise ValueError(f"an RSA key needs at least {_MIN_RSA_BYTES * 8:,} bits")
    return blob


def _split(blob: bytes) -> list[bytes]:
    parts: list[bytes] = []
    offset = 0
    while offset < len(blob):
        start = offset + 4
        offset = start + int.from_bytes(blob[offset:start], "big")
        if start > len(blob) or offset > len(blob):
            raise ValueError("it is cut off")
        parts.append(blob[start:offset])
    return parts
