"""The gate's clients: who subscribes, dies, floods or is one of many, and what the others get."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

from controller.gate.client import GateClient
from controller.gate.server import BATCH, MAX_CLIENTS, MAX_LINE
from tests.support.gates import (
    ANN,
    BEA,
    DOLLAR,
    Home,
    Running,
    eventually,
    order,
    raw,
    read_lines,
)


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
