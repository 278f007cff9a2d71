import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from controller.gate.venue import Closed, VenueRejected, VenueUnknown
from tests.support.paper import (
    CASH,
    COSTLY,
    DOLLAR,
    FREE,
    OTHER,
    UID,
    Clock,
    bar,
    feed_of,
    fills,
    next_session,
    open_paper,
    order,
)

FLAT = feed_of({"AAA": [10.0] * 12, "BBB": [20.0] * 12, "SPX": [1_000.0] * 12})


def test_new_book_when_opened_then_first_session_is_due_at_once(tmp_path: Path) -> None:
    clock = Clock()
    venue = open_paper(tmp_path, FLAT, clock=clock)
    assert venue.due() == clock.now
    assert bar(venue.advance(clock.now)) == ("2020-01-01", 0, {"AAA": 10 * DOLLAR, "BBB": 20 * DOLLAR}, {})
    assert venue.due() == clock.now + 1.0
    assert venue.advance(clock.now + 0.5) == ()


def test_order_when_accepted_then_fills_in_next_session_not_before(tmp_path: Path) -> None:
    feed = feed_of({"AAA": [10.0, 11.0, 12.0]})
    venue = open_paper(tmp_path, feed)
    next_session(venue)
    venue.submit(order(1))
    assert venue.book().holdings == {}
    done = fills(next_session(venue))
    assert [(fill.quantity, fill.price, fill.market_time) for fill in done] == [(10, 11 * DOLLAR, "2020-01-02")]
    assert venue.book().cash == CASH - 110 * DOLLAR


def test_order_above_cap_when_matched_then_fills_in_parts_and_closes_once(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FLAT)
    next_session(venue)
    venue.submit(order(1, quantity=250))
    parts = [next_session(venue) for _ in range(3)]
    assert [fill.quantity for events in parts for fill in fills(events)] == [100, 100, 50]
    assert [e for events in parts for e in events if isinstance(e, Closed)] == [Closed("g1", "filled")]
    assert venue.book().closed[0].average == 10 * DOLLAR


def test_fills_when_booked_then_logged_with_what_was_held_and_kept_over_a_restart(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, feed_of({"AAA": [10.0, 11.0, 12.0, 12.0]}), FREE)
    next_session(venue)
    venue.submit(order(1, 1, 10, "AAA"))
    done = fills(next_session(venue))
    venue.submit(order(2, -1, 10, "AAA"))
    done += fills(next_session(venue))
    log = list(venue.book().fills)
    assert [item.fill for item in log] == done
    assert [(item.fill.seq, item.position) for item in log] == [(1, 10), (2, 0)]
    assert all(item.at_ns for item in log)
    venue.close()
    assert list(open_paper(tmp_path, feed_of({"AAA": [10.0, 11.0, 12.0, 12.0]}), FREE).book().fills) == log


def test_slippage_when_filled_then_goes_against_the_order_within_twice_the_mean(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FLAT, COSTLY)
    next_session(venue)
    for number in range(1, 11):
        venue.submit(order(number))
    for fill in fills(next_session(venue)):
        assert 10 * DOLLAR <= fill.price <= 10 * DOLLAR + 10_000
        assert fill.fee == -(-fill.price * fill.quantity // 10_000)


def test_repeat_of_client_id_when_submitted_then_is_the_same_order(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FLAT)
    next_session(venue)
    first = venue.submit(order(1))
    assert venue.submit(order(2, client_id="c1")) is first
    next_session(venue)
    assert venue.submit(order(3, client_id="c1")).state == "filled"
    assert venue.book().accepted == 1


def test_client_id_of_another_order_when_submitted_then_rejects(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FLAT)
    next_session(venue)
    venue.submit(order(1))
    with pytest.raises(VenueRejected, match="belongs to another order"):
        venue.submit(order(2, client_id="c1", quantity=11))


def test_client_id_older_than_the_kept_orders_when_submitted_then_rejects(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FLAT)
    next_session(venue)
    for number in range(202):
        venue.submit(order(number))
        assert venue.cancel(f"g{number}")
    assert len(venue.book().closed) == 200
    assert venue.lookup(UID, "c0") is None
    with pytest.raises(VenueRejected, match="used before"):
        venue.submit(order(999, client_id="c0"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"symbol": "ZZZ"}, "not traded"),
        ({"symbol": "SPX"}, "not traded"),
        ({"quantity": 0}, "at least 1"),
        ({"side": 2}, "1 or -1"),
        ({"type": "limit"}, "limit above 0"),
        ({"type": "stop"}, "stop above 0"),
        ({"type": "iceberg"}, "not known"),
        ({"side": -1, "reduce_only": True}, "only 0 shares"),
    ],
)
def test_order_that_cannot_be_when_submitted_then_rejects(
    tmp_path: Path, fields: dict[str, object], message: str
) -> None:
    venue = open_paper(tmp_path, FLAT)
    next_session(venue)
    with pytest.raises(VenueRejected, match=message):
        venue.submit(order(1, **fields))  # type: ignore[arg-type]  # fields of a VenueOrder
    assert venue.book().accepted == 0


