"""Verify SSHSIG signatures (the format of ``ssh-keygen -Y sign``) in process.

Accepted: the namespace that is asked for, ``git`` for commits; ed25519, ECDSA on the three NIST curves, RSA of at
least 2,048 bits with SHA-2; the two kinds of security keys (sk-), touched for this signature. A certificate stands for
the key that it certifies: trust.yaml lists the key itself, and who issued the certificate adds no authority.
Everything else is refused by name: SHA-1, DSA.
Source of the formats: OpenSSH's PROTOCOL.sshsig, PROTOCOL.u2f and PROTOCOL.certkeys.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from controller.adapters.signatures.wire import (
    HASHES,
    MAGIC,
    NAMESPACE,
    Reader,
    WireError,
    dearmour,
    signed_data,
    string,
)
from controller.core.trust.keys import SignatureError, Signed

_CURVES: dict[bytes, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    b"ecdsa-sha2-nistp256": (ec.SECP256R1(), hashes.SHA256()),
    b"ecdsa-sha2-nistp384": (ec.SECP384R1(), hashes.SHA384()),
    b"ecdsa-sha2-nistp521": (ec.SECP521R1(), hashes.SHA512()),
}
_SK_ED25519, _SK_ECDSA = b"sk-ssh-ed25519@openssh.com", b"sk-ecdsa-sha2-nistp256@openssh.com"
_SECURITY_KEYS = (_SK_ED25519, _SK_ECDSA)
_CURVES[_SK_ECDSA] = _CURVES[b"ecdsa-sha2-nistp256"]
_PRESENT = 0x01
_CERTIFIED: dict[bytes, tuple[bytes, int]] = {
    b"ssh-ed25519-cert-v01@openssh.com": (b"ssh-ed25519", 1),
    b"ssh-rsa-cert-v01@openssh.com": (b"ssh-rsa", 2),
    **{
        b"ecdsa-sha2-nistp%d-cert-v01@openssh.com" % bits: (b"ecdsa-sha2-nistp%d" % bits, 2) for bits in (256, 384, 521)
    },
    b"sk-ssh-ed25519-cert-v01@openssh.com": (_SK_ED25519, 2),
    b"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com": (_SK_ECDSA, 3),
}
"""Kinds of certificates: the kind of key inside, and how many fields it has."""
_RSA: dict[bytes, hashes.HashAlgorithm] = {b"rsa-sha2-256": hashes.SHA256(), b"rsa-sha2-512": hashes.SHA512()}
_RSA_BITS = range(2_048, 8_193)


@dataclass(frozen=True, slots=True)
class Parts:
    """The fields of one SSHSIG blob."""

    version: int
    key: bytes
    namespace: bytes
    reserved: bytes
    hash_name: bytes
    signature: bytes


def parse(armoured: bytes) -> Parts:
    """Take one armoured signature apart. Raises SignatureError."""
    try:
        reader = Reader(dearmour(armoured))
        if reader.take(len(MAGIC)) != MAGIC:
            raise WireError("it does not start with SSHSIG")
        parts = Parts(reader.number(), *(reader.string() for _ in range(5)))
        reader.end()
    except WireError as error:
        raise SignatureError(f"the signature cannot be read: {error}") from error
    return parts


def _known_version(parts: Parts) -> str:
    return "" if parts.version == 1 else f"SSHSIG version {parts.version} is not known"


def _nothing_reserved(parts: Parts) -> str:
    return "its reserved field is not empty" if parts.reserved else ""


def _strong_hash(parts: Parts) -> str:
    return "" if parts.hash_name in HASHES else f"hash {_word(parts.hash_name)} is not accepted: use sha512"


FIELD_RULES: tuple[Callable[[Parts], str], ...] = (_known_version, _nothing_reserved, _strong_hash)


def verify(payload: bytes, armoured: bytes, namespace: bytes = NAMESPACE) -> Signed:
    """Check that ``armoured`` signs exactly ``payload`` in ``namespace``. Raises SignatureError with the reason."""
    parts = parse(armoured)
    if parts.namespace != namespace:
        made, wanted = _word(parts.namespace), namespace.decode()
        raise SignatureError(f"it was made for namespace {made}, not for {wanted}: it cannot be reused here")
    for rule in FIELD_RULES:
        if problem := rule(parts):
            raise SignatureError(problem)
    data = signed_data(payload, parts.hash_name, namespace)
    try:
        key = plain(parts.key)
        reader = Reader(parts.signature)
        algorithm, raw = reader.string(), reader.string()
        if algorithm in _SECURITY_KEYS:
            data = _touched(key, reader.take(1)[0], reader.take(4), data)
        reader.end()
        _verifier(key)(algorithm, raw, data)
    except WireError as error:
        raise SignatureError(f"the signature cannot be read: {error}") from error
    except InvalidSignature:
        raise SignatureError("the signature does not match the commit: it was changed after signing") from None
    except (UnsupportedAlgorithm, ValueError) as error:
        raise SignatureError(str(error) or "the signature is malformed") from error
    return Signed(key)


def check_key(blob: bytes) -> None:
    """Whether signatures of this public key can be verified at all. Raises SignatureError."""
    try:
        _verifier(blob)
    except (UnsupportedAlgorithm, ValueError) as error:
        raise SignatureError(str(error) or "the key is malformed") from error


_Check = Callable[[bytes, bytes, bytes], None]


def _verifier(blob: bytes) -> _Check:
    reader = Reader(blob)
    kind = reader.string()
    if kind == b"ssh-ed25519":
        check = _ed25519(reader.string())
    elif kind in _CURVES:
        check = _ecdsa(kind, reader.string(), reader.string())
        if kind == _SK_ECDSA:
            reader.string()
    elif kind == b"ssh-rsa":
        check = _rsa(reader.string(), reader.string())
    elif kind == _SK_ED25519:
        check = _ed25519(reader.string(), kind)
        reader.string()
    else:
        raise ValueError(_unsupported(kind))
    reader.end()
    return check


def _unsupported(kind: bytes) -> str:
    name = _word(kind)
    if b"-cert-" in kind:
        return f"{name} is a certificate: list the plain key in trust.yaml and sign with it"
    return f"key type {name} is not accepted: use ed25519, ecdsa or rsa"


def _same(algorithm: bytes, expected: bytes) -> None:
    if algorithm != expected:
        raise ValueError(f"signature algorithm {_word(algorithm)} does not belong to key type {_word(expected)}")


def plain(blob: bytes) -> bytes:
    """The key that a certificate certifies; any other key itself. Raises SignatureError."""
    reader = Reader(blob)
    kind = reader.string()
    if kind not in _CERTIFIED:
        return blob
    base, fields = _CERTIFIED[kind]
    reader.string()
    key = string(base) + b"".join(string(reader.string()) for _ in range(fields))
    for size in (8, 4, 0, 0, 8, 8, 0, 0, 0, 0, 0):
        _ = reader.take(size) if size else reader.string()
    reader.end()
    return key


def _touched(key: bytes, flags: int, counter: bytes, data: bytes) -> bytes:
    """What a security key signs for ``data``. Raises WireError when nobody touched it."""
    if not flags & _PRESENT:
        raise WireError("the security key was not touched for it")
    reader = Reader(key)
    fields = 3 if reader.string() == _SK_ECDSA else 2
    application = [reader.string() for _ in range(fields)][-1]
    return sha256(application).digest() + bytes([flags]) + counter + sha256(data).digest()


def _ed25519(raw: bytes, kind: bytes = b"ssh-ed25519") -> _Check:
    key = Ed25519PublicKey.from_public_bytes(raw)

    def check(algorithm: bytes, signature: bytes, data: bytes) -> None:
        _same(algorithm, kind)
        key.verify(signature, data)

    return check


def _ecdsa(kind: bytes, curve_name: bytes, point: bytes) -> _Check:
    curve, digest = _CURVES[kind]
    if kind.removeprefix(b"sk-").removesuffix(b"@openssh.com") != b"ecdsa-sha2-" + curve_name:
        raise ValueError(f"the key's curve {_word(curve_name)} is not its type's")
    key = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)

    def check(algorithm: bytes, signature: bytes, data: bytes) -> None:
        _same(algorithm, kind)
        reader = Reader(signature)
        r, s = _positive(reader.string()), _positive(reader.string())
        reader.end()
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(digest))

    return check


def _rsa(exponent: bytes, modulus: bytes) -> _Check:
    e, n = _positive(exponent), _positive(modulus)
    if n.bit_length() not in _RSA_BITS:
        raise ValueError(f"an RSA key of {n.bit_length()} bits is not accepted: use 2048 to 8192, or ed25519")
    key = rsa.RSAPublicNumbers(e, n).public_key()

    def check(algorithm: bytes, signature: bytes, data: bytes) -> None:
        if algorithm not in _RSA:
            raise ValueError(f"signature algorithm {_word(algorithm)} is not accepted: use rsa-sha2-512")
        key.verify(signature, data, padding.PKCS1v15(), _RSA[algorithm])

    return check


def _positive(raw: bytes) -> int:
    if not raw or raw[0] & 0x80:
        raise WireError("a number in it is not positive")
    return int.from_bytes(raw, "big")


def _word(raw: bytes) -> str:
    return repr(raw[:40].decode("ascii", "backslashreplace"))
