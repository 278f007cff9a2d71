"""Security keys and certificates. The security keys' signatures are made by software: no device is at hand here."""

import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from controller.adapters.signatures.sshsig import check_key, parse, plain, verify
from controller.adapters.signatures.wire import armour, signed_data, string
from controller.core.trust.keys import SignatureError, key_blob

PAYLOAD = b"tree 1\n\nA commit\n"
DATA = signed_data(PAYLOAD)
TOUCHED, COUNTER, APPLICATION = b"\x01", b"\0\0\0\x07", b"ssh:"


def message(flags: bytes, application: bytes = APPLICATION) -> bytes:
    return sha256(application).digest() + flags + COUNTER + sha256(DATA).digest()


def number(value: int) -> bytes:
    return string(value.to_bytes(value.bit_length() // 8 + 1, "big"))


def soft_ed25519(flags: bytes = TOUCHED, application: bytes = APPLICATION) -> tuple[bytes, bytes]:
    key, kind = ed25519.Ed25519PrivateKey.generate(), b"sk-ssh-ed25519@openssh.com"
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = string(kind) + string(key.sign(message(flags, application))) + flags + COUNTER
    return string(kind) + string(raw) + string(APPLICATION), signature


def soft_ecdsa(flags: bytes = TOUCHED, application: bytes = APPLICATION) -> tuple[bytes, bytes]:
    key, kind = ec.generate_private_key(ec.SECP256R1()), b"sk-ecdsa-sha2-nistp256@openssh.com"
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    r, s = decode_dss_signature(key.sign(message(flags, application), ec.ECDSA(hashes.SHA256())))
    signature = string(kind) + string(number(r) + number(s)) + flags + COUNTER
    return string(kind) + string(b"nistp256") + string(point) + string(APPLICATION), signature


Soft = Callable[..., tuple[bytes, bytes]]
BOTH = pytest.mark.parametrize("make", [soft_ed25519, soft_ecdsa])


@BOTH
def test_security_key_when_touched_then_counts_for_its_key(make: Soft) -> None:
    blob, signature = make()
    check_key(blob)
    assert verify(PAYLOAD, armour(blob, signature)).key == blob
    with pytest.raises(SignatureError, match="does not match"):
        verify(PAYLOAD + b"!", armour(blob, signature))


@BOTH
def test_security_key_when_nobody_touched_it_then_refused(make: Soft) -> None:
    with pytest.raises(SignatureError, match="not touched"):
        verify(PAYLOAD, armour(*make(b"\0")))


@BOTH
def test_security_key_when_flags_counter_or_application_differ_then_refused(make: Soft) -> None:
    blob, signature = make()
    for odd in (signature[:-5] + b"\x05" + COUNTER, signature[:-1] + b"\x08"):
        with pytest.raises(SignatureError, match="does not match"):
            verify(PAYLOAD, armour(blob, odd))
    with pytest.raises(SignatureError, match="does not match"):
        verify(PAYLOAD, armour(*make(TOUCHED, b"other:")))


@BOTH
def test_security_key_when_bytes_follow_then_refused(make: Soft) -> None:
    blob, signature = make()
    with pytest.raises(SignatureError, match="after its end"):
        verify(PAYLOAD, armour(blob, signature + b"\0"))


def run(*argv: str | Path, data: bytes | None = None) -> bytes:
    return subprocess.run([str(word) for word in argv], input=data, capture_output=True, check=True).stdout


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_certificate_when_openssh_signs_with_it_then_counts_for_the_key_inside(tmp_path: Path, kind: str) -> None:
    authority, person = tmp_path / "ca", tmp_path / "person"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", authority)
    run("ssh-keygen", "-q", "-t", kind, "-N", "", "-f", person)
    run("ssh-keygen", "-q", "-s", authority, "-I", "ada", "-n", "ada", "-V", "always:forever", f"{person}.pub")
    certificate = key_blob((tmp_path / "person-cert.pub").read_text())
    own = key_blob((tmp_path / "person.pub").read_text())
    assert plain(certificate) == own != certificate
    made = run("ssh-keygen", "-Y", "sign", "-q", "-n", "git", "-f", person, data=PAYLOAD)
    assert verify(PAYLOAD, made).key == own
    assert verify(PAYLOAD, with_key(made, certificate)).key == own
    with pytest.raises(SignatureError, match="does not match"):
        verify(PAYLOAD + b"!", with_key(made, certificate))
    with pytest.raises(SignatureError, match="list the plain key"):
        check_key(certificate)
    with pytest.raises(SignatureError, match="after its end"):
        plain(certificate + b"\0")


def with_key(armoured: bytes, blob: bytes) -> bytes:
    """The same signature in an envelope that names ``blob``, as ssh-keygen writes it when it is given a certificate."""
    parts = parse(armoured)
    return armour(blob, parts.signature, parts.hash_name)
