"""Make and read OpenSSH keys."""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from controller.adapters.signatures.wire import armour, signed_data, string
from controller.core.trust.keys import fingerprint, key_blob
from controller.errors import SettingsError


def generate(path: Path, comment: str) -> str:
    """Make an ed25519 key at ``path`` (0400) with ``path.pub`` beside it, unless it exists; the public key line.

    Never overwrites: an existing private key only has its public half written when that is missing.
    """
    public = public_path(path)
    if not path.exists():
        key = Ed25519PrivateKey.generate()
        text = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        _create(public, f"{line} {comment}\n".encode())
        _create(path, text)
    if not public.exists():
        raise SettingsError(f"{public} is missing", f"ssh-keygen -y -f {path} > {public}")
    return public.read_text().strip()


def public_path(path: Path) -> Path:
    """``key`` → ``key.pub``."""
    return path.with_name(path.name + ".pub")


def _create(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    temporary.rename(path)


class KeyFile:
    """A key without passphrase, loaded once: signs in process. For the controller's own (bot) key.

    Raises SettingsError when the file is missing, encrypted or of a type that is not accepted.
    """

    def __init__(self, path: Path) -> None:
        try:
            key = load_ssh_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise SettingsError(f"{path}: {error}", "gt risk doctor") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise SettingsError(f"{path} is not an ed25519 key", f"ssh-keygen -l -f {path}")
        self._key = key
        line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        self.blob = key_blob(line)
        self.fingerprint = fingerprint(self.blob)

    def __call__(self, payload: bytes) -> bytes:
        """The armoured SSHSIG of ``payload``."""
        raw = self._key.sign(signed_data(payload))
        return armour(self.blob, string(b"ssh-ed25519") + string(raw))
