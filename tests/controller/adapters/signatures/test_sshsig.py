"""SSHSIG verification against signatures made by ssh-keygen itself."""

import base64
import subprocess
from pathlib import Path

import pytest

from controller.adapters.signatures import sshsig
from controller.adapters.signatures.keys import KeyFile, generate
from controller.adapters.signatures.sshsig import check_key, parse, verify
from controller.adapters.signatures.wire import armour, dearmour, signed_data, string
from controller.core.trust.keys import SignatureError, fingerprint, key_blob

PAYLOAD = b"tree 1\n\nA commit\n"


def made(folder: Path, *kind: str, name: str = "key") -> Path:
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", "c", "-f", str(path), "-t", *kind], check=True)
    return path


def signature(key: Path, *options: str, namespace: str = "git", payload: bytes = PAYLOAD) -> bytes:
    command = ["ssh-keygen", "-Y", "sign", "-q", "-n", namespace, "-f", str(key), *options]
    return subprocess.run(command, input=payload, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("keys"), "ed25519")


@pytest.mark.parametrize(
    "kind",
    [("ed25519",), ("ecdsa", "-b", "256"), ("ecdsa", "-b", "384"), ("ecdsa", "-b", "521"), ("rsa", "-b", "2048")],
)
@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_signature_when_made_by_ssh_keygen_then_verifies(tmp_path: Path, kind: tuple[str, ...], digest: str) -> None:
    path = made(tmp_path, *kind)
    signed = verify(PAYLOAD, signature(path, "-O", f"hashalg={digest}"))
    listed = subprocess.run(["ssh-keygen", "-l", "-f", path], capture_output=True, text=True, check=True).stdout
    assert signed.fingerprint == listed.split()[1]
    assert signed.key == key_blob(path.with_suffix(".pub").read_text())


def test_signature_when_payload_differs_by_one_byte_then_refused(key: Path) -> None:
    with pytest.raises(SignatureError, match="does not match the commit"):
        verify(PAYLOAD + b"!", signature(key))


def test_signature_when_made_for_another_namespace_then_refused(key: Path) -> None:
    with pytest.raises(SignatureError, match="namespace 'file'"):
        verify(PAYLOAD, signature(key, namespace="file"))


def test_signature_when_another_namespace_is_asked_for_then_only_that_one_verifies(key: Path) -> None:
    made_for_it = signature(key, namespace="other")
    assert verify(PAYLOAD, made_for_it, b"other").fingerprint == verify(PAYLOAD, signature(key)).fingerprint
    with pytest.raises(SignatureError, match="namespace 'git', not for other"):
        verify(PAYLOAD, signature(key), b"other")


def test_signature_when_two_in_one_armour_then_refused(key: Path) -> None:
    with pytest.raises(SignatureError, match="two signatures"):
        verify(PAYLOAD, signature(key) * 2)


@pytest.mark.parametrize("extra", [b"trailing", b"\n\n", b" "])
def test_signature_when_something_follows_the_armour_then_refused(key: Path, extra: bytes) -> None:
    with pytest.raises(SignatureError):
        verify(PAYLOAD, signature(key) + extra)


def test_signature_when_something_precedes_the_armour_then_refused(key: Path) -> None:
    with pytest.raises(SignatureError):
        verify(PAYLOAD, b"x\n" + signature(key))


def test_signature_when_openpgp_then_refused_by_name() -> None:
    with pytest.raises(SignatureError, match="OpenPGP"):
        verify(PAYLOAD, b"-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n")


def test_blob_when_bytes_follow_its_end_then_refused(key: Path) -> None:
    raw = dearmour(signature(key))
    assert rearmoured(raw) == signature(key)
    with pytest.raises(SignatureError, match="after its end"):
        parse(rearmoured(raw + b"\0"))
    with pytest.raises(SignatureError, match="too early"):
        parse(rearmoured(raw[:-1]))


def rearmoured(raw: bytes) -> bytes:
    text = base64.b64encode(raw)
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return b"\n".join([b"-----BEGIN SSH SIGNATURE-----", *lines, b"-----END SSH SIGNATURE-----", b""])


