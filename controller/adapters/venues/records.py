"""What each journal record does to the books: the same when it is made and when it is replayed."""

from collections.abc import Sequence
from typing import Any

from controller.adapters.venues import codec, ledger
from controller.adapters.venues.ledger import Books
from controller.gate.venue import Closed, Fill, Shadow, VenueBook


def apply(books: Books, record: dict[str, Any], sessions: Sequence[str]) -> None:
    """Apply one record; ``sessions`` are the feed's dates."""
    book = books.book
    match record["k"]:
        case "init":
            books.initial = book.cash = record["cash"]
            book.session = record["s"]
            book.id = record.get("id", "")
        case "new":
            ledger.accept(books, codec.order_in(record["o"]), record.get("keeps", {}))
        case "cancel":
            ledger.close(books, Closed(record["o"], "cancelled"))
        case "shadow":
            ledger.note(books, Shadow(*record["r"]))
        case "bar":
            book.session, book.market_time = record["s"], sessions[record["s"]]
            _events(books, record["e"], record["w"])
        case _:
            _set(book, record)


def _set(book: VenueBook, record: dict[str, Any]) -> None:
    match record["k"]:
        case "mode":
            book.mode = record["v"]
        case "status":
            book.statuses[record["u"]] = record["v"]
        case "liquidation":
            book.liquidations[record["i"]] = record["v"]


def _events(books: Books, events: list[list[Any]], wall_ns: int) -> None:
    for values in events:
        if len(values) == len(Closed._fields):
            ledger.close(books, Closed(*values))
        else:
            ledger.fill(books, Fill(*values), wall_ns)
