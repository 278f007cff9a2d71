"""The contract of engine_ports.Engine, on the real gate service over its socket and on the in-memory twin."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from controller.engine_ports import Order, Reading
from controller.errors import EngineUnavailable
from controller.gate.venue import Shadow
from schemas.desired import StrategyStatus, TradingMode
from schemas.live import ShadowView
from tests.support.engines import CASH, ENGINES, EngineUnderTest
from tests.support.gates import ANN, BEA, DOLLAR, MARKS, make_policy

LIQUIDATION = "1" * 32
PAUSED, ACTIVE, HALTED = StrategyStatus.PAUSED, StrategyStatus.ACTIVE, StrategyStatus.HALTED


@pytest.fixture(params=sorted(ENGINES))
def bare(request: pytest.FixtureRequest) -> Iterator[EngineUnderTest]:
    with ENGINES[request.param]() as under_test:
        yield under_test


@pytest.fixture
def ready(bare: EngineUnderTest) -> EngineUnderTest:
    """Two active strategies under one adopted policy, the venue told so."""
    bare.publish(make_policy())
    bare.engine.adopt()
    for uid in (ANN, BEA):
        bare.engine.set_venue_status(uid, ACTIVE)
    return bare


def buy(client_id: str, quantity: int = 10, uid: str = ANN, symbol: str = "AAPL") -> Order:
    return Order(uid, symbol, "buy", quantity, client_id)


def sell(client_id: str, quantity: int = 10, uid: str = ANN) -> Order:
    return Order(uid, "AAPL", "sell", quantity, client_id)


def test_read_when_nothing_was_published_then_frozen_and_nothing_passes(bare: EngineUnderTest) -> None:
    live = bare.engine.read()
    assert (live.gate.mode, live.gate.policy_version) == (TradingMode.HALT_TRADING, 0)
    assert (live.account.cash, live.account.equity, live.prices) == (CASH, CASH, MARKS)
    assert bare.engine.submit(buy("c1")).code == "NO_POLICY"


def test_newest_when_read_again_then_what_that_reading_gave_and_asks_nothing(bare: EngineUnderTest) -> None:
    assert bare.engine.newest() == Reading()
    bare.publish(make_policy())
    bare.engine.adopt()
    live = bare.engine.read()
    bare.engine.set_venue_status(ANN, HALTED)
    assert bare.engine.newest() == Reading(live)
    assert Reading(bare.engine.read()) == bare.engine.newest() != Reading(live)


def test_adopt_when_published_then_enforces_exactly_that_snapshot(bare: EngineUnderTest) -> None:
    snapshot = bare.publish(make_policy(statuses={ANN: ACTIVE, BEA: PAUSED}, revision="2" * 40))
    state = bare.engine.adopt()
    assert (state.policy_version, state.policy_digest) == (snapshot.version, snapshot.digest())
    assert (state.policy_count, state.revision, state.fence) == (1, "2" * 40, snapshot.fence)
    assert (state.mode, state.permit, state.statuses) == (TradingMode.NORMAL, "ok", {ANN: ACTIVE, BEA: PAUSED})
    assert bare.engine.read().gate == state


def test_adopt_when_old_and_new_are_joined_then_the_stricter_of_both_holds(bare: EngineUnderTest) -> None:
    old = make_policy(mode=TradingMode.PAUSE_NEW_ORDERS)
    bare.publish(old, make_policy(statuses={ANN: HALTED, BEA: ACTIVE}, revision="2" * 40))
    state = bare.engine.adopt()
    assert (state.policy_count, state.revision) == (2, "2" * 40)
    assert (state.mode, state.statuses) == (TradingMode.PAUSE_NEW_ORDERS, {ANN: HALTED, BEA: ACTIVE})


def test_adopt_when_the_fence_is_lower_then_keeps_what_is_in_force(ready: EngineUnderTest) -> None:
    ready.publish(make_policy(revision="3" * 40), fence=5)
    ready.engine.adopt()
    ready.publish(make_policy(revision="4" * 40), fence=4)
    assert ready.engine.adopt().revision == "3" * 40


def test_submit_when_normal_then_works_until_filled_and_moves_the_book(ready: EngineUnderTest) -> None:
    answer = ready.engine.submit(buy("c1", 10))
    assert (answer.ok, answer.quantity) == (True, 10)
    (order,) = ready.engine.read().orders
    assert (order.order, order.client_id, order.uid, order.state, order.filled) == (
        answer.order,
        "c1",
        ANN,
        "working",
        0,
    )
    ready.fill(answer.order, 4)
    live = ready.engine.read()
    assert (live.orders[0].filled, live.orders[0].state) == (4, "working")
    assert [(item.uid, item.symbol, item.quantity, item.entry) for item in live.positions] == [
        (ANN, "AAPL", 4, 100 * DOLLAR)
    ]
    assert (live.account.cash, live.account.equity) == (CASH - 400 * DOLLAR, CASH)
    assert live.account.long_exposure == live.strategies[ANN].deployed == 400 * DOLLAR


def test_submit_when_the_client_id_is_repeated_then_the_same_order(ready: EngineUnderTest) -> None:
    first, again = ready.engine.submit(buy("c1")), ready.engine.submit(buy("c1"))
    assert (again.ok, again.order) == (True, first.order)
    assert len(ready.engine.read().orders) == 1


@pytest.mark.parametrize("mode", [2, 3])
def test_submit_when_the_latch_halts_the_account_then_denied_exits_too(ready: EngineUnderTest, mode: int) -> None:
    ready.fill(ready.engine.submit(buy("c1")).order, 10)
    ready.raise_halt("account", mode)
    assert [ready.engine.submit(order).code for order in (buy("c2"), sell("c3"))] == ["TRADING_HALTED"] * 2
    state = ready.engine.adopt()
    assert (state.mode.rank, len(state.words)) == (mode, 1)
    assert set(state.statuses.values()) == ({HALTED} if mode == 3 else {ACTIVE})


def test_submit_when_the_latch_halts_a_strategy_then_only_the_other_trades(ready: EngineUnderTest) -> None:
    ready.raise_halt(f"strategy:{ANN}", 3)
    assert ready.engine.submit(buy("c1")).code == "STRATEGY_HALTED"
    assert ready.engine.submit(buy("c2", uid=BEA)).ok
    assert ready.engine.read().gate.statuses == {ANN: HALTED, BEA: ACTIVE}


def _pause_account(under_test: EngineUnderTest) -> None:
    under_test.raise_halt("account", 1)


def _pause_strategy(under_test: EngineUnderTest) -> None:
    under_test.publish(make_policy(statuses={ANN: PAUSED, BEA: ACTIVE}))
    under_test.engine.adopt()


def _end_permit(under_test: EngineUnderTest) -> None:
    under_test.end_permit()


@pytest.mark.parametrize("restrict", [_pause_account, _pause_strategy, _end_permit])
def test_submit_when_restricted_then_only_exits_within_the_position_pass(
    ready: EngineUnderTest, restrict: object
) -> None:
    ready.fill(ready.engine.submit(buy("c1", 10)).order, 10)
    assert callable(restrict)
    restrict(ready)
    assert ready.engine.submit(buy("c2")).code == "REDUCE_ONLY"
    assert ready.engine.submit(sell("c3", 6)).ok
    assert not ready.engine.submit(sell("c4", 6)).ok
    assert ready.engine.submit(sell("c5", 4)).ok


def test_read_when_the_permit_has_run_out_then_reducing_only(ready: EngineUnderTest) -> None:
    ready.end_permit()
    state = ready.engine.read().gate
    assert state.mode is TradingMode.PAUSE_NEW_ORDERS
    assert state.permit != "ok"


def test_submit_when_the_strategy_is_unknown_then_denied(ready: EngineUnderTest) -> None:
    assert ready.engine.submit(buy("c1", uid="f" * 32)).code == "UNKNOWN_STRATEGY"


def test_cancel_then_only_the_scope_and_counted_by_uid(ready: EngineUnderTest) -> None:
    for number in range(2):
        ready.engine.submit(buy(f"a{number}", 10 + number))
    ready.engine.submit(buy("b", uid=BEA))
    assert dict(ready.engine.cancel(f"strategy:{ANN}")) == {ANN: 2}
    states = {order.client_id: order.state for order in ready.engine.read().orders}
    assert states == {"a0": "cancelled", "a1": "cancelled", "b": "working"}
    ready.raise_halt("account", 3)
    assert ready.engine.cancel("account").get(BEA, 0) in (0, 1)
    assert all(order.state == "cancelled" for order in ready.engine.read().orders)


def test_cancel_order_then_that_one_alone(ready: EngineUnderTest) -> None:
    first, second = ready.engine.submit(buy("c1")), ready.engine.submit(buy("c2"))
    assert ready.engine.cancel_order(first.order)
    assert not ready.engine.cancel_order(first.order)
    assert [item.order for item in ready.engine.read().orders if item.state == "working"] == [second.order]


def test_venue_mode_and_status_when_set_then_read_back(ready: EngineUnderTest) -> None:
    ready.engine.set_venue_mode(TradingMode.PAUSE_NEW_ORDERS)
    ready.engine.set_venue_status(ANN, HALTED)
    live = ready.engine.read()
    assert (live.venue_mode, live.strategies[ANN].venue_status) == (TradingMode.PAUSE_NEW_ORDERS, HALTED)
    assert live.strategies[BEA].venue_status is ACTIVE


def test_decisions_then_denials_after_the_given_number_oldest_first(ready: EngineUnderTest) -> None:
    before = ready.engine.decisions(0)
    assert [item for item in before if item.uid == "f" * 32] == []
    for number in range(3):
        ready.engine.submit(buy(f"c{number}", uid="f" * 32))
    found = [item for item in ready.engine.decisions(0) if item.kind == "denied"]
    assert [(item.code, item.uid) for item in found] == [("UNKNOWN_STRATEGY", "f" * 32)] * 3
    assert [item.seq for item in ready.engine.decisions(found[0].seq)] == [found[1].seq, found[2].seq]
    assert ready.engine.decisions(found[-1].seq) == []


def test_fills_when_an_order_fills_in_parts_then_each_once_in_order_with_the_position_after_it(
    ready: EngineUnderTest,
) -> None:
    book = ready.engine.read().book
    assert ready.engine.fills(book, 0) == []
    bought = ready.engine.submit(buy("c1", 10)).order
    ready.fill(bought, 4)
    ready.fill(bought, 6)
    sold = ready.engine.submit(sell("c2", 3)).order
    ready.fill(sold, 3)
    fills = ready.engine.fills(book, 0)
    assert [(item.seq, item.order, item.side, item.quantity, item.position) for item in fills] == [
        (1, bought, "buy", 4, 4),
        (2, bought, "buy", 6, 10),
        (3, sold, "sell", 3, 7),
    ]
    assert {(item.uid, item.symbol, item.price, item.fee) for item in fills} == {(ANN, "AAPL", 100 * DOLLAR, 0)}
    assert ready.engine.fills(book, 2) == fills[2:]
    assert ready.engine.fills(book, 3) == []
    assert ready.engine.fills("c" * 32, 0) == []
    live = ready.engine.read()
    assert (live.book, live.filled) == (book, 3)


def test_shadows_when_sessions_of_a_paired_test_are_kept_then_each_once_in_order(ready: EngineUnderTest) -> None:
    book = ready.engine.read().book
    assert ready.engine.shadows(book, 0) == []
    sessions = [Shadow(ANN, "t-1", 0, date, 5, -7) for date in ("2008-06-02", "2008-06-03")]
    for session in sessions:
        ready.shadow(session)
    found = ready.engine.shadows(book, 0)
    assert found == [ShadowView(seq=seq, **session._asdict()) for seq, session in enumerate(sessions, 1)]
    assert ready.engine.shadows(book, 1) == found[1:]
    assert ready.engine.shadows("c" * 32, 0) == []


def held(ready: EngineUnderTest, quantity: int = 10) -> None:
    bought = ready.engine.submit(buy("bought", quantity))
    ready.fill(bought.order, quantity)


def test_exit_when_it_reduces_then_works_and_otherwise_denied(ready: EngineUnderTest) -> None:
    assert ready.engine.exit(sell("s1")).code == "REDUCE_ONLY"
    held(ready)
    assert ready.engine.exit(sell("s2", 11)).code != ""
    assert ready.engine.exit(sell("s3")).ok


def stop(client_id: str, price: int, quantity: int = 10) -> Order:
    return Order(ANN, "AAPL", "sell", quantity, f"op-stop-{client_id}", type="stop", stop=price * DOLLAR)


def working(ready: EngineUnderTest) -> list[tuple[str, int, int]]:
    found = [item for item in ready.engine.read().orders if item.state == "working"]
    return sorted((item.client_id, item.quantity, item.price // DOLLAR) for item in found)


def test_exit_when_it_is_a_stop_then_takes_the_place_of_the_stop_before_it(ready: EngineUnderTest) -> None:
    held(ready)
    assert ready.engine.exit(stop("a", 80)).ok
    assert ready.engine.exit(stop("b", 85)).ok
    assert working(ready) == [("op-stop-b", 10, 85)]


def test_exit_when_a_stop_is_denied_then_the_one_before_it_still_stands(ready: EngineUnderTest) -> None:
    held(ready)
    assert ready.engine.exit(stop("a", 80)).ok
    assert not ready.engine.exit(stop("b", 85, 11)).ok
    assert working(ready) == [("op-stop-a", 10, 80)]


def test_exit_when_it_is_a_stop_then_the_strategys_own_exit_stays(ready: EngineUnderTest) -> None:
    held(ready)
    assert ready.engine.submit(sell("own", 6)).ok
    assert not ready.engine.exit(stop("a", 80)).ok
    assert ready.engine.exit(stop("b", 80, 4)).ok
    assert working(ready) == [("op-stop-b", 4, 80), ("own", 6, 0)]


def test_exit_when_at_market_then_takes_the_place_of_every_exit(ready: EngineUnderTest) -> None:
    held(ready)
    assert ready.engine.submit(sell("own", 6)).ok
    assert ready.engine.exit(stop("a", 80, 4)).ok
    assert ready.engine.exit(sell("op-close-c")).ok
    assert working(ready) == [("op-close-c", 10, 0)]


def test_liquidation_when_begun_under_a_halt_then_flattens_what_nothing_else_may(ready: EngineUnderTest) -> None:
    held(ready)
    assert ready.engine.submit(sell("exit", 4)).ok
    ready.raise_halt("account", 3)
    ready.issue(LIQUIDATION)
    assert ready.engine.begin_liquidation(LIQUIDATION).ok
    assert [item for item in ready.engine.read().orders if item.state == "working"] == []
    assert ready.engine.submit(sell("other")).code == "TRADING_HALTED"
    placed = ready.engine.liquidate(LIQUIDATION, sell("liq"))
    assert placed.ok
    assert ready.engine.liquidate(LIQUIDATION, sell("liq")) == placed
    assert ready.engine.cancel("account") == {}
    working = [item for item in ready.engine.read().orders if item.state == "working"]
    assert [item.ticket for item in working] == [LIQUIDATION]
    ready.fill(placed.order, 10)
    assert ready.engine.read().positions == ()
    ready.engine.end_liquidation(LIQUIDATION)
    assert ready.engine.liquidations() == {LIQUIDATION: "ended"}


def test_liquidation_when_a_proof_is_missing_then_refused(ready: EngineUnderTest) -> None:
    held(ready)
    ready.raise_halt("account", 1)
    assert ready.engine.begin_liquidation(LIQUIDATION).code == "NO_TICKET"
    ready.issue("2" * 32)
    assert ready.engine.begin_liquidation(LIQUIDATION).code == "NO_TICKET"
    ready.issue(LIQUIDATION)
    assert ready.engine.liquidate(LIQUIDATION, sell("liq")).code == "TICKET_SPENT"
    assert ready.engine.begin_liquidation(LIQUIDATION).ok
    assert ready.engine.begin_liquidation(LIQUIDATION).code == "TICKET_SPENT"
    assert ready.engine.liquidate(LIQUIDATION, sell("more", 11)).code == "REDUCE_ONLY"
    ready.engine.end_liquidation(LIQUIDATION)
    assert ready.engine.liquidate(LIQUIDATION, sell("late")).code == "TICKET_SPENT"


def test_liquidation_when_no_account_halt_is_open_or_the_book_moved_then_refused(ready: EngineUnderTest) -> None:
    held(ready)
    ready.issue(LIQUIDATION)
    assert ready.engine.begin_liquidation(LIQUIDATION).code == "NOT_HALTED"
    ready.fill(ready.engine.submit(sell("exit", 4)).order, 4)
    ready.raise_halt("account", 1)
    assert ready.engine.begin_liquidation(LIQUIDATION).code == "BOOK_CHANGED"


def test_liquidation_when_it_ends_with_orders_working_then_they_are_cancelled(ready: EngineUnderTest) -> None:
    held(ready)
    ready.raise_halt("account", 1)
    ready.issue(LIQUIDATION)
    assert ready.engine.begin_liquidation(LIQUIDATION).ok
    assert ready.engine.liquidate(LIQUIDATION, sell("liq")).ok
    ready.engine.end_liquidation(LIQUIDATION)
    assert [item.state for item in ready.engine.read().orders if item.client_id == "liq"] == ["cancelled"]


def test_read_from_many_threads_then_each_is_answered(ready: EngineUnderTest) -> None:
    with ThreadPoolExecutor(6) as pool:
        states = list(pool.map(lambda _: ready.engine.read(), range(30)))
    assert {state.gate.policy_version for state in states} == {1}


def test_newest_when_a_later_reading_fails_then_the_last_one_with_the_reason(ready: EngineUnderTest) -> None:
    live = ready.engine.read()
    ready.stop()
    with pytest.raises(EngineUnavailable) as caught:
        ready.engine.read()
    assert ready.engine.newest() == Reading(live, caught.value.message)


def test_any_call_when_stopped_then_unavailable_with_the_next_command(ready: EngineUnderTest) -> None:
    ready.stop()
    for call in (ready.engine.read, ready.engine.adopt, lambda: ready.engine.submit(buy("c9"))):
        with pytest.raises(EngineUnavailable) as caught:
            call()
        assert caught.value.hint == "gt risk service status"


def test_history_then_the_newest_closes_up_to_the_market_clock(ready: EngineUnderTest) -> None:
    (session, close), *_ = ready.engine.history("AAPL", 1)
    assert (session, close) == (ready.engine.read().market_time, MARKS["AAPL"])


def test_history_when_the_symbol_is_unknown_or_none_is_asked_then_empty(ready: EngineUnderTest) -> None:
    assert list(ready.engine.history("NOSUCH", 5)) == []
    assert list(ready.engine.history("AAPL", 0)) == []
