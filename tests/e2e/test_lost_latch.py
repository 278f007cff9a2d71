"""The latch lost or damaged under real processes: what was halted stays halted, and people lift it by name."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from controller.gate.client import GateClient, GateUnavailable
from controller.home import Home
from tests.support.service import SECONDS, Service, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


def words(service: Service) -> set[str]:
    """The words that bind the gate; empty while it is down."""
    with suppress(GateUnavailable), GateClient(Home(service.home).gate_socket, SECONDS) as gate:
        return set(gate.request("barrier")["words"])
    return set()


def reads(service: Service) -> bool:
    """Whether the gate reads the latch pair and has a permit."""
    with suppress(GateUnavailable), GateClient(Home(service.home).gate_socket, SECONDS) as gate:
        return bool(gate.request("adopt")["gate"]["permit"] == "ok")
    return False


def lose_both(service: Service) -> None:
    for path in (Home(service.home).raise_file, Home(service.home).permit_file):
        path.unlink()


def halts(service: Service) -> dict[str, str]:
    """Reasons of the open halts by id."""
    return {item["id"]: item["reason"] for item in service.read("emergency", "status")["halts"]}


def lifted(service: Service) -> bool:
    """Resume whatever is open; whether nothing is open any more."""
    if halts(service):
        service.gt("emergency", "resume", "--yes", "-r", "looked at it")
    return not halts(service) and service.read("status")["mode"] == "normal"


def test_halt_when_it_made_the_raise_file_itself_then_the_controller_mends_the_pair_around_it(service: Service) -> None:
    controller = service.pid("controller")
    assert controller is not None
    os.kill(controller, signal.SIGSTOP)
    lose_both(service)
    ran = service.gt("emergency", "halt-all", "--json", "-r", "drill")
    assert ran.code == 5
    assert any("latch/raise was missing" in text for text in ran.document["problems"])
    os.kill(controller, signal.SIGCONT)
    until(lambda: ran.document["halt"]["id"] in halts(service), "the halt is known")
    until(lambda: reads(service) and len(words(service)) >= 2, "the gate reads the mended pair")
    assert any(reason.startswith("latch-lost") for reason in halts(service).values())
    until(lambda: lifted(service), "all of it is lifted by name")


def test_halt_when_it_made_the_raise_file_while_all_were_dead_then_the_start_mends_the_pair(service: Service) -> None:
    service.kill("controller", "gate", "runner")
    lose_both(service)
    halt_id = service.gt("emergency", "halt-all", "--json", "-r", "drill").document["halt"]["id"]
    service.start()
    until(lambda: len(words(service)) == 2, "the gate reads the mended pair")
    assert halt_id in halts(service)
    until(lambda: lifted(service), "all of it is lifted by name")


def scribble(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"not a latch any more")


def shorten(path: Path) -> None:
    os.truncate(path, 100)


@pytest.mark.parametrize(("half", "damage"), [("raise", scribble), ("permit", scribble), ("raise", shorten)])
def test_half_when_damaged_while_all_run_then_halted_at_once_mended_and_lifted_by_name(
    service: Service, half: str, damage: Callable[[Path], None]
) -> None:
    damage(service.home / "latch" / half)
    until(lambda: any(reason.startswith(f"latch-lost: {half}") for reason in halts(service).values()), "halted")
    until(lambda: reads(service) and len(words(service)) == 1, "the gate reads the mended pair")
    until(lambda: lifted(service), "lifted by name")
    until(lambda: service.gt("status", "--json").document["mode"] == "normal", "trading again")


def test_half_when_emptied_under_mappings_then_processes_may_die_but_the_start_mends_and_halts(
    service: Service,
) -> None:
    os.truncate(service.home / "latch" / "raise", 0)
    until(lambda: service.gt("service", "start").code == 0 and bool(words(service)), "the gate is up and halted")
    until(lambda: any(reason.startswith("latch-lost") for reason in halts(service).values()), "known")
