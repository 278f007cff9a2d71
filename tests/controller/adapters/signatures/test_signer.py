"""Signing with key files and with a real ssh-agent, and what is said when it cannot be done."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.signatures.keys import KeyFile, generate
from controller.adapters.signatures.signer import sign
from controller.adapters.signatures.sshsig import verify
from controller.errors import SettingsError
from tests.support.agents import ssh_agent
from tests.support.folders import short_folder

PAYLOAD = b"tree 1\n\nA commit\n"
KINDS = [("ed25519",), ("ecdsa", "-b", "256"), ("rsa", "-b", "2048")]


def made(folder: Path, *kind: str, passphrase: str = "") -> Path:
    path = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-N", passphrase, "-f", path, "-t", *kind], check=True)
    return path


@pytest.fixture
def agent() -> Iterator[str]:
    with short_folder() as folder, ssh_agent(folder / "agent"):
        yield str(folder / "agent")


def add(agent: str, path: Path) -> None:
    env = {**os.environ, "SSH_AUTH_SOCK": agent}
    subprocess.run(["ssh-add", "-q", path], env=env, check=True, capture_output=True, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("kind", KINDS)
def test_sign_when_key_file_then_signature_verifies(tmp_path: Path, kind: tuple[str, ...]) -> None:
    assert verify(PAYLOAD, sign(PAYLOAD, made(tmp_path, *kind), agent="")).fingerprint.startswith("SHA256:")


@pytest.mark.parametrize("kind", KINDS)
def test_sign_when_agent_holds_the_key_then_signature_verifies(
    tmp_path: Path, agent: str, kind: tuple[str, ...]
) -> None:
    path = made(tmp_path, *kind)
    add(agent, path)
    path.unlink()
    verify(PAYLOAD, sign(PAYLOAD, path.with_suffix(".pub"), agent=agent))


def test_sign_when_payload_is_larger_than_a_pipe_then_verifies(tmp_path: Path) -> None:
    payload = PAYLOAD * 20_000
    verify(payload, sign(payload, made(tmp_path, "ed25519"), agent=""))


def test_sign_when_key_is_missing_then_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist") as caught:
        sign(PAYLOAD, tmp_path / "none", agent="")
    assert "gt risk init" in caught.value.hint


def test_sign_when_agent_lacks_the_key_then_names_it(tmp_path: Path, agent: str) -> None:
    path = made(tmp_path, "ed25519")
    with pytest.raises(SettingsError, match="locked or holds no key") as caught:
        sign(PAYLOAD, path.with_suffix(".pub"), agent=agent)
    assert "ssh-add" in caught.value.hint


def test_sign_when_agent_is_locked_then_says_so(tmp_path: Path, agent: str) -> None:
    path = made(tmp_path, "ed25519")
    add(agent, path)
    lock = "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
    lock += "s.sendall(bytes([0,0,0,6,22,0,0,0,1,120])); assert s.recv(5)[4] == 6"
    subprocess.run([sys.executable, "-c", lock, agent], check=True)
    with pytest.raises(SettingsError, match="locked"):
        sign(PAYLOAD, path.with_suffix(".pub"), agent=agent)


def test_sign_when_no_agent_then_says_how_to_start_one(tmp_path: Path) -> None:
    path = made(tmp_path, "ed25519")
    for socket in ("", str(tmp_path / "gone")):
        with pytest.raises(SettingsError) as caught:
            sign(PAYLOAD, path.with_suffix(".pub"), agent=socket)
        assert "ssh-agent" in caught.value.hint


def test_sign_when_encrypted_key_is_in_the_agent_then_agent_signs(tmp_path: Path, agent: str) -> None:
    path = made(tmp_path, "ed25519")
    add(agent, path)
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "a secret", "-f", path], check=True, capture_output=True)
    verify(PAYLOAD, sign(PAYLOAD, path, agent=agent))


def test_sign_when_passphrase_without_terminal_then_says_ssh_add(tmp_path: Path) -> None:
    path = made(tmp_path, "ed25519", passphrase="a secret")
    code = "import sys; from pathlib import Path; from controller.adapters.signatures.signer import sign\n"
    code += "from controller.errors import SettingsError\n"
    code += "try: sign(b'x', Path(sys.argv[1]), agent='')\nexcept SettingsError as e: print(e.message, '|', e.hint)"
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True, start_new_session=True
    )
    assert "there is no terminal" in done.stdout
    assert f"ssh-add {path}" in done.stdout


def test_sign_when_file_is_no_key_then_says_so(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("nonsense")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(SettingsError, match="could not sign"):
        sign(PAYLOAD, tmp_path / "key", agent="")


def test_generate_when_repeated_then_keeps_the_key_readable_by_owner_only(tmp_path: Path) -> None:
    first = generate(tmp_path / "keys" / "operator", "kim")
    content = (tmp_path / "keys" / "operator").read_bytes()
    assert generate(tmp_path / "keys" / "operator", "other") == first
    assert (tmp_path / "keys" / "operator").read_bytes() == content
    assert stat.S_IMODE((tmp_path / "keys" / "operator").stat().st_mode) == 0o400
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_key_file_when_encrypted_or_of_another_type_then_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        KeyFile(made(tmp_path, "ed25519", passphrase="a secret"))
    (tmp_path / "rsa").mkdir()
    with pytest.raises(SettingsError, match="not an ed25519 key"):
        KeyFile(made(tmp_path / "rsa", "rsa", "-b", "2048"))


def test_signer_when_imported_then_loads_neither_pydantic_nor_cryptography() -> None:
    code = "import sys; import controller.adapters.signatures.signer; "
    code += "print([m for m in ('pydantic', 'cryptography', 'dataclasses', 'subprocess') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[4]
    )
    assert done.stdout.strip() == "[]"
