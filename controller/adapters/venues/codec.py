"""The venue's books as JSON values and back."""

from array import array
from collections import deque
from typing import Any

from controller.adapters.venues.ledger import Books
from controller.gate.label import Label
from controller.gate.venue import (
    KEPT_FILLS,
    Fill,
    Holding,
    Ledger,
    LoggedFill,
    LoggedShadow,
    Shadow,
    VenueBook,
    VenueOrder,
)

_ORDER = tuple(VenueOrder.__slots__)


def order_out(order: VenueOrder) -> list[Any]:
    """An order as the list of its fields."""
    return [getattr(order, name) for name in _ORDER]


def order_in(values: list[Any]) -> VenueOrder:
    """The order of such a list; one written before a field existed has its default."""
    order = VenueOrder(**dict(zip(_ORDER, values, strict=False)))
    order.label = Label(*order.label)
    return order


def books_out(books: Books) -> dict[str, Any]:
    """Everything but marks and volatility, which follow from the feed and the session."""
    book = books.book
    return {
        "id": book.id,
        "cash": book.cash,
        "initial": books.initial,
        "seq": books.seq,
        "session": book.session,
        "time": book.market_time,
        "mode": book.mode,
        "statuses": book.statuses,
        "accepted": book.accepted,
        "liquidations": book.liquidations,
        "orders": [order_out(order) for order in book.orders.values()],
        "closed": [order_out(order) for order in book.closed],
        "fills": [[list(item.fill), *item[1:]] for item in book.fills],
        "holdings": [
            [
                uid,
                symbol,
                books.costs[uid, symbol],
                held.quantity,
                held.entry,
                held.realized,
                held.opened_market,
                held.label,
            ]
            for (uid, symbol), held in book.holdings.items()
        ],
        "ledgers": {
            uid: [ledger.realized, ledger.fees, ledger.wins, ledger.losses, ledger.last_trade_ns]
            for uid, ledger in book.ledgers.items()
        },
        "shadows": [[item.seq, *item.shadow] for item in book.shadows],
        "spans": [[*test, *span] for test, span in book.spans.items()],
        "forgotten": books.forgotten.tobytes().hex(),
    }


def books_in(values: dict[str, Any]) -> Books:
    """The books of :func:`books_out`."""
    book = VenueBook(
        id=values.get("id", ""),
        cash=values["cash"],
        market_time=values["time"],
        session=values["session"],
        mode=values["mode"],
        statuses=values["statuses"],
        accepted=values["accepted"],
        liquidations=values.get("liquidations", {}),
        orders={order.order: order for order in map(order_in, values["orders"])},
        closed=[order_in(item) for item in values["closed"]],
        fills=deque((_logged(item) for item in values.get("fills", [])), KEPT_FILLS),
        shadows=deque((LoggedShadow(seq, Shadow(*item)) for seq, *item in values.get("shadows", [])), KEPT_FILLS),
        spans={(uid, test, epoch): (first, last) for uid, test, epoch, first, last in values.get("spans", [])},
        ledgers={uid: Ledger(*item) for uid, item in values["ledgers"].items()},
    )
    books = Books(book, seq=values["seq"], initial=values["initial"])
    for uid, symbol, cost, *held in values["holdings"]:
        book.holdings[uid, symbol] = Holding(*held[:4], *(Label(*label) for label in held[4:]))
        books.costs[uid, symbol] = cost
    books.clients = {(order.uid, order.client_id): order for order in [*book.closed, *book.orders.values()]}
    books.forgotten = array("Q", bytes.fromhex(values["forgotten"]))
    return books


def _logged(values: list[Any]) -> LoggedFill:
    """A fill with its label; one written before there were labels is flat."""
    if isinstance(values[0], list):
        fill, position, at_ns, label = values
        return LoggedFill(Fill(*fill), position, at_ns, Label(*label))
    *flat, position, at_ns = values
    return LoggedFill(Fill(*flat), position, at_ns)
