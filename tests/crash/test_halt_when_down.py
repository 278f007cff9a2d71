"""A halt with git, store, config repo or controller gone: it is in force, and it says what could not be done."""

import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from controller.gate.client import GateClient, GateUnavailable
from controller.home import Home
from tests.support.cli import Ran, gt_risk
from tests.support.service import FAST, TRIES, Service, in_time, running_service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


@pytest.fixture
def service() -> Iterator[Service]:
    with running_service() as started:
        yield started


def halt(service: Service, **env: str) -> Ran:
    return gt_risk(service.home, "emergency", "halt-all", "--json", "-r", "drill", env={**FAST, **env})


def binding(service: Service) -> set[str]:
    """The words that the gate itself says bind it."""
    with GateClient(Home(service.home).gate_socket) as client:
        return set(client.request("barrier")["words"])


def in_force(service: Service, **env: str) -> Any:
    """What the halt said, once it is seen that the gate has one more word."""
    before = set[str]()

    def once() -> Ran:
        before.update(binding(service))
        return halt(service, **env)

    ran = in_time(once)
    assert ran.document["in_force"], ran
    assert len(binding(service) - before) == 1
    return ran.document


def without_git(folder: Path) -> str:
    """A PATH that holds no git."""
    (folder / "python").symlink_to(sys.executable)
    return str(folder)


def test_halt_when_git_is_not_installed_or_its_repository_is_gone_then_all_of_it_happens(
    service: Service, tmp_path: Path
) -> None:
    seen = in_force(service, PATH=without_git(tmp_path))
    assert (seen["ok"], seen["durable"], seen["taken_over"]) == (True, True, True)
    bare, away = service.home / "config.git", service.home / "elsewhere"
    bare.rename(away)
    seen = in_force(service)
    assert (seen["ok"], seen["durable"]) == (True, True)
    away.rename(bare)
    until(lambda: len(service.read("emergency", "status")["halts"]) >= 2, "both are adopted")


def test_halt_when_the_store_is_destroyed_then_in_force_durable_and_there_after_everything_died(
    service: Service,
) -> None:
    for name in ("store.db", "store.db-wal", "store.db-shm"):
        with suppress(FileNotFoundError):
            (service.home / name).write_bytes(b"\0not a database\0" * 4096)
    seen = in_force(service)
    assert seen["durable"]
    words = binding(service)
    service.kill("controller", "gate", "runner")
    service.gt("service", "start")
    until(lambda: answers(service), "the gate is up, whatever the store is like")
    assert words <= binding(service)


def answers(service: Service) -> bool:
    with suppress(GateUnavailable):
        return bool(binding(service))
    return False


def test_halt_when_the_controller_is_dead_or_asleep_then_in_force_and_says_so(service: Service) -> None:
    pid = service.pid("controller")
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    tries = (halt(service).document for _ in range(TRIES))
    seen = next(said for said in tries if said["in_force"] and said["durable"])
    assert (seen["durable"], seen["taken_over"]) == (True, False)
    assert any("service" in text for text in seen["notices"])
    os.kill(pid, signal.SIGCONT)
    service.kill("controller")
    seen = in_force(service)
    assert (seen["durable"], seen["taken_over"]) == (True, False)
    assert any("it adopts this halt when it starts" in text for text in seen["notices"])
    service.start()
    until(lambda: len(service.read("emergency", "status")["halts"]) >= 2, "both are adopted")


def test_halt_when_the_controller_is_killed_before_its_store_has_it_then_adopted_once_at_the_next_start(
    service: Service,
) -> None:
    with closing(sqlite3.connect(service.home / "store.db")) as store:
        store.execute("BEGIN IMMEDIATE")
        said = in_time(lambda: halt(service)).document
        assert (said["ok"], said["taken_over"]) == (True, True)
        service.kill("controller")
        assert store.execute("SELECT count(*) FROM halts").fetchone() == (0,)
        store.rollback()
    service.start()
    until(lambda: all(item["adopted"] for item in service.read("emergency", "status")["halts"]), "adopted")
    events = service.read("audit", "log", "--type", "emergency.halt_all")["events"]
    own = [item["reason"] for item in events if item["details"] == f"halt {said['halt']['id']}"]
    assert own == ["drill"]
    assert service.read("audit", "verify")["intact"]


def test_halt_when_all_is_dead_then_raised_exit_five_and_halted_from_the_first_moment_on(service: Service) -> None:
    service.kill("controller", "gate", "runner")
    ran = halt(service)
    assert (ran.code, ran.document["in_force"], ran.document["durable"]) == (5, False, True)
    assert any("gate.sock" in text for text in ran.document["problems"])
    service.gt("service", "start")
    until(lambda: service.pid("gate") is not None, "the gate is up")
    until(lambda: service.read("status")["mode"] == "halt-all", "halted")
