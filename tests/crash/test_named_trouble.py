"""Trouble that is nobody's attack: each ends in a named condition, a message with the next command, a safe state."""

import socket
from collections.abc import Iterator

import pytest

from controller.home import Home
from controller.host.supervisor import SERVICES
from tests.support.service import Service, running_service, until
from tests.support.small_disk import fill, mounted, small_disk

pytestmark = [pytest.mark.process, pytest.mark.timeout(240), pytest.mark.xdist_group("named_trouble")]
LIMIT = "position.max_positions"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service() as started:
        yield started


@pytest.fixture(scope="module")
def small() -> Iterator[Service]:
    with small_disk() as started:
        yield started


def reasons(service: Service) -> dict[str, str]:
    return {item["type"]: item["reason"] for item in service.read("status")["conditions"]}


def value(service: Service) -> float:
    return float(service.read("limits", "get", LIMIT)["limit"]["value"])


def test_repo_when_deleted_while_all_runs_then_named_and_halts_and_last_known_good_stay(service: Service) -> None:
    bare, away = Home(service.home).bare, service.home / "away"
    applied = service.read("status")["revision"]["last_applied"]
    bare.rename(away)
    try:
        reloaded = service.gt("config", "reload")
        assert (reloaded.code, f"{applied[:12]} stays in force" in reloaded.err) == (3, True), reloaded
        refused = service.gt("limits", "set", LIMIT, "10", "--yes", "-r", "less")
        assert refused.code in (1, 3)
        assert "next: " in refused.err
        until(lambda: reasons(service).get("SourceStale") == "SourceUnavailable", "the condition")
        halted = service.gt("emergency", "halt-all", "-r", "drill", "--json").document
        assert (halted["in_force"], halted["durable"]) == (True, True)
    finally:
        away.rename(bare)
    until(lambda: "SourceStale" not in reasons(service), "the source is back")
    service.must("emergency", "resume", "--yes", "-r", "over")


def test_sockets_when_dead_ones_are_left_then_the_start_takes_their_place(service: Service) -> None:
    home = Home(service.home)
    service.kill(*SERVICES)
    for path in (home.controller_socket, home.gate_socket):
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
    down = service.gt("status")
    assert (down.code, "gt risk service start" in down.out + down.err) == (3, True), down
    service.must("service", "start")
    assert value(service) > 0


def test_disk_when_full_then_a_change_is_refused_whole_and_lands_once_there_is_room(small: Service) -> None:
    before = value(small)
    filler = fill(small.home)
    ran = small.gt("limits", "set", LIMIT, "9", "--yes", "-r", "less")
    assert ran.code != 0
    assert "Traceback" not in ran.err
    assert "next: " in ran.err
    assert "No space left on device" in ran.err
    assert "disk" in {item["check"] for item in small.read("doctor")["checks"] if item["level"] != "ok"}
    halted = small.gt("strategy", "halt", "contrarian-swing", "-r", "drill", "--yes", "--json").document
    assert (halted["in_force"], halted["durable"]) == (True, True)
    assert value(small) == before
    filler.unlink()
    until(lambda: small.gt("limits", "set", LIMIT, "9", "--yes", "-r", "less").code == 0, "there is room")
    assert value(small) == 9


def test_home_when_read_only_then_said_and_the_start_goes_on_once_it_is_writable(small: Service) -> None:
    small.must("service", "stop")
    place = str(small.home.parent)
    assert mounted("-o", "remount,ro", place)
    try:
        for words in (("service", "start"), ("limits", "set", LIMIT, "8", "--yes", "-r", "less"), ("doctor",)):
            ran = small.gt(*words)
            assert ran.code != 0
            assert "Traceback" not in ran.err
        halted = small.gt("emergency", "halt-all", "-r", "drill")
        assert halted.code == 1
        assert "NOT CONFIRMED" in halted.out + halted.err
    finally:
        assert mounted("-o", "remount,rw", place)
    small.must("service", "start")
    assert small.read("audit", "verify")["intact"]
