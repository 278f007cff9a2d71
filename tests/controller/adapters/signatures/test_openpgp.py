"""OpenPGP through a real gpg: what counts, what does not, and how each failure is told."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.signatures import openpgp
from controller.adapters.signatures.kinds import check_key, verify
from controller.adapters.signatures.signer import sign
from controller.core.trust.keys import SignatureError, key_blob
from controller.errors import SettingsError
from tests.support.folders import short_folder

PAYLOAD = b"tree 1\n\nA commit\n"
HAVE = shutil.which("gpg") is not None


def test_gpg_when_this_is_ci_then_it_is_here() -> None:
    """Without gpg the tests below are left out: in CI that is a failure, elsewhere it is said aloud."""
    if not HAVE:
        assert os.environ.get("CI") != "true", "gpg is missing: OpenPGP is not tested"
        pytest.skip("GPG IS MISSING: OpenPGP signatures are not tested on this machine")


needs_gpg = pytest.mark.skipif(not HAVE, reason="gpg is missing")


@pytest.fixture(scope="module")
def keyring() -> Iterator[str]:
    """A keyring of its own with one key; gives its fingerprint. Short: gpg's socket lies in it."""
    with short_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GNUPGHOME", str(folder))
        made = ["gpg", "--batch", "--passphrase", "", "--quick-generate-key", "ada@example.org", "ed25519", "sign"]
        subprocess.run(made, check=True, capture_output=True)
        listed = subprocess.run(["gpg", "--with-colons", "-k"], check=True, capture_output=True, text=True).stdout
        yield next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))
        subprocess.run(["gpgconf", "--kill", "all"], check=False, capture_output=True)


@needs_gpg
def test_signature_when_gpg_made_it_then_counts_for_the_listed_fingerprint(keyring: str) -> None:
    made = sign(PAYLOAD, Path(f"openpgp {keyring}"))
    signed = verify(PAYLOAD, made)
    assert signed.key == key_blob(f"openpgp {keyring.lower()}") == openpgp.blob_of(keyring)
    check_key(signed.key)
    for other in (PAYLOAD + b"!", b""):
        with pytest.raises(SignatureError, match="changed after signing"):
            verify(other, made)
    with pytest.raises(SignatureError, match="no single good"):
        verify(PAYLOAD, made + made)


@needs_gpg
def test_signature_when_the_key_is_not_in_the_keyring_then_says_what_to_import(
    keyring: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = sign(PAYLOAD, Path(f"openpgp {keyring}"))
    empty = tmp_path / "empty"
    empty.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(empty))
    with pytest.raises(SignatureError, match="gpg --import"):
        verify(PAYLOAD, made)


@needs_gpg
def test_signature_when_its_hash_is_weak_then_refused(keyring: str) -> None:
    argv = ["gpg", "--batch", "--armor", "--detach-sign", "--digest-algo", "SHA1", "--local-user", keyring]
    made = subprocess.run(argv, input=PAYLOAD, capture_output=True, check=False).stdout
    with pytest.raises(SignatureError, match=r"weak|no single good"):
        verify(PAYLOAD, made)


@needs_gpg
def test_sign_when_gpg_has_no_such_key_then_names_the_next_command(keyring: str) -> None:
    with pytest.raises(SettingsError, match="gpg could not sign") as caught:
        sign(PAYLOAD, Path(f"openpgp {'0' * 40}"))
    assert caught.value.hint.startswith("gpg --list-secret-keys")
    with pytest.raises(SettingsError, match="signs commits only"):
        sign(PAYLOAD, Path(f"openpgp {keyring}"), namespace=b"gt-risk-liquidation")


def test_gpg_when_it_is_not_installed_then_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SignatureError, match="gpg is not installed"):
        verify(PAYLOAD, openpgp.BEGIN + b"\n")
    with pytest.raises(SettingsError, match="gpg is not installed"):
        sign(PAYLOAD, Path(f"openpgp {'0' * 40}"))


@pytest.mark.parametrize("line", ["openpgp", "openpgp 1234", "openpgp " + "g" * 40, "openpgp " + "1" * 41])
def test_line_when_it_is_no_whole_fingerprint_then_refused(line: str) -> None:
    with pytest.raises(SignatureError):
        key_blob(line)
