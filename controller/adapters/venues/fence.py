"""The venue's own fence, behind the gate's: what its mode and a strategy's status let through."""

from collections.abc import Mapping

from controller.gate.venue import VenueBook, VenueOrder

OPEN, REDUCING, CLOSED = 0, 1, 2
_MODES = {"normal": OPEN, "pause-new-orders": REDUCING, "halt-trading": CLOSED, "halt-all": CLOSED}
_STATUSES = {"active": OPEN, "paused": REDUCING, "halted": CLOSED}


def mode_level(mode: str) -> int:
    """Level of a trading mode; ValueError when there is no such mode."""
    return _level(_MODES, mode, "trading mode")


def status_level(status: str) -> int:
    """Level of a strategy status; ValueError when there is no such status."""
    return _level(_STATUSES, status, "strategy status")


def level(book: VenueBook, uid: str) -> int:
    """OPEN, REDUCING (only orders that reduce a position) or CLOSED.

    A strategy whose status was never set counts as active here: which strategies exist is the gate's to know.
    """
    return max(mode_level(book.mode), status_level(book.statuses.get(uid, "active")))


def level_for(book: VenueBook, order: VenueOrder) -> int:
    """Level for one order; a liquidation that has begun passes every fence, reducing only."""
    if book.liquidations.get(order.ticket) == "begun":
        return REDUCING
    return level(book, order.uid)


def no_room(book: VenueBook, order: VenueOrder, keeps: Mapping[str, int]) -> str:
    """Why ``keeps`` gives ``order`` no room; empty when each is an open exit beside it and keeps less than it has."""
    for name, kept in keeps.items():
        held = book.orders.get(name)
        if held is None or (held.uid, held.symbol, held.side) != (order.uid, order.symbol, order.side):
            return f"order {name} is not open on the same side of {order.symbol}"
        if not 0 <= kept < held.quantity - held.filled:
            return f"order {name} cannot keep {kept} of {held.quantity - held.filled} shares"
    return ""


def reducible(book: VenueBook, uid: str, symbol: str, side: int, keeps: Mapping[str, int]) -> int:
    """Shares that a new order of ``side`` may still take off the position: position minus working exits, each with
    what it ``keeps``."""
    holding = book.holdings.get((uid, symbol))
    position = holding.quantity if holding else 0
    if position * side >= 0:
        return 0
    working = sum(
        keeps.get(order.order, order.quantity - order.filled)
        for order in book.orders.values()
        if (order.uid, order.symbol, order.side) == (uid, symbol, side)
    )
    return max(0, abs(position) - working)


def _level(table: dict[str, int], value: str, what: str) -> int:
    if value not in table:
        raise ValueError(f"{value!r} is no {what}; known: {', '.join(table)}")
    return table[value]
