"""The dashboard as a process of its own in front of real streams: kills, ends, strangers and clients that talk."""

import http.client
import json
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from time import time_ns
from typing import Any

import pytest

from tests.support.ports import free_port
from tests.support.service import SECONDS, until
from tests.support.web_rig import WebRig, controller_of
from tests.support.web_server import WebServer, serving
from tests.support.websocket import WebSocket
from web.live.seats import EACH

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]
STORM = 400


@dataclass
class Listener:
    """A stream read by a thread of its own, until it breaks: every event, and the last id."""

    base: str
    last_id: str = ""
    events: list[dict[str, object]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> "Listener":
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def _listen(self) -> None:
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        try:
            with closing(http.client.HTTPConnection(self.base, timeout=SECONDS)) as connection:
                connection.request("GET", "/api/stream", headers=headers)
                answer = connection.getresponse()
                assert answer.status == 200, answer.read()
                while (line := answer.readline()).endswith(b"\n"):  # a kill may cut one
                    if line.startswith(b"data: "):
                        event = json.loads(line[6:])
                        self.events.append(event)
                        self.last_id = event["id"]
        except (OSError, http.client.HTTPException):
            pass  # it broke: that is what ends it
        finally:
            self.ended.set()

    def alerts(self) -> list[str]:
        """Messages of the alerts, as they came."""
        return [str(item["data"]["message"]) for item in list(self.events) if item["type"] == "alert"]  # type: ignore[index]  # an object


def read(ws: WebSocket) -> Any:
    """The next event."""
    text = ws.receive()
    assert isinstance(text, str), f"closed: {text}"
    return json.loads(text)


@pytest.fixture(scope="module")
def rig() -> Iterator[WebRig]:
    made = WebRig()
    made.now = time_ns()
    yield made


@pytest.fixture(scope="module")
def home(rig: WebRig) -> Iterator[Path]:
    with controller_of(rig) as found:
        yield found


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[WebServer]:
    with serving(home) as found:
        yield found


def test_socket_then_the_same_events_as_the_stream(server: WebServer, rig: WebRig) -> None:
    listener = Listener(server.address).start()
    with WebSocket(server.address) as ws:
        assert read(ws)["type"] == "snapshot"
        until(lambda: bool(listener.events), "the stream has begun")
        rig.raise_alerts("both")
        while (heard := read(ws))["type"] != "alert":
            pass
    until(lambda: "m both" in listener.alerts(), "the alert came")
    assert heard in listener.events


def test_socket_when_the_client_would_compress_then_not(server: WebServer) -> None:
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    with WebSocket(server.address, offer) as ws:
        assert (ws.status, ws.headers.get("Sec-WebSocket-Extensions")) == (101, None)


def test_socket_when_the_client_talks_then_sent_away(server: WebServer) -> None:
    with WebSocket(server.address) as ws:
        read(ws)
        ws.send("hello")
        assert ws.until_closed() == 1008


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null"])
def test_socket_when_another_sites_page_asks_then_refused_before_it_is_one(server: WebServer, origin: str) -> None:
    with WebSocket(server.address, {"Origin": origin}) as ws:
        assert (ws.status, json.loads(ws.body)["type"]) == (403, "urn:gt-risk:problem:foreign-origin")


def test_socket_when_our_own_page_asks_then_served(server: WebServer) -> None:
    with WebSocket(server.address, {"Origin": f"http://{server.address}"}) as ws:
        assert read(ws)["type"] == "snapshot"


@pytest.mark.parametrize("wrong", [{"Sec-WebSocket-Version": "8"}, {"Sec-WebSocket-Key": ""}])
def test_socket_when_it_is_no_handshake_then_a_problem(server: WebServer, wrong: dict[str, str]) -> None:
    with WebSocket(server.address, wrong) as ws:
        assert (ws.status, json.loads(ws.body)["type"]) == (400, "urn:gt-risk:problem:no-handshake")
    assert server.get("/ws")[0] == 400


def test_streams_when_one_client_has_enough_then_503_until_it_gives_one_back(home: Path) -> None:
    with serving(home) as server, ExitStack() as stack:
        sockets = [stack.enter_context(WebSocket(server.address)) for _ in range(6)]
        assert {read(ws)["type"] for ws in sockets} == {"snapshot"}
        status, body = server.get("/api/stream")
        assert (status, json.loads(body)["type"]) == (503, "urn:gt-risk:problem:streams-taken")
        with WebSocket(server.address) as refused:
            assert (refused.status, refused.headers["Retry-After"]) == (503, "10")
        assert 'gt_risk_dashboard_streams{kind="ws"} 6' in server.get("/metrics")[1]
        sockets.pop().close()
        until(lambda: 'gt_risk_dashboard_streams{kind="ws"} 5' in server.get("/metrics")[1], "the seat is free")
        listener = Listener(server.address).start()
        until(lambda: bool(listener.events), "the stream has begun")


def test_streams_when_a_client_walks_from_page_to_page_then_never_refused(server: WebServer) -> None:
    for _ in range(4 * EACH):
        with closing(http.client.HTTPConnection(server.address, timeout=SECONDS)) as connection:
            connection.request("GET", "/api/stream")
            assert connection.getresponse().status == 200


def test_storm_when_the_dashboard_is_killed_then_nothing_is_lost_and_nothing_comes_twice(
    home: Path, rig: WebRig
) -> None:
    port = free_port()
    first = WebServer(home, port)
    try:
        listener = Listener(first.address).start()
        until(lambda: bool(listener.events), "the stream has begun")
        names = [f"storm-{number:04}" for number in range(STORM)]
        for start in range(0, STORM, 20):
            rig.raise_alerts(*names[start : start + 20])
            if start == STORM // 2:
                until(lambda: bool(listener.alerts()), "the storm has begun")
                first.kill()
    finally:
        first.end()
    assert listener.ended.wait(SECONDS)
    second = WebServer(home, port)
    try:
        back = Listener(second.address, listener.last_id).start()
        rig.raise_alerts("the last")
        until(lambda: "m the last" in back.alerts(), "all has come")
    finally:
        second.end()
    assert listener.alerts() + back.alerts() == [f"m {name}" for name in names] + ["m the last"]


def test_server_when_it_is_told_to_end_then_streams_end_and_so_does_it(home: Path) -> None:
    with serving(home) as server, WebSocket(server.address) as ws:
        listener = Listener(server.address).start()
        read(ws)
        until(lambda: bool(listener.events), "the stream has begun")
        server.process.send_signal(signal.SIGTERM)
        assert ws.until_closed() in (1001, 1006)
        assert listener.ended.wait(SECONDS) and server.end() == 0
