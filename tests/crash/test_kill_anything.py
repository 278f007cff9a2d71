"""SIGKILL of controller, gate, runner or all at random moments: halted stays halted, the audit verifies, the book is
the same. GT_RISK_KILL_ROUNDS sets the rounds of all tests together; the moments follow from the round's number."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

import pytest

from controller.gate.client import GateClient, GateUnavailable
from controller.home import Home
from controller.host.supervisor import SERVICES
from controller.reconcile.expiries import NAME as EXPIRIES
from tests.support.cli import ENTRY
from tests.support.engine_record import Held, books, held, newest_order_ns
from tests.support.service import FAST, Service, in_time, running_service, until

ROUNDS = int(os.environ.get("GT_RISK_KILL_ROUNDS", "30"))
FEW = max(2, ROUNDS // 6)
MOST = max(2, ROUNDS - 2 * FEW)
VICTIMS: tuple[tuple[str, ...], ...] = (("controller",), ("gate",), ("runner",), ("controller", "gate"), SERVICES)
PACE = {**FAST, "GT_RISK_PAPER__BAR_SECONDS": "0.5"}
"""Two sessions a second: no machine is so busy that the prices end before the tests do."""
STILL = {"GT_RISK_PAPER__BAR_SECONDS": "3600"}
"""A market that stands still: the gate's own figures can be compared with the record."""

pytestmark = [pytest.mark.process, pytest.mark.timeout(120 + 30 * ROUNDS)]


@pytest.fixture(scope="module")
def running() -> Iterator[Service]:
    """A service on which no drawdown halts anything by itself, however long the rounds take."""
    with running_service(env=PACE) as started:
        for limit in ("strategy_halt_pct", "account_emergency_pct"):
            started.must("limits", "set", f"drawdown.{limit}", "95%", "--yes", "-r", "only people halt here")
        yield started


@pytest.fixture
def service(running: Service) -> Service:
    """It is up and trades, whatever another test has left."""
    started(running)
    if mode(running) != "normal":
        resume(running)
    return running


def begin(service: Service, *argv: str, env: dict[str, str] = PACE) -> "subprocess.Popen[str]":
    environ = {**os.environ, "GT_RISK_HOME": str(service.home), **env}
    command = [sys.executable, "-c", ENTRY, *argv]
    return subprocess.Popen(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def kill(service: Service, names: Sequence[str]) -> None:
    """SIGKILL those of ``names`` that run."""
    for name in names:
        pid = service.pid(name)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def gone(service: Service) -> None:
    """SIGKILL all, until none is left."""
    kill(service, SERVICES)
    until(lambda: all(service.pid(name) is None for name in SERVICES), "all are dead")


def resume(service: Service) -> None:
    service.must("emergency", "resume", "--yes", "-r", "over")
    for strategy in service.read("strategy", "list")["strategies"]:
        if strategy["id"] in ("ml-momentum-v2", "heuristic-value-1"):
            service.must("strategy", "resume", strategy["id"], "--yes", "-r", "over", "--note", "a drill")


def started(service: Service) -> None:
    """``service start`` until all three processes are up and the gate answers.

    A permit that ran out because the machine was too busy to start anything in time does not count towards a halt.
    """
    (Home(service.home).policy / EXPIRIES).unlink(missing_ok=True)
    service.start()
    until(lambda: all(service.pid(name) is not None for name in SERVICES), "all processes are up")
    until(lambda: gate_state(service) is not None, "the gate answers")


def gate_state(service: Service) -> dict[str, object] | None:
    with suppress(GateUnavailable), GateClient(Home(service.home).gate_socket) as client:
        return client.request("state")
    return None


def trading(service: Service) -> None:
    until(lambda: len(books(service.home).book.holdings) >= 2, "the strategies hold positions")


def halted_book(service: Service) -> Held:
    """The record once everything is cancelled: from here on nothing may change it."""
    until(lambda: not books(service.home).book.orders, "working orders are cancelled")
    return held(books(service.home))


def intact(service: Service) -> bool:
    return bool(service.read("audit", "verify")["intact"])


def mode(service: Service) -> str:
    return str(service.read("status")["mode"])


def pause(chosen: random.Random, most: float) -> None:
    time.sleep(chosen.uniform(0.0, most))


def test_halted_book_when_anything_is_killed_at_any_moment_then_halted_and_the_same(service: Service) -> None:
    trading(service)
    done = in_time(lambda: service.halt("emergency", "halt-all", "--json", "-r", "drill")).document
    acknowledged = time.time_ns()
    assert done["in_force"]
    before = halted_book(service)
    for number in range(MOST):
        chosen = random.Random(number)
        under_way = begin(
            service,
            *chosen.choice(
                (
                    ("limits", "set", "position.max_positions", str(10 + number), "--yes", "-r", "while it dies"),
                    ("emergency", "halt-all", "-r", "again"),
                    ("strategy", "halt", "ml-momentum-v2", "-r", "again"),
                    ("service", "start"),
                )
            ),
        )
        pause(chosen, 0.15)
        kill(service, chosen.choice(VICTIMS))
        under_way.communicate(timeout=60)
        started(service)
        what = f"round {number}"
        assert mode(service) == "halt-all", what
        assert intact(service), what
        record = books(service.home)
        assert held(record) == before, what
        assert newest_order_ns(record) < acknowledged, what


def test_halt_when_anything_dies_meanwhile_then_what_it_confirmed_holds(service: Service) -> None:
    for number in range(FEW):
        chosen = random.Random(1_000 + number)
        trading(service)
        halt = begin(service, "emergency", "halt-all", "--json", "-r", f"round {number}")
        pause(chosen, 0.1)
        kill(service, chosen.choice(VICTIMS))
        out, err = halt.communicate(timeout=60)
        acknowledged = time.time_ns()
        started(service)
        assert mode(service) == "halt-all", (number, out, err)
        assert intact(service)
        record = books(service.home)
        assert newest_order_ns(record) < acknowledged
        resume(service)


def test_running_book_when_all_is_killed_then_the_same_after_restart(service: Service) -> None:
    for number in range(FEW):
        chosen = random.Random(2_000 + number)
        trading(service)
        pause(chosen, 0.5)
        gone(service)
        before = books(service.home)
        begin(service, "service", "start", env=STILL).communicate(timeout=60)
        until(lambda: gate_state(service) is not None, "the gate answers")
        state = gate_state(service)
        assert state is not None
        assert shown(state) == (before.book.cash, {key: item.quantity for key, item in before.book.holdings.items()})
        assert intact(service)
        after = held(books(service.home))
        assert after.cash == held(before).cash
        assert after.positions == held(before).positions
        assert set(held(before).working) <= set(after.working)
        gone(service)
        started(service)


def shown(state: dict[str, object]) -> tuple[int, dict[tuple[str, str], int]]:
    account, positions = state["account"], state["positions"]
    assert isinstance(account, dict)
    assert isinstance(positions, list)
    return account["cash"], {(item["uid"], item["symbol"]): item["quantity"] for item in positions}
