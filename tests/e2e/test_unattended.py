"""The gate without its controller, seen from outside: it goes on, reducing only once the permit has run out."""

from typing import Any

import pytest

from controller.gate.client import GateClient
from tests.support.service import SECONDS, Service, in_time, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


def gate(service: Service) -> dict[str, Any]:
    with GateClient(service.home / "run" / "gate.sock", SECONDS) as client:
        found: dict[str, Any] = client.request("adopt")["gate"]
        return found


def trades(service: Service) -> bool:
    """Whether the gate has a permit and lets everything through."""
    found = gate(service)
    return (found["permit"], found["mode"]) == ("ok", "normal")


def test_gate_when_the_controller_dies_then_reducing_only_until_service_start(service: Service) -> None:
    until(lambda: trades(service), "it trades")
    service.kill("controller")
    until(lambda: gate(service)["permit"] == "expired", "the permit runs out")
    assert gate(service)["mode"] == "pause-new-orders"

    shown = service.gt("status")
    assert shown.code == 3
    assert "Status: 🟡 Service down - gate: reducing only (permit expired)" in shown.out
    assert "next: gt risk service start" in shown.out
    document = service.read("status")
    assert (document["ok"], document["service"], document["permit"]) == (True, "down", "expired")
    assert document["mode"] == "pause-new-orders"
    assert document["equity"] > 0
    assert document["positions"] is not None

    service.start()
    until(lambda: trades(service), "it trades again")
    assert "Service down" not in service.gt("status").out


def test_status_when_gate_and_controller_are_down_then_nothing_is_claimed(service: Service) -> None:
    service.must("service", "stop")
    shown = service.gt("status")
    assert shown.code == 3
    assert "⚪ Unknown - service down, the gate does not answer" in shown.out
    assert "n/a (service down); normal by git" in service.gt("emergency", "status").out
    assert service.read("status")["equity"] is None


def test_halt_when_the_controller_is_dead_then_in_force_at_the_gate(service: Service) -> None:
    service.kill("controller")
    halted = in_time(lambda: service.gt("emergency", "halt-all", "-r", "drill"))
    assert "In force" in halted.out
    assert gate(service)["mode"] == "halt-all"
    assert "🔴 EMERGENCY" in service.gt("status").out
