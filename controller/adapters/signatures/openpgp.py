"""OpenPGP signatures, verified and made through gpg with its own keyring.

trust.yaml names such a key by its fingerprint (``openpgp 0123…``); the public key itself must be in the keyring of
whoever verifies. Expiry and revocation say nothing here: history judges by position, a leaked key is denied.
"""

import subprocess
import tempfile

from controller.adapters.signatures.wire import NAMESPACE, string
from controller.core.trust.keys import OPENPGP, SignatureError, Signed
from controller.errors import SettingsError

BEGIN = b"-----BEGIN PGP SIGNATURE-----"
_GPG = ("gpg", "--batch", "--no-tty", "--status-fd", "1")
_QUIET = ("--no-auto-key-retrieve", "--no-auto-key-locate", "--trust-model", "always")
_STRONG = frozenset({b"8", b"9", b"10"})
_SECONDS = 20.0


def verify(payload: bytes, armoured: bytes) -> Signed:
    """Check that ``armoured`` is one OpenPGP signature over exactly ``payload``. Raises SignatureError."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(armoured)
        file.flush()
        done = _gpg([*_QUIET, "--verify", file.name, "-"], payload)
    status = [line.split()[1:] for line in done.stdout.split(b"\n") if line.startswith(b"[GNUPG:] ")]
    valid = [words for words in status if words[0] == b"VALIDSIG"]
    missing = next((words for words in status if words[0] == b"NO_PUBKEY"), None)
    if missing is not None:
        raise SignatureError(f"gpg does not have key {missing[1].decode()}: gpg --import its public key here")
    if len([words for words in status if words[0] == b"NEWSIG"]) != 1 or len(valid) != 1:
        raise SignatureError("gpg finds no single good OpenPGP signature: it was changed after signing")
    if valid[0][8] not in _STRONG:
        raise SignatureError("its OpenPGP hash is weak: sign with SHA-256 or better (gpg --digest-algo SHA512)")
    return Signed(blob_of(valid[0][-1].decode()))


def check_key(blob: bytes) -> None:
    """Whether gpg is here to verify signatures of this key. Raises SignatureError."""
    if not blob.startswith(string(OPENPGP)):
        raise SignatureError("this is no OpenPGP key")
    _gpg(["--version"], b"")


def blob_of(fingerprint: str) -> bytes:
    """The blob by which an OpenPGP key is known."""
    return string(OPENPGP) + string(fingerprint.upper().encode())


def sign(payload: bytes, fingerprint: str, namespace: bytes = NAMESPACE) -> bytes:
    """An armoured signature of ``payload`` by the key ``fingerprint``. Raises SettingsError with the next command."""
    if namespace != NAMESPACE:
        raise SettingsError("an OpenPGP key signs commits only", "set signing_key in settings.toml to an SSH key")
    argv = ["gpg", "--status-fd", "2", "--armor", "--detach-sign", "--local-user", fingerprint]
    try:
        done = subprocess.run(argv, input=payload, capture_output=True, check=False)
    except FileNotFoundError:
        raise SettingsError("gpg is not installed", "install GnuPG, or set signing_key to an SSH key") from None
    if done.returncode != 0 or b"SIG_CREATED" not in done.stderr:
        lines = [
            line for line in done.stderr.decode("utf-8", "replace").splitlines() if not line.startswith("[GNUPG:]")
        ]
        why = lines[-1] if lines else f"exit {done.returncode}"
        raise SettingsError(f"gpg could not sign with {fingerprint}: {why}", f"gpg --list-secret-keys {fingerprint}")
    return done.stdout


def _gpg(arguments: list[str], data: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run([*_GPG, *arguments], input=data, capture_output=True, check=False, timeout=_SECONDS)
    except FileNotFoundError:
        raise SignatureError("gpg is not installed here, it takes it to verify OpenPGP: install GnuPG") from None
    except subprocess.TimeoutExpired:
        raise SignatureError(f"gpg did not answer within {_SECONDS:.0f} s") from None
