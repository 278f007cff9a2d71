"""Both variants of a paired A/B test in books of their own, which send nothing: what each would have returned.

An order fills at the close of the session after it was sent, a limit or stop when that close has reached it, at costs
of ``COST_BPS`` of its value: the paper engine's mean slippage and fee. There is no volume cap and no limit but one:
nothing is bought beyond allocation or equity. Money in micro-dollars.

All of it follows from prices, so a runner that restarts plays the test again from its first session, and only what the
gate has not kept yet is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from controller.runner.strategy import Action, Cancel, Context, Held, Market, Order, Strategy, Working

COST_BPS = 6
BILLION = 1_000_000_000
_BPS = 10_000


class Gate(Protocol):
    """What the shadow books need of the gate."""

    def request(self, op: str, **fields: Any) -> dict[str, Any]:
        """One request, its reply."""
        ...


@dataclass(slots=True)
class ShadowBook:
    """One variant. ``working``: name → (order, session in which it was sent)."""

    strategy: Strategy
    allocation: int
    universe: tuple[str, ...]
    cash: int = field(init=False)
    holdings: dict[str, Held] = field(default_factory=dict)
    working: dict[str, tuple[Order, str]] = field(default_factory=dict)
    _sent: int = 0
    _equity: int = field(init=False)

    def __post_init__(self) -> None:
        self.cash = self._equity = self.allocation

    def session(self, market: Market) -> int:
        """Let the newest session happen and decide on it; its return in parts per billion."""
        for name, (order, _) in list(self.working.items()):
            if self._execute(market, order):
                del self.working[name]
        before, self._equity = self._equity, self._worth(market)
        for action in self.strategy.on_bar(self._context(market)):
            self._take(action, market.dates[-1])
        return (self._equity - before) * BILLION // before if before > 0 else 0

    def _context(self, market: Market) -> Context:
        universe = self.universe or tuple(sorted(market.columns))
        working = [
            Working(name, order.symbol, order.side, order.type, order.quantity, sent)
            for name, (order, sent) in self.working.items()
        ]
        return Context(market.dates[-1], market, universe, dict(self.holdings), working, self.allocation)

    def _take(self, action: Action, session: str) -> None:
        if isinstance(action, Cancel):
            self.working.pop(action.order, None)
            return
        self._sent += 1
        self.working[f"s{self._sent}"] = action, session

    def _worth(self, market: Market) -> int:
        return self.cash + sum(held.quantity * _mark(market, symbol) for symbol, held in self.holdings.items())

    def _execute(self, market: Market, order: Order) -> bool:
        """Whether the order is done with: filled, or an exit without anything left to reduce."""
        column = market.columns.get(order.symbol)
        close, sign = column[-1] if column else 0, 1 if order.side == "buy" else -1
        if not close or not _reached(order, close, sign):
            return False
        held = self.holdings.get(order.symbol)
        before = held.quantity if held else 0
        room = abs(before) if before * sign < 0 else self._room(market) // close
        if quantity := min(order.quantity, room):
            self._fill(market.dates[-1], order.symbol, sign * quantity, close, held)
        return True

    def _room(self, market: Market) -> int:
        """What may still be held."""
        gross = sum(abs(held.quantity) * _mark(market, symbol) for symbol, held in self.holdings.items())
        return max(0, min(self.allocation, self._worth(market)) - gross)

    def _fill(self, session: str, symbol: str, shares: int, price: int, held: Held | None) -> None:
        before = held.quantity if held else 0
        after, value = before + shares, abs(shares) * price
        self.cash -= shares * price + value * COST_BPS // _BPS
        if not after:
            del self.holdings[symbol]
        elif held is None:
            self.holdings[symbol] = Held(after, price, session)
        else:
            grown = abs(after) > abs(before)
            entry = (abs(before) * held.entry + value) // abs(after) if grown else held.entry
            self.holdings[symbol] = Held(after, entry, held.opened)


class Shadows:
    """The two books of a paired test of strategy ``uid``, played session by session from the test's first on."""

    def __init__(self, uid: str, test: Mapping[str, Any], a: ShadowBook, b: ShadowBook) -> None:
        self._key = {"uid": uid, "test": test["id"], "epoch": test["epoch"]}
        self._books = a, b
        self._first = self._done = ""
        self._untold: list[dict[str, Any]] = []

    def begin(self, gate: Gate, market: Market) -> None:
        """Find the first session of the test: as the gate knows it, else the newest."""
        if not self._first:
            self._first = str(gate.request("shadow", look=True, **self._key).get("first") or market.dates[-1])

    def play(self, market: Market) -> None:
        """Play every session of ``market`` since the first that is not played yet."""
        for place, session in enumerate(market.dates, 1):
            if session >= self._first and session > self._done:
                self._play(session, market if place == len(market.dates) else _until(market, place))

    def tell(self, gate: Gate) -> None:
        """Hand the gate what was played; what it cannot take now is told again, in order."""
        while self._untold and gate.request("shadow", **self._key, **self._untold[0])["ok"]:
            self._untold.pop(0)

    def _play(self, session: str, market: Market) -> None:
        a, b = (book.session(market) for book in self._books)
        self._untold.append({"market_time": session, "return_a": a, "return_b": b})
        self._done = session


def _mark(market: Market, symbol: str) -> int:
    found = market.closes(symbol, 1)
    return found[-1] if found else 0


def _reached(order: Order, close: int, sign: int) -> bool:
    if order.type == "limit":
        return (close - order.limit) * sign <= 0
    return order.type == "market" or (close - order.stop) * sign >= 0


def _until(market: Market, end: int) -> Market:
    """The market as it was after ``end`` sessions."""
    return Market(market.dates[:end], {symbol: column[:end] for symbol, column in market.columns.items()})
