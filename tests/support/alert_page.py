"""The commands of docs/alerts.md, run as the page has them: its two servers, and its blocks in a home."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.cli import Ran
from tests.support.ports import free_port, listens
from tests.support.service import Service, late, until

PAGE = Path(__file__).resolve().parents[2] / "docs" / "alerts.md"
BIN = Path(sys.executable).parent


def block(name: str) -> str:
    """The commands of one block of the page."""
    found = re.search(rf"```sh {name}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None, name
    return found[1]


class Try:
    """The page's two servers on ports of their own, and its commands with these."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {"inbox": ("8025", free_port()), "webhook": ("8026", free_port())}
        self.servers: list[subprocess.Popen[bytes]] = []

    def text(self, name: str) -> str:
        """A block with the ports of our own servers."""
        text = block(name)
        for port, own in self.ports.values():
            text = text.replace(port, str(own))
        return text

    def serve(self, name: str) -> None:
        """Start one of the servers and wait until it listens; what it prints goes to a file."""
        with (self.folder / name).open("wb") as out:
            env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
            self.servers.append(
                subprocess.Popen(
                    ["bash", "-ec", f"exec {self.text(name)}"], stdout=out, stderr=subprocess.STDOUT, env=env
                )
            )
        until(lambda: listens(self.ports[name][1]), f"the {name} listens")

    def run(self, service: Service, name: str, but: str = "") -> str:
        """Run a block's commands in the home of ``service``, without the lines that begin with ``but``; its output."""
        lines = [line for line in self.text(name).splitlines() if not (but and line.startswith(but))]
        env = {
            **os.environ,
            "GT_RISK_HOME": str(service.home),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        ran = subprocess.run(["bash", "-ec", "\n".join(lines)], env=env, capture_output=True, text=True, check=False)
        seen = Ran(ran.returncode, ran.stdout, ran.stderr)
        assert seen.code in (0, 3) or (seen.code == 5 and late(seen)), (seen, service.logs())
        return seen.out

    def close(self) -> None:
        """End the servers."""
        for server in self.servers:
            server.kill()
            server.wait()

    def mails(self, subject: str) -> int:
        """How many mails about it have come."""
        return len(re.findall(rf"^Subject: .*{subject}", self.printed("inbox").replace("\n ", " "), re.MULTILINE))

    def printed(self, name: str) -> str:
        """What it has printed."""
        return (self.folder / name).read_text()
