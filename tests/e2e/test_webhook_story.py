"""A forge that tells of a push: applied long before the next poll, and the webhook lives and dies with the service."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import short_home
from tests.support.service import Service, running_service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]
SECRET = "a secret of the forge and of this home"
POST = """
import hashlib, hmac, sys, urllib.request
body = sys.stdin.buffer.read()
digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
headers = {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}
urllib.request.urlopen(urllib.request.Request(URL, body, headers), timeout=10).read()
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service on a forge that it polls once an hour, whose post-receive hook posts to the webhook."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{probe.getsockname()[1]}"
    forge = tmp_path / "forge.git"
    subprocess.run(["git", "init", "-q", "--bare", "--initial-branch=main", str(forge)], check=True)
    script = tmp_path / "post.py"
    script.write_text(f"SECRET, URL = {SECRET!r}, 'http://{listen}/hooks/github'\n{POST}")
    env = {
        "GT_RISK_PAPER__BAR_SECONDS": "0.2",
        "GT_RISK_SOURCE__POLL_SECONDS": "3600",
        "GT_RISK_HOOKS__SECRET_FILE": str(tmp_path / "secret"),
        "GT_RISK_HOOKS__LISTEN": listen,
    }
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    with short_home() as place, running_service("--remote", f"file://{forge}", place=place, env=env) as started:
        hook = forge / "hooks" / "post-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\nexec {shlex.join([sys.executable, str(script)])}\n")
        hook.chmod(0o700)
        until(lambda: connects(listen), "the webhook listens")
        yield started


def connects(listen: str) -> bool:
    host, _, port = listen.partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def push(service: Service, positions: int) -> None:
    service.git("pull", "-q", "--rebase")
    path = service.clone / "risk_config.yaml"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(
        "".join(f"    max_positions: {positions}\n" if "max_positions:" in line else line for line in lines)
    )
    done = service.git("commit", "-q", "-a", "-S", "-m", "Another number")
    assert done.returncode == 0, done.stderr
    head = service.git("rev-parse", "HEAD").stdout.strip()
    until(lambda: service.read("status")["revision"]["last_applied"] == head, "applied")


def test_push_when_the_forge_tells_then_applied_without_a_poll_and_again_after_the_webhook_died(
    service: Service,
) -> None:
    push(service, 15)
    pid = service.pid("hooks")
    assert pid is not None
    assert service.read("service", "status")["services"]["hooks"]["running"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: service.pid("hooks") not in (None, pid), "the supervisor has started another")
    until(lambda: connects(service.env["GT_RISK_HOOKS__LISTEN"]), "it listens")
    push(service, 14)
    service.must("service", "stop")
    assert service.pid("hooks") is None
