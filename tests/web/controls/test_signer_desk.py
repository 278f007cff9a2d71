"""What the signer signs, over a controller that answers as the test says."""

from typing import Any

import pytest

from controller.rpc.client import RpcError
from web.signer.desk import RACES, Declined, tighten

PAUSE = {
    "scope": "a" * 32,
    "key": "status",
    "label": "s.status",
    "old": "active",
    "new": "paused",
    "direction": "tighten",
    "path": "strategies/s.yaml",
}
REQUEST = {"intent": {"kind": "set-status"}, "actor": "ada", "author": "ada <ada@x>", "reason": "odd"}


class Controller:
    """``waits`` is what the tip's plan has already, ``changes`` what the proposal adds; ``races`` landings fail."""

    def __init__(self, *changes: dict[str, str], waits: tuple[dict[str, str], ...] = (), races: int = 0) -> None:
        self.changes, self.waits, self.races = changes, waits, races
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.signed: list[bytes] = []

    def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((method, params))
        if method == "config.plan":
            return {"changes": list(self.waits)}
        if method == "propose":
            return {"payload": "dHJlZSAw", "audit_id": "aud-1", "plan": {"changes": [*self.waits, *self.changes]}}
        self.races -= 1
        if self.races >= 0:
            raise RpcError("the branch moved", code="Raced")
        return {"commit": "c" * 40}

    def sign(self, payload: bytes) -> bytes:
        self.signed.append(payload)
        return b"signature"

    def tighten(self, **more: object) -> dict[str, Any]:
        return tighten(self.ask, self.sign, {**REQUEST, **more})


def test_request_when_it_tightens_then_the_controllers_commit_is_signed_and_landed() -> None:
    controller = Controller(PAUSE)
    assert controller.tighten() == {"commit": "c" * 40, "audit_id": "aud-1"}
    assert controller.signed == [b"tree 0"]
    assert controller.asked[1] == ("propose", {**REQUEST, "channel": "api"})


@pytest.mark.parametrize(
    "change",
    [
        {**PAUSE, "direction": "loosen"},
        {**PAUSE, "direction": "neutral"},
        {**PAUSE, "path": "trust.yaml"},
        {**PAUSE, "path": "cleared/x.yaml"},
        {**PAUSE, "path": "halts/x.yaml"},
        {**PAUSE, "path": "ab_tests/x.yaml"},
        {**PAUSE, "path": "risk_alerts.yaml"},
        {**PAUSE, "path": "strategies/../trust.yaml", "direction": "loosen"},
    ],
)
def test_request_when_any_of_it_is_a_persons_then_nothing_is_signed(change: dict[str, str]) -> None:
    for changes in ((change,), (PAUSE, change), (change, PAUSE)):
        controller = Controller(*changes)
        with pytest.raises(Declined):
            controller.tighten()
        assert not controller.signed


def test_request_when_it_changes_nothing_then_nothing_is_signed() -> None:
    controller = Controller()
    with pytest.raises(Declined, match="changes nothing"):
        controller.tighten()
    assert not controller.signed


def test_request_when_a_loosening_waits_at_the_tip_already_then_that_is_not_its_own() -> None:
    waiting = {**PAUSE, "key": "position.max_position_pct", "direction": "loosen", "path": "risk_config.yaml"}
    assert Controller(PAUSE, waits=(waiting,)).tighten()["commit"]


def test_request_when_it_brings_a_payload_of_its_own_then_that_is_never_signed() -> None:
    controller = Controller(PAUSE)
    controller.tighten(payload="ZXZpbA==", channel="cli")
    assert controller.signed == [b"tree 0"]
    assert controller.asked[1] == ("propose", {**REQUEST, "channel": "api"})


def test_request_when_the_branch_moves_then_planned_anew_each_time_and_given_up() -> None:
    controller = Controller(PAUSE, races=1)
    assert controller.tighten()["commit"]
    assert [method for method, _ in controller.asked].count("propose") == 2
    with pytest.raises(Declined, match="moved"):
        Controller(PAUSE, races=RACES).tighten()


def test_request_when_the_controller_refuses_it_then_that_is_told() -> None:
    def ask(method: str, params: dict[str, Any]) -> dict[str, Any]:
        raise RpcError("no strategy", code="BadArgument")

    with pytest.raises(RpcError, match="no strategy"):
        tighten(ask, Controller().sign, REQUEST)
