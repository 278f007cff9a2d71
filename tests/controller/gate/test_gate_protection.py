"""A person's stop and the strategy's own exit: the exit passes, the stop follows the rest, nothing is sold twice."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.gate import protection
from controller.gate.answer import Answer
from controller.gate.exits import submit_exit
from controller.gate.verdicts import Code
from tests.support.gates import ANN, BEA, DOLLAR, MARKS, Home, Rig, make_policy, order
from tests.support.venue import MemoryVenue

FREEZE = 2
HELD = 100


class Book:
    """ANN is long 100 AAPL, BEA as well."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.venue = MemoryVenue(100_000 * DOLLAR, MARKS)
        for uid in (ANN, BEA):
            self.venue.hold(uid, "AAPL", HELD)
        self.rig = Rig(self.home, make_policy(), venue=self.venue)
        self.made = 0

    def stop(self, quantity: int = HELD, price: int = 80, uid: str = ANN) -> Answer:
        self.made += 1
        name = f"{protection.STOP}{self.made}"
        wish = order(side="sell", quantity=quantity, uid=uid, client_id=name, type="stop", stop=price * DOLLAR)
        return submit_exit(self.rig.desk, wish)

    def stop_beside(self, quantity: int) -> Answer:
        """A second stop that takes no other's place, as an earlier release could leave it."""
        wish = order(side="sell", quantity=quantity, client_id=f"{protection.STOP}x", type="stop", stop=70 * DOLLAR)
        return self.rig.desk.submit(wish)

    def sell(self, quantity: int, **fields: Any) -> Answer:
        self.made += 1
        wish = order(side="sell", quantity=quantity, client_id=f"own-{self.made}", **fields)
        return protection.submit(self.rig.desk, wish)

    def working(self, uid: str = ANN) -> list[tuple[str, int, int]]:
        found = [item for item in self.rig.desk.book.reservations.values() if item.order.uid == uid]
        return sorted((item.order.type, item.remaining, item.order.stop // DOLLAR) for item in found)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path)
    yield made
    made.home.permit.close()


def test_exit_when_a_stop_covers_the_position_then_passes_and_the_stop_covers_the_rest(book: Book) -> None:
    assert book.stop().ok
    assert book.sell(30).ok
    assert book.working() == [("market", 30, 0), ("stop", 70, 80)]


def test_exit_when_it_is_the_whole_position_then_no_stop_is_left(book: Book) -> None:
    assert book.stop().ok
    assert book.sell(HELD).ok
    assert book.working() == [("market", HELD, 0)]


def test_exit_when_too_large_even_without_the_stop_then_denied_and_the_stop_stays(book: Book) -> None:
    first = book.stop()
    assert book.sell(HELD + 1).code == Code.EXIT_TOO_LARGE
    assert list(book.rig.desk.book.reservations) == [first.order]


def test_exit_when_the_strategys_own_exits_leave_no_room_then_denied_as_ever(book: Book) -> None:
    assert book.sell(HELD).ok
    assert book.sell(1).code == Code.EXIT_TOO_LARGE


def test_exit_when_the_stop_is_another_strategys_then_that_one_stays(book: Book) -> None:
    assert book.stop(uid=BEA).ok
    assert book.stop().ok
    assert book.sell(HELD).ok
    assert book.working(BEA) == [("stop", HELD, 80)]


def test_exit_when_frozen_then_denied_and_no_stop_was_moved(book: Book) -> None:
    first = book.stop()
    book.home.halt(mode=FREEZE)
    assert book.sell(10).code == Code.TRADING_HALTED
    assert book.venue.lookup(ANN, f"{protection.STOP}1") is not None
    assert first.ok


def test_exit_when_two_stops_share_the_position_then_the_first_keeps_what_is_left(book: Book) -> None:
    assert book.stop(60).ok
    assert book.stop_beside(40).ok
    assert book.sell(30).ok
    assert book.working() == [("market", 30, 0), ("stop", 10, 70), ("stop", 60, 80)]


def test_exit_when_the_venue_refuses_it_then_the_stop_stays_whole(book: Book) -> None:
    assert book.stop().ok
    book.venue.answers = ["reject"]
    assert book.sell(30).code == Code.VENUE_REJECTED
    assert book.working() == [("stop", HELD, 80)]


def test_stop_when_nobody_knows_of_the_one_before_then_that_one_keeps_its_shares(book: Book) -> None:
    book.venue.answers = ["lost"]
    assert book.stop().code == Code.VENUE_UNKNOWN
    assert not book.stop().ok
    assert book.working() == [("stop", HELD, 80)]


def test_stop_when_a_liquidation_works_then_its_orders_stay(book: Book) -> None:
    assert book.stop().ok
    (item,) = book.rig.desk.book.reservations.values()
    item.order.ticket = "1" * 32
    assert not book.stop().ok
    assert book.working() == [("stop", HELD, 80)]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(["stop", "sell"]), st.integers(1, 120)), max_size=8))
def test_exits_and_stops_in_any_order_then_never_more_than_the_position(steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        book = Book(Path(folder))
        for what, quantity in steps:
            (book.stop if what == "stop" else book.sell)(quantity)
            assert sum(quantity for _, quantity, _ in book.working()) <= HELD
        book.home.permit.close()
