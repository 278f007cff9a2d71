"""Streams over one hub: everybody sees everything once, in order, whatever broke in between."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from controller.rpc.client import ServiceDown
from tests.support.service import until
from tests.support.web_rig import WebRig
from web.live import hub as hubs
from web.live.events import Event
from web.live.hub import Hub
from web.live.outlet import Outlet
from web.live.pieces import PIECE, Batch
from web.live.seats import Seats
from web.problems import Problem


class Run:
    """A hub on a rig, as one run of a dashboard."""

    _epochs = count(1)

    def __init__(self, rig: WebRig) -> None:
        self.rig = rig
        self.hub = Hub(rig.feed, lambda: f"{next(self._epochs):08x}")

    def reader(self, last_id: str = "") -> "Reader":
        return Reader(self.hub.stream(last_id))


class Reader:
    """A client: what it has seen, read batch by batch."""

    def __init__(self, stream: Iterator[Batch]) -> None:
        self.stream, self.seen = stream, list[Event]()

    def until(self, done: Callable[[], bool]) -> "Reader":
        while not done():
            self.seen.extend(next(self.stream))
        return self

    def joined(self) -> "Reader":
        """Read the first event."""
        return self.until(lambda: bool(self.seen))

    @property
    def last_id(self) -> str:
        return str(self.seen[-1].place)

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.seen]

    @property
    def alerts(self) -> list[str]:
        return [json.loads(event.data)["data"]["message"] for event in self.seen if event.type == "alert"]


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebRig]:
    monkeypatch.setattr(hubs, "AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(hubs, "FOLLOW_SECONDS", 0.1)
    made = WebRig()
    made.look()
    yield made
    made.feed.stop()


def move(rig: WebRig, dollars: int = 1) -> None:
    """The account's equity moves, and the feed looks."""
    seen = rig.control.seen
    assert seen.live is not None
    account = seen.live.account
    richer = account.model_copy(update={"equity": account.equity + dollars * 1_000_000})
    rig.control.seen = seen.model_copy(update={"live": seen.live.model_copy(update={"account": richer})})
    rig.look()


def equity(event: Event) -> Any:
    return json.loads(event.data)["data"]["equity"]


def test_stream_when_new_then_everything_once_and_then_what_changes(rig: WebRig) -> None:
    reader = Run(rig).reader().joined()
    assert reader.types == ["snapshot"]
    first = json.loads(reader.seen[0].data)["data"]["portfolio"]["equity"]
    move(rig)
    reader.until(lambda: "portfolio_update" in reader.types)
    assert equity(reader.seen[-1]) == pytest.approx(first + 1)


def test_stream_when_resumed_in_the_same_run_then_what_it_missed_and_nothing_twice(rig: WebRig) -> None:
    run = Run(rig)
    watching = run.reader().joined()
    left = run.reader().joined()
    for number in range(5):
        move(rig)
        watching.until(lambda wanted=number + 1: watching.types.count("portfolio_update") == wanted)  # type: ignore[misc]  # a default of a lambda
    back = run.reader(left.last_id)
    back.until(lambda: back.types.count("portfolio_update") == 5)
    assert [event.place for event in back.seen] == [event.place for event in watching.seen[1:]]
    assert back.seen[0] is watching.seen[1], "rendered once for everybody"


def test_stream_when_its_id_is_of_another_run_then_everything_and_the_alerts_that_it_missed(rig: WebRig) -> None:
    reader = Run(rig).reader().joined()
    rig.raise_alerts("seen")
    reader.until(lambda: reader.alerts == ["m seen"])
    rig.raise_alerts("missed-1", "missed-2")
    restarted = Run(rig)
    fresh = restarted.reader().joined()
    back = restarted.reader(reader.last_id)
    back.until(lambda: len(back.alerts) == 2)
    rig.raise_alerts("new")
    back.until(lambda: len(back.alerts) == 3)
    fresh.until(lambda: bool(fresh.alerts))
    assert back.types[0] == "snapshot" and back.alerts == ["m missed-1", "m missed-2", "m new"]
    assert fresh.alerts == ["m new"]


def test_stream_when_it_breaks_while_it_catches_up_then_the_rest_and_nothing_twice(rig: WebRig) -> None:
    reader = Run(rig).reader().joined()
    names = [f"a{number:03}" for number in range(1_200)]
    rig.raise_alerts(*names)
    run = Run(rig)
    run.reader().joined()
    first = run.reader(reader.last_id)
    first.until(lambda: len(first.alerts) >= 500)
    then = run.reader(str(first.seen[-200].place))
    then.until(lambda: "m a1199" in then.alerts)
    kept = first.seen[:-199]
    assert [event.type for event in then.seen if event.type == "snapshot"] == []
    told = [json.loads(event.data)["data"]["message"] for event in kept if event.type == "alert"] + then.alerts
    assert told == [f"m {name}" for name in names]


