"""Starting again when something is missing: what was in force is in force, and the rest comes when it can."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from controller.gate.client import GateClient, GateUnavailable
from controller.home import Home
from controller.host.supervisor import SERVICES
from tests.support.service import Service, running_service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


@pytest.fixture
def service() -> Iterator[Service]:
    with running_service() as started:
        yield started


def gate_mode(service: Service) -> str:
    try:
        with GateClient(Home(service.home).gate_socket) as gate:
            return str(gate.request("adopt")["gate"]["mode"])
    except GateUnavailable:
        return ""


def fold(store: Path) -> None:
    """All of it in one file: while the day's backup reads it, the last to close it leaves its log beside."""
    with closing(sqlite3.connect(store, timeout=60)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_store_that_is_damaged_at_start_then_said_and_halts_hold_and_ready_once_it_is_repaired(
    service: Service,
) -> None:
    service.must("service", "stop")
    store = Home(service.home).store
    fold(store)
    whole = store.read_bytes()
    store.write_bytes(b"not a database" * 1_000)
    begun = service.gt("service", "start", "--json")
    assert (begun.code, begun.document["ready"]) == (3, False)
    assert "file is not a database" in begun.document["attention"][0]
    seen = service.gt("status")
    assert seen.code == 3
    assert "cannot start and tries again" in seen.err
    assert all(service.pid(name) is not None for name in SERVICES)
    assert gate_mode(service) == "pause-new-orders"
    assert service.gt("emergency", "halt-all", "-r", "drill").code in (0, 5)
    assert gate_mode(service) == "halt-all"
    store.write_bytes(whole)
    until(lambda: service.read("status").get("mode") == "halt-all", "the controller has started and has the halt")
    assert service.read("audit", "verify")["intact"]


def test_repo_that_is_away_at_start_then_the_last_known_good_holds_and_the_controller_lives(service: Service) -> None:
    revision = service.read("status")["revision"]["last_applied"]
    bare = Home(service.home).bare
    service.kill(*SERVICES)
    bare.rename(bare.with_name("away"))
    service.gt("service", "start")
    with GateClient(Home(service.home).gate_socket) as gate:
        assert gate.request("adopt")["gate"]["revision"] == revision
    pid = service.pid("controller")
    bare.with_name("away").rename(bare)
    service.must("limits", "set", "position.max_positions", "11", "--yes", "-r", "git is back")
    assert service.pid("controller") == pid
