"""Sign a commit's payload with a key file, the ssh-agent or gpg.

A key file is signed with by ``ssh-keygen -Y sign`` through ``posix_spawn``: about 6 ms, against 35 to 60 ms to
import ``cryptography`` and load the key in a fresh process. It also asks for a passphrase on the terminal itself.
"""

import os
from binascii import Error as Base64Error
from binascii import a2b_base64
from pathlib import Path

from controller.core.trust.keys import SignatureError, key_blob
from controller.errors import SettingsError

_MAGIC = b"openssh-key-v1\0"
_BEGIN = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_END = b"-----END OPENSSH PRIVATE KEY-----"


def sign(payload: bytes, key: Path, *, agent: str | None = None, namespace: bytes = b"git") -> bytes:
    """The armoured SSHSIG of ``payload`` in ``namespace``.

    ``key`` is a private key file, or a ``.pub`` file whose private half the agent at socket ``agent`` (default
    ``SSH_AUTH_SOCK``) holds. An encrypted key goes to the agent when it is there, else asks on the terminal.
    ``openpgp FINGERPRINT`` in the place of a path is signed for by gpg, which asks for a passphrase itself.
    Raises SettingsError naming the next command: key missing, agent locked, passphrase without a terminal, no gpg.
    """
    if key.name.startswith("openpgp "):
        from controller.adapters.signatures import openpgp

        return openpgp.sign(payload, key.name.partition(" ")[2], namespace)
    socket = os.environ.get("SSH_AUTH_SOCK", "") if agent is None else agent
    if key.suffix == ".pub":
        return _by_agent(payload, key, socket, namespace)
    content = _read(key)
    if _encrypted(content):
        public = key.with_name(key.name + ".pub")
        if socket and public.exists() and _agent_has(public, socket):
            return _by_agent(payload, public, socket, namespace)
        if not _terminal():
            message = f"{key} has a passphrase and there is no terminal to ask for it"
            if socket:
                message += "; the ssh-agent is locked or does not hold the key"
            again = "ssh-add -X unlocks an agent; " if socket else ""
            raise SettingsError(message, f"ssh-add {key}   # {again}then run it again")
    return _by_ssh_keygen(payload, key, namespace)


def _read(key: Path) -> bytes:
    try:
        return key.read_bytes()
    except FileNotFoundError:
        raise SettingsError(
            f"signing key {key} does not exist", "set signing_key in settings.toml, or run: gt risk init"
        ) from None
    except OSError as error:
        raise SettingsError(f"signing key {key} cannot be read: {error.strerror}", f"ls -l {key}") from error


def _encrypted(content: bytes) -> bool:
    if not content.startswith(_BEGIN):
        return b"ENCRYPTED" in content
    body = content.partition(_BEGIN)[2].partition(_END)[0]
    try:
        raw = a2b_base64(body)
    except Base64Error:
        return False
    return raw.startswith(_MAGIC) and raw[len(_MAGIC) + 4 : len(_MAGIC) + 8] != b"none"


def _terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _agent_has(public: Path, socket: str) -> bool:
    from controller.adapters.signatures.agent import Agent, AgentError

    try:
        return key_blob(public.read_text()) in Agent(socket).held()
    except AgentError:
        return False


def _by_agent(payload: bytes, public: Path, socket: str, namespace: bytes) -> bytes:
    from controller.adapters.signatures.agent import Agent, AgentError
    from controller.adapters.signatures.wire import armour, signed_data

    if not socket:
        raise SettingsError(f"{public} needs an ssh-agent and SSH_AUTH_SOCK is not set", 'eval "$(ssh-agent)"; ssh-add')
    try:
        blob = key_blob(_read(public).decode("utf-8", "replace"))
        signature = Agent(socket).sign(blob, signed_data(payload, namespace=namespace))
        return armour(blob, signature, namespace=namespace)
    except SignatureError as error:
        raise SettingsError(f"{public} is not a public key: {error}", f"ssh-keygen -l -f {public}") from error
    except AgentError as error:
        raise SettingsError(f"the ssh-agent cannot sign with {public}: {error}", error.hint) from error


def _by_ssh_keygen(payload: bytes, key: Path, namespace: bytes) -> bytes:
    argv = ["ssh-keygen", "-Y", "sign", "-q", "-n", namespace.decode(), "-f", str(key)]
    try:
        status, output, errors = _run(argv, payload)
    except FileNotFoundError:
        raise SettingsError("ssh-keygen is not installed", "install OpenSSH's client tools") from None
    if status != 0 or not output:
        detail = errors.decode("utf-8", "replace").strip().splitlines()
        raise SettingsError(
            f"ssh-keygen could not sign with {key}: {detail[-1] if detail else f'exit {status}'}",
            f"ssh-keygen -y -f {key}",
        )
    return output


def _run(argv: list[str], payload: bytes) -> tuple[int, bytes, bytes]:
    """Run a filter that reads all of its input before it writes."""
    pipes = [os.pipe() for _ in range(3)]
    child_ends = (pipes[0][0], pipes[1][1], pipes[2][1])
    actions = [(os.POSIX_SPAWN_DUP2, end, number) for number, end in enumerate(child_ends)]
    try:
        child = os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions)
    except OSError:
        for pair in pipes:
            os.close(pair[0])
            os.close(pair[1])
        raise
    for end in child_ends:
        os.close(end)
    with os.fdopen(pipes[1][0], "rb") as stdout, os.fdopen(pipes[2][0], "rb") as stderr:
        _feed(pipes[0][1], payload)
        output, errors = stdout.read(), stderr.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), output, errors


def _feed(descriptor: int, payload: bytes) -> None:
    """Write all and close; a child that ended early speaks by its exit code."""
    view = memoryview(payload)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except BrokenPipeError:
        return
    finally:
        os.close(descriptor)