@pytest.mark.parametrize(("mode", "status"), [("halt-trading", "active"), ("halt-all", "active"), ("normal", "halted")])
def test_exit_when_venue_is_closed_then_rejects_and_working_orders_wait(tmp_path: Path, mode: str, status: str) -> None:
    venue = open_paper(tmp_path, FLAT)
    next_session(venue)
    venue.submit(order(1))
    next_session(venue)
    venue.submit(order(2))
    venue.set_mode(mode)
    venue.set_status(UID, status)
    with pytest.raises(VenueRejected, match="nothing passes"):
        venue.submit(order(3, side=-1))
    assert fills(next_session(venue)) == []
    assert venue.cancel("g2")


@pytest.mark.parametrize(("mode", "status"), [("pause-new-orders", "active"), ("normal", "paused")])
def test_orders_when_venue_only_reduces_then_entries_reject_and_wait(tmp_path: Path, mode: str, status: str) -> None:
    venue = open_paper(tmp_path, FLAT)
    next_session(venue)
    venue.submit(order(1))
    next_session(venue)
    venue.submit(order(2))
    venue.set_mode(mode)
    venue.set_status(UID, status)
    for refused in (order(3), order(4, side=-1, quantity=11)):
        with pytest.raises(VenueRejected, match="can be reduced"):
            venue.submit(refused)
    venue.submit(order(5, side=-1, quantity=10))
    assert [(fill.side, fill.quantity) for fill in fills(next_session(venue))] == [(-1, 10)]
    assert list(venue.book().orders) == ["g2"]


def test_status_when_set_for_one_strategy_then_another_goes_on(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FLAT)
    next_session(venue)
    venue.set_status(UID, "halted")
    assert venue.submit(order(1, uid=OTHER)).state == "working"


def test_mode_or_status_unknown_when_set_then_raises(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FLAT)
    with pytest.raises(ValueError, match="trading mode"):
        venue.set_mode("party")
    with pytest.raises(ValueError, match="strategy status"):
        venue.set_status(UID, "happy")


def test_reduce_only_when_position_shrank_then_never_flips_and_rest_is_cancelled(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, feed_of({"AAA": [10.0, 10.0, 10.0, 8.0, 8.0]}))
    next_session(venue)
    venue.submit(order(1, quantity=60))
    next_session(venue)
    venue.submit(order(2, side=-1, quantity=60, type="stop", stop=9 * DOLLAR, reduce_only=True))
    venue.submit(order(3, side=-1, quantity=40))
    assert [(fill.order, fill.quantity) for fill in fills(next_session(venue))] == [("g3", 40)]
    assert [(fill.order, fill.quantity) for fill in fills(next_session(venue))] == [("g2", 20)]
    assert venue.book().holdings == {}
    assert next_session(venue)[0] == Closed("g2", "cancelled")


def test_fill_beyond_zero_when_order_may_open_then_position_flips(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FLAT)
    next_session(venue)
    venue.submit(order(1, quantity=60))
    next_session(venue)
    venue.submit(order(2, side=-1, quantity=65))
    next_session(venue)
    assert venue.book().holdings[UID, "AAA"].quantity == -5


def test_cancel_when_open_then_true_once(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FLAT)
    next_session(venue)
    venue.submit(order(1))
    assert venue.cancel("g1")
    assert not venue.cancel("g1")
    found = venue.lookup(UID, "c1")
    assert found is not None
    assert found.state == "cancelled"


def test_last_session_when_replayed_then_feed_ended_and_orders_reject(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, feed_of({"AAA": [10.0, 11.0]}))
    next_session(venue)
    assert venue.feed()[0] == "live"
    next_session(venue)
    assert venue.due() is None
    assert venue.feed()[0] == "ended"
    with pytest.raises(VenueRejected, match="ended"):
        venue.submit(order(1))


def test_feed_when_no_session_comes_then_stale(tmp_path: Path) -> None:
    clock = Clock()
    venue = open_paper(tmp_path, FLAT, clock=clock)
    venue.advance(clock.now)
    clock.now += 5.1
    state, age = venue.feed()
    assert state == "stale"
    assert age == pytest.approx(5.1)


