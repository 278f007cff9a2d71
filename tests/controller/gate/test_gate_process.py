"""The gate as a process: killed, told to end, and what it leaves."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.adapters.venues.paper import open_venue
from controller.gate.client import GateClient, GateUnavailable
from controller.settings import PaperSettings
from tests.support.gates import (
    ANN,
    DOLLAR,
    Home,
    eventually,
    make_policy,
    order,
)

PROCESS = """
import sys
from pathlib import Path
from controller.adapters.venues.paper import open_venue
from controller.gate.service import GateService, stop_on_signals
from controller.settings import PaperSettings
home = Path(sys.argv[1])
venue = open_venue(PaperSettings(bar_seconds=0.02), "", home / "engine", 100_000_000_000)
GateService(venue, raise_path=home / "raise", permit_path=home / "permit", policy_dir=home / "policy",
            socket_path=home / "gate.sock", environment="paper").serve(stop_on_signals())
"""


@pytest.fixture
def start(home: Home) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    started: list[subprocess.Popen[bytes]] = []

    def begin() -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(home.root)], stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[3]
        )
        started.append(process)
        eventually(lambda: _answers(home))
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


def _answers(home: Home) -> bool:
    try:
        with GateClient(home.socket, 2.0) as client:
            return bool(client.request("barrier")["ok"])
    except GateUnavailable:
        return False


@pytest.mark.process
def test_gate_killed_then_book_is_the_same_and_halt_still_holds(
    home: Home, start: Callable[[], "subprocess.Popen[bytes]"]
) -> None:
    home.publish(make_policy())
    home.permit_for()
    process = start()
    with GateClient(home.socket, 30.0) as client:
        client.request("venue", uid=ANN, status="active")
        home.permit_for()
        source = order("AAPL", quantity=5)
        assert client.submit(source)["ok"]
        eventually(lambda: bool(client.request("state")["positions"]))
        home.halt()
        assert client.request("barrier")["mode"] == "halt-all"
        before = client.request("state")
        process.send_signal(signal.SIGKILL)
        process.wait()
    start()
    home.permit_for()
    with GateClient(home.socket, 30.0) as client:
        after = client.request("state")
        assert after["gate"]["mode"] == "halt-all"
        assert _holdings(after) == _holdings(before)
        assert after["account"]["cash"] == before["account"]["cash"]
        assert client.submit(order("AAPL"))["code"] == "TRADING_HALTED"
        repeated = client.submit(source)
        assert repeated["ok"]
        assert _holdings(client.request("state")) == _holdings(before)


def _holdings(state: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(item["uid"], item["symbol"], item["quantity"]) for item in state["positions"]]


@pytest.mark.process
def test_gate_told_to_end_then_ends_cleanly(home: Home, start: Callable[[], "subprocess.Popen[bytes]"]) -> None:
    home.publish(make_policy())
    process = start()
    process.terminate()
    assert process.wait(30) == 0
    assert not home.socket.exists()


def test_requests_of_every_kind_then_nothing_is_left_for_the_collector(home: Home) -> None:
    home.publish(make_policy())
    home.permit_for(29)
    command = [sys.executable, "-m", "tests.support.gate_process", "litter", str(home.root)]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, check=True, timeout=60)
    assert done.stdout == b"0\n"


def test_paper_venue_opens_under_the_gate(home: Home) -> None:
    venue = open_venue(PaperSettings(), "", home.root / "engine", 100_000 * DOLLAR)
    try:
        assert venue.book().cash == 100_000 * DOLLAR
    finally:
        venue.close()
