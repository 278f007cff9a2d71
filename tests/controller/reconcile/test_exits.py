"""``portfolio close`` and ``portfolio stop``: only ever reducing, always through the gate, always audited."""

import pytest

from controller.adapters.clock import ManualClock
from controller.adapters.engines.memory import MemoryEngine
from controller.adapters.store.memory import MemoryStore
from controller.core.plan.edits import BadArgument
from controller.engine_ports import Order
from controller.errors import StoreUnavailable
from controller.reconcile.exits import Exits, NothingHeld
from schemas.audit import AuditEntry
from schemas.desired import StrategyStatus, TradingMode
from schemas.policy import Snapshot
from tests.support.gates import ANN, BEA, DOLLAR, MARKS, make_policy


class Desk:
    """ANN is long 100 AAPL, BEA short 40; nothing else is held."""

    def __init__(self, mode: TradingMode = TradingMode.NORMAL) -> None:
        self.clock, self.store = ManualClock(), MemoryStore()
        self.engine = MemoryEngine(self.clock)
        self.engine.prices.update(MARKS)
        policy = make_policy(mode=mode)
        self.engine.offer(Snapshot(version=1, fence=1, book="b" * 32, environment="paper", policies=(policy,)))
        self.engine.adopt()
        for uid, quantity in ((ANN, 100), (BEA, -40)):
            self.engine.set_venue_status(uid, StrategyStatus.ACTIVE)
            self.engine.set_position(uid, "AAPL", quantity, 90 * DOLLAR)
        self.exits = Exits(self.engine, self.store, self.clock)

    def working(self) -> list[tuple[str, str, int, int]]:
        found = [item for item in self.engine.orders.values() if item.state == "working"]
        return [(item.uid, item.side, item.quantity, item.price) for item in found]

    def audited(self) -> list[AuditEntry]:
        return [record.entry for record in self.store.audit(event="portfolio", limit=10)][::-1]


def test_close_then_every_strategys_position_and_audited_around() -> None:
    desk = Desk()
    exits = desk.exits.close("AAPL", "op", "enough", 0.0)
    assert [item.answer.ok for item in exits] == [True, True]
    assert desk.working() == [(ANN, "sell", 100, 0), (BEA, "buy", 40, 0)]
    assert [(item.kind, item.actor, item.reason, item.outcome) for item in desk.audited()] == [
        ("intent", "op", "enough", ""),
        ("outcome", "op", "enough", "done"),
    ]
    assert "AAPL at market" in desk.audited()[0].details


def test_close_when_something_works_in_the_symbol_then_cancelled_first() -> None:
    desk = Desk()
    assert desk.engine.submit(Order(ANN, "AAPL", "sell", 60, "own")).ok
    assert desk.engine.submit(Order(ANN, "MSFT", "buy", 1, "other")).ok
    desk.exits.close("AAPL", "op", "", 0.0)
    assert (ANN, "sell", 100, 0) in desk.working()
    assert (ANN, "buy", 1, 0) in desk.working()
    assert (ANN, "sell", 60, 0) not in desk.working()


def test_close_when_the_gate_refuses_then_its_reason_and_nothing_works() -> None:
    desk = Desk(TradingMode.HALT_TRADING)
    exits = desk.exits.close("AAPL", "op", "", 0.0)
    assert [item.answer.code for item in exits] == ["TRADING_HALTED"] * 2
    assert (desk.working(), desk.audited()[-1].outcome) == ([], "refused")
    assert "TRADING_HALTED" in desk.audited()[-1].details


def test_close_when_paused_then_passes() -> None:
    assert all(item.answer.ok for item in Desk(TradingMode.PAUSE_NEW_ORDERS).exits.close("AAPL", "op", "", 0.0))


def test_close_when_nothing_is_held_then_says_so_and_audits_nothing() -> None:
    desk = Desk()
    with pytest.raises(NothingHeld, match="MSFT"):
        desk.exits.close("MSFT", "op", "", 0.0)
    assert desk.audited() == []


def test_close_when_the_store_is_down_then_nothing_is_sent() -> None:
    desk = Desk()
    desk.store.fail("gone")
    with pytest.raises(StoreUnavailable):
        desk.exits.close("AAPL", "op", "", 0.0)
    assert desk.working() == []


def test_stop_then_works_below_a_long_and_a_second_one_moves_it() -> None:
    desk = Desk()
    desk.engine.set_position(BEA, "AAPL", 0, 0)
    desk.exits.stop("AAPL", 80 * DOLLAR, "op", "")
    assert desk.working() == [(ANN, "sell", 100, 80 * DOLLAR)]
    desk.exits.stop("AAPL", 85 * DOLLAR, "op", "")
    assert desk.working() == [(ANN, "sell", 100, 85 * DOLLAR)]


def test_stop_when_the_strategys_own_exit_works_then_that_one_stays() -> None:
    desk = Desk()
    desk.engine.set_position(BEA, "AAPL", 0, 0)
    assert desk.engine.submit(Order(ANN, "AAPL", "sell", 60, "own")).ok
    exits = desk.exits.stop("AAPL", 80 * DOLLAR, "op", "")
    assert [item.answer.code for item in exits] == ["REDUCE_ONLY"]
    assert desk.working() == [(ANN, "sell", 60, 0)]


@pytest.mark.parametrize(("held", "price"), [(100, 100), (100, 101), (-40, 100), (-40, 99)])
def test_stop_when_it_would_execute_at_once_then_refused_before_anything(held: int, price: int) -> None:
    desk = Desk()
    desk.engine.set_position(ANN, "AAPL", held, 90 * DOLLAR)
    desk.engine.set_position(BEA, "AAPL", 0, 0)
    with pytest.raises(BadArgument, match="at once"):
        desk.exits.stop("AAPL", price * DOLLAR, "op", "")
    assert (desk.working(), desk.audited()) == ([], [])
