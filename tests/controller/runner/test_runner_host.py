from collections.abc import Iterator
from typing import Any

import pytest

from controller.gate.client import GateUnavailable
from controller.runner.host import Host
from tests.support.fake_gate import BAD, GOOD, Broken, FakeGate, Greedy, bar, document, host_of, known


@pytest.fixture(autouse=True)
def modules() -> Iterator[None]:
    with known(greedy=Greedy, broken=Broken):
        yield


def test_policy_when_it_comes_then_current_session_is_decided_at_once() -> None:
    gate = FakeGate()
    host_of(gate, document(GOOD, "greedy"))
    assert [(order["side"], order["client_id"]) for order in gate.sent] == [
        ("sell", "aaaaaaaa-2020-01-02-AAA-1"),
        ("buy", "aaaaaaaa-2020-01-02-AAA-2"),
    ]


def test_policy_when_it_comes_again_then_session_is_not_decided_twice() -> None:
    gate = FakeGate()
    host = host_of(gate, document(GOOD, "greedy"))
    host.handle({"event": "policy", "strategies": [document(GOOD, "greedy")], "statuses": {}})
    assert len(gate.sent) == 2
    host.handle(bar(gate, "2020-01-03"))
    assert len(gate.sent) == 4


def test_bar_when_the_market_has_gone_on_then_is_only_remembered() -> None:
    gate = FakeGate()
    host = host_of(gate, document(GOOD, "greedy"))
    late = bar(gate, "2020-01-03")
    gate.date = "2020-01-06"
    host.handle(late)
    assert len(gate.sent) == 2


@pytest.mark.parametrize("feed", ["stale", "ended"])
def test_feed_not_live_then_nothing_is_sent(feed: str) -> None:
    gate = FakeGate()
    gate.feed = feed
    host_of(gate, document(GOOD, "greedy"))
    assert gate.sent == []


@pytest.mark.parametrize(
    ("mode", "status"), [("pause-new-orders", "active"), ("normal", "paused"), ("pause-new-orders", "paused")]
)
def test_only_reducing_then_only_exits_and_cancels_are_sent(mode: str, status: str) -> None:
    gate = FakeGate()
    gate.gate = {"mode": mode, "statuses": {GOOD: status}}
    gate.positions = [{"uid": GOOD, "symbol": "AAA", "quantity": 10, "entry": 5, "opened_market": "2020-01-01"}]
    gate.orders = [_order("g1", GOOD, "working"), _order("g2", GOOD, "filled"), _order("g3", BAD, "working")]
    host_of(gate, document(GOOD, "greedy"))
    assert [order["side"] for order in gate.sent] == ["sell"]
    assert gate.cancelled == ["g1"]


@pytest.mark.parametrize(
    ("mode", "statuses"),
    [("halt-trading", {GOOD: "active"}), ("halt-all", {GOOD: "active"}), ("normal", {GOOD: "halted"}), ("normal", {})],
)
def test_halted_or_unknown_then_nothing_is_sent(mode: str, statuses: dict[str, str]) -> None:
    gate = FakeGate()
    gate.gate = {"mode": mode, "statuses": statuses}
    host_of(gate, document(GOOD, "greedy"))
    assert gate.sent == []


def test_strategy_that_raises_then_is_reported_and_the_others_go_on() -> None:
    gate = FakeGate()
    host = host_of(gate, document(BAD, "broken"), document(GOOD, "greedy"))
    assert (BAD, "Failed", "ZeroDivisionError: nothing to divide by") in gate.health
    assert {order["uid"] for order in gate.sent} == {GOOD}
    host.handle(bar(gate, "2020-01-03"))
    assert {order["uid"] for order in gate.sent} == {GOOD}
    host.handle({"event": "policy", "strategies": [document(BAD, "greedy")], "statuses": {}})
    assert gate.health[-1] == (BAD, "", "")


@pytest.mark.parametrize(("module", "parameters"), [("astrology", {}), ("greedy", {"magic": 1})])
def test_document_that_cannot_run_then_is_reported_as_failed(module: str, parameters: dict[str, Any]) -> None:
    gate = FakeGate()
    host_of(gate, document(BAD, module, parameters=parameters))
    assert gate.health[0][:2] == (BAD, "Failed")
    assert "known" in gate.health[0][2]


def test_denied_order_then_tries_smaller_ones_with_new_client_ids_a_bounded_number_of_times() -> None:
    gate = FakeGate()
    gate.answer = lambda order: {"ok": False, "code": "POSITION_PCT", "headroom": 5 * (order["quantity"])}
    host_of(gate, document(GOOD, "greedy", universe=("AAA",)))
    buys = [order for order in gate.sent if order["side"] == "buy"]
    assert [order["quantity"] for order in buys] == sorted({order["quantity"] for order in buys}, reverse=True)
    assert len({order["client_id"] for order in gate.sent}) == len(gate.sent) <= 8


def test_gate_lost_while_sending_then_the_same_orders_are_sent_again() -> None:
    gate = FakeGate()

    def lost(order: dict[str, Any]) -> dict[str, Any]:
        if len(gate.sent) == 2:
            raise GateUnavailable("gone")
        return {"ok": True, **order}

    gate.answer = lost
    host = Host(gate, "", lambda event, **fields: None)
    policy = {"event": "policy", "strategies": [document(GOOD, "greedy")], "statuses": {}}
    with pytest.raises(GateUnavailable):
        host.handle(policy)
    host.resume()
    host.handle(policy)
    assert gate.sent[2:] == gate.sent[:2]
    assert gate.loads == 2


def test_no_session_yet_then_waits_for_the_first_bar() -> None:
    gate = FakeGate()
    state = gate._state
    gate._state = lambda: {**state(), "prices": {}, "market_time": ""}  # type: ignore[method-assign]  # a venue before its first bar
    host = host_of(gate, document(GOOD, "greedy"))
    assert gate.loads == 0
    gate._state = state  # type: ignore[method-assign]  # the first bar is there
    host.handle(bar(gate, "2020-01-02"))
    assert len(gate.sent) == 2


def _order(name: str, uid: str, state: str) -> dict[str, Any]:
    common = {"symbol": "AAA", "side": "buy", "type": "limit", "quantity": 10, "filled": 4, "market_time": "2020-01-01"}
    return {"order": name, "uid": uid, "state": state, **common}
