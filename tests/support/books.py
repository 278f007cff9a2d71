"""Gate books for the pure check: positions, working orders and what is known of orders sent before."""

from collections.abc import Mapping
from typing import Any

from controller.gate.book import Book, Reservation
from controller.gate.check import check
from controller.gate.orders import SIDES, OrderRequest, reserve_price
from controller.gate.standing import CLEAR, Standing
from controller.gate.venue import Holding, VenueBook, VenueOrder
from controller.gate.verdicts import Allow, Deny
from schemas.policy import Policy
from tests.support.gates import ANN, DOLLAR, MARKS, compiled, make_policy

NOW = 10**15


def make_book(
    positions: Mapping[tuple[str, str], int] | None = None,
    *,
    equity: int = 100_000 * DOLLAR,
    volatility: Mapping[str, int] | None = None,
    marks: Mapping[str, int] = MARKS,
) -> Book:
    """A book with these holdings by (uid, symbol) and this equity; the price is new at NOW."""
    held = positions or {}
    spent = sum(quantity * marks[symbol] for (_, symbol), quantity in held.items())
    book = Book()
    book.price_ns = NOW
    holdings = {key: Holding(quantity, marks[key[1]]) for key, quantity in held.items()}
    book.load(VenueBook(equity - spent, holdings, marks=dict(marks), volatility=dict(volatility or {})))
    return book


def work(book: Book, name: str, symbol: str, side: str, quantity: int, uid: str = ANN, **terms: Any) -> None:
    """Add a working order at its reserve price."""
    order = VenueOrder(name, name, uid, symbol, SIDES[side], quantity, **terms)
    price = reserve_price(order.side, order.type, order.limit, order.stop, book.marks.get(symbol, 0))
    book.reserve(Reservation(order, price))


def ask(symbol: str = "AAPL", side: str = "buy", quantity: int = 10, uid: str = ANN, **terms: Any) -> OrderRequest:
    """An order request; market unless ``terms`` say otherwise."""
    return OrderRequest(uid, symbol, SIDES[side], quantity, "c", **terms)


def verdict(
    book: Book,
    order: OrderRequest,
    policy: Policy | None = None,
    now: int = NOW,
    standing: Standing = CLEAR,
    **limits: int,
) -> Allow | Deny:
    """What the check says under ``policy``, or under wide limits with these replaced (``order__max_dollars=…``)."""
    named = {name.replace("__", "."): value for name, value in limits.items()}
    return check(compiled(policy or make_policy(named)), book, order, now, standing)


def denied(found: Allow | Deny, code: str, limit: str = "") -> Deny:
    """It must be a denial for this reason."""
    assert isinstance(found, Deny), found
    assert (found.code, found.limit) == (code, limit)
    assert found.message
    return found


def allowed(found: Allow | Deny, quantity: int = 10) -> Allow:
    """It must be allowed, for so many shares."""
    assert isinstance(found, Allow), found
    assert found.quantity == quantity
    return found
