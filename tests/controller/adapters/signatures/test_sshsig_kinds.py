"""Each kind of key: its signature counts for exactly the bytes that it was made for, in exactly one encoding."""

import base64
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from controller.adapters.signatures.sshsig import check_key, parse, verify
from controller.adapters.signatures.wire import armour, dearmour, signed_data, string
from controller.core.trust.keys import SignatureError, key_blob

PAYLOAD = b"tree 1\n\nA commit\n"
DATA = signed_data(PAYLOAD)
SSH = (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)


def number(value: int) -> bytes:
    """An SSH mpint."""
    return string(value.to_bytes(value.bit_length() // 8 + 1, "big"))


def made_ed25519() -> tuple[bytes, bytes]:
    key = ed25519.Ed25519PrivateKey.generate()
    return key_blob(key.public_key().public_bytes(*SSH).decode()), string(b"ssh-ed25519") + string(key.sign(DATA))


def made_ecdsa(encode: Callable[[int], bytes] = number) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    r, s = decode_dss_signature(key.sign(DATA, ec.ECDSA(hashes.SHA256())))
    name = b"ecdsa-sha2-nistp256"
    return key_blob(key.public_key().public_bytes(*SSH).decode()), string(name) + string(encode(r) + encode(s))


def made_rsa() -> tuple[bytes, bytes]:
    key = rsa.generate_private_key(65_537, 2_048)
    made = key.sign(DATA, padding.PKCS1v15(), hashes.SHA512())
    return key_blob(key.public_key().public_bytes(*SSH).decode()), string(b"rsa-sha2-512") + string(made)


Made = Callable[[], tuple[bytes, bytes]]
KINDS = pytest.mark.parametrize("make", [made_ed25519, made_ecdsa, made_rsa])


@KINDS
def test_signature_when_the_payload_is_another_then_refused(make: Made) -> None:
    blob, signature = make()
    assert verify(PAYLOAD, armour(blob, signature)).key == blob
    for other in (PAYLOAD + b"!", b"", PAYLOAD[:-1]):
        with pytest.raises(SignatureError, match="does not match the commit"):
            verify(other, armour(blob, signature))


@KINDS
def test_signature_when_of_another_key_of_its_kind_then_refused(make: Made) -> None:
    (_, signature), (blob, _) = make(), make()
    with pytest.raises(SignatureError, match="does not match the commit"):
        verify(PAYLOAD, armour(blob, signature))


@KINDS
def test_signature_when_bytes_follow_it_then_refused(make: Made) -> None:
    blob, signature = make()
    with pytest.raises(SignatureError, match="after its end"):
        verify(PAYLOAD, armour(blob, signature + b"\0"))


def test_blob_when_it_starts_with_another_word_then_refused() -> None:
    raw = dearmour(armour(*made_ed25519()))
    text = armour(b"", b"").split(b"\n")
    odd = b"\n".join([text[0], base64.b64encode(b"SSHSIQ" + raw[6:]), *text[-2:]])
    with pytest.raises(SignatureError, match="does not start with SSHSIG"):
        parse(odd)


def test_number_when_its_sign_bit_is_set_or_it_is_empty_then_refused() -> None:
    def negative(value: int) -> bytes:
        return string(b"\x80" + value.to_bytes(32, "big"))

    with pytest.raises(SignatureError, match="not positive"):
        verify(PAYLOAD, armour(*made_ecdsa(negative)))
    with pytest.raises(SignatureError, match="not positive"):
        verify(PAYLOAD, armour(*made_ecdsa(lambda value: string(b""))))
    with pytest.raises(SignatureError, match="not positive"):
        check_key(string(b"ssh-rsa") + string(b"\x80") + string(b"\x80" * 256))
