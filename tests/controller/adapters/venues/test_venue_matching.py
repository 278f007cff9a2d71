import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.venues.ledger import Books, accept, close, fill
from controller.adapters.venues.matching import PARTICIPATION, Rules, match
from controller.gate.venue import Closed, Fill, Holding, VenueBook, VenueOrder
from controller.marketdata.feed import Quote
from tests.support.paper import DOLLAR, UID, order

EXACT = Rules(1, 0, 0, 1_000)
CLOSE_ONLY = Quote(0, 0, 0, 10 * DOLLAR, -1)
FULL = Quote(10 * DOLLAR, 12 * DOLLAR, 9 * DOLLAR, 11 * DOLLAR, 1_000_000)


def price_of(placed: VenueOrder, quote: Quote) -> float | None:
    book = VenueBook()
    book.holdings[UID, "AAA"] = Holding(100 * -placed.side)
    book.orders[placed.order] = placed
    done = [e for e in match(book, lambda _: quote, EXACT, "2020-01-02", 1, 1) if isinstance(e, Fill)]
    return done[0].price / DOLLAR if done else None


@pytest.mark.parametrize(
    ("side", "kind", "at", "closes_only", "full"),
    [
        (1, "market", 0, 10, 10),
        (-1, "market", 0, 10, 10),
        (1, "limit", 10, 10, 10),
        (1, "limit", 9.5, None, 9.5),
        (1, "limit", 8.5, None, None),
        (1, "limit", 11, 10, 10),
        (-1, "limit", 10, 10, 10),
        (-1, "limit", 11.5, None, 11.5),
        (-1, "limit", 12.5, None, None),
        (-1, "limit", 9, 10, 10),
        (1, "stop", 10, 10, 10),
        (1, "stop", 11.5, None, 11.5),
        (1, "stop", 12.5, None, None),
        (-1, "stop", 10, 10, 10),
        (-1, "stop", 9.5, None, 9.5),
        (-1, "stop", 8.5, None, None),
        (-1, "stop", 10.5, 10, 10),
    ],
)
def test_order_when_bar_comes_then_fills_at_the_price_the_bar_allows(
    side: int, kind: str, at: float, closes_only: float | None, full: float | None
) -> None:
    terms = {} if kind == "market" else {"type": kind, kind: round(at * DOLLAR)}
    for quote, expected in ((CLOSE_ONLY, closes_only), (FULL, full)):
        placed = order(1, side, 10, **terms)  # type: ignore[arg-type]  # fields of a VenueOrder
        assert price_of(placed, quote) == expected


def test_stop_when_filled_in_part_then_trades_on_as_market() -> None:
    assert price_of(order(1, -1, 10, type="stop", stop=8 * DOLLAR, filled=5), CLOSE_ONLY) == 10


def test_no_bar_when_session_has_none_then_nothing_fills() -> None:
    book = VenueBook(orders={"g1": order(1)})
    assert list(match(book, lambda _: None, EXACT, "2020-01-02", 1, 1)) == []


prices = st.integers(1, 400).map(lambda cents: cents * DOLLAR // 4)
placed = st.builds(
    lambda side, quantity, kind, at, reduce_only: order(
        0, side, quantity, type=kind, limit=at * (kind == "limit"), stop=at * (kind == "stop"), reduce_only=reduce_only
    ),
    st.sampled_from([1, -1]),
    st.integers(1, 400),
    st.sampled_from(["market", "limit", "stop"]),
    prices,
    st.booleans(),
)


@st.composite
def quotes(draw: st.DrawFn) -> Quote:
    low, first, last, high = sorted(draw(st.tuples(prices, prices, prices, prices)))
    volume = draw(st.sampled_from([-1, 0, 5_000, 20_000]))
    return Quote(first, high, low, last, volume) if draw(st.booleans()) else Quote(0, 0, 0, last, -1)


@given(st.lists(st.tuples(st.lists(placed, max_size=4), quotes()), min_size=1, max_size=8), st.integers(0, 20))
def test_any_orders_on_any_bars_then_books_balance_and_caps_hold(
    sessions: list[tuple[list[VenueOrder], Quote]], bps: int
) -> None:
    rules = Rules(7, bps, 3, 120)
    books, number, cash = Books(VenueBook(cash=10**12)), 0, 10**12
    for session, (orders, quote) in enumerate(sessions):
        for item in orders:
            number += 1
            item.order, item.client_id = f"g{number}", f"c{number}"
            accept(books, item, {})
        before = {key: held.quantity for key, held in books.book.holdings.items()}
        events = list(match(books.book, {"AAA": quote}.get, rules, f"d{session}", session, books.seq + 1))
        reducing = {name for name, held in books.book.orders.items() if held.reduce_only}
        _check_session(events, quote, rules, before, reducing)
        for event in events:
            if isinstance(event, Fill):
                cash -= event.side * event.quantity * event.price + event.fee
                fill(books, event, session)
            else:
                close(books, event)
        _check_books(books, cash)


def _check_session(
    events: list[Fill | Closed], quote: Quote, rules: Rules, positions: dict[tuple[str, str], int], reducing: set[str]
) -> None:
    done = [event for event in events if isinstance(event, Fill)]
    assert all(0 < event.quantity <= rules.volume_cap_shares and event.price > 0 for event in done)
    if quote.volume >= 0:
        assert sum(event.quantity for event in done) <= quote.volume // PARTICIPATION
    for event in done:
        before = positions.get((event.uid, event.symbol), 0)
        after = before + event.side * event.quantity
        if event.order in reducing:
            assert abs(after) < abs(before)
            assert before * after >= 0
        positions[event.uid, event.symbol] = after


def _check_books(books: Books, cash: int) -> None:
    book, ledgers = books.book, books.book.ledgers.values()
    assert book.cash == cash
    realized, fees = sum(item.realized for item in ledgers), sum(item.fees for item in ledgers)
    assert book.cash == 10**12 - sum(books.costs.values()) + realized - fees
    assert books.costs.keys() == book.holdings.keys()
    assert all(held.quantity and held.entry > 0 for held in book.holdings.values())
    assert all(0 <= item.filled < item.quantity for item in book.orders.values())


def test_round_trip_when_closed_then_counts_as_win_or_loss() -> None:
    books = Books(VenueBook(cash=10**9))
    for number, (side, price) in enumerate([(1, 10), (-1, 12), (1, 10), (-1, 9), (-1, 10), (1, 8)], 1):
        accept(books, order(number, side, 10), {})
        fill(books, Fill(number, f"g{number}", UID, "AAA", side, 10, price * DOLLAR, 0, f"d{number}"), number)
        close(books, Closed(f"g{number}", "filled"))
    ledger = books.book.ledgers[UID]
    assert (ledger.wins, ledger.losses, ledger.realized) == (2, 1, 30 * DOLLAR)
    assert ledger.last_trade_ns == 6


def test_flip_when_filled_then_old_side_is_realised_and_new_side_begins() -> None:
    books = Books(VenueBook(cash=10**9))
    for number, (side, quantity, price) in enumerate([(1, 10, 10), (-1, 15, 12)], 1):
        accept(books, order(number, side, quantity), {})
        fill(books, Fill(number, f"g{number}", UID, "AAA", side, quantity, price * DOLLAR, 0, f"d{number}"), number)
    held = books.book.holdings[UID, "AAA"]
    assert (held.quantity, held.entry, held.opened_market, held.realized) == (-5, 12 * DOLLAR, "d2", 0)
    assert books.book.ledgers[UID].realized == 20 * DOLLAR
