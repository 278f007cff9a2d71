"""TLS: a certificate that signs itself, and the one rule about where a dashboard may listen."""

import os
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from web.options import LOOPBACK, Options
from web.security.guard import needs_login

DAYS = 397
"""Browsers take no certificate that is good for longer."""
RENEW_DAYS = 30


class Exposed(Exception):
    """The dashboard would be open to whoever can reach it; ``hint`` is the next command."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def check(options: Options, users: int) -> None:
    """Raises Exposed where other machines could connect without TLS, or where nobody could log in."""
    if not options.loopback and not options.tls:
        message = f"{options.host} can be reached from elsewhere: passwords and positions would cross the network bare"
        raise Exposed(message, f"gt risk dashboard start --host {options.host} --tls")
    if needs_login(options) and not users:
        raise Exposed("nobody could log in: there is no user", "gt risk dashboard user add NAME --role operator")


def self_signed(folder: Path, host: str, now: datetime) -> tuple[Path, Path]:
    """Certificate and key for ``host`` and this machine in ``folder``, made anew when they are missing, for another
    host or about to end. The key is its owner's alone."""
    certificate, key = folder / "dashboard.crt", folder / "dashboard.key"
    names = tuple(dict.fromkeys((*LOOPBACK, *(() if host in ("0.0.0.0", "::") else (host,)))))
    if not (certificate.exists() and key.exists() and _good(certificate, names, now)):
        private = generate_private_key(SECP256R1())
        _write(key, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        _write(certificate, _made(private, names, now).public_bytes(Encoding.PEM))
    return certificate, key


def fingerprint(certificate: Path) -> str:
    """The SHA-256 of a certificate as browsers show it."""
    return x509.load_pem_x509_certificate(certificate.read_bytes()).fingerprint(SHA256()).hex(":").upper()


def _made(private: EllipticCurvePrivateKey, names: tuple[str, ...], now: datetime) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gt-risk dashboard")])
    builder = x509.CertificateBuilder(subject, subject, private.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=DAYS))
    builder = builder.add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(private, SHA256())


def _good(certificate: Path, names: tuple[str, ...], now: datetime) -> bool:
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    known = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return found.not_valid_after_utc > now + timedelta(days=RENEW_DAYS) and set(known) == {
        _name(name) for name in names
    }


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    temporary.rename(path)
