"""The store destroyed under a running service and at its start: told plainly, nothing looser, halts work."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.service import Service, in_time, running_service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]
FILES = ("store.db", "store.db-wal", "store.db-shm")


@pytest.fixture
def service() -> Iterator[Service]:
    with running_service() as started:
        yield started


def removed(path: Path) -> None:
    path.unlink(missing_ok=True)


def emptied(path: Path) -> None:
    if path.exists():
        os.truncate(path, 0)


def overwritten(path: Path) -> None:
    path.write_text("this is a text file\n")


def told(service: Service) -> bool:
    """Whether ``status`` says that the store cannot be used, and exits so."""
    ran = service.gt("status", "--json")
    return ran.code == 3 and any("StoreUnavailable" in text for text in ran.document["attention"])


@pytest.mark.parametrize("destroy", [removed, emptied, overwritten])
def test_store_when_destroyed_while_running_then_told_reducing_only_and_a_halt_still_works(
    service: Service, destroy: Callable[[Path], None]
) -> None:
    for name in FILES:
        destroy(service.home / name)
    until(lambda: told(service), "status tells")
    until(lambda: service.read("status")["mode"] == "pause-new-orders", "reducing only")
    refused = service.gt("limits", "set", "position.max_positions", "30", "--yes", "-r", "looser")
    assert refused.code in (1, 3)
    assert "store.db" in refused.err
    halted = in_time(lambda: service.gt("emergency", "halt-all", "--json", "-r", "drill")).document
    assert (halted["in_force"], halted["durable"]) == (True, True)
    until(lambda: service.read("status")["mode"] == "halt-all", "halted")
    service.gt("service", "stop")
    for name in FILES:
        removed(service.home / name)
    service.start()
    halts = service.read("emergency", "status")["halts"]
    assert halted["halt"]["id"] in {item["id"] for item in halts}
    assert any(item["reason"].startswith("store-lost") for item in halts)
    assert service.gt("audit", "verify").code != 0


def test_store_when_a_text_file_at_the_start_then_the_start_says_so_and_the_gate_only_reduces(
    service: Service,
) -> None:
    service.must("service", "stop")
    for name in FILES:
        overwritten(service.home / name)
    ran = service.gt("service", "start")
    assert ran.code == 3
    assert "store.db: file is not a database" in ran.out
    assert "gt risk" in ran.out.rpartition("next:")[2]
    until(lambda: service.pid("gate") is not None, "the gate is up")
    status = service.gt("status")
    assert (status.code, "store.db" in status.out + status.err, "Traceback" in status.err) == (3, True, False)
    assert "✗   store" in service.gt("doctor").out
    halted = in_time(lambda: service.gt("emergency", "halt-all", "--json", "-r", "drill")).document
    assert halted["in_force"]
