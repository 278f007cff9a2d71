"""Runs the command line on a pseudo-terminal, so that it asks."""

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
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
