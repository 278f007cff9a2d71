import json
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from controller.adapters.venues.paper import open_venue
from controller.gate.client import GateClient, GateUnavailable
from controller.gate.server import BATCH, MAX_CLIENTS, MAX_LINE
from controller.gate.venue import Fill, LoggedFill, VenueOrder
from controller.latch.layout import LatchError, word_hex
from controller.settings import PaperSettings
from schemas.live import Decision, FillView, GateState, LiveState
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
    running,
    short_home,
)
from tests.support.terminal import readable
from tests.support.venue import BOOK, MemoryVenue


@pytest.fixture
def home() -> Iterator[Home]:
    with short_home() as made:
        yield made


@pytest.fixture
def gate(home: Home) -> Iterator[Running]:
    with running(home, make_policy()) as found:
        yield found


@pytest.fixture
def client(gate: Running) -> Iterator[GateClient]:
    with gate.client() as found:
        yield found


def raw(home: Home) -> socket.socket:
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    channel.settimeout(10)
    channel.connect(str(home.socket))
    return channel


def read_lines(channel: socket.socket, count: int) -> list[dict[str, Any]]:
    data = b""
    while data.count(b"\n") < count:
        chunk = channel.recv(65_536)
        assert chunk, "closed"
        data += chunk
    return [json.loads(line) for line in data.splitlines()]


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


def test_subscribe_then_policy_first_and_then_bars_and_fills(gate: Running, client: GateClient, home: Home) -> None:
    events = gate.client().events(["AAPL"])
    first = next(events)
    assert first is not None
    assert first["event"] == "policy"
    assert first["statuses"] == {ANN: "active", BEA: "active"}
    assert {item["uid"] for item in first["strategies"]} == {ANN, BEA}
    source = order()
    answer = client.submit(source)
    gate.venue.bar("2008-06-03", AAPL=101 * DOLLAR, MSFT=51 * DOLLAR)
    bar = _next(events)
    assert (bar["event"], bar["date"], bar["closes"]) == ("bar", "2008-06-03", {"AAPL": 101 * DOLLAR})
    gate.venue.fill(answer["order"], repeat=True)
    fill = _next(events)
    assert (fill["event"], fill["client_id"], fill["side"]) == ("fill", source["client_id"], "buy")
    home.halt(f"strategy:{ANN}", 1)
    policy = _next(events)
    assert (policy["event"], policy["statuses"][ANN]) == ("policy", "paused")


def _next(events: Iterator[dict[str, Any] | None]) -> dict[str, Any]:
    return next(event for event in events if event is not None)


def test_client_that_never_reads_then_dropped_and_others_served(gate: Running, client: GateClient, home: Home) -> None:
    with raw(home) as slow:
        slow.settimeout(0.05)
        request = b'{"op":"state"}\n' * 4_000
        with suppress(TimeoutError, OSError):
            while True:
                slow.sendall(request)
        assert client.submit(order())["ok"]
        eventually(lambda: len(gate.service._server._clients) == 1)
    assert client.submit(order())["ok"]


def test_endless_line_then_dropped(gate: Running, home: Home) -> None:
    with raw(home) as channel, suppress(BrokenPipeError, ConnectionResetError):
        channel.sendall(b"x" * (MAX_LINE * 4))
        assert channel.recv(1) == b""


def test_client_that_dies_mid_request_then_others_served(client: GateClient, home: Home) -> None:
    with raw(home) as channel:
        channel.sendall(b'{"op":"submit","order":')
    assert client.submit(order())["ok"]


def test_client_that_half_closes_then_still_answered(gate: Running, home: Home) -> None:
    with raw(home) as channel:
        channel.sendall(b'{"op":"barrier"}\n' * (BATCH + 2))
        channel.shutdown(socket.SHUT_WR)
        assert len(read_lines(channel, BATCH + 2)) == BATCH + 2
        assert channel.recv(1) == b""


def test_more_connections_than_fit_then_a_new_one_is_still_answered(gate: Running, home: Home) -> None:
    with ExitStack() as crowd:
        for _ in range(MAX_CLIENTS + 8):
            client = crowd.enter_context(gate.client())
            assert client.request("barrier")["ok"]


def test_stopped_gate_then_socket_gone_and_venue_closed(home: Home) -> None:
    with running(home, make_policy()) as gate:
        pass
    assert gate.venue.closed
    assert not home.socket.exists()
    with pytest.raises(GateUnavailable):
        gate.client().request("barrier")


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
        eventually(lambda: _answers(home), 20)
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
    with GateClient(home.socket) as client:
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
    with GateClient(home.socket) as client:
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
    assert process.wait(10) == 0
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


def test_many_threads_then_each_gets_its_own_answer(gate: Running) -> None:
    found: list[bool] = []

    def ask() -> None:
        with gate.client() as client:
            found.extend(client.request("barrier", id=number)["id"] == number for number in range(50))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 200


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
        thread.join(10)
    assert answered == [True]
