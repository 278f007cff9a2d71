"""The dashboard of a home as a process of its own, for clients that are no browser."""

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from controller.host.allocator import giving_back
from tests.support.ports import free_port
from tests.support.service import SECONDS


class WebServer:
    """One run of ``python -m web`` for ``home``; it listens once this is made."""

    def __init__(self, home: Path, port: int, *more: str) -> None:
        command = [sys.executable, "-m", "web", "--home", str(home), "--port", str(port), "--json", *more]
        self.process = subprocess.Popen(
            command, env=giving_back(os.environ), stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self.process.stdout is not None
        assert any(line.startswith("}") for line in self.process.stdout), f"it ended with {self.process.wait()}"
        self.address = f"127.0.0.1:{port}"

    def kill(self) -> None:
        """SIGKILL to all of it."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(SECONDS)

    def end(self) -> int:
        """SIGTERM; the exit code. Idempotent."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
        """Status and body."""
        with closing(http.client.HTTPConnection(self.address, timeout=SECONDS)) as connection:
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


@contextmanager
def serving(home: Path, *more: str) -> Iterator[WebServer]:
    """On a free port."""
    server = WebServer(home, free_port(), *more)
    try:
        yield server
    finally:
        server.end()
