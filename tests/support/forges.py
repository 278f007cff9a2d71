"""Forges as the controller meets them: a bare repository behind https (git http-backend) or ssh (OpenSSH's server)."""

import base64
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.ports import free_port, listens
from tests.support.service import until

BACKEND = Path("/usr/lib/git-core/git-http-backend")
_HEADERS = {
    "CONTENT_TYPE": "Content-Type",
    "HTTP_GIT_PROTOCOL": "Git-Protocol",
    "HTTP_CONTENT_ENCODING": "Content-Encoding",
}


def needed(path: str | Path | None, package: str) -> Path:
    """The program; without it the test is skipped, loudly, and fails where CI runs and could have installed it."""
    if path is not None and Path(path).exists():
        return Path(path)
    if os.environ.get("CI") == "true" and package not in os.environ.get("GT_RISK_TEST_WITHOUT", "").split():
        pytest.fail(f"CI has to install {package}")
    pytest.skip(f"NOT TESTED: {package} is not installed")


def private_home(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home folder whose git configuration is ``text``, as the person's own."""
    folder.mkdir(exist_ok=True)
    (folder / ".gitconfig").write_text(text)
    monkeypatch.setenv("HOME", str(folder))


class _Handler(BaseHTTPRequestHandler):
    """One request to ``git http-backend``; 401 unless it carries the password."""

    root: ClassVar[Path]
    password: ClassVar[str]

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self._body())

    def log_message(self, format: str, *args: object) -> None:
        return

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _serve(self, body: bytes) -> None:
        wanted = "Basic " + base64.b64encode(f"op:{self.password}".encode()).decode()
        if self.headers.get("Authorization") != wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="forge"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REMOTE_USER": "op",
            "CONTENT_LENGTH": str(len(body)),
            **{name: self.headers[header] for name, header in _HEADERS.items() if header in self.headers},
        }
        done = subprocess.run([BACKEND], input=body, env=env, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def https_forge(root: Path, password: str) -> Iterator[tuple[str, Path]]:
    """Serve the repositories below ``root`` to ``op`` with ``password``; the URL and the certificate."""
    needed(BACKEND, "git's http-backend")
    handler = type("Handler", (_Handler,), {"root": root, "password": password})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    certificate = root / "cert.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(certificate))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}", certificate
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _certificate(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "forge")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(encoding, private, serialization.NoEncryption())
    path.write_bytes(secret + made.public_bytes(encoding))
    return path


@contextmanager
def ssh_forge(folder: Path) -> Iterator[tuple[str, str]]:
    """An SSH server of this user's; (URL of the root folder, the ssh command that it lets in)."""
    sshd, keygen = needed(shutil.which("sshd") or "/usr/sbin/sshd", "openssh-server"), shutil.which("ssh-keygen")
    assert keygen is not None
    folder.mkdir()
    for name in ("host", "client"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    if not os.geteuid():
        Path("/run/sshd").mkdir(exist_ok=True)
    port = free_port()
    lines = [f"HostKey {folder}/host", f"AuthorizedKeysFile {folder}/client.pub", f"Port {port}"]
    lines += ["ListenAddress 127.0.0.1", "StrictModes no", "PidFile none", "PasswordAuthentication no"]
    (folder / "sshd_config").write_text("\n".join([*lines, ""]))
    (folder / "known").write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    log = (folder / "log").open("wb")
    server = subprocess.Popen([sshd, "-D", "-e", "-f", folder / "sshd_config"], stderr=log)
    ssh = f"ssh -F none -o UserKnownHostsFile={folder}/known -o IdentitiesOnly=yes -i {folder}/client"
    try:
        until(lambda: listens(port), f"sshd listens: {(folder / 'log').read_text()}")
        yield f"ssh://127.0.0.1:{port}", ssh
    finally:
        server.terminate()
        server.wait()
        log.close()
