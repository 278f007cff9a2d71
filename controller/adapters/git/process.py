"""Run git with nothing of the outside in it: no hooks, no replace refs, no grafts, no lazy fetch, bounded time.

A thin layer of our own instead of GitPython's ``cat-file`` database: that one reads its pipe without a time
limit, takes no size bound before it reads, and cannot be closed to ``GIT_*`` of the caller (ADR 0008).
"""

import os
import resource
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from controller.errors import GtRiskError, SettingsError, SourceUnavailable

_PINNED = {
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "LC_ALL": "C",
}
_KEPT = ("PATH", "HOME", "SSH_AUTH_SOCK", "TMPDIR", "XDG_CONFIG_HOME")
_OPTIONS = (
    "core.hooksPath=/dev/null",
    "core.commitGraph=false",
    "core.fsmonitor=false",
    "advice.graftFileDeprecated=false",
    "core.bigFileThreshold=1m",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
    "protocol.file.allow=always",
    "protocol.https.allow=always",
    "protocol.ssh.allow=always",
)


_AHEAD = 32
"""Object ids that are asked for at once: far less than a pipe holds."""
OLDEST = (2, 34)
"""The first git that signs with SSH keys."""


def version() -> tuple[int, ...]:
    """The version of the git on PATH, empty without one."""
    try:
        done = subprocess.run(["git", "version"], capture_output=True, text=True, check=False, timeout=5.0)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = done.stdout.split()[2:3]
    return tuple(int(part) for part in found[0].split(".") if part.isdigit()) if found else ()


def require_git() -> None:
    """Raises SettingsError when git is missing or too old to sign."""
    found, wanted = version(), ".".join(map(str, OLDEST))
    if found < OLDEST:
        have = f"this is {'.'.join(map(str, found))}" if found else "none is on PATH"
        raise SettingsError(f"git {wanted} or newer is needed, because it signs with SSH keys; {have}", "install git")


class GitFailed(GtRiskError):
    """A git command ended with an error; ``stderr`` holds what it said."""

    def __init__(self, argv: Sequence[str], stderr: str) -> None:
        command = next((word for word in argv if word[0] != "-" and "=" not in word), "")
        super().__init__(f"git {command}: {stderr.strip() or 'failed'}")
        self.stderr = stderr


def environment(extra: Mapping[str, str] | None = None, *, personal: bool = False) -> dict[str, str]:
    """The whole environment of a git process. ``personal`` keeps the user's own git configuration, which holds
    the credentials and addresses of a remote; reading and writing objects never needs it."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    config = {} if personal else {"GIT_CONFIG_GLOBAL": os.devnull}
    return {**kept, **_PINNED, **config, **(extra or {})}


def arguments(git_dir: Path, argv: Sequence[str]) -> list[str]:
    """``argv`` behind git's name, the options that pin its behaviour, and the repository."""
    options = [word for option in _OPTIONS for word in ("-c", option)]
    return ["git", "--no-pager", *options, f"--git-dir={git_dir}", *argv]