def fields(
    key: KeyFile, *, version: int = 1, namespace: bytes = b"git", reserved: bytes = b"", digest: bytes = b"sha512"
) -> bytes:
    """A signature whose every field may be odd but whose key really signed the usual data."""
    made = string(b"ssh-ed25519") + parse(key(PAYLOAD)).signature[-68:]
    parts = [key.blob, namespace, reserved, digest, made]
    return rearmoured(b"SSHSIG" + version.to_bytes(4, "big") + b"".join(string(part) for part in parts))


def test_fields_when_usual_then_verify_and_when_odd_then_refused(tmp_path: Path) -> None:
    generate(tmp_path / "k", "k")
    key = KeyFile(tmp_path / "k")
    assert verify(PAYLOAD, fields(key)).fingerprint == key.fingerprint
    for odd, match in (
        (fields(key, version=2), "version 2"),
        (fields(key, namespace=b"file"), "namespace"),
        (fields(key, reserved=b"x"), "reserved"),
        (fields(key, digest=b"sha1"), "hash 'sha1' is not accepted"),
    ):
        with pytest.raises(SignatureError, match=match):
            verify(PAYLOAD, odd)


def test_rules_when_asked_one_by_one_then_each_refuses_its_own_field(tmp_path: Path) -> None:
    generate(tmp_path / "k", "k")
    key = KeyFile(tmp_path / "k")
    odd = [fields(key, version=2), fields(key, reserved=b"x"), fields(key, digest=b"md5")]
    for armoured in odd:
        assert sum(bool(rule(parse(armoured))) for rule in sshsig.FIELD_RULES) == 1


def test_rsa_key_when_under_2048_bits_then_refused(tmp_path: Path) -> None:
    path = made(tmp_path, "rsa", "-b", "1024")
    with pytest.raises(SignatureError, match="1024 bits"):
        verify(PAYLOAD, signature(path))


def test_rsa_signature_when_sha1_then_refused(tmp_path: Path) -> None:
    path = made(tmp_path, "rsa", "-b", "2048")
    parts = parse(signature(path))
    sha1 = parts.signature.replace(b"\x00\x00\x00\x0crsa-sha2-512", b"\x00\x00\x00\x07ssh-rsa")
    with pytest.raises(SignatureError, match="'ssh-rsa' is not accepted"):
        verify(PAYLOAD, armour(parts.key, sha1))


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        (b"ssh-dss", "not accepted"),
    ],
)
def test_key_type_when_not_accepted_then_named(kind: bytes, match: str) -> None:
    blob = string(kind) + string(b"x" * 32)
    with pytest.raises(SignatureError, match=match):
        check_key(blob)
    with pytest.raises(SignatureError, match=match):
        verify(PAYLOAD, armour(blob, string(kind) + string(b"y" * 64)))


def test_key_blob_when_bytes_follow_then_refused(key: Path) -> None:
    blob = key_blob(key.with_suffix(".pub").read_text())
    check_key(blob)
    with pytest.raises(SignatureError):
        check_key(blob + b"\0")


def test_algorithm_when_not_the_keys_own_then_refused(tmp_path: Path) -> None:
    generate(tmp_path / "k", "k")
    key = KeyFile(tmp_path / "k")
    raw = parse(key(PAYLOAD)).signature.replace(b"ssh-ed25519", b"ssh-ed25518")
    with pytest.raises(SignatureError, match="does not belong"):
        verify(PAYLOAD, armour(key.blob, raw))


def test_key_file_when_it_signs_then_ssh_keygen_agrees(tmp_path: Path) -> None:
    line = generate(tmp_path / "k", "kim")
    (tmp_path / "sig").write_bytes(KeyFile(tmp_path / "k")(PAYLOAD))
    (tmp_path / "allowed").write_text(f"kim {line}\n")
    command = ["ssh-keygen", "-Y", "verify", "-f", "allowed", "-I", "kim", "-n", "git", "-s", "sig"]
    subprocess.run(command, cwd=tmp_path, input=PAYLOAD, capture_output=True, check=True)
    assert fingerprint(key_blob(line)) == KeyFile(tmp_path / "k").fingerprint
    assert signed_data(PAYLOAD).startswith(b"SSHSIG")
