"""The paper venue's own record, replayed from a copy of its journal: what it accepted, holds and has working."""

import shutil
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from controller.adapters.venues import codec
from controller.adapters.venues.durability import Journal
from controller.adapters.venues.ledger import Books
from controller.adapters.venues.records import apply
from controller.marketdata.feed import load_feed


class Held(NamedTuple):
    """What must be the same after a crash: money in micro-dollars, shares by (uid, symbol), working orders, fees."""

    cash: int
    positions: dict[tuple[str, str], tuple[int, int]]
    working: tuple[str, ...]
    fees: dict[str, int]
    accepted: int


def books(home: Path) -> Books:
    """The books of ``home``; the gate may go on meanwhile, a copy that its snapshot cut through is made again."""
    while True:
        with tempfile.TemporaryDirectory(prefix="gt") as folder:
            copy = Path(folder) / "engine"
            try:
                shutil.copytree(home / "engine", copy)
                return _replayed(copy)
            except (shutil.Error, FileNotFoundError):
                continue


def _replayed(folder: Path) -> Books:
    found, sessions = [Books()], load_feed().sessions

    def restore(state: dict[str, Any]) -> None:
        found[0] = codec.books_in(state)

    journal = Journal(folder)
    journal.recover(restore, lambda record: apply(found[0], record, sessions))
    journal.close()
    return found[0]


def held(books: Books) -> Held:
    """What of ``books`` no restart may change."""
    book = books.book
    return Held(
        cash=book.cash,
        positions={key: (holding.quantity, holding.entry) for key, holding in book.holdings.items()},
        working=tuple(sorted(book.orders)),
        fees={uid: ledger.fees for uid, ledger in book.ledgers.items()},
        accepted=book.accepted,
    )


def newest_order_ns(books: Books) -> int:
    """When the newest order was submitted, Unix nanoseconds; 0 without any."""
    orders = [*books.book.orders.values(), *books.book.closed]
    return max((order.submitted_ns for order in orders), default=0)
