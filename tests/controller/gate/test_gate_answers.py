"""What the gate tells: its state, decisions and fills."""

import json

from controller.gate.client import GateClient
from controller.gate.venue import Fill, LoggedFill
from schemas.live import Decision, FillView, LiveState
from tests.support.gates import (
    ANN,
    BEA,
    DOLLAR,
    Running,
    eventually,
    order,
)
from tests.support.venue import BOOK


def test_state_is_a_live_state(gate: Running, client: GateClient) -> None:
    answer = client.submit(order())
    gate.venue.fill(answer["order"], 4)
    client.submit(order("MSFT", type="limit", limit=49 * DOLLAR))
    client.request("health", uid=BEA, condition="NoData", message="set GT_RISK_DATA_DIR")
    client.request("venue", uid=ANN, status="active")
    eventually(lambda: bool(client.request("state")["positions"]))
    reply = client.request("state")
    assert reply.pop("ok")
    state = LiveState.model_validate_json(json.dumps(reply), strict=False)
    assert state.account.equity == 100_000 * DOLLAR
    assert (state.positions[0].quantity, state.orders[0].filled, state.orders[1].price) == (4, 4, 49 * DOLLAR)
    assert state.strategies[BEA].health == "NoData"
    assert state.strategies[ANN].venue_status.value == "active"
    assert state.strategies[ANN].deployed == 400 * DOLLAR
    assert (state.gate.mode.value, state.gate.permit, state.gate.policy_version) == ("normal", "ok", 1)
    assert json.loads(state.model_dump_json()) == reply


def test_state_shows_an_unknown_order_as_unknown(gate: Running, client: GateClient) -> None:
    gate.venue.answers = ["lost"]
    assert client.submit(order())["code"] == "VENUE_UNKNOWN"
    assert [item["state"] for item in client.request("state")["orders"]] == ["unknown"]


def test_decisions_are_decisions(client: GateClient) -> None:
    client.submit(order(quantity=0))
    client.submit(order("NOPE"))
    found = [Decision.model_validate(item) for item in client.request("decisions", since=0)["decisions"]]
    assert [item.code for item in found] == ["INVALID_ORDER", "UNKNOWN_SYMBOL"]
    assert client.request("decisions", since=found[0].seq)["decisions"][0]["code"] == "UNKNOWN_SYMBOL"


def fills_after(client: GateClient, since: int, book: str = BOOK) -> list[FillView]:
    return [FillView.model_validate(item) for item in client.request("fills", book=book, since=since)["fills"]]


def test_fills_when_not_on_disk_or_of_another_book_then_none_of_them(gate: Running, client: GateClient) -> None:
    book = gate.venue.book()
    for seq in (1, 2, 3):
        done = Fill(seq, f"g{seq}", ANN, "AAPL", 1, 1, DOLLAR, 3, "2008-06-02")
        book.fills.append(LoggedFill(done, seq, 9))
    assert fills_after(client, 0) == []
    book.durable = 2
    assert [item.seq for item in fills_after(client, 0)] == [1, 2]
    assert fills_after(client, 0, "c" * 32) == []
    live = LiveState.model_validate({key: value for key, value in client.request("state").items() if key != "ok"})
    assert (live.book, live.filled) == (BOOK, 3)


def test_fills_when_more_than_500_are_new_then_the_oldest_500_of_the_2000_kept(
    gate: Running, client: GateClient
) -> None:
    for seq in range(1, 2_003):
        done = Fill(seq, f"g{seq}", ANN, "AAPL", 1 if seq % 2 else -1, 1, DOLLAR, 3, "2008-06-02")
        gate.venue.book().fills.append(LoggedFill(done, seq % 2, 9))
    gate.venue.book().durable = 2_002
    for since, expected in ((0, range(3, 503)), (1_600, range(1_601, 2_003)), (2_002, range(0))):
        assert [item.seq for item in fills_after(client, since)] == list(expected)
    (last,) = fills_after(client, 2_001)
    assert (last.side, last.fee, last.position, last.at_ns) == ("sell", 3, 0, 9)
