"""From a commit to its being in force: one at a forge that tells the webhook, and a hundred at once."""

import re
import subprocess
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from controller.adapters.clock import SystemClock
from controller.adapters.git.source import GitSource
from controller.adapters.signatures.keys import KeyFile
from controller.core.trust.commits import TARGET, target_text
from controller.home import Home
from controller.rpc.client import call
from controller.settings import load
from tests.bench.figures import Figure, Goal
from tests.bench.processes import ready_service
from tests.support.config_repo import Site
from tests.support.service import Service
from tests.support.webhook import told_service

MANY = 100
_PATH = "risk_config.yaml"
_PUSH_SECONDS = 1.0


def webhook(rounds: int) -> list[Figure]:
    """``git push`` to a forge that posts to the webhook, until the gate itself has the change."""
    took = []
    with TemporaryDirectory() as folder, told_service(Path(folder)) as service:
        for number in range(rounds):
            path = service.clone / _PATH
            path.write_text(_limited(path.read_text(), 10 + number % 2))
            service.git(
                "-c", "core.hooksPath=/dev/null", "commit", "-q", "-a", "-S", "-m", "x", "--trailer", _landing(service)
            )
            head, begun = service.git("rev-parse", "HEAD").stdout.strip(), time.perf_counter()
            pushed = service.git("push", "-q", "origin", "HEAD:refs/heads/main")
            assert pushed.returncode == 0, pushed.stderr
            _applied(service, head)
            took.append((time.perf_counter() - begun) * 1e3)
            time.sleep(max(0.0, begun + _PUSH_SECONDS - time.perf_counter()))
    note = "git push included, one a second; the bot's own pushes wake as well"
    return [Figure.of("push → applied, told by the webhook", "ms", took, Goal(p99=1_000), note=note)]


def burst(rounds: int) -> list[Figure]:
    """A hundred signed commits, each of which changes a limit, that one ref update brings."""
    took = []
    with ready_service() as service:
        home, pins = Home(service.home), load({"GT_RISK_HOME": str(service.home)}).pins
        site = Site(home, pins, keys={"operator": KeyFile(home.keys / "operator")})
        with closing(GitSource(home.bare, "main", SystemClock())) as source:
            for number in range(rounds):
                tip = _many(site, source, f"Many\n\n{_landing(service)}\n", number)
                begun = time.perf_counter()
                subprocess.run(["git", f"--git-dir={home.bare}", "update-ref", "refs/heads/main", tip], check=True)
                _applied(service, tip)
                took.append((time.perf_counter() - begun) * 1e3)
    return [Figure.of(f"{MANY} commits at once, seen → applied", "ms", took, Goal(p99=600))]


def _many(site: Site, source: GitSource, message: str, start: int) -> str:
    tip = source.tip()
    text, now = source.blob(source.tree(tip)[_PATH].id).decode(), int(time.time())
    for number in range(start, start + MANY):
        tip = site.commit(source, {_PATH: _limited(text, 10 + number % 7).encode()}, "operator", message, tip, now)
    return tip


def _limited(text: str, positions: int) -> str:
    return re.sub(r"max_positions: \d+", f"max_positions: {positions}", text)


def _landing(service: Service) -> str:
    pins = load({"GT_RISK_HOME": str(service.home)}).pins
    return f"{TARGET}: {target_text(pins.repo, pins.environment, pins.branch)}"


def _applied(service: Service, commit: str) -> None:
    wait: dict[str, Any] = {"commit": commit, "timeout": 30.0}
    found = call(str(Home(service.home).controller_socket), "wait", wait, 35.0)
    assert found["in_force"], found
