"""Runs the command line on a pseudo-terminal, so that it asks."""

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.cli import ENTRY, Ran

SECONDS = 30.0
CTRL_C = "\x03"
OWN = "import fcntl, sys, termios; fcntl.ioctl(int(sys.argv.pop(1)), termios.TIOCSCTTY, 0); "
"""Makes the terminal with that descriptor the controlling one."""


def on_terminal(home: Path, answers: str, *argv: str, interrupt_at: bytes = b"") -> Ran:
    """Run ``gt-risk argv`` with a terminal as standard input that types ``answers``; output goes to pipes.

    ``interrupt_at``: what standard error shows when Ctrl-C is pressed.
    """
    master, slave = pty.openpty()
    environ = {**os.environ, "GT_RISK_HOME": str(home)}
    process = subprocess.Popen(
        [sys.executable, "-c", ENTRY, *argv], stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ
    )
    os.close(slave)
    try:
        os.write(master, answers.encode())
        seen = b""
        if interrupt_at:
            assert process.stderr is not None
            seen = read_until(process.stderr.fileno(), interrupt_at)
            _interrupt(process)
        out, err = process.communicate(timeout=SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(master)
    return Ran(process.returncode, out.decode(), (seen + err).decode())


def _interrupt(process: "subprocess.Popen[bytes]") -> None:
    """Press Ctrl-C until it counts: CPython may miss one that comes just before it waits for the line."""
    for _ in range(int(SECONDS)):
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1.0)
            return


def readable(descriptor: int, deadline: float) -> bool:
    """Whether there is something to read before ``deadline`` (of the monotonic clock); by poll, which takes any
    descriptor where select ends at 1,023."""
    watched = select.poll()
    watched.register(descriptor, select.POLLIN)
    return bool(watched.poll(max(0.0, deadline - time.monotonic()) * 1000))


def read_until(descriptor: int, wanted: bytes) -> bytes:
    """What a terminal shows until ``wanted`` appears. Raises TimeoutError."""
    seen = b""
    deadline = time.monotonic() + SECONDS
    while wanted not in seen:
        if not readable(descriptor, deadline):
            raise TimeoutError(seen)
        seen += os.read(descriptor, 4096)
    return seen


def on_controlling_terminal(home: Path, answers: Sequence[tuple[bytes, str]], *argv: str) -> Ran:
    """Run ``gt-risk argv`` on a terminal of its own, so that others (ssh-keygen) may ask there too.

    ``answers``: what is typed when the terminal shows a prompt; everything shown is in ``out``. A Ctrl-C that ends
    them is pressed until it counts (see :func:`_interrupt`).
    """
    pid, master = pty.fork()
    if pid == 0:
        environ = {**os.environ, "GT_RISK_HOME": str(home), "SSH_AUTH_SOCK": ""}
        os.execve(sys.executable, [sys.executable, "-c", ENTRY, *argv], environ)
    shown = b""
    try:
        for prompt, answer in answers:
            shown += read_until(master, prompt)
            os.write(master, answer.encode())
        while answers[-1][1] == CTRL_C and not _ended(pid):
            os.write(master, CTRL_C.encode())
        shown += _rest(master)
    finally:
        os.close(master)
    return Ran(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode(), "")


def _ended(pid: int) -> bool:
    """Whether the process ends within a second."""
    descriptor = os.pidfd_open(pid)
    try:
        return readable(descriptor, time.monotonic() + 1.0)
    finally:
        os.close(descriptor)


def _rest(descriptor: int) -> bytes:
    """What a terminal shows until its last process has ended, which Linux tells as an error."""
    shown = b""
    with contextlib.suppress(OSError):
        while piece := os.read(descriptor, 4096):
            shown += piece
    return shown


@dataclass
class Talk:
    """A command on a terminal of its own: ``shown`` is what people see there, standard input is an empty pipe."""

    process: "subprocess.Popen[bytes]"
    master: int
    shown: bytes = b""

    def answer(self, prompt: str, line: str) -> None:
        """Wait for ``prompt``, then type ``line``."""
        self.until(prompt)
        os.write(self.master, f"{line}\n".encode())

    def until(self, wanted: str) -> None:
        """Wait until the terminal shows ``wanted`` after what it has shown so far."""
        self.shown += read_until(self.master, wanted.encode())

    def end(self) -> Ran:
        """Wait for the end; ``err`` is all that the terminal has shown since."""
        out, err = self.process.communicate(timeout=SECONDS)
        return Ran(self.process.returncode, out.decode(), err.decode())


def without_terminal(home: Path, typed: str, *argv: str) -> Ran:
    """Run ``gt-risk argv`` where there is no terminal at all; ``typed`` comes through a pipe."""
    environ = {**os.environ, "GT_RISK_HOME": str(home)}
    command = [sys.executable, "-c", ENTRY, *argv]
    done = subprocess.run(
        command, input=typed, capture_output=True, text=True, env=environ, timeout=SECONDS, start_new_session=True
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def own_terminal(home: Path, *argv: str, env: dict[str, str] | None = None) -> Iterator[Talk]:
    """Run ``gt-risk argv`` in a session whose controlling terminal is the test's."""
    master, slave = pty.openpty()
    environ = {**os.environ, "GT_RISK_HOME": str(home), **(env or {})}
    process = subprocess.Popen(
        [sys.executable, "-c", OWN + ENTRY, str(slave), *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
        pass_fds=(slave,),
        start_new_session=True,
    )
    os.close(slave)
    try:
        yield Talk(process, master)
    finally:
        if process.poll() is None:
            process.kill()
        with process:
            os.close(master)
