"""A forge that tells of a push: applied long before the next poll, and the webhook lives and dies with the service."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import listens
from tests.support.service import Service, until
from tests.support.webhook import told_service

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with told_service(tmp_path) as started:
        yield started


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
    port = int(service.env["GT_RISK_HOOKS__LISTEN"].rpartition(":")[2])
    until(lambda: listens(port), "it listens")
    push(service, 14)
    service.must("service", "stop")
    assert service.pid("hooks") is None
