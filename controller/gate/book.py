"""The gate's hot-path book: positions, working orders, reservations and their sums, projected from the venue's book.

Loaded whole whenever the venue reports events (level-triggered: a lost or doubled event cannot skew it), kept
incrementally between by :meth:`Book.reserve` and :meth:`Book.release`. Micro-dollars, whole shares, boot nanoseconds.
"""

from collections import deque
from collections.abc import Iterable

from controller.gate.orders import BUY, OrderRequest, reserve_price
from controller.gate.repeats import fingerprint
from controller.gate.venue import VenueBook, VenueOrder

MINUTE_NS = 60_000_000_000
MAX_CLIENT_IDS = 20_000


class Line:
    """One instrument (of the account, or of one strategy): position, open orders, and what both could come to.

    ``long`` = position + all open buys, ``short`` = all open sells - position, each as a value of at least 0 and never
    netted against the other; ``worst`` is the larger. What is held counts at the mark, what is ordered at the
    average of the orders' reserve prices.
    """

    __slots__ = ("buy_value", "buys", "long", "mark", "quantity", "sell_value", "sells", "short", "worst")

    def __init__(self, quantity: int, mark: int) -> None:
        self.mark = mark
        self.buys = self.sells = self.buy_value = self.sell_value = 0
        self.hold(quantity)

    def hold(self, quantity: int) -> None:
        """Set the position of a line that has no open orders."""
        self.quantity = quantity
        value = quantity * self.mark
        self.long, self.short = (value, 0) if value > 0 else (0, -value)
        self.worst = self.long + self.short

    def projected(self, side: int, quantity: int, value: int) -> int:
        """``worst`` with ``quantity`` more on ``side``, reserved at ``value`` in all."""
        if side > 0:
            after = (
                self.long + value if self.quantity >= 0 else self._long(self.buys + quantity, self.buy_value + value)
            )
            return after if after > self.short else self.short
        after = (
            self.short + value if self.quantity <= 0 else self._short(self.sells + quantity, self.sell_value + value)
        )
        return after if after > self.long else self.long

    def change(self, side: int, quantity: int, value: int) -> int:
        """Add (or with negative numbers take back) an open order; returns by how much ``worst`` moved."""
        before, held = self.worst, self.quantity
        if side > 0:
            self.buys += quantity
            self.buy_value += value
            self.long = self.long + value if held >= 0 else self._long(self.buys, self.buy_value)
        else:
            self.sells += quantity
            self.sell_value += value
            self.short = self.short + value if held <= 0 else self._short(self.sells, self.sell_value)
        self.worst = worst = self.long if self.long > self.short else self.short
        return worst - before

    def _long(self, buys: int, value: int) -> int:
        """What is left of ``buys`` after they have closed the short position."""
        after = self.quantity + buys
        return after * value // buys if after > 0 else 0

    def _short(self, sells: int, value: int) -> int:
        """What is left of ``sells`` after they have closed the long position."""
        after = sells - self.quantity
        return after * value // sells if after > 0 else 0


class Reservation:
    """An order that may still execute. ``unknown``: the venue has not said whether it exists."""

    __slots__ = ("order", "price", "remaining", "unknown")

    def __init__(self, order: VenueOrder, price: int, unknown: bool = False) -> None:
        self.order = order
        self.price = price
        self.remaining = order.quantity - order.filled
        self.unknown = unknown


class Strand:
    """One strategy's lines. ``deployed`` sums their ``worst``; ``occupied`` counts those that are not flat."""

    __slots__ = ("deployed", "lines", "occupied")

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        self.deployed = 0
        self.occupied = 0


