import json
import stat
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from controller.gate.client import GateClient, GateUnavailable
from controller.gate.server import BATCH
from controller.gate.venue import VenueOrder
from controller.latch.layout import LatchError, word_hex
from schemas.live import GateState
from tests.support.gates import (
    ANN,
    BEA,
    DOLLAR,
    MARKS,
    Home,
    Running,
    eventually,
    make_policy,
    make_service,
    order,
    raw,
    read_lines,
    running,
)
from tests.support.terminal import readable
from tests.support.venue import MemoryVenue


def test_socket_is_for_its_owner_only(gate: Running, home: Home) -> None:
    assert stat.S_IMODE(home.socket.stat().st_mode) == 0o600


def test_submit_over_the_socket_then_answered(gate: Running, client: GateClient) -> None:
    answer = client.submit(order())
    assert answer["ok"] is True
    assert gate.venue.submitted[0].order == answer["order"]
    denied = client.submit(order(quantity=0))
    assert (denied["ok"], denied["code"]) == (False, "INVALID_ORDER")


def test_every_reply_starts_with_ok_and_echoes_the_id(gate: Running, home: Home) -> None:
    with raw(home) as channel:
        channel.sendall(b'{"op":"barrier","id":7}\n{"op":"nonsense","id":"x"}\nnot json\n[]\n')
        data = b""
        while data.count(b"\n") < 4:
            data += channel.recv(65_536)
    lines = data.splitlines()
    assert lines[0].startswith(b'{"ok":true')
    assert all(line.startswith(b'{"ok":false') for line in lines[1:])
    assert [json.loads(line).get("id") for line in lines] == [7, "x", None, None]


def test_barrier_after_a_halt_then_names_its_word_and_nothing_passes(gate: Running, home: Home) -> None:
    with gate.client() as one, gate.client() as two:
        assert one.submit(order())["ok"]
        raised = home.halt()
        reply = two.request("barrier")
        assert (reply["mode"], reply["words"]) == ("halt-all", [word_hex(raised.word)])
        assert one.submit(order())["code"] == "TRADING_HALTED"
        home.release(raised)
        assert two.request("barrier")["mode"] == "normal"
        assert one.submit(order())["ok"]


def test_barrier_amid_a_stream_of_orders_then_none_after_it_is_accepted(gate: Running, home: Home) -> None:
    def stream() -> bytes:
        return b"".join(json.dumps({"op": "submit", "order": order()}).encode() + b"\n" for _ in range(3 * BATCH))

    with raw(home) as channel:
        channel.sendall(stream())
        assert all(reply["ok"] for reply in read_lines(channel, 3 * BATCH))
        home.halt()
        channel.sendall(b'{"op":"barrier"}\n' + stream())
        replies = read_lines(channel, 3 * BATCH + 1)
    assert replies[0]["mode"] == "halt-all"
    assert not any(reply["ok"] for reply in replies[1:])


def test_halt_in_the_latch_then_working_orders_are_cancelled_without_a_request(
    gate: Running, client: GateClient, home: Home
) -> None:
    client.submit(order())
    assert gate.venue.book().orders
    home.halt()
    eventually(lambda: not gate.venue.book().orders)
    codes = [item["code"] for item in client.request("decisions", since=0)["decisions"]]
    assert "TRADING_HALTED" in codes


def test_halt_over_the_socket_then_the_latch_holds_it(gate: Running, client: GateClient, home: Home) -> None:
    reply = client.request("halt", scope=f"strategy:{ANN}", mode=3, reason="odd")
    assert (reply["ok"], reply["raised"]) == (True, True)
    assert client.submit(order())["code"] == "STRATEGY_HALTED"
    assert client.submit(order(uid=BEA))["ok"]
    state = home.reader().poll(home.permit.until)
    assert list(state.strategy_modes.values()) == [3]


def test_halt_over_the_socket_again_then_no_second_slot(client: GateClient, home: Home) -> None:
    for _ in range(5):
        client.request("halt", scope="account", mode=3, reason="odd")
    assert len(home.reader().poll(home.permit.until).words) == 1


def test_halt_over_the_socket_when_the_latch_cannot_be_written_then_sticky(home: Home) -> None:
    with running(home, make_policy()) as gate, gate.client() as client:

        def refuse(_scope: str, _mode: int, _reason: str) -> int:
            raise LatchError("raise: read-only")

        gate.service.sentinel._raiser = refuse
        reply = client.request("halt", scope="account", mode=2, reason="odd")
        assert (reply["ok"], reply["raised"], reply["mode"]) == (True, False, "halt-trading")
        assert client.request("adopt")["gate"]["mode"] == "halt-trading"
        assert client.submit(order())["code"] == "TRADING_HALTED"


@pytest.mark.parametrize(
    "fields", [{"scope": "account", "mode": 0}, {"scope": "account", "mode": 4}, {"scope": "x", "mode": 3}, {}]
)
def test_halt_that_is_not_understood_then_refused(client: GateClient, fields: dict[str, Any]) -> None:
    assert client.request("halt", **fields)["ok"] is False
    assert client.submit(order())["ok"]


