"""The two books that the doctor compares, read from the store's file and from the engine, running or not."""

import time
from pathlib import Path

from controller.adapters.engines.gate import GateEngine
from controller.adapters.store.sqlite_file import reading
from controller.adapters.venues.durability import JournalBusy, JournalDamaged
from controller.adapters.venues.paper import open_venue
from controller.errors import EngineUnavailable
from controller.gate.orders import SIDE_NAMES
from controller.gate.views import logged_fill
from controller.home import Home
from controller.host.book_check import Book, Deal, Ordered
from controller.settings import Settings
from schemas.live import FillView, LiveState, OrderView

_OPEN = ("pending", "working", "unknown")
_DEAL = '"order", uid, symbol, side, quantity, price, position, at_ns'
_GATE_SECONDS = 2.0
_SYNC_SECONDS = 5.0
_POLL_SECONDS = 0.05


def of_store(store: Path, book: str) -> Book:
    """What the store holds of a book. Raises StoreUnavailable."""
    with reading(store) as connection:
        logged = connection.execute(f"SELECT seq, {_DEAL} FROM fills WHERE book = ?", (book,))
        fills = {row[0]: Deal(*row[1:]) for row in logged}
        held = {(row[0], row[1]): row[2] for row in connection.execute("SELECT uid, symbol, quantity FROM positions")}
        orders = {
            row["order"]: Ordered(
                row["uid"],
                row["symbol"],
                row["side"],
                row["quantity"],
                row["filled"],
                row["submitted_ns"],
                row["state"] in _OPEN,
            )
            for row in connection.execute("SELECT * FROM orders")
        }
        read_ns = connection.execute("SELECT max(at_ns) FROM samples WHERE series = 'positions'").fetchone()[0] or 0
    return Book(fills, {key: quantity for key, quantity in held.items() if quantity}, orders, read_ns, book)


def of_engine(home: Home, settings: Settings) -> Book | None:
    """What the gate says; while it is down, what its venue's folder holds; None before there is a book.

    Raises EngineUnavailable when a gate holds the folder and does not answer, or when the folder is damaged.
    """
    engine = GateEngine(home.gate_socket, _GATE_SECONDS)
    try:
        return _answered(engine)
    except EngineUnavailable as error:
        if not any(home.engine.glob("journal-*")):
            return None
        return _recorded(home, settings, error)
    finally:
        engine.close()


def _answered(engine: GateEngine) -> Book:
    live = engine.read()
    fills = {item.seq: _deal(item) for item in _settled(engine, live)}
    held = {(item.uid, item.symbol): item.quantity for item in live.positions}
    orders = {item.order: _ordered(item) for item in live.orders}
    return Book(fills, held, orders, id=live.book, filled=live.filled)


def _settled(engine: GateEngine, live: LiveState) -> list[FillView]:
    """Every fill, at least up to the last that ``live`` knows: the venue tells it when it is on disk."""
    fills: list[FillView] = []
    deadline = time.monotonic() + _SYNC_SECONDS
    while True:
        last = fills[-1].seq if fills else 0
        more = engine.fills(live.book, last)
        if not more and last >= live.filled:
            return fills
        if not more and time.monotonic() > deadline:
            raise EngineUnavailable(
                f"fill {live.filled} is not on disk yet", hint="gt risk service logs --service gate"
            )
        if not more:
            time.sleep(_POLL_SECONDS)
        fills += more


def _deal(item: FillView) -> Deal:
    return Deal(item.order, item.uid, item.symbol, item.side, item.quantity, item.price, item.position, item.at_ns)


def _ordered(item: OrderView) -> Ordered:
    return Ordered(item.uid, item.symbol, item.side, item.quantity, item.filled, item.submitted_ns, item.state in _OPEN)


def _recorded(home: Home, settings: Settings, down: EngineUnavailable) -> Book:
    """The paper venue's own recovery, as the gate would do it; a book is never begun here."""
    try:
        venue = open_venue(settings.paper, settings.data_dir, home.engine, 0)
    except JournalBusy:
        raise down from None
    except (JournalDamaged, ValueError, OSError) as error:
        raise EngineUnavailable(str(error), hint="gt risk service logs --service gate") from error
    try:
        book = venue.book()
        fills = {item.fill.seq: _deal(FillView.model_validate(logged_fill(item))) for item in book.fills}
        orders = {
            order.order: Ordered(
                order.uid,
                order.symbol,
                SIDE_NAMES[order.side],
                order.quantity,
                order.filled,
                order.submitted_ns,
                order.order in book.orders,
            )
            for order in (*book.closed, *book.orders.values())
        }
        return Book(
            fills,
            {key: held.quantity for key, held in book.holdings.items()},
            orders,
            id=book.id,
            filled=max(fills, default=0),
        )
    finally:
        venue.close()