class Git:
    """One repository. Safe for several threads: each command is a session of its own, so that nothing which it starts
    (ssh, a credential helper) finds a terminal to ask at."""

    def __init__(self, git_dir: Path, timeout: float = 20.0, extra: Mapping[str, str] | None = None) -> None:
        self.git_dir = git_dir
        self._timeout = timeout
        self._extra = dict(extra or {})
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    @property
    def timeout(self) -> float:
        """Seconds that one command may take."""
        return self._timeout

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        extra: Mapping[str, str] | None = None,
        personal: bool = False,
        file_limit: int = 0,
    ) -> bytes:
        """The standard output of one command. ``file_limit`` bounds each file that it writes, in bytes.

        Raises SourceUnavailable after the timeout or without git, GitFailed when the command fails.
        """
        limits = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))) if file_limit else None
        env = environment({**self._extra, **(extra or {})}, personal=personal)
        try:
            process = subprocess.Popen(
                arguments(self.git_dir, argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=env,
                preexec_fn=limits,
                start_new_session=True,
            )
        except OSError as error:
            raise SourceUnavailable(f"git cannot be started: {error}", hint="install git 2.34 or newer") from error
        self._running.add(process)
        try:
            if self._stopped:
                raise SourceUnavailable("git is being stopped")
            stdout, stderr = process.communicate(stdin, self._timeout)
        except subprocess.TimeoutExpired:
            raise SourceUnavailable(f"git {argv[0]} did not end within {self._timeout:g} s", retry_after=5.0) from None
        finally:
            self._running.discard(process)
            _end(process)
        if process.returncode != 0:
            raise GitFailed(argv, stderr.decode("utf-8", "replace"))
        return stdout

    def stop(self) -> None:
        """End every command under way, also in other threads, with what it started; no other one runs after."""
        self._stopped = True
        for process in list(self._running):
            _kill_group(process)

    def batch(self) -> "Batch":
        """A persistent ``cat-file --batch`` on this repository."""
        return Batch(self.git_dir, self._timeout, environment(self._extra))


class Batch:
    """A persistent ``git cat-file --batch``: tens of microseconds an object, started again when it is gone."""

    def __init__(self, git_dir: Path, timeout: float, env: Mapping[str, str]) -> None:
        self._argv = arguments(git_dir, ["cat-file", "--batch"])
        self._timeout = timeout
        self._env = dict(env)
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = bytearray()
        self._lock = threading.Lock()

    def get(self, name: str, bound: int) -> tuple[str, str, bytes] | int | None:
        """(id, type, content) of the object ``name``; its size when that is over ``bound``; None when missing.

        ``name`` is an object id or a fully qualified ref. Raises SourceUnavailable.
        """
        if "\n" in name or not name:
            return None
        with self._lock:
            try:
                return self._ask(name, bound)
            except (OSError, EOFError, ValueError) as error:
                self._stop()
                raise SourceUnavailable(f"git cat-file gave no answer for {name}: {error}") from error

    def get_all(self, names: Sequence[str], bound: int) -> Iterator[tuple[str, str, bytes] | int | None]:
        """As :meth:`get` of each of the object ids ``names``; a few are on their way while one is read."""
        for first in range(0, len(names), _AHEAD):
            some = names[first : first + _AHEAD]
            with self._lock:
                found = self._several(some, bound)
            yield from found

    def close(self) -> None:
        """End the process; the next ``get`` starts a new one."""
        with self._lock:
            self._stop()

    def _several(self, names: Sequence[str], bound: int) -> list[tuple[str, str, bytes] | int | None]:
        try:
            self._send(names)
            found: list[tuple[str, str, bytes] | int | None] = []
            for at in range(len(names)):
                found.append(self._answer(bound))
                if isinstance(found[-1], int):
                    self._send(names[at + 1 :])
            return found
        except (OSError, EOFError, ValueError) as error:
            self._stop()
            raise SourceUnavailable(f"git cat-file gave no answer for {names[0]}: {error}") from error

    def _ask(self, name: str, bound: int) -> tuple[str, str, bytes] | int | None:
        self._send([name])
        return self._answer(bound)

    def _send(self, names: Sequence[str]) -> None:
        process = self._running()
        assert process.stdin is not None
        process.stdin.write(b"".join(name.encode() + b"\n" for name in names))
        process.stdin.flush()

    def _answer(self, bound: int) -> tuple[str, str, bytes] | int | None:
        deadline = time.monotonic() + self._timeout
        words = self._line(deadline).rsplit(b" ", 2)
        if words[-1] in (b"missing", b"ambiguous"):
            return None
        size = int(words[2])
        if size > bound:
            self._stop()
            return size
        content = self._take(size + 1, deadline)
        return words[0].decode(), words[1].decode(), content[:-1]

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._stop()
            self._process = subprocess.Popen(
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._env,
            )
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        self._buffer.clear()
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(pipe)
        process.wait()

    def _line(self, deadline: float) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            self._more(deadline)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def _take(self, count: int, deadline: float) -> bytes:
        while len(self._buffer) < count:
            self._more(deadline)
        piece = bytes(self._buffer[:count])
        del self._buffer[:count]
        return piece

    def _more(self, deadline: float) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        left = deadline - time.monotonic()
        descriptor = process.stdout.fileno()
        if left <= 0 or not _readable(descriptor, left):
            raise EOFError(f"nothing within {self._timeout:g} s")
        piece = os.read(descriptor, 1 << 16)
        if not piece:
            raise EOFError("it ended")
        self._buffer += piece


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing of a command stays: not the transport that it started (ssh, a remote helper), not its pipes."""
    if process.returncode is None:
        _kill_group(process)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            _close(pipe)
    process.wait()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _readable(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1_000))


def _close(pipe: object) -> None:
    try:
        pipe.close()  # type: ignore[attr-defined]  # a pipe of Popen
    except OSError:
        return
