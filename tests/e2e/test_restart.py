"""Starting again when something is missing: what was in force is in force, and the rest comes when it can."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from controller.gate.client import GateClient, GateUnavailable
from controller.home import Home
from controller.host.supervisor import SERVICES
from tests.support.service import SECONDS, Service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


def gate(service: Service) -> dict[str, Any]:
    """What the gate holds; empty while it is down."""
    try:
        with GateClient(Home(service.home).gate_socket, SECONDS) as client:
            found: dict[str, Any] = client.request("adopt")["gate"]
            return found
    except GateUnavailable:
        return {}


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
    until(lambda: all(service.pid(name) is not None for name in SERVICES), "all of it is up")
    until(lambda: gate(service).get("mode") == "pause-new-orders", "the gate adds no risk")
    assert service.gt("emergency", "halt-all", "-r", "drill").code in (0, 5)
    until(lambda: gate(service).get("mode") == "halt-all", "halted")
    store.write_bytes(whole)
    until(lambda: service.read("status").get("mode") == "halt-all", "the controller has started and has the halt")
    assert service.read("audit", "verify")["intact"]


def test_repo_that_is_away_at_start_then_the_last_known_good_holds_and_the_controller_lives(service: Service) -> None:
    revision = service.read("status")["revision"]["last_applied"]
    bare = Home(service.home).bare
    service.kill(*SERVICES)
    bare.rename(bare.with_name("away"))
    starting = threading.Thread(target=service.start)
    starting.start()
    until(lambda: gate(service).get("revision") == revision, "the last known good is in force")
    until(lambda: service.pid("controller") is not None, "the controller is up")
    pid = service.pid("controller")
    bare.with_name("away").rename(bare)
    starting.join()
    service.must("limits", "set", "position.max_positions", "11", "--yes", "-r", "git is back")
    assert service.pid("controller") == pid
