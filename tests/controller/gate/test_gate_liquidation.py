"""Orders that only end positions: exits that a person asks for, and a liquidation under its ticket."""

import time
from typing import Any

import pytest

from controller.gate import exits
from controller.gate.answer import Answer
from controller.gate.desk import Desk
from controller.gate.handlers import handle
from controller.gate.sentinel import Sentinel
from controller.gate.verdicts import Code
from controller.latch.raising import Raised
from controller.latch.ticket import TICKET_LIMIT_NS, Ticket, book_digest
from schemas.desired import StrategyStatus
from tests.support.gates import ANN, BEA, CID, DOLLAR, MARKS, Home, Rig, make_policy, order
from tests.support.venue import MemoryVenue

ID, OTHER_ID = "1" * 32, "2" * 32
PAUSE, FREEZE, HALT = 1, 2, 3
BOOK = ((ANN, "AAPL", 100), (BEA, "MSFT", -40), (CID, "XOM", 10))
"""What is held; no policy names CID."""


@pytest.fixture
def rig(home: Home) -> Rig:
    venue = MemoryVenue(100_000 * DOLLAR, MARKS)
    for uid, symbol, quantity in BOOK:
        venue.hold(uid, symbol, quantity)
    return Rig(home, make_policy(), venue=venue)


class Case:
    """A halted book with a ticket; every test takes one thing away."""

    def __init__(self, rig: Rig, mode: int = HALT) -> None:
        self.rig = rig
        self.halt: Raised = rig.home.halt(mode=mode)
        self.issue()

    def issue(self, id: str = ID, seconds: float = 60.0, book: tuple[tuple[str, str, int], ...] = BOOK) -> None:
        expires = self.rig.time.boot + int(seconds * 1e9)
        self.rig.home.permit.set_ticket(Ticket(id, book_digest(book)[:24], expires))
        self.rig.refresh()

    def begin(self, id: str = ID) -> str:
        """The code of the refusal, empty when it has begun."""
        refused = exits.begin(self.rig.desk, id)
        return refused.code if refused is not None else ""

    def sell(self, symbol: str = "AAPL", quantity: int = 100, uid: str = ANN, id: str = ID, **more: Any) -> Answer:
        return exits.liquidate(self.rig.desk, id, order(symbol, "sell", quantity, uid, **more))

    def working(self) -> list[str]:
        return [item.symbol for item in self.rig.venue.book().orders.values()]


@pytest.fixture
def case(rig: Rig) -> Case:
    return Case(rig)


def begun(rig: Rig) -> Case:
    case = Case(rig)
    assert case.begin() == ""
    return case


@pytest.mark.parametrize("mode", [PAUSE, FREEZE, HALT])
def test_begin_when_ticket_halt_and_book_agree_then_flattens_under_each_mode(rig: Rig, mode: int) -> None:
    case = Case(rig, mode)
    assert case.begin() == ""
    answers = [case.sell(), case.sell("XOM", 10, CID), exits.liquidate(rig.desk, ID, order("MSFT", "buy", 40, BEA))]
    assert [answer.code for answer in answers] == ["", "", ""]
    assert [(item.ticket, item.reduce_only) for item in rig.venue.submitted] == [(ID, True)] * 3


def test_begin_then_cancels_what_works(rig: Rig) -> None:
    rig.submit("AAPL", "sell", 30)
    case = Case(rig, PAUSE)
    assert case.working() == ["AAPL"]
    assert case.begin() == ""
    assert case.working() == []


def test_begin_when_no_account_halt_is_open_then_refused(rig: Rig) -> None:
    case = Case(rig)
    rig.home.release(case.halt)
    rig.home.halt(f"strategy:{ANN}")
    rig.refresh()
    assert case.begin() == Code.NOT_HALTED


def test_begin_when_the_latch_cannot_be_read_then_refused(case: Case) -> None:
    case.rig.home.raise_path.unlink()
    case.rig.refresh()
    assert case.begin() == Code.LATCH_ANOMALY


def test_begin_when_the_ticket_is_of_another_liquidation_then_refused(case: Case) -> None:
    assert case.begin(OTHER_ID) == Code.NO_TICKET