def test_adopt_after_a_new_policy_then_it_is_in_force(client: GateClient, home: Home) -> None:
    home.publish(make_policy({"order.max_dollars": 1}), make_policy(revision="2" * 40))
    found = GateState.model_validate(client.request("adopt")["gate"])
    assert (found.policy_version, found.policy_count, found.revision) == (2, 2, "2" * 40)
    assert client.submit(order())["code"] == "ORDER_SIZE"


def test_new_policy_then_next_order_meets_it_without_adopt(client: GateClient, home: Home) -> None:
    home.publish(make_policy({"order.max_dollars": 1}))
    assert client.submit(order())["code"] == "ORDER_SIZE"


def test_policy_file_that_comes_late_then_adopted_by_itself(client: GateClient, home: Home) -> None:
    snapshot = home.publish(make_policy()).model_copy(update={"version": 3})
    file = home.policies / "3.json"
    file.write_text("{")
    home.permit.set_policy(3, int(snapshot.digest()[:6], 16))
    assert client.request("adopt")["gate"]["mode"] == "pause-new-orders"
    file.write_text(snapshot.text())
    eventually(lambda: client.request("state")["gate"]["policy_version"] == 3)
    assert client.request("state")["gate"]["mode"] == "normal"


def test_permit_that_runs_out_then_gate_stays_up_and_reduces_only(client: GateClient, home: Home) -> None:
    home.permit.set_until(1)
    reply = client.request("state")
    assert (reply["gate"]["mode"], reply["gate"]["permit"]) == ("pause-new-orders", "expired")
    assert client.submit(order())["code"] == "REDUCE_ONLY"


def test_cancel_by_scope_and_by_order(client: GateClient) -> None:
    first, _ = client.submit(order()), client.submit(order(uid=BEA))
    assert client.request("cancel", order=first["order"])["cancelled"] == {ANN: 1}
    assert client.request("cancel", scope=f"strategy:{ANN}")["cancelled"] == {}
    assert client.request("cancel", scope="account")["cancelled"] == {BEA: 1}
    assert client.request("cancel", scope="every")["ok"] is False


def test_venue_and_history_and_wrong_requests(gate: Running, client: GateClient) -> None:
    assert client.request("venue", mode="halt-trading")["ok"]
    assert gate.venue.book().mode == "halt-trading"
    assert client.request("venue", mode="fast")["ok"] is False
    assert client.request("venue", uid=ANN, status="odd")["ok"] is False
    assert client.request("history", symbols=["AAPL", "NOPE"], n=1)["bars"] == {"AAPL": [["2008-06-02", 100 * DOLLAR]]}
    assert client.request("history", symbols="AAPL", n=1)["ok"] is False
    assert client.request("decisions", since=-1)["ok"] is False


def test_handler_that_breaks_then_gate_goes_on(gate: Running, client: GateClient, monkeypatch: Any) -> None:
    def broken() -> tuple[str, float]:
        raise ZeroDivisionError

    monkeypatch.setattr(gate.venue, "feed", broken)
    assert client.request("state")["ok"] is False
    assert client.submit(order())["ok"]


def test_stopped_gate_then_socket_gone_and_venue_closed(home: Home) -> None:
    with running(home, make_policy()) as gate:
        pass
    assert gate.venue.closed
    assert not home.socket.exists()
    with pytest.raises(GateUnavailable):
        gate.client().request("barrier")


def test_halt_noticed_then_one_round_for_barriers_while_the_venue_stands_still_and_then_the_cancels(
    home: Home,
) -> None:
    home.publish(make_policy())
    home.permit_for()
    venue = MemoryVenue(100_000 * DOLLAR, MARKS)
    service = make_service(home, venue)
    sentinel = service.sentinel
    sentinel.begin()
    assert sentinel.desk.submit(order()).ok
    home.halt()
    venue.bar("2008-06-03", AAPL=101 * DOLLAR)
    assert (sentinel.step(), len(venue.book().orders), venue.due()) == (0.0, 1, 0.0)
    sentinel.step()
    assert (len(venue.book().orders), venue.due()) == (0, None)
    service.close()


def test_barrier_behind_a_queued_order_then_answered_before_it(home: Home) -> None:
    home.publish(make_policy())
    home.permit_for()
    stop = threading.Event()
    answered: list[bool] = []

    class Watching(MemoryVenue):
        def submit(self, order: VenueOrder, keeps: Mapping[str, int] | None = None) -> VenueOrder:
            answered.append(readable(halter.fileno(), 0.0))
            return super().submit(order, keeps)

    service = make_service(home, Watching(100_000 * DOLLAR, MARKS))
    with raw(home) as trader, raw(home) as halter:
        trader.sendall(json.dumps({"op": "submit", "order": order()}).encode() + b"\n")
        halter.sendall(b'{"op":"barrier"}\n')
        thread = threading.Thread(target=service.serve, args=(stop,))
        thread.start()
        assert read_lines(trader, 1)[0]["ok"]
        stop.set()
        thread.join(30)
    assert answered == [True]
