from typing import Any

import pytest

from controller.gate.book import Reservation
from controller.gate.orders import OrderRequest
from controller.gate.venue import VenueOrder
from controller.gate.verdicts import Allow, Code
from schemas.desired import StrategyStatus, TradingMode
from tests.support.gates import ANN, BEA, CID, DOLLAR, MARKS, Home, Rig, make_policy, order
from tests.support.venue import MemoryVenue

PAUSE, FREEZE, HALT = 1, 2, 3


@pytest.fixture
def rig(home: Home) -> Rig:
    return Rig(home, make_policy())


def holding(home: Home, **positions: int) -> Rig:
    venue = MemoryVenue(100_000 * DOLLAR, MARKS)
    for symbol, quantity in positions.items():
        venue.hold(ANN, symbol, quantity)
    return Rig(home, make_policy(), venue=venue)


def test_submit_when_all_is_well_then_reaches_the_venue(rig: Rig) -> None:
    answer = rig.submit()
    assert (answer.ok, answer.quantity) == (True, 10)
    assert [item.order for item in rig.venue.submitted] == [answer.order]
    assert rig.desk.book.gross == 10 * 101 * DOLLAR


@pytest.mark.parametrize("mode", [FREEZE, HALT])
def test_submit_when_latch_halts_account_then_nothing_passes(home: Home, mode: Any) -> None:
    rig = holding(home, AAPL=100)
    home.halt(mode=mode)
    assert rig.submit().code == Code.TRADING_HALTED
    assert rig.submit(side="sell").code == Code.TRADING_HALTED
    assert not rig.venue.submitted


def test_flat_book_cannot_open_when_latch_pauses(home: Home, rig: Rig) -> None:
    home.halt(mode=PAUSE)
    assert rig.submit().code == Code.REDUCE_ONLY
    assert rig.submit(side="sell").code == Code.REDUCE_ONLY


def test_long_100_cannot_sell_500_when_latch_pauses(home: Home) -> None:
    rig = holding(home, AAPL=100)
    home.halt(mode=PAUSE)
    assert rig.submit(side="sell", quantity=500).code == Code.EXIT_TOO_LARGE
    assert rig.submit(side="sell", quantity=100).ok
    assert rig.submit(side="sell", quantity=1).code == Code.EXIT_TOO_LARGE


def test_same_long_is_not_sold_twice_in_normal_mode(home: Home) -> None:
    rig = holding(home, AAPL=100)
    assert rig.submit(side="sell", quantity=100).ok
    assert rig.submit(side="sell", quantity=100).code == Code.EXIT_TOO_LARGE


def test_exit_of_another_strategys_position_is_an_entry(home: Home) -> None:
    rig = holding(home, AAPL=100)
    home.halt(mode=PAUSE)
    assert rig.submit(side="sell", uid=BEA).code == Code.REDUCE_ONLY


@pytest.mark.parametrize(("mode", "code"), [(PAUSE, Code.REDUCE_ONLY), (FREEZE, Code.STRATEGY_HALTED)])
def test_submit_when_latch_restricts_one_strategy_then_the_other_trades(
    home: Home, rig: Rig, mode: int, code: str
) -> None:
    home.halt(f"strategy:{ANN}", mode)
    assert rig.submit().code == code
    assert rig.submit(uid=BEA).ok


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        (TradingMode.PAUSE_NEW_ORDERS, Code.REDUCE_ONLY),
        (TradingMode.HALT_TRADING, Code.TRADING_HALTED),
        (TradingMode.HALT_ALL, Code.TRADING_HALTED),
    ],
)
def test_submit_when_policy_mode_is_strict_then_denies(home: Home, mode: Any, code: str) -> None:
    assert Rig(home, make_policy(mode=mode)).submit().code == code


@pytest.mark.parametrize(
    ("status", "code"), [(StrategyStatus.PAUSED, Code.REDUCE_ONLY), (StrategyStatus.HALTED, Code.STRATEGY_HALTED)]
)
def test_submit_when_policy_status_is_strict_then_denies(home: Home, status: StrategyStatus, code: str) -> None:
    assert Rig(home, make_policy(statuses={ANN: status})).submit().code == code


def test_submit_when_permit_has_run_out_then_only_exits_pass(home: Home) -> None:
    rig = holding(home, AAPL=100)
    rig.time.forward(25)
    assert rig.submit().code == Code.REDUCE_ONLY
    assert rig.submit(side="sell").ok
    home.permit.set_until(rig.time.boot + 10**9)
    assert rig.submit().ok


def test_submit_when_no_policy_was_ever_seen_then_nothing_passes(home: Home) -> None:
    assert Rig(home).submit().code == Code.NO_POLICY


def test_submit_when_latch_file_is_gone_then_nothing_passes(home: Home) -> None:
    rig = holding(home, AAPL=100)
    home.raise_path.unlink()
    rig.refresh()
    assert rig.submit().code == Code.LATCH_ANOMALY
    assert rig.submit(side="sell").code == Code.LATCH_ANOMALY


