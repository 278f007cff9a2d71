"""A person liquidates on a terminal: asked, halted, signed, flattened, told; and what cannot do it."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.documents import assert_described
from tests.support.service import FAST, Service, running_service, until
from tests.support.terminal import own_terminal, without_terminal

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]
PHRASE = 'You must type "LIQUIDATE ALL" to confirm: '
EVERYTHING = 'You must type "LIQUIDATE EVERYTHING" to confirm: '


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service() as running:
        yield running


def held(service: Service) -> list[Any]:
    """Positions, once the strategies have some."""
    until(lambda: bool(service.read("portfolio", "positions")["positions"]), "the strategies hold something")
    found: list[Any] = service.read("portfolio", "positions")["positions"]
    return found


def resume(service: Service) -> None:
    """Back to where one strategy trades."""
    service.must("emergency", "resume", "--yes", "-r", "tested")
    service.must("strategy", "resume", "heuristic-value-1", "--yes", "-r", "tested")


def reasons(service: Service) -> list[str]:
    """The first words of why it is halted."""
    return [item["reason"].partition(" (")[0] for item in service.read("emergency", "status")["halts"]]


def test_portfolio_liquidate_when_confirmed_on_the_terminal_then_flat_paused_and_in_the_audit(
    service: Service,
) -> None:
    held(service)
    with own_terminal(service.home, "portfolio", "liquidate", env=FAST) as talk:
        talk.answer(PHRASE, "LIQUIDATE ALL")
        talk.until("Submitting market orders...")
        talk.answer("Reason (optional): ", "drill")
        ran = talk.end()
    screen = talk.shown.decode().replace("\r\n", "\n")
    assert screen.startswith("⛔ EMERGENCY LIQUIDATION ⛔\n\nThis will liquidate ALL positions immediately.\n")
    assert "Estimated Impact:  -0.01% to -0.11% (slippage & fees)\n" in screen
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "Results:"
    assert all(line.startswith("  ✓ ") and line.endswith("  FILLED") for line in lines[1 : lines.index("")])
    assert "✓ All positions liquidated" in lines
    until(lambda: not service.read("portfolio", "positions")["positions"], "the book is flat")
    until(lambda: reasons(service) == ["drill"], "the reason is taken into the record")
    assert service.read("emergency", "status")["mode"] == "pause-new-orders"
    events = service.read("audit", "log", "--type", "emergency.liquid")["events"]
    assert [(item["event"], item["kind"], item["outcome"]) for item in reversed(events)] == [
        ("emergency.liquidate_portfolio", "intent", ""),
        ("emergency.liquidation_granted", "fact", ""),
        ("emergency.liquidate_portfolio", "outcome", "done"),
    ]
    assert service.gt("audit", "verify").code == 0
    resume(service)


def test_liquidate_all_when_json_then_one_document_and_halted(service: Service) -> None:
    held(service)
    with own_terminal(service.home, "emergency", "liquidate-all", "--json", "-r", "drill", env=FAST) as talk:
        talk.answer(EVERYTHING, "LIQUIDATE EVERYTHING")
        talk.until("Submitting market orders...")
        ran = talk.end()
    document = json.loads(ran.out)
    assert_described(("emergency", "liquidate-all"), document)
    assert (ran.code, document["ok"], document["stage"], document["residual"]) == (0, True, "done", [])
    assert document["results"]
    assert document["cash"] > 0
    assert service.read("emergency", "status")["mode"] == "halt-all"
    resume(service)


@pytest.mark.parametrize("typed", ["liquidate all", "LIQUIDATE EVERYTHING", "", "y"])
def test_liquidate_when_the_phrase_is_not_typed_then_four_and_nothing_happens(service: Service, typed: str) -> None:
    with own_terminal(service.home, "portfolio", "liquidate", env=FAST) as talk:
        talk.answer(PHRASE, typed)
        ran = talk.end()
    assert (ran.code, service.read("emergency", "status")["halts"]) == (4, [])


@pytest.mark.parametrize("flag", ["--yes", "-y", "--force", "-f"])
@pytest.mark.parametrize("verb", [("portfolio", "liquidate"), ("emergency", "liquidate-all")])
def test_liquidate_when_a_flag_should_answer_then_refused(service: Service, verb: tuple[str, str], flag: str) -> None:
    with own_terminal(service.home, *verb, flag, env=FAST) as talk:
        ran = talk.end()
    assert (ran.code, service.read("emergency", "status")["halts"]) == (4, [])
    assert "refused" in ran.err


def test_liquidate_when_the_phrase_comes_through_a_pipe_then_refused(service: Service) -> None:
    ran = without_terminal(service.home, "LIQUIDATE ALL\n", "portfolio", "liquidate")
    assert (ran.code, service.read("emergency", "status")["halts"]) == (4, [])
    assert "there is none" in ran.err


def test_liquidate_when_dry_run_then_the_plan_alone(service: Service) -> None:
    ran = service.gt("portfolio", "liquidate", "--dry-run", "--json")
    assert (ran.code, ran.document["impact_pct"]) == (0, [-0.01, -0.11])
    assert service.read("emergency", "status")["halts"] == []


@contextmanager
def still(service: Service) -> Iterator[list[Any]]:
    """Positions that no strategy changes meanwhile: their runner sleeps."""
    held(service)
    runner = service.pid("runner")
    assert runner is not None
    os.kill(runner, signal.SIGSTOP)
    try:
        yield service.read("portfolio", "positions")["positions"]
    finally:
        os.kill(runner, signal.SIGCONT)


def test_close_and_stop_then_reduce_alone_and_a_freeze_refuses_them(service: Service) -> None:
    with still(service) as positions:
        symbol = positions[0]["symbol"]
        refused = service.gt("portfolio", "stop", symbol, "1000000", "--yes")
        assert (refused.code, "at once" in refused.err) == (2, True)
        stopped = service.gt("portfolio", "stop", symbol, "0.01", "--yes", "--json", "-r", "floor")
        assert (stopped.code, stopped.document["orders"][0]["type"]) == (0, "stop")
        service.halt("emergency", "pause-new-orders", "--yes", "-r", "drill")
        closed = service.must("portfolio", "close", symbol, "--yes", "--json", "-r", "enough").document
    assert {item["state"] for item in closed["orders"]} <= {"filled", "working"}
    until(
        lambda: symbol not in [item["symbol"] for item in service.read("portfolio", "positions")["positions"]],
        "the position is closed",
    )
    other = next((item["symbol"] for item in service.read("portfolio", "positions")["positions"]), None)
    if other is not None:
        service.halt("emergency", "halt-trading", "--yes", "-r", "drill")
        frozen = service.gt("portfolio", "close", other, "--yes", "--json")
        assert (frozen.code, frozen.document["error"]["code"]) == (1, "TRADING_HALTED")
    assert service.gt("portfolio", "close", "NONE", "--yes").code == 1
    kinds = [item["kind"] for item in service.read("audit", "log", "--type", "portfolio.close")["events"]]
    assert {"intent", "outcome"} <= set(kinds)
    resume(service)
