"""SIGKILL in the middle of a liquidation: it goes on where all three proofs agree, and nothing is sold twice."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.engine_record import books
from tests.support.service import FAST, Service, running_service, until
from tests.support.terminal import Talk, own_terminal

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]
PHRASE = 'You must type "LIQUIDATE EVERYTHING" to confirm: '
SLOW = {"GT_RISK_PAPER__VOLUME_CAP_SHARES": "20"}
"""Twenty shares a bar: filling takes seconds, so that there is a middle to be killed in."""
LARGE = 200


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    for name, value in SLOW.items():
        monkeypatch.setenv(name, value)
    with running_service() as running:
        until(lambda: largest(running) >= LARGE, "a position that takes a while to close")
        yield running


def positions(service: Service) -> list[Any]:
    return service.read("portfolio", "positions").get("positions") or []


def largest(service: Service) -> int:
    return max((abs(item["quantity"]) for item in positions(service)), default=0)


def in_the_middle(talk: Talk) -> None:
    """Confirmed, granted, and orders work."""
    talk.answer(PHRASE, "LIQUIDATE EVERYTHING")
    talk.until("positions flat")


def outcomes(service: Service) -> list[str]:
    events = service.read("audit", "log", "--type", "emergency.liquidate_all")["events"]
    return [item["outcome"] for item in reversed(events) if item["kind"] == "outcome"]


def assert_flat_and_never_beyond(service: Service) -> None:
    """Flat; no order of it closed more than was open; begun once and ended."""
    book = books(service.home).book
    assert not book.holdings
    assert list(book.liquidations.values()) == ["ended"]
    own = [order for order in book.closed if order.ticket]
    assert own
    assert all(order.reduce_only for order in own)
    assert service.gt("audit", "verify").code == 0
    assert service.read("emergency", "status")["mode"] == "halt-all"


def test_controller_killed_then_the_person_is_told_and_the_next_controller_goes_on(service: Service) -> None:
    with own_terminal(service.home, "emergency", "liquidate-all", "-r", "drill", env=FAST) as talk:
        in_the_middle(talk)
        service.kill("controller")
        ran = talk.end()
    assert ran.code == 5
    assert "NOT FLAT" in ran.out
    assert "The halt stays in force" in ran.out
    assert "--resume" in ran.out
    service.start()
    until(lambda: outcomes(service) == ["unknown", "done"], "the next controller brings it to its end")
    assert_flat_and_never_beyond(service)


def test_gate_killed_then_it_goes_on_with_the_next_gate(service: Service) -> None:
    with own_terminal(service.home, "emergency", "liquidate-all", "-r", "drill", env=FAST) as talk:
        in_the_middle(talk)
        service.kill("gate")
        ran = talk.end()
    assert (ran.code, outcomes(service)) == (0, ["done"])
    assert_flat_and_never_beyond(service)


def test_gate_silent_then_the_person_is_told_and_goes_on_with_the_same_id(service: Service) -> None:
    gate = service.pid("gate")
    assert gate is not None
    with own_terminal(service.home, "emergency", "liquidate-all", "-r", "drill", env=FAST) as talk:
        in_the_middle(talk)
        os.kill(gate, signal.SIGSTOP)
        try:
            ran = talk.end()
        finally:
            os.kill(gate, signal.SIGCONT)
    assert (ran.code, "does not answer" in ran.out) == (5, True)
    again = next(line for line in ran.out.splitlines() if "--resume" in line).split()[-1]
    with own_terminal(service.home, "emergency", "liquidate-all", "--resume", again, env=FAST) as talk:
        talk.answer(PHRASE, "LIQUIDATE EVERYTHING")
        talk.until("Submitting market orders...")
        assert talk.end().code == 0
    assert outcomes(service) == ["partial", "done"]
    assert_flat_and_never_beyond(service)


def test_everything_killed_and_the_ticket_run_out_then_nothing_goes_on_and_status_asks(service: Service) -> None:
    with own_terminal(service.home, "emergency", "liquidate-all", "-r", "drill", env=FAST) as talk:
        in_the_middle(talk)
        service.kill("controller", "gate", "runner")
    permit = service.home / "latch" / "permit"
    with permit.open("r+b") as file:
        file.seek(120)
        file.write(bytes(40))
    service.gt("service", "start")
    until(lambda: outcomes(service) == ["unknown"], "the boot closes the intent")
    until(lambda: service.gt("status").code == 3, "status speaks again")
    assert any("ask for a new one" in line for line in service.read("emergency", "status")["attention"])
    before = books(service.home).book
    assert before.holdings
    assert not [order for order in before.orders.values() if order.ticket]
    with own_terminal(service.home, "emergency", "liquidate-all", "-r", "drill", env=FAST) as talk:
        talk.answer(PHRASE, "LIQUIDATE EVERYTHING")
        talk.until("Submitting market orders...")
        assert talk.end().code == 0
    assert not books(service.home).book.holdings