def test_submit_when_named_policy_is_missing_then_last_one_holds_and_only_exits_pass(home: Home) -> None:
    rig = holding(home, AAPL=100)
    home.permit.set_policy(9, 0x123456)
    assert rig.submit().code == Code.REDUCE_ONLY
    assert rig.submit(side="sell").ok
    assert rig.desk.authority.keeper.snapshot is not None
    assert rig.desk.authority.keeper.snapshot.version == 1


def test_submit_when_latch_changes_between_check_and_send_then_checks_again(
    home: Home, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve = rig.desk._reserve

    def reserve_and_halt(request: OrderRequest, verdict: Allow, ticket: str) -> Reservation:
        home.halt()
        return reserve(request, verdict, ticket)

    monkeypatch.setattr(rig.desk, "_reserve", reserve_and_halt)
    assert rig.submit().code == Code.TRADING_HALTED
    assert not rig.venue.submitted
    assert rig.desk.book.gross == 0


def test_freeze_then_working_exits_are_cancelled_too(home: Home) -> None:
    rig = holding(home, AAPL=100)
    assert rig.submit("AAPL", "sell", 10).ok
    home.halt(mode=FREEZE)
    rig.refresh()
    assert rig.desk.enforce() == {ANN: 1}


def test_submit_when_uid_is_unknown_then_denies_exits_too(rig: Rig) -> None:
    assert rig.submit(uid=CID).code == Code.UNKNOWN_STRATEGY


@pytest.mark.parametrize(
    "bad",
    [
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": 1.0},
        {"quantity": float("nan")},
        {"quantity": True},
        {"quantity": 10**12},
        {"symbol": "aapl; drop"},
        {"symbol": 7},
        {"side": "short"},
        {"type": "iceberg"},
        {"type": "limit"},
        {"type": "limit", "limit": -5},
        {"type": "stop", "limit": 5},
        {"limit": 5},
        {"uid": "x"},
        {"client_id": ""},
        {"extra": 1},
    ],
)
def test_submit_when_a_field_is_wrong_then_denies_and_tells(rig: Rig, bad: dict[str, Any]) -> None:
    assert rig.desk.submit({**order(), **bad}).code == Code.INVALID_ORDER
    assert rig.desk.decisions.since(0)[-1]["code"] == Code.INVALID_ORDER
    assert not rig.venue.submitted


@pytest.mark.parametrize("source", [None, 5, [], "order"])
def test_submit_when_it_is_no_order_then_denies(rig: Rig, source: object) -> None:
    assert rig.desk.submit(source).code == Code.INVALID_ORDER


def test_same_client_id_again_then_same_order_and_one_at_the_venue(rig: Rig) -> None:
    source = order()
    first, second = rig.desk.submit(source), rig.desk.submit(source)
    assert first == second
    assert len(rig.venue.submitted) == 1


def test_same_client_id_for_another_order_then_denies(rig: Rig) -> None:
    source = order()
    rig.desk.submit(source)
    assert rig.desk.submit({**source, "symbol": "MSFT"}).code == Code.CLIENT_ID_REUSED


def test_same_client_id_after_restart_then_same_order(home: Home, rig: Rig) -> None:
    source = order()
    first = rig.desk.submit(source)
    again = Rig(home, venue=rig.venue)
    assert again.desk.submit(source).order == first.order
    assert len(rig.venue.submitted) == 1


def test_reservation_when_venue_rejects_then_released(rig: Rig) -> None:
    rig.venue.answers = ["reject"]
    assert rig.submit().code == Code.VENUE_REJECTED
    assert (rig.desk.book.gross, rig.desk.book.buy_total, rig.desk.book.occupied) == (0, 0, 0)


def test_reservation_when_cancelled_then_released(rig: Rig) -> None:
    answer = rig.submit()
    assert rig.desk.cancel_order(answer.order) == {ANN: 1}
    assert rig.desk.book.gross == 0


def test_reservation_when_filled_then_becomes_a_position(rig: Rig) -> None:
    answer = rig.submit()
    rig.venue.fill(answer.order)
    rig.advance()
    assert not rig.desk.book.reservations
    assert rig.desk.book.gross == rig.desk.book.net == 1_000 * DOLLAR
    assert rig.desk.book.equity == 100_000 * DOLLAR


def test_reservation_when_partly_filled_then_the_rest_stays(rig: Rig) -> None:
    answer = rig.submit()
    rig.venue.fill(answer.order, 4)
    rig.advance()
    assert rig.desk.book.reservations[answer.order].remaining == 6
    assert rig.desk.book.gross == 4 * 100 * DOLLAR + 6 * 101 * DOLLAR


def test_duplicate_fill_then_counted_and_told_once(rig: Rig) -> None:
    answer = rig.submit()
    rig.venue.fill(answer.order, 4, repeat=True)
    assert len(rig.desk.advance(rig.time.boot)) == 1
    assert rig.desk.book.lines["AAPL"].quantity == 4


def test_unknown_outcome_when_order_was_lost_then_stays_reserved(rig: Rig) -> None:
    rig.venue.answers = ["lost"]
    answer = rig.submit()
    assert (answer.ok, answer.code) == (False, Code.VENUE_UNKNOWN)
    rig.desk.resolve()
    rig.venue.bar("2008-06-03", AAPL=100 * DOLLAR)
    rig.advance()
    assert rig.desk.book.gross == 10 * 101 * DOLLAR
    assert rig.desk.book.reservations[answer.order].unknown


def test_unknown_outcome_when_venue_has_the_order_then_resolved(rig: Rig) -> None:
    rig.venue.answers = ["unknown"]
    source = order()
    answer = rig.desk.submit(source)
    assert answer.code == Code.VENUE_UNKNOWN
    rig.desk.resolve()
    assert not rig.desk.book.reservations[answer.order].unknown
    assert rig.desk.submit(source).ok
    assert len(rig.venue.submitted) == 1


def test_unknown_outcome_when_order_was_filled_meanwhile_then_only_the_position_counts(rig: Rig) -> None:
    rig.venue.answers = ["unknown"]
    answer = rig.submit()
    rig.venue.fill(answer.order)
    rig.advance()
    rig.desk.resolve()
    assert not rig.desk.book.reservations
    assert rig.desk.book.gross == 1_000 * DOLLAR


def test_unknown_outcome_when_cancelled_and_absent_then_released(rig: Rig) -> None:
    rig.venue.answers = ["lost"]
    rig.submit()
    rig.desk.cancel_scope("account")
    assert not rig.desk.book.reservations


def test_venue_that_breaks_during_submit_then_order_stays_reserved(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_order: VenueOrder) -> VenueOrder:
        raise RuntimeError("boom")

    monkeypatch.setattr(rig.venue, "submit", broken)
    assert rig.submit().code == Code.VENUE_UNKNOWN
    assert rig.desk.book.gross


def test_halt_then_every_working_order_in_scope_is_cancelled(home: Home, rig: Rig) -> None:
    mine, theirs = rig.submit(), rig.submit(uid=BEA)
    home.halt(f"strategy:{ANN}", FREEZE)
    rig.refresh()
    assert rig.desk.enforce() == {ANN: 1}
    assert set(rig.venue.book().orders) == {theirs.order}
    home.halt(mode=HALT)
    rig.refresh()
    assert rig.desk.enforce() == {BEA: 1}
    assert mine.order not in rig.desk.book.reservations


def test_pause_then_entries_are_cancelled_and_exits_go_on(home: Home) -> None:
    rig = holding(home, AAPL=100)
    exit_order, _ = rig.submit(side="sell"), rig.submit("MSFT")
    home.halt(mode=PAUSE)
    rig.refresh()
    assert rig.desk.enforce() == {ANN: 1}
    assert set(rig.venue.book().orders) == {exit_order.order}


def test_halt_when_a_cancel_stalls_then_it_is_tried_again(home: Home, rig: Rig) -> None:
    answer = rig.submit()
    rig.venue.stalled = {answer.order}
    home.halt()
    rig.refresh()
    assert rig.desk.enforce() == {}
    assert rig.desk.book.gross
    rig.venue.stalled = set()
    assert rig.desk.enforce() == {ANN: 1}


def test_halt_does_not_pass_when_restarted(home: Home, rig: Rig) -> None:
    home.halt()
    again = Rig(home, venue=rig.venue)
    assert again.submit().code == Code.TRADING_HALTED


def test_exits_after_a_fill_then_trimmed_to_what_is_still_held(home: Home) -> None:
    rig = holding(home, AAPL=100)
    first, second = rig.submit(side="sell", quantity=60), rig.submit(side="sell", quantity=40)
    rig.venue.book().holdings[ANN, "AAPL"].quantity = 60
    rig.venue.bar("2008-06-03", AAPL=100 * DOLLAR)
    rig.advance()
    assert set(rig.venue.book().orders) == {first.order}
    assert second.order not in rig.desk.book.reservations


def test_rate_and_duplicates_are_remembered_over_a_restart(home: Home) -> None:
    policy = make_policy({"order.max_per_minute": 2, "order.duplicate_seconds": 30})
    rig = Rig(home, policy)
    assert rig.submit().ok
    assert rig.submit("MSFT").ok
    again = Rig(home, venue=rig.venue)
    assert again.submit().code == Code.DUPLICATE_ORDER
    assert again.submit("JPM").code == Code.ORDER_RATE


def test_decision_numbers_rise_over_a_restart(home: Home, rig: Rig) -> None:
    rig.submit(quantity=0)
    rig.time.forward(1)
    later = Rig(home, venue=rig.venue)
    later.submit(quantity=0)
    assert later.desk.decisions.since(0)[0]["seq"] > rig.desk.decisions.since(0)[-1]["seq"]


def test_decisions_keep_the_last_thousand(rig: Rig) -> None:
    for _ in range(1_005):
        rig.submit(quantity=0)
    found = rig.desk.decisions.since(0)
    assert len(found) == 1_000
    assert rig.desk.decisions.since(found[-3]["seq"]) == found[-2:]