class Book:
    """Everything a check reads. ``gross`` sums the account lines' ``worst``; equity is ``cash + net``."""

    __slots__ = (
        "buy_total",
        "cash",
        "clients",
        "gross",
        "lines",
        "marks",
        "net",
        "occupied",
        "price_ns",
        "recent",
        "repeats",
        "reservations",
        "sectors",
        "sell_total",
        "short_value",
        "strands",
        "volatility",
    )

    def __init__(self) -> None:
        self.clients: dict[tuple[str, str], tuple[OrderRequest, str, int]] = {}
        self.recent: deque[int] = deque()
        self.repeats: dict[tuple[object, ...], int] = {}
        self.reservations: dict[str, Reservation] = {}
        self.sectors: dict[str, tuple[dict[str, str], dict[str, int]]] = {}
        self.price_ns = 0
        self._clear(VenueBook())

    @property
    def equity(self) -> int:
        """Cash plus positions at their marks."""
        return self.cash + self.net

    def load(self, venue: VenueBook) -> None:
        """Project the venue's book anew; reservations with an unknown outcome stay until the venue knows the order."""
        held = self.reservations
        self._clear(venue)
        for (uid, symbol), holding in venue.holdings.items():
            if holding.quantity:
                mark = self.marks.get(symbol) or holding.entry
                line = self._line(symbol, mark)
                line.hold(line.quantity + holding.quantity)
                self.strand(uid).lines[symbol] = Line(holding.quantity, mark)
        self._sum()
        for order in venue.orders.values():
            known = held.get(order.order)
            self.reserve(Reservation(order, known.price if known else self._price(order)))
        closed = {order.order for order in venue.closed} if any(item.unknown for item in held.values()) else set()
        for name, item in held.items():
            if item.unknown and name not in self.reservations and name not in closed:
                self.reserve(item)

    def reserve(self, item: Reservation) -> None:
        """Count an order that may execute, before it is sent."""
        order = item.order
        self.reservations[order.order] = item
        self._apply(order, item.remaining, item.price)

    def release(self, order: str) -> None:
        """Stop counting an order; unknown ids are ignored."""
        item = self.reservations.pop(order, None)
        if item is not None:
            self._apply(item.order, -item.remaining, item.price)

    def give_way(self, order: str, kept: int) -> None:
        """Count ``kept`` shares of an order until the book is loaded anew."""
        item = self.reservations[order]
        self.release(order)
        if kept:
            item.remaining = kept
            self.reserve(item)

    def count(self, at_ns: int) -> None:
        """Note that an order is sent: the rate looks at the last 60 seconds."""
        recent = self.recent
        recent.append(at_ns)
        while recent[0] <= at_ns - MINUTE_NS:
            recent.popleft()

    def remember(self, request: OrderRequest, order: str, quantity: int, at_ns: int) -> None:
        """Note an order that the venue has or may have: for duplicates and for a repeat of its client id."""
        self.repeats.pop(key := fingerprint(request), None)
        self.repeats[key] = at_ns
        self.clients[request.uid, request.client_id] = (request, order, quantity)
        if len(self.clients) > MAX_CLIENT_IDS:
            del self.clients[next(iter(self.clients))]
        if len(self.repeats) > MAX_CLIENT_IDS:
            del self.repeats[next(iter(self.repeats))]

    def strand(self, uid: str) -> Strand:
        """The lines of one strategy, made when it has none yet."""
        found = self.strands.get(uid)
        if found is None:
            found = self.strands[uid] = Strand()
        return found

    def watch_sectors(self, tables: Iterable[tuple[str, dict[str, str]]]) -> None:
        """Keep a sum per sector for each (id, symbol → sector) table from now on."""
        self.sectors = {name: (table, {}) for name, table in tables}
        self._sum_sectors()

    def sector_value(self, name: str, table: dict[str, str], sector: str) -> int:
        """Worst-case value held and ordered in ``sector``; computed on the spot for a table that is not watched."""
        watched = self.sectors.get(name)
        if watched is not None:
            return watched[1].get(sector, 0)
        return sum(line.worst for symbol, line in self.lines.items() if table.get(symbol, "Unclassified") == sector)

    def exit_room(self, uid: str, symbol: str, side: int) -> int:
        """Shares that ``side`` can still trade as a pure exit: the open position minus every working order on that
        side."""
        strand = self.strands.get(uid)
        line = strand.lines.get(symbol) if strand is not None else None
        if line is None:
            return 0
        return -line.quantity - line.buys if side > 0 else line.quantity - line.sells

    def _clear(self, venue: VenueBook) -> None:
        self.cash = venue.cash
        self.marks = dict(venue.marks)
        self.volatility = dict(venue.volatility)
        self.lines: dict[str, Line] = {}
        self.strands: dict[str, Strand] = {}
        self.reservations = {}
        self.gross = self.net = self.short_value = self.buy_total = self.sell_total = self.occupied = 0

    def _sum(self) -> None:
        for line in self.lines.values():
            self.net += line.long - line.short
            self.gross += line.worst
            self.short_value += line.short
            self.occupied += line.worst > 0
        for strand in self.strands.values():
            strand.deployed = sum(line.worst for line in strand.lines.values())
            strand.occupied = sum(line.worst > 0 for line in strand.lines.values())
        self._sum_sectors()

    def _sum_sectors(self) -> None:
        for table, sums in self.sectors.values():
            sums.clear()
            for symbol, line in self.lines.items():
                sector = table.get(symbol, "Unclassified")
                sums[sector] = sums.get(sector, 0) + line.worst

    def _apply(self, order: VenueOrder, quantity: int, price: int) -> None:
        symbol, side, value = order.symbol, order.side, quantity * price
        line = self.lines.get(symbol)
        if line is None:
            line = self.lines[symbol] = Line(0, self.marks.get(symbol, 0))
        moved = line.change(side, quantity, value)
        if moved:
            self.gross += moved
            self.occupied += (line.worst == moved) - (not line.worst)
            for table, sums in self.sectors.values():
                sector = table.get(symbol, "Unclassified")
                sums[sector] = sums.get(sector, 0) + moved
        if side == BUY:
            self.buy_total += value
        else:
            self.sell_total += value
        strand = self.strands.get(order.uid) or self.strand(order.uid)
        own = strand.lines.get(symbol)
        if own is None:
            own = strand.lines[symbol] = Line(0, line.mark)
        moved = own.change(side, quantity, value)
        if moved:
            strand.deployed += moved
            strand.occupied += (own.worst == moved) - (not own.worst)

    def _line(self, symbol: str, mark: int) -> Line:
        found = self.lines.get(symbol)
        if found is None:
            found = self.lines[symbol] = Line(0, mark)
        return found

    def _price(self, order: VenueOrder) -> int:
        mark = self.marks.get(order.symbol, 0)
        return reserve_price(order.side, order.type, order.limit, order.stop, mark)