@pytest.mark.parametrize(("bound", "most"), [("RING", 600), ("RING_BYTES", 300_000)])
def test_stream_when_too_slow_for_the_ring_then_ended_and_catches_up(
    rig: WebRig, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    monkeypatch.setattr(hubs, bound, most)
    run = Run(rig)
    slow = run.reader().joined()
    names = [f"b{number:04}" for number in range(1_100)]
    quick = run.reader().joined()
    for start in range(0, len(names), 500):
        rig.raise_alerts(*names[start : start + 500])
        quick.until(lambda wanted=start: len(quick.alerts) >= min(wanted + 500, len(names)))  # type: ignore[misc]  # as above
    assert next(slow.stream, None) is None, "let go"
    back = run.reader(slow.last_id)
    back.until(lambda: len(back.alerts) == len(names))
    assert back.types[0] == "snapshot" and back.alerts == quick.alerts == [f"m {name}" for name in names]


def test_stream_when_the_controller_is_away_at_first_then_quiet_until_it_is_back(
    rig: WebRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "QUIET_SECONDS", 0.01)
    rig.down = True
    reader = Run(rig).reader()
    assert list(next(reader.stream)) == [] and list(next(reader.stream)) == []
    rig.down = False
    assert reader.joined().types == ["snapshot"]


def test_stream_when_missed_alerts_cannot_be_read_then_ended_and_nothing_is_skipped(
    rig: WebRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Run(rig).reader().joined()
    rig.raise_alerts("missed")
    run = Run(rig)
    run.reader().joined()
    back = run.reader(reader.last_id)
    assert back.joined().types == ["snapshot"]
    ask = rig.feed.request

    def refused(method: str, params: dict[str, Any]) -> dict[str, Any]:
        if params.get("wait") is None:
            raise ServiceDown("gone")
        return ask(method, params)

    with monkeypatch.context() as patch:
        patch.setattr(rig.feed, "request", refused)
        assert next(back.stream, None) is None
    again = run.reader(back.last_id)
    again.until(lambda: again.alerts == ["m missed"])


def test_stream_when_the_controllers_store_is_an_older_one_then_all_begins_anew(rig: WebRig) -> None:
    run = Run(rig)
    reader = run.reader().joined()
    rig.raise_alerts("x")
    reader.until(lambda: bool(reader.alerts))
    older = WebRig()
    rig.dispatcher = older.dispatcher
    until(lambda: run.reader().joined().seen[0].place.epoch != reader.seen[0].place.epoch, "a new epoch")
    assert next(reader.stream, None) is None
    back = run.reader(reader.last_id).joined()
    assert back.types == ["snapshot"] and back.seen[0].place.alert == older.alerts.newest_change()


def test_stream_when_the_feed_ends_then_ended_at_once(rig: WebRig) -> None:
    reader = Run(rig).reader().joined()
    threading.Timer(0.05, rig.feed.stop).start()
    assert [event for batch in reader.stream for event in batch] == []


def _stays() -> bool:
    return False


def test_seats_when_taken_then_503_for_that_client_and_in_the_end_for_all() -> None:
    seats = Seats(most=5, each=3)
    first, *_ = [seats.take("sse", "a", _stays) for _ in range(3)]
    with pytest.raises(Problem) as own:
        seats.take("ws", "a", _stays)
    seats.take("ws", "b", _stays)
    seats.take("ws", "b", _stays)
    with pytest.raises(Problem) as all_taken:
        seats.take("sse", "c", _stays)
    assert (own.value.status, own.value.retry, all_taken.value.status) == (503, 10, 503)
    assert "one client" in own.value.detail and "all 5" in all_taken.value.detail
    assert (seats.count("sse"), seats.count("ws"), seats.count()) == (3, 2, 5)
    seats.free(first)
    seats.free(first)
    seats.take("sse", "c", _stays)
    assert seats.count() == 5


def test_seats_when_a_client_left_its_streams_then_it_may_open_others_while_there_are_threads() -> None:
    seats = Seats(most=5, each=3)
    left = {"streams": False}
    for _ in range(3):
        seats.take("sse", "a", lambda: left["streams"])
    with pytest.raises(Problem, match="one client"):
        seats.take("sse", "a", _stays)
    left["streams"] = True
    seats.take("sse", "a", _stays)
    seats.take("sse", "a", _stays)
    with pytest.raises(Problem, match="all 5"):
        seats.take("sse", "a", _stays)


def test_seats_when_a_client_only_pretends_to_leave_then_refused_in_the_end_and_others_are_not() -> None:
    seats = Seats(most=10, each=3, left=5)
    for _ in range(5):
        seats.take("sse", "a", lambda: True)
    with pytest.raises(Problem, match="one client"):
        seats.take("sse", "a", _stays)
    seats.take("sse", "b", _stays)


def test_outlet_when_the_client_reads_then_all_of_it_and_when_it_does_not_then_it_is_cut() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        outlet = Outlet({"gunicorn.socket": ours}, patience=0.05)
        assert list(outlet.each([b"ab", b"c"])) == [b"ab", b"c"]
        with pytest.raises(BrokenPipeError, match="too slowly"):
            while True:
                outlet.send([b"x" * PIECE])
        with pytest.raises(BrokenPipeError):
            ours.sendall(b"x")


def test_outlet_when_the_client_leaves_then_known_before_anything_is_written() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        outlet = Outlet({"gunicorn.socket": ours})
        theirs.sendall(b"still here")
        assert not outlet.gone()
        theirs.close()
        assert outlet.gone()
        ours.close()
        assert outlet.gone()
    assert not Outlet({}).gone()


def test_outlet_when_the_socket_is_closed_then_gone_and_without_one_all_is_written() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    theirs.close()
    with pytest.raises(BrokenPipeError, match="gone"):
        Outlet({"gunicorn.socket": ours}).wait()
    assert list(Outlet({}).each([b"ab"])) == [b"ab"]
