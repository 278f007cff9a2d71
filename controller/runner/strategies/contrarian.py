"""Contrarian swing: bid for what fell sharply, leave on the rebound, on a stop, or when time is up."""

from collections.abc import Mapping
from typing import ClassVar

from controller.runner.strategy import Action, Cancel, Context, Held, Order, Parameter, Strategy

_PERCENT = 100
_BPS = 10_000


class Contrarian(Strategy):
    """Limit orders in, a stop order under every position, market orders out."""

    parameters: ClassVar[Mapping[str, Parameter]] = {
        "lookback": 5,
        "drop_pct": 8,
        "offset_bps": 50,
        "stop_pct": 8,
        "gain_pct": 6,
        "hold_sessions": 10,
        "slots": 4,
    }

    @property
    def history(self) -> int:
        """Lookback, and the sessions that a position may be held."""
        return self.number("lookback") + self.number("hold_sessions") + 30

    def on_bar(self, context: Context) -> list[Action]:
        """Withdraw yesterday's bids, look after positions, bid anew."""
        stale = [o for o in context.working if o.side == "buy" and o.submitted < context.date]
        actions: list[Action] = [Cancel(o.order) for o in stale]
        for symbol in sorted(context.holdings):
            actions += self._look_after(context, symbol, context.holdings[symbol])
        return [*actions, *self._bids(context)]

    def _look_after(self, context: Context, symbol: str, held: Held) -> list[Action]:
        exits = [o for o in context.working if o.symbol == symbol and o.side == "sell"]
        if self._is_over(context, symbol, held):
            if any(o.type == "market" for o in exits):
                return []
            return [*(Cancel(o.order) for o in exits), Order(symbol, "sell", held.quantity)]
        bare = held.quantity - sum(o.remaining for o in exits)
        stop = held.entry * (_PERCENT - self.number("stop_pct")) // _PERCENT
        return [Order(symbol, "sell", bare, "stop", stop=stop)] if bare > 0 and stop > 0 else []

    def _is_over(self, context: Context, symbol: str, held: Held) -> bool:
        target = held.entry * (_PERCENT + self.number("gain_pct")) // _PERCENT
        return context.price(symbol) >= target or context.market.since(held.opened) >= self.number("hold_sessions")

    def _bids(self, context: Context) -> list[Action]:
        slots = self.number("slots")
        taken = {*context.holdings, *(o.symbol for o in context.working if o.submitted == context.date)}
        free = slots - len(taken)
        falls = {symbol: self._fall(context, symbol) for symbol in context.universe if symbol not in taken}
        fallen = [symbol for symbol, fall in falls.items() if fall >= self.number("drop_pct") * _BPS // _PERCENT]
        fallen.sort(key=lambda symbol: (-falls[symbol], symbol))
        bids: list[Action] = []
        for symbol in fallen[: max(0, free)]:
            limit = context.price(symbol) * (_BPS - self.number("offset_bps")) // _BPS
            quantity = context.allocation // slots // limit
            if quantity > 0:
                bids.append(Order(symbol, "buy", quantity, "limit", limit=limit))
        return bids

    def _fall(self, context: Context, symbol: str) -> int:
        """How far the close fell over the lookback, in basis points; 0 without enough history."""
        closes = context.market.closes(symbol, self.number("lookback") + 1)
        return _BPS - closes[-1] * _BPS // closes[0] if len(closes) > self.number("lookback") else 0
