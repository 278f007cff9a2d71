"""The venue's own fence: what its mode and statuses let through, and what can still be reduced."""

import pytest

from controller.adapters.venues import fence
from controller.gate.venue import Holding, VenueBook, VenueOrder

UID, OTHER = "a" * 32, "b" * 32


@pytest.mark.parametrize(
    ("mode", "status", "level"),
    [
        ("normal", "active", fence.OPEN),
        ("normal", "paused", fence.REDUCING),
        ("normal", "halted", fence.CLOSED),
        ("pause-new-orders", "active", fence.REDUCING),
        ("pause-new-orders", "halted", fence.CLOSED),
        ("halt-trading", "active", fence.CLOSED),
        ("halt-all", "paused", fence.CLOSED),
    ],
)
def test_level_then_the_stricter_of_mode_and_status(mode: str, status: str, level: int) -> None:
    book = VenueBook(mode=mode, statuses={UID: status})
    assert fence.level(book, UID) == level
    assert fence.level(book, OTHER) == fence.mode_level(mode)


def test_reducible_then_position_less_working_exits_of_the_same_strategy_and_symbol() -> None:
    book = VenueBook(holdings={(UID, "AAA"): Holding(100), (OTHER, "AAA"): Holding(-50)})
    assert fence.reducible(book, UID, "AAA", -1, {}) == 100
    assert fence.reducible(book, UID, "AAA", 1, {}) == 0
    assert fence.reducible(book, OTHER, "AAA", 1, {}) == 50
    book.orders["g1"] = VenueOrder("g1", "c1", UID, "AAA", -1, 70, filled=10)
    book.orders["g2"] = VenueOrder("g2", "c2", UID, "BBB", -1, 70)
    book.orders["g3"] = VenueOrder("g3", "c3", OTHER, "AAA", -1, 70)
    assert fence.reducible(book, UID, "AAA", -1, {}) == 40
    book.orders["g4"] = VenueOrder("g4", "c4", UID, "AAA", -1, 70)
    assert fence.reducible(book, UID, "AAA", -1, {}) == 0
    assert fence.reducible(book, UID, "AAA", -1, {"g1": 0, "g4": 30}) == 70


@pytest.mark.parametrize(
    ("name", "kept", "problem"),
    [
        ("g1", 0, ""),
        ("g1", 59, ""),
        ("g1", 60, "cannot keep"),
        ("g1", -1, "cannot keep"),
        ("g2", 0, "not open on the same side"),
        ("g9", 0, "not open on the same side"),
    ],
)
def test_no_room_then_only_an_open_order_beside_it_may_give_way_and_only_less(
    name: str, kept: int, problem: str
) -> None:
    book = VenueBook(orders={"g1": VenueOrder("g1", "c1", UID, "AAA", -1, 70, filled=10)})
    book.orders["g2"] = VenueOrder("g2", "c2", OTHER, "AAA", -1, 70)
    found = fence.no_room(book, VenueOrder("g3", "c3", UID, "AAA", -1, 70), {name: kept})
    assert problem in found if problem else found == ""


def test_level_for_an_order_of_a_liquidation_that_has_begun_then_reducing_whatever_holds() -> None:
    book = VenueBook(mode="halt-all", statuses={UID: "halted"}, liquidations={"1" * 32: "begun", "2" * 32: "ended"})
    order = VenueOrder("g1", "c1", UID, "AAA", -1, 10)
    assert fence.level_for(book, order) == fence.CLOSED
    for ticket, level in (("1" * 32, fence.REDUCING), ("2" * 32, fence.CLOSED), ("3" * 32, fence.CLOSED)):
        order.ticket = ticket
        assert fence.level_for(book, order) == level
