"""The venue's books: how an accepted order, a fill and a closing change them. Exact in micro-dollars.

Always: cash = initial cash - sum of open costs + sum of realised - sum of fees.
"""

from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.adapters.venues.keyed import identity
from controller.gate.label import Label
from controller.gate.venue import (
    Closed,
    Fill,
    Holding,
    Ledger,
    LoggedFill,
    LoggedShadow,
    Shadow,
    VenueBook,
    VenueOrder,
)

KEPT_CLOSED = 200


@dataclass(slots=True)
class Books:
    """The public book and what the venue needs besides it.

    ``costs``: what the open shares of (uid, symbol) cost, negative for shorts. ``clients``: (uid, client id) to the
    order, open or among the kept closed ones; ``forgotten``: sorted identities of all older ones.
    ``seq``: number of the last fill.
    """

    book: VenueBook = field(default_factory=VenueBook)
    costs: dict[tuple[str, str], int] = field(default_factory=dict)
    clients: dict[tuple[str, str], VenueOrder] = field(default_factory=dict)
    forgotten: "array[int]" = field(default_factory=lambda: array("Q"))
    seq: int = 0
    initial: int = 0

    def used_before(self, uid: str, client_id: str) -> bool:
        """Whether a forgotten order had this client id (a false yes once in 2^64 / orders)."""
        return _found(self.forgotten, identity(uid, client_id))


def accept(books: Books, order: VenueOrder, keeps: Mapping[str, int]) -> None:
    """Enter ``order``, which is the books' own from now on, as a working order, after what gives way to it."""
    for name, kept in keeps.items():
        _give_way(books, name, kept)
    order.state, order.filled, order.average = "working", 0, 0
    books.book.orders[order.order] = order
    books.clients[order.uid, order.client_id] = order
    books.book.accepted += 1


def close(books: Books, closed: Closed) -> None:
    """Move an open order to the closed ones, forgetting the oldest beyond ``KEPT_CLOSED``."""
    book = books.book
    order = book.orders.pop(closed.order)
    order.state = closed.state
    book.closed.append(order)
    while len(book.closed) > KEPT_CLOSED:
        oldest = book.closed.pop(0)
        del books.clients[oldest.uid, oldest.client_id]
        _insert(books.forgotten, identity(oldest.uid, oldest.client_id))


def fill(books: Books, done: Fill, wall_ns: int) -> None:
    """Book one execution: order, cash, holding, ledger."""
    book = books.book
    order = book.orders[done.order]
    order.average = (order.average * order.filled + done.price * done.quantity) // (order.filled + done.quantity)
    order.filled += done.quantity
    book.cash -= done.side * done.quantity * done.price + done.fee
    ledger = book.ledgers.setdefault(done.uid, Ledger())
    ledger.fees += done.fee
    ledger.last_trade_ns = wall_ns
    books.seq = done.seq
    before = book.holdings.get((done.uid, done.symbol))
    label = before.label if before else order.label
    _hold(books, ledger, done, order.label)
    held = book.holdings.get((done.uid, done.symbol))
    book.fills.append(LoggedFill(done, held.quantity if held else 0, wall_ns, label))


def note(books: Books, shadow: Shadow) -> None:
    """Keep a session of a paired test; the caller has seen that it is newer than the last."""
    book, test = books.book, shadow[:3]
    seq = book.shadows[-1].seq + 1 if book.shadows else 1
    book.shadows.append(LoggedShadow(seq, shadow))
    first, _ = book.spans.get(test, (shadow.market_time, ""))
    book.spans[test] = (first, shadow.market_time)


def _give_way(books: Books, name: str, kept: int) -> None:
    """Leave an open order ``kept`` of its open shares; without any it is cancelled."""
    order = books.book.orders[name]
    if kept:
        order.quantity = order.filled + kept
    else:
        close(books, Closed(name, "cancelled"))


def _hold(books: Books, ledger: Ledger, done: Fill, label: Label) -> None:
    """Close what the fill reduces, then open with what is left of it."""
    key = (done.uid, done.symbol)
    holding = books.book.holdings.setdefault(key, Holding())
    closing = min(done.quantity, abs(holding.quantity)) if holding.quantity * done.side < 0 else 0
    if closing:
        _reduce(books, ledger, holding, done, closing)
    opening = done.quantity - closing
    if opening:
        if not holding.quantity:
            holding.opened_market, holding.realized, holding.label = done.market_time, 0, label
        holding.quantity += done.side * opening
        books.costs[key] = books.costs.get(key, 0) + done.side * opening * done.price
        holding.entry = books.costs[key] // holding.quantity
    if not holding.quantity:
        del books.book.holdings[key]


def _reduce(books: Books, ledger: Ledger, holding: Holding, done: Fill, closing: int) -> None:
    key = (done.uid, done.symbol)
    released = books.costs[key] * closing // abs(holding.quantity)
    gained = -done.side * closing * done.price - released
    holding.quantity += done.side * closing
    holding.realized += gained
    ledger.realized += gained
    books.costs[key] -= released
    if not holding.quantity:
        del books.costs[key]
        ledger.wins += holding.realized > 0
        ledger.losses += holding.realized < 0


def _found(values: "array[int]", value: int) -> bool:
    place = bisect_left(values, value)
    return place < len(values) and values[place] == value


def _insert(values: "array[int]", value: int) -> None:
    values.insert(bisect_left(values, value), value)