def test_late_advance_when_many_sessions_are_due_then_one_a_call_without_a_burst(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FLAT)
    now = (venue.due() or 0) + 60
    assert bar(venue.advance(now)).session == 0
    assert bar(venue.advance(now)).session == 1
    assert venue.advance(now) == ()


def test_history_when_asked_then_ends_at_the_market_clock(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, feed_of({"AAA": [10.0, 11.0, 12.0, 13.0], "SPX": [1.0, 2.0, 3.0, 4.0]}))
    for _ in range(3):
        next_session(venue)
    assert venue.history(["AAA", "SPX", "ZZZ"], 2) == {
        "AAA": [("2020-01-02", 11 * DOLLAR), ("2020-01-03", 12 * DOLLAR)],
        "SPX": [("2020-01-02", 2 * DOLLAR), ("2020-01-03", 3 * DOLLAR)],
    }


def test_start_when_before_the_feed_then_a_year_of_history_comes_first(tmp_path: Path) -> None:
    feed = feed_of({"AAA": [10.0] * 300})
    venue = open_paper(tmp_path, feed, replace(FREE, start="1999-01-01"))
    assert bar(next_session(venue)).session == 252


def test_start_when_after_the_feed_then_raises_with_the_last_session(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2020-01-12"):
        open_paper(tmp_path, FLAT, replace(FREE, start="2030-01-01"))


@pytest.mark.parametrize("bad", [replace(FREE, volume_cap_shares=0), replace(FREE, faults=("gremlin",))])
def test_settings_that_cannot_work_when_opened_then_raise(tmp_path: Path, bad: object) -> None:
    with pytest.raises(ValueError, match="paper"):
        open_paper(tmp_path, FLAT, bad)  # type: ignore[arg-type]  # PaperSettings in both cases


def test_dropped_ack_when_submitted_then_lookup_and_repeat_resolve_it(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FLAT, replace(FREE, faults=("drop-ack",)))
    next_session(venue)
    with pytest.raises(VenueUnknown):
        venue.submit(order(1))
    found = venue.lookup(UID, "c1")
    assert found is not None
    assert venue.submit(order(1)) is found
    assert venue.book().accepted == 1


def test_late_504_when_submitted_then_only_lookup_resolves_it(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FLAT, replace(FREE, faults=("late-504",)))
    next_session(venue)
    for _ in range(3):
        with pytest.raises(VenueUnknown, match="504"):
            venue.submit(order(1))
    assert venue.lookup(UID, "c1") is not None
    assert venue.book().accepted == 1


def test_duplicate_fill_when_reported_then_has_the_same_number_and_books_once(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FLAT, replace(FREE, faults=("duplicate-fill",)))
    next_session(venue)
    venue.submit(order(1))
    done = fills(next_session(venue))
    assert len(done) == 2
    assert done[0] == done[1]
    assert venue.book().holdings[UID, "AAA"].quantity == 10


def test_stalled_cancel_when_asked_then_order_still_trades_one_session(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FLAT, replace(FREE, faults=("stall-cancel",)))
    next_session(venue)
    venue.submit(order(1, quantity=250))
    with pytest.raises(VenueUnknown):
        venue.cancel("g1")
    events = next_session(venue)
    assert [fill.quantity for fill in fills(events)] == [100]
    assert Closed("g1", "cancelled") in events
    assert venue.book().orders == {}


def test_fault_share_when_given_then_hits_some_orders_the_same_ones_again(tmp_path: Path) -> None:
    hit: list[list[int]] = []
    for name in ("one", "two"):
        venue = open_paper(tmp_path / name, FLAT, replace(FREE, faults=("drop-ack@30",)))
        next_session(venue)
        lost = []
        for number in range(60):
            try:
                venue.submit(order(number))
            except VenueUnknown:
                lost.append(number)
        hit.append(lost)
    assert hit[0] == hit[1]
    assert 5 < len(hit[0]) < 40


def test_full_disk_when_writing_then_orders_reject_time_stands_and_cancels_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = open_paper(tmp_path, FLAT)
    next_session(venue)
    venue.submit(order(1, quantity=250))
    with monkeypatch.context() as full:
        full.setattr(os, "write", _no_space)
        with pytest.raises(VenueRejected, match="cannot be written"):
            venue.submit(order(2))
        with pytest.raises(VenueUnknown):
            venue.set_mode("halt-all")
        assert next_session(venue) == ()
        assert venue.cancel("g1")
    assert venue.book().session == 0
    next_session(venue)
    venue.close()
    again = open_paper(tmp_path, FLAT)
    assert again.book() == venue.book()
    assert again.book().orders == {}


def _no_space(fd: int, data: bytes) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")
