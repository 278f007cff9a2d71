"""Public keys as trust.yaml writes them, and the proof of a signature. Light: the CLI's signer imports it."""

import binascii
from functools import lru_cache

OPENPGP = b"openpgp"
_HEX = frozenset("0123456789ABCDEF")


class SignatureError(ValueError):
    """A signature or key proves nothing; the message says why, in words for the committer."""


class Signed:
    """Who signed: the key's blob and its ``SHA256:`` fingerprint. Plain, because dataclasses cost 18 ms to import."""

    __slots__ = ("fingerprint", "key")

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.fingerprint = fingerprint(key)


@lru_cache(1_024)
def key_blob(line: str) -> bytes:
    """The blob of an OpenSSH public key line, or of ``openpgp`` and a fingerprint. Raises SignatureError when type and
    blob do not agree."""
    words = line.split()
    if len(words) < 2:
        raise SignatureError("a public key line is a type and base64")
    if words[0].encode() == OPENPGP:
        return _openpgp("".join(words[1:]).upper())
    try:
        blob = binascii.a2b_base64(words[1], strict_mode=True)
    except ValueError:
        raise SignatureError("its base64 is broken") from None
    kind = words[0].encode()
    if not blob.startswith(len(kind).to_bytes(4, "big") + kind):
        raise SignatureError(f"its blob is not of type {words[0]}")
    return blob


def _openpgp(text: str) -> bytes:
    if len(text) not in (40, 64) or set(text) - _HEX:
        raise SignatureError("an OpenPGP key is named by its whole fingerprint, 40 or 64 hexadecimal digits")
    return b"".join(len(part).to_bytes(4, "big") + part for part in (OPENPGP, text.encode()))


def fingerprint(blob: bytes) -> str:
    """``SHA256:…`` of a public key blob, as ``ssh-keygen -l`` prints it."""
    import hashlib  # 4 ms of the start of every command that signs, which needs no fingerprint

    digest = hashlib.sha256(blob).digest()
    return "SHA256:" + binascii.b2a_base64(digest, newline=False).decode().rstrip("=")