def test_begin_when_there_is_no_ticket_then_refused(case: Case) -> None:
    case.rig.home.permit.set_ticket(None)
    case.rig.refresh()
    assert case.begin() == Code.NO_TICKET


@pytest.mark.parametrize("seconds", [-1.0, 0.0, TICKET_LIMIT_NS / 1e9 + 1])
def test_begin_when_the_ticket_has_run_out_or_lasts_too_long_then_refused(case: Case, seconds: float) -> None:
    case.issue(seconds=seconds)
    assert case.begin() == Code.TICKET_EXPIRED


def test_begin_when_the_book_is_not_the_signed_one_then_refused(case: Case) -> None:
    case.issue(book=BOOK[:2])
    assert case.begin() == Code.BOOK_CHANGED


def test_begin_when_begun_before_then_refused_also_after_a_restart_of_the_gate(rig: Rig) -> None:
    case = begun(rig)
    assert case.begin() == Code.TICKET_SPENT
    case.rig = Rig(rig.home, venue=rig.venue)
    assert case.begin() == Code.TICKET_SPENT


def test_begin_when_ended_then_refused(rig: Rig) -> None:
    case = begun(rig)
    exits.end(rig.desk, ID)
    assert case.begin() == Code.TICKET_SPENT


def test_order_when_not_begun_then_denied(case: Case) -> None:
    assert case.sell().code == Code.TICKET_SPENT


def test_order_when_ended_then_denied_and_what_works_is_cancelled(rig: Rig) -> None:
    case = begun(rig)
    assert case.sell(quantity=60).ok
    exits.end(rig.desk, ID)
    assert case.working() == []
    assert case.sell(quantity=40).code == Code.TICKET_SPENT


def test_order_when_the_halt_is_resumed_then_denied_and_what_works_is_cancelled(rig: Rig) -> None:
    case = begun(rig)
    assert case.sell(quantity=60).ok
    rig.home.release(case.halt)
    rig.refresh()
    rig.desk.enforce()
    assert case.working() == []
    assert case.sell(quantity=40).code == Code.NOT_HALTED


def test_order_when_the_ticket_runs_out_then_denied_and_what_works_is_cancelled(rig: Rig) -> None:
    case = begun(rig)
    assert case.sell(quantity=60).ok
    rig.time.forward(61)
    rig.desk.enforce()
    assert case.working() == []
    assert case.sell(quantity=40).code == Code.TICKET_EXPIRED


def test_order_when_the_ticket_is_taken_back_then_denied(rig: Rig) -> None:
    case = begun(rig)
    rig.home.permit.set_ticket(None)
    rig.refresh()
    assert case.sell().code == Code.NO_TICKET


def test_order_when_the_latch_cannot_be_read_then_denied(rig: Rig) -> None:
    case = begun(rig)
    rig.home.raise_path.unlink()
    rig.refresh()
    rig.time.forward(0.1)
    assert case.sell().code == Code.LATCH_ANOMALY


@pytest.mark.parametrize(
    ("symbol", "side", "quantity"), [("AAPL", "sell", 101), ("AAPL", "buy", 1), ("MSFT", "sell", 1), ("JPM", "sell", 1)]
)
def test_order_when_it_does_not_only_reduce_then_denied(rig: Rig, symbol: str, side: str, quantity: int) -> None:
    begun(rig)
    assert exits.liquidate(rig.desk, ID, order(symbol, side, quantity)).code == Code.REDUCE_ONLY


def test_orders_when_they_add_up_to_more_than_is_open_then_the_last_is_denied(rig: Rig) -> None:
    case = begun(rig)
    assert case.sell(quantity=60).ok
    answer = case.sell(quantity=41)
    assert (answer.code, answer.headroom) == (Code.REDUCE_ONLY, 40)


def test_order_when_not_at_market_then_denied(rig: Rig) -> None:
    case = begun(rig)
    assert case.sell(type="limit", limit=90 * DOLLAR).code == Code.INVALID_ORDER


def test_order_when_repeated_then_sent_once(rig: Rig) -> None:
    begun(rig)
    sent = order("AAPL", "sell", 100)
    first, again = exits.liquidate(rig.desk, ID, sent), exits.liquidate(rig.desk, ID, sent)
    assert (first.order, again.ok) == (again.order, True)
    assert len(rig.venue.submitted) == 1


