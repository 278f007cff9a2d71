"""The venue's half of the in-memory engine: positions, orders, prices and money that a test moves by hand."""

from functools import lru_cache

from controller.engine_ports import Order
from controller.gate.protection import STOP
from schemas.desired import StrategyStatus, TradingMode
from schemas.live import Account, FillView, OrderView, PositionView, ShadowView, StrategyLive

_SIGNS = {"buy": 1, "sell": -1}


class MemoryBook:
    """A book without any check. Prices are marks in micro-dollars; ``cash`` is what is left of the money.

    ``closes`` is each instrument's past. ``venue_mode`` and ``venue_statuses`` are the venue's own; a strategy that it
    was never told of is paused. ``id`` is the book's own.
    """

    def __init__(self, cash: int) -> None:
        self.id = "b" * 32
        self.cash = cash
        self.market_time = "2008-06-02"
        self.prices: dict[str, int] = {}
        self.closes: dict[str, list[tuple[str, int]]] = {}
        self.venue_mode = TradingMode.NORMAL
        self.venue_statuses: dict[str, StrategyStatus] = {}
        self.held: dict[tuple[str, str], PositionView] = {}
        self.orders: dict[str, OrderView] = {}
        self.filled: list[FillView] = []
        self.shadowed: list[ShadowView] = []

    def set_price(self, symbol: str, price: int) -> None:
        """Mark ``symbol`` at ``price``."""
        self.prices[symbol] = price
        for place, position in self.held.items():
            if position.symbol == symbol:
                self.held[place] = position.model_copy(update={"mark": price})

    def set_position(self, uid: str, symbol: str, quantity: int, entry: int) -> None:
        """Put a position into the book as if it had been traded; 0 removes it. Cash stays."""
        self.held.pop((uid, symbol), None)
        if quantity:
            mark = self.prices.setdefault(symbol, entry)
            self.held[uid, symbol] = PositionView(
                uid=uid, symbol=symbol, quantity=quantity, entry=entry, mark=mark, opened_market=self.market_time
            )

    def fill(self, order: str, quantity: int = 0) -> None:
        """Fill a working order at the mark: ``quantity`` shares, all that is left when 0."""
        view = self.orders[order]
        price, sign = self.prices[view.symbol], _SIGNS[view.side]
        quantity = min(quantity or view.quantity, view.quantity - view.filled)
        before, entry = self._holding(view.uid, view.symbol)
        after = before + sign * quantity
        if before * sign >= 0:
            entry = (abs(before) * entry + quantity * price) // abs(after)
        elif before * after < 0:
            entry = price
        self.set_position(view.uid, view.symbol, after, entry)
        self.cash -= sign * quantity * price
        self.filled.append(self._logged(view, quantity, price, after))
        filled = view.filled + quantity
        average = (view.filled * view.average + quantity * price) // filled
        state = "filled" if filled == view.quantity else "working"
        self.orders[order] = view.model_copy(update={"filled": filled, "average": average, "state": state})

    def _logged(self, view: OrderView, quantity: int, price: int, position: int) -> FillView:
        return FillView(
            seq=len(self.filled) + 1,
            order=view.order,
            uid=view.uid,
            symbol=view.symbol,
            side=view.side,
            quantity=quantity,
            price=price,
            fee=0,
            position=position,
            market_time=self.market_time,
            at_ns=view.submitted_ns,
        )

    def accept(self, order: Order, wall_ns: int, ticket: str = "") -> str:
        """Take an order as working; its name."""
        name = f"o{len(self.orders) + 1}"
        self.orders[name] = OrderView(
            order=name,
            client_id=order.client_id,
            uid=order.uid,
            symbol=order.symbol,
            side=order.side,
            type=order.type,
            quantity=order.quantity,
            filled=0,
            price=order.limit or order.stop,
            state="working",
            submitted_ns=wall_ns,
            market_time=self.market_time,
            ticket=ticket,
        )
        return name

    def cancel_orders(self, uid: str = "", ticket: str = "") -> dict[str, int]:
        """Cancel working orders of ``uid`` (all when empty), of a liquidation only by its ``ticket``; number by uid."""
        cancelled: dict[str, int] = {}
        for order, view in self.orders.items():
            if view.state == "working" and uid in ("", view.uid) and view.ticket == ticket:
                self.orders[order] = view.model_copy(update={"state": "cancelled"})
                cancelled[view.uid] = cancelled.get(view.uid, 0) + 1
        return cancelled

    def give_way(self, order: Order) -> None:
        """Cancel what a person's exit takes the place of."""
        for name, view in self.orders.items():
            beside = (view.uid, view.symbol, view.side, view.state) == (order.uid, order.symbol, order.side, "working")
            if beside and not view.ticket and (order.type != "stop" or view.client_id.startswith(STOP)):
                self.orders[name] = view.model_copy(update={"state": "cancelled"})

    def reduces(self, uid: str, symbol: str, side: str, quantity: int) -> bool:
        """Whether an order only shrinks a position, working exits counted."""
        sign = _SIGNS[side]
        exits = sum(
            view.quantity - view.filled
            for view in self.orders.values()
            if (view.uid, view.symbol, view.side, view.state) == (uid, symbol, side, "working")
        )
        return quantity <= -sign * self._holding(uid, symbol)[0] - exits

    def account(self) -> Account:
        """Money, marked to market; buying power without margin."""
        values = [position.quantity * position.mark for position in self.held.values()]
        equity, gross = self.cash + sum(values), sum(map(abs, values))
        return Account(
            cash=self.cash,
            equity=equity,
            buying_power=max(0, equity - gross),
            long_exposure=sum(value for value in values if value > 0),
            short_exposure=-sum(value for value in values if value < 0),
        )

    def strategy(self, uid: str) -> StrategyLive:
        """One strategy's ledger."""
        held = [position for position in self.held.values() if position.uid == uid]
        status = self.venue_statuses.get(uid, StrategyStatus.PAUSED)
        if not held:
            return _empty(uid, status)
        return StrategyLive(
            uid=uid,
            venue_status=status,
            unrealized=sum(position.quantity * (position.mark - position.entry) for position in held),
            deployed=sum(abs(position.quantity) * position.mark for position in held),
        )

    def _holding(self, uid: str, symbol: str) -> tuple[int, int]:
        held = self.held.get((uid, symbol))
        return (held.quantity, held.entry) if held else (0, 0)


@lru_cache(32_768)
def _empty(uid: str, status: StrategyStatus) -> StrategyLive:
    return StrategyLive(uid=uid, venue_status=status)
