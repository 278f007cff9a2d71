"""The venue's own fence, behind the gate's: what its mode and a strategy's status let through."""

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


def reducible(book: VenueBook, uid: str, symbol: str, side: int) -> int:
    """Shares that a new order of ``side`` may still take off the position: position minus working exits."""
    holding = book.holdings.get((uid, symbol))
    position = holding.quantity if holding else 0
    if position * side >= 0:
        return 0
    working = sum(
        order.quantity - order.filled
        for order in book.orders.values()
        if (order.uid, order.symbol, order.side) == (uid, symbol, side)
    )
    return max(0, abs(position) - working)


def _level(table: dict[str, int], value: str, what: str) -> int:
    if value not in table:
        raise ValueError(f"{value!r} is no {what}; known: {', '.join(table)}")
    return table[value]
