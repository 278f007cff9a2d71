"""Runs the command line on a pseudo-terminal, so that it asks."""

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.support.cli import ENTRY, Ran

SECONDS = 30.0


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


def read_until(descriptor: int, wanted: bytes) -> bytes:
    """What a terminal shows until ``wanted`` appears. Raises TimeoutError."""
    seen = b""
    deadline = time.monotonic() + SECONDS
    while wanted not in seen:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError(seen)
        seen += os.read(descriptor, 4096)
    return seen


def on_controlling_terminal(home: Path, answers: Sequence[tuple[bytes, str]], *argv: str) -> Ran:
    """Run ``gt-risk argv`` on a terminal of its own, so that others (ssh-keygen) may ask there too.

    ``answers``: what is typed when the terminal shows a prompt; everything shown is in ``out``.
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
        shown += _rest(master)
    finally:
        os.close(master)
    return Ran(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode(), "")


def _rest(descriptor: int) -> bytes:
    """What a terminal shows until its last process has ended, which Linux tells as an error."""
    shown = b""
    with contextlib.suppress(OSError):
        while piece := os.read(descriptor, 4096):
            shown += piece
    return shown
