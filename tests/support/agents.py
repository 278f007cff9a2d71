"""A real ssh-agent that lives as long as a block."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def ssh_agent(socket: Path) -> Iterator[None]:
    """An agent without keys that listens on ``socket``; when the block ends, so has it."""
    command = ["ssh-agent", "-D", "-a", str(socket)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline(), "the agent did not start"
            yield
        finally:
            process.terminate()
