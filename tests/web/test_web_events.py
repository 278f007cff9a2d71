"""What two pictures differ in, as events: spec 3.3 and ours."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.book import overview
from tests.support.web_rig import WebRig
from web.live.events import (
    MEANINGS,
    News,
    Place,
    alert_news,
    news_between,
    picture,
    place_of,
    rendered,
    whole,
)
from web.snapshot import Panel, Snapshot

AT = 1_768_817_732_123_456_789
EMPTY = Snapshot(0, 0, {})


def looked(rig: WebRig) -> Snapshot:
    rig.look()
    return rig.feed.current()


@pytest.fixture
def rig() -> WebRig:
    return WebRig()


def changed(snapshot: Snapshot, name: str, **fields: Any) -> Snapshot:
    """The snapshot with some fields of one panel's document replaced."""
    panel = snapshot.panels[name]
    document = {**(panel.document or {}), **fields}
    return Snapshot(snapshot.version + 1, AT, {**snapshot.panels, name: Panel("ok", document, AT)})


def told(before: Snapshot, after: Snapshot) -> list[tuple[str, Any]]:
    return [(news.type, news.data) for news in news_between(before, after)]


def test_news_when_nothing_changed_then_none(rig: WebRig) -> None:
    assert told(looked(rig), looked(rig)) == []


def test_news_when_nothing_was_known_then_everything_and_the_portfolio_last(rig: WebRig) -> None:
    found = told(EMPTY, looked(rig))
    assert [type for type, _ in found] == ["revision", "plan", "mode", *["position_update"] * 12, "portfolio_update"]
    portfolio, positions = found[-1][1], {data["symbol"]: data for type, data in found if type == "position_update"}
    assert portfolio["equity"] == 98_450.23 and portfolio["drawdown"] == pytest.approx(-0.038, abs=0.001)
    assert positions["NVDA"] == {
        "symbol": "NVDA",
        "quantity": 25,
        "pnl": 335.0,
        "strategy": "ml-momentum-v2",
        "current": 569.2,
        "value": 14_230.0,
    }


def test_news_when_one_position_moved_and_one_was_closed_then_those_two(rig: WebRig) -> None:
    before = looked(rig)
    rows = (before.panels["portfolio.positions"].document or {})["positions"]
    moved = {**rows[0], "pnl": rows[0]["pnl"] + 1}
    found = told(before, changed(before, "portfolio.positions", positions=[moved, *rows[1:-1]]))
    assert [(type, data["symbol"], data["quantity"]) for type, data in found] == [
        ("position_update", rows[0]["symbol"], rows[0]["quantity"]),
        ("position_update", rows[-1]["symbol"], 0),
    ]


def test_news_when_positions_are_not_known_then_none_of_them_is_closed(rig: WebRig) -> None:
    before = looked(rig)
    assert told(before, changed(before, "portfolio.positions", positions=None)) == []


def test_news_when_halted_then_the_mode_with_its_halts(rig: WebRig) -> None:
    before = looked(rig)
    rig.control.seen = overview("halt-all")
    found = dict(told(before, looked(rig)))
    assert found["mode"]["mode"] == "halt-all" and found["mode"]["state"] == "ok"


def test_news_when_the_controller_is_away_then_the_mode_says_that_it_is_stale(rig: WebRig) -> None:
    before = looked(rig)
    rig.down = True
    ((type, data),) = told(before, looked(rig))
    assert (type, data["state"]) == ("mode", "stale") and "nobody answers" in data["reason"]


def test_news_when_a_commit_is_seen_and_not_in_force_then_plan_and_revision(rig: WebRig) -> None:
    before = looked(rig)
    revision = {**(before.panels["status"].document or {})["revision"], "observed_tip": "b" * 40}
    found = dict(told(before, changed(before, "status", revision=revision)))
    assert found["revision"] == revision
    assert (found["plan"]["pending"], found["plan"]["tip"], found["plan"]["applied"]) == (True, "b" * 40, "a" * 40)


def test_picture_when_nothing_is_known_then_null_and_never_zero() -> None:
    assert picture(EMPTY) == {
        "portfolio": None,
        "positions": None,
        "mode": {
            "mode": None,
            "environment": None,
            "halts": [],
            "strategies": {},
            "permit": None,
            "state": "error",
            "reason": "nothing was read yet",
        },
        "plan": None,
        "revision": None,
    }


def test_event_then_the_same_json_in_a_frame_with_its_id_and_type() -> None:
    event = rendered(News("alert", AT, {"message": "a\nb €"}, alert=7), Place("0badcafe", 3, 7))
    document = json.loads(event.data)
    assert document == {
        "id": "0badcafe-3-7",
        "type": "alert",
        "timestamp": "2026-01-19T10:15:32.123Z",
        "data": {"message": "a\nb €"},
    }
    assert event.frame.decode() == f"id: 0badcafe-3-7\nevent: alert\ndata: {event.data.decode()}\n\n"


def test_alert_then_the_time_of_its_newest_change_and_its_number_apart() -> None:
    given = {"id": 1, "change": 9, "level": "WARN", "last": "2026-01-19T10:00:00.000Z", "acked": None, "over": None}
    news = alert_news(given, AT)
    assert (news.alert, "change" in news.data, news.data["level"]) == (9, False, "WARN")
    over = alert_news({**given, "over": "2026-01-19T11:00:00.000Z"}, AT)
    assert over.at_ns - news.at_ns == 3_600_000_000_000


@given(st.text("0123456789abcdef", min_size=8, max_size=8), st.integers(0, 10**15 - 1), st.integers(0, 10**15 - 1))
def test_place_when_written_then_read_back(epoch: str, seq: int, alert: int) -> None:
    assert place_of(str(Place(epoch, seq, alert))) == Place(epoch, seq, alert)


@given(st.text())
def test_place_when_it_is_no_id_then_none_or_the_same(text: str) -> None:
    found = place_of(text)
    assert found is None or place_of(str(found)) == found


def test_types_then_each_has_its_meaning_and_the_whole_has_all_but_alerts(rig: WebRig) -> None:
    assert {"portfolio_update", "position_update", "alert", "mode", "plan", "revision"} < MEANINGS.keys()
    assert set(whole(looked(rig)).data) == {"portfolio", "positions", "mode", "plan", "revision"}


@pytest.mark.parametrize(("filler", "head"), [(0, 2), (200, 4), (70_000, 10)])
def test_event_when_short_or_long_then_one_whole_websocket_frame(filler: int, head: int) -> None:
    event = rendered(News("alert", AT, {"m": "x" * filler}), Place("0badcafe", 3, 7))
    given = event.packet[1]
    size = given if given < 126 else int.from_bytes(event.packet[2:head], "big")
    assert (event.packet[0], size, event.packet[head:].decode()) == (0x81, len(event.data), event.data.decode())