def test_a_new_halt_and_a_scope_cancel_pass_over_a_liquidation(rig: Rig) -> None:
    case = begun(rig)
    assert case.sell().ok
    rig.home.halt()
    rig.refresh()
    assert rig.desk.enforce() == {}
    assert rig.desk.cancel_scope("account") == {}
    assert case.working() == ["AAPL"]


def test_a_restarted_gate_goes_on_with_what_has_begun(rig: Rig) -> None:
    case = begun(rig)
    assert case.sell(quantity=60).ok
    case.rig = Rig(rig.home, venue=rig.venue)
    assert case.rig.desk.enforce() == {}
    assert case.sell(quantity=40).ok


def test_an_ordinary_order_never_passes_by_a_ticket(rig: Rig) -> None:
    begun(rig)
    assert rig.submit("AAPL", "sell", 10).code == Code.TRADING_HALTED
    assert rig.desk.submit({**order("AAPL", "sell", 10), "ticket": ID}).code == Code.INVALID_ORDER


def test_end_when_never_begun_then_marks_nothing(case: Case) -> None:
    exits.end(case.rig.desk, ID)
    assert case.begin() == ""


def test_exit_when_it_reduces_then_passes_under_pause_and_not_under_a_freeze(rig: Rig) -> None:
    rig.home.halt(mode=PAUSE)
    assert exits.submit_exit(rig.desk, order("AAPL", "sell", 10)).ok
    rig.home.halt(mode=FREEZE)
    assert exits.submit_exit(rig.desk, order("AAPL", "sell", 10)).code == Code.TRADING_HALTED


@pytest.mark.parametrize(("symbol", "side"), [("JPM", "sell"), ("AAPL", "buy")])
def test_exit_when_nothing_is_reduced_then_denied_though_an_entry_would_pass(rig: Rig, symbol: str, side: str) -> None:
    sent = order(symbol, side, 10)
    assert exits.submit_exit(rig.desk, sent).code == Code.REDUCE_ONLY
    assert rig.desk.submit(sent).ok


def test_exit_when_the_strategy_is_halted_then_denied(home: Home) -> None:
    venue = MemoryVenue(100_000 * DOLLAR, MARKS)
    venue.hold(ANN, "AAPL", 10)
    rig = Rig(home, make_policy(statuses={ANN: StrategyStatus.HALTED}), venue=venue)
    assert exits.submit_exit(rig.desk, order("AAPL", "sell", 10)).code == Code.STRATEGY_HALTED


def test_socket_steps_answer_as_they_are_written_down(case: Case) -> None:
    sentinel = Sentinel(case.rig.desk, lambda _scope, _mode, _reason: 0)
    look = handle(sentinel, {"op": "liquidation", "step": "look"})
    assert (look["ticket"]["id"], look["liquidations"]) == (ID, {})
    assert handle(sentinel, {"op": "liquidation", "step": "begin", "id": OTHER_ID})["code"] == Code.NO_TICKET
    assert handle(sentinel, {"op": "liquidation", "step": "begin", "id": ID})["ok"]
    sold = handle(sentinel, {"op": "liquidation", "step": "order", "id": ID, "order": order("AAPL", "sell", 1)})
    assert sold["ok"]
    assert handle(sentinel, {"op": "liquidation", "step": "end", "id": ID})["cancelled"] == {ANN: 1}
    assert handle(sentinel, {"op": "liquidation", "step": "look"})["liquidations"] == {ID: "ended"}
    assert not handle(sentinel, {"op": "liquidation", "step": "begin", "id": "x"})["ok"]
    assert not handle(sentinel, {"op": "liquidation", "step": "repeat", "id": ID})["ok"]
    assert handle(sentinel, {"op": "exit", "order": order("JPM", "sell", 1)})["code"] == Code.TRADING_HALTED


def test_desk_without_a_ticket_claims_nothing(rig: Rig) -> None:
    fresh = Desk(rig.venue, rig.desk.authority, rig.time.clocks())
    assert fresh.claim(ID).ticket is None
    assert time.clock_gettime_ns(time.CLOCK_BOOTTIME) >= fresh.claim(ID).now
