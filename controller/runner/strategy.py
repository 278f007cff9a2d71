"""What a strategy is: a rule from history and holdings to orders.

A strategy is pure given its :class:`Context`: asked again about the same session it wants the same, so a runner that
restarts repeats itself harmlessly. It proposes; the gate decides. Money in micro-dollars, quantities in whole shares.
"""

from abc import ABC, abstractmethod
from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

RESERVE_PPM = 10_000
"""The gate counts an order without a price at the mark plus 1 %."""
PPM = 1_000_000
MONEY_CODES = frozenset(
    {
        "ORDER_SIZE",
        "POSITION_PCT",
        "POSITION_DOLLARS",
        "STRATEGY_ALLOCATION",
        "GROSS_EXPOSURE",
        "NET_EXPOSURE",
        "CASH_RESERVE",
        "BUYING_POWER",
    }
)
"""Denials whose headroom is an amount of money: a smaller order may pass."""
Parameter = int | str | bool


class NoData(Exception):
    """The strategy cannot work without data that is not there; the message names what to set."""


class BadParameter(ValueError):
    """The document gives a parameter that the module does not have, or of the wrong type."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order that a strategy wants; the runner adds uid and client id."""

    symbol: str
    side: Literal["buy", "sell"]
    quantity: int
    type: Literal["market", "limit", "stop"] = "market"
    limit: int = 0
    stop: int = 0


@dataclass(frozen=True, slots=True)
class Cancel:
    """Withdraw a working order, by the gate's id."""

    order: str


Action = Order | Cancel


@dataclass(frozen=True, slots=True)
class Held:
    """A position: shares (shorts negative), average entry price, session of opening."""

    quantity: int
    entry: int
    opened: str


@dataclass(frozen=True, slots=True)
class Working:
    """An order that may still fill. ``submitted`` is the session in which it was sent."""

    order: str
    symbol: str
    side: Literal["buy", "sell"]
    type: str
    remaining: int
    submitted: str


@dataclass(slots=True)
class Market:
    """Closes by session: one column per symbol, aligned with ``dates`` (ISO, ascending), 0 where there is none."""

    dates: list[str] = field(default_factory=list)
    columns: dict[str, "array[int]"] = field(default_factory=dict)

    def load(self, history: Mapping[str, Sequence[Sequence[Any]]]) -> None:
        """Start over from ``{symbol: [[date, close], …]}``."""
        self.dates = sorted({date for rows in history.values() for date, _ in rows})
        place = {date: index for index, date in enumerate(self.dates)}
        self.columns = {symbol: array("q", bytes(8 * len(place))) for symbol in history}
        for symbol, rows in history.items():
            for date, close in rows:
                self.columns[symbol][place[date]] = close

    def append(self, date: str, closes: Mapping[str, int]) -> None:
        """Add a session; one that is not newer than the last changes nothing."""
        if self.dates and date <= self.dates[-1]:
            return
        for symbol in closes.keys() - self.columns.keys():
            self.columns[symbol] = array("q", bytes(8 * len(self.dates)))
        self.dates.append(date)
        for symbol, column in self.columns.items():
            column.append(closes.get(symbol, 0))

    def closes(self, symbol: str, n: int, end: int | None = None) -> Sequence[int]:
        """The last ``n`` closes before index ``end`` (default: all), oldest first; fewer when there are fewer."""
        column = self.columns.get(symbol, array("q"))
        end = len(column) if end is None else end
        window = [close for close in column[max(0, end - n) : end] if close]
        return window if len(window) == min(n, end) else self._sparse(column, n, end)

    def since(self, date: str) -> int:
        """Sessions after ``date``."""
        return len(self.dates) - bisect_right(self.dates, date)

    def month_end(self) -> int:
        """The index just after the first session of the newest session's month."""
        month = self.dates[-1][:7]
        return next(i for i, date in enumerate(self.dates) if date[:7] == month) + 1

    @staticmethod
    def _sparse(column: "array[int]", n: int, end: int) -> Sequence[int]:
        return [close for close in column[:end] if close][-n:]


@dataclass(frozen=True, slots=True)
class Context:
    """All that a strategy knows in one session; ``allocation`` is its share of initial capital."""

    date: str
    market: Market
    universe: Sequence[str]
    holdings: Mapping[str, Held]
    working: Sequence[Working]
    allocation: int

    def price(self, symbol: str) -> int:
        """The newest close; 0 when there is none."""
        found = self.market.closes(symbol, 1)
        return found[-1] if found else 0

    def pending(self, symbol: str) -> int:
        """Shares that working orders would add (sells negative)."""
        return sum(o.remaining if o.side == "buy" else -o.remaining for o in self.working if o.symbol == symbol)


class Strategy(ABC):
    """Base of every strategy. ``parameters`` of the class are the names, defaults and so the types of what a
    document may set; ``history`` is how many sessions it wants to see."""

    parameters: ClassVar[Mapping[str, Parameter]] = {}

    def __init__(self, given: Mapping[str, Parameter], data_dir: str = "") -> None:
        """Take the document's parameters. Raises BadParameter, NoData."""
        self.data_dir = data_dir
        self.values: dict[str, Parameter] = dict(self.parameters)
        for name, value in given.items():
            if name not in self.parameters:
                raise BadParameter(f"parameter {name!r} is not known; known: {', '.join(self.parameters)}")
            wanted = type(self.parameters[name])
            if type(value) is not wanted or (wanted is int and int(value) < 0):
                raise BadParameter(f"parameter {name} = {value!r} must be a {wanted.__name__} of at least 0")
            self.values[name] = value

    @property
    def history(self) -> int:
        """Sessions of history that :meth:`on_bar` looks back."""
        return 30

    @abstractmethod
    def on_bar(self, context: Context) -> list[Action]:
        """What to do after this session, given everything known; sent in this order."""

    def on_accepted(self, order: Order, quantity: int) -> None:  # noqa: B027  # a hook; most have no use for it
        """The gate accepted ``quantity`` (at most the order's) shares."""

    def on_denied(self, context: Context, order: Order, code: str, headroom: int) -> Order | None:
        """A smaller order to try instead, or None. By default what fits the headroom, when that is money."""
        if code not in MONEY_CODES:
            return None
        price = order.limit or order.stop or context.price(order.symbol)
        counted = price + price * RESERVE_PPM // PPM
        quantity = min(headroom // counted, order.quantity - 1) if counted else 0
        return Order(order.symbol, order.side, quantity, order.type, order.limit, order.stop) if quantity > 0 else None

    def number(self, name: str) -> int:
        """An integer parameter."""
        return int(self.values[name])
