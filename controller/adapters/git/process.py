"""Run git with nothing of the outside in it: no hooks, no replace refs, no grafts, no lazy fetch, bounded time.

A thin layer of our own instead of GitPython's ``cat-file`` database: that one reads its pipe without a time
limit, takes no size bound before it reads, and cannot be closed to ``GIT_*`` of the caller (ADR 0008).
"""

import os
import resource
import signal
import subprocess
from collections.abc import Mapping, Sequence
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

    def command(self, argv: Sequence[str]) -> tuple[list[str], dict[str, str]]:
        """The words and the environment of ``argv`` as a process that its caller keeps."""
        return arguments(self.git_dir, argv), environment(self._extra)

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


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing of a command stays: not the transport that it started (ssh, a remote helper), not its pipes."""
    if process.returncode is None:
        _kill_group(process)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            close_pipe(pipe)
    process.wait()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def close_pipe(pipe: object) -> None:
    """Close a pipe of a process that may be gone already."""
    try:
        pipe.close()  # type: ignore[attr-defined]  # a pipe of Popen
    except OSError:
        return
