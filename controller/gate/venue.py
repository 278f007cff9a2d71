"""What the gate service needs from the venue that executes orders (the paper engine, later a broker).

Single-threaded: only the gate's loop calls a venue, and no call blocks for more than a millisecond.
Money in micro-dollars, quantities in whole shares, ``side`` +1 for buy and -1 for sell.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from controller.gate.label import UNLABELLED, Label

KEPT_FILLS = 2_000


class VenueRejected(Exception):
    """The venue refuses the order; the message says why. The order does not exist."""


class VenueUnknown(Exception):
    """The venue may or may not have the order (lost answer). The gate keeps its reservation until it is resolved."""


@dataclass(slots=True)
class VenueOrder:
    """One order. ``order`` is the gate's id; ``(uid, client_id)`` is unique: a repeat is the same order.

    ``ticket`` is the liquidation that it belongs to: then it passes the venue's mode and statuses, reducing only.
    """

    order: str
    client_id: str
    uid: str
    symbol: str
    side: int
    quantity: int
    type: str = "market"
    limit: int = 0
    stop: int = 0
    filled: int = 0
    average: int = 0
    state: str = "working"
    submitted_ns: int = 0
    market_time: str = ""
    reduce_only: bool = False
    ticket: str = ""
    label: Label = UNLABELLED


class Fill(NamedTuple):
    """One execution. ``seq`` rises by one per fill of the venue, so a duplicate is recognised."""

    seq: int
    order: str
    uid: str
    symbol: str
    side: int
    quantity: int
    price: int
    fee: int
    market_time: str


class LoggedFill(NamedTuple):
    """A fill as the book keeps it: ``position`` is what the strategy then held, ``at_ns`` Unix time.

    ``label`` is that of the position that it changes, or where there was none the order's.
    """

    fill: Fill
    position: int
    at_ns: int
    label: Label = UNLABELLED


class Shadow(NamedTuple):
    """One session of an A/B test: both variants' returns in shadow, in parts per billion, if it is paired; the signals
    drawn for each arm if not."""

    uid: str
    test: str
    epoch: int
    market_time: str
    return_a: int = 0
    return_b: int = 0
    signals_a: int = 0
    signals_b: int = 0


class LoggedShadow(NamedTuple):
    """A session as the book keeps it; ``seq`` rises by one each."""

    seq: int
    shadow: Shadow


class Bar(NamedTuple):
    """One session's closes; they are the marks until the next bar."""

    date: str
    session: int
    closes: Mapping[str, int]
    volatility: Mapping[str, int]


class Closed(NamedTuple):
    """An order left the book: state ``filled``, ``cancelled`` or ``rejected``."""

    order: str
    state: str


Event = Fill | Bar | Closed


@dataclass(slots=True)
class Holding:
    """One strategy's position in one instrument; ``entry`` is the average price of what is open.

    ``label`` is that of the order that opened it from flat.
    """

    quantity: int = 0
    entry: int = 0
    realized: int = 0
    opened_market: str = ""
    label: Label = UNLABELLED


@dataclass(slots=True)
class Ledger:
    """One strategy's money at the venue, since the book began."""

    realized: int = 0
    fees: int = 0
    wins: int = 0
    losses: int = 0
    last_trade_ns: int = 0


@dataclass(slots=True)
class VenueBook:
    """Everything the venue holds. ``orders``: the open ones by gate id; ``closed``: the last 200 closed ones.

    ``fills``: the last 2,000 in order; without a controller a strategy soon only exits, so it never outruns them.
    ``liquidations``: id → ``begun`` or ``ended``, for ever. ``id``: random, made with the book, so that no two books'
    fills are taken for one series. ``durable``: number of the last fill that a loss of power cannot take back.
    ``shadows``: the last 2,000 sessions of A/B tests, ``durable_shadow`` as for fills; ``spans``: (uid, test, epoch)
    → first and last session.
    """

    cash: int = 0
    holdings: dict[tuple[str, str], Holding] = field(default_factory=dict)
    orders: dict[str, VenueOrder] = field(default_factory=dict)
    closed: list[VenueOrder] = field(default_factory=list)
    fills: deque[LoggedFill] = field(default_factory=lambda: deque(maxlen=KEPT_FILLS))
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    volatility: dict[str, int] = field(default_factory=dict)
    market_time: str = ""
    session: int = 0
    mode: str = "normal"
    statuses: dict[str, str] = field(default_factory=dict)
    accepted: int = 0
    liquidations: dict[str, str] = field(default_factory=dict)
    id: str = ""
    durable: int = field(default=0, compare=False)
    shadows: deque[LoggedShadow] = field(default_factory=lambda: deque(maxlen=KEPT_FILLS))
    spans: dict[tuple[str, str, int], tuple[str, str]] = field(default_factory=dict)
    durable_shadow: int = field(default=0, compare=False)


class Venue(Protocol):
    """The venue. It recovers its own book; the gate projects its hot-path book from :meth:`book` and the events."""

    def book(self) -> VenueBook:
        """The venue's own book (not a copy; the gate only reads it)."""
        ...

    def due(self) -> float | None:
        """CLOCK_BOOTTIME second at which :meth:`advance` next has work; None when the feed has ended."""
        ...

    def advance(self, now: float) -> Sequence[Event]:
        """Process what is due by ``now`` (boot seconds): at most one bar a call. Durable before it returns."""
        ...

    def submit(self, order: VenueOrder, keeps: Mapping[str, int] | None = None) -> VenueOrder:
        """Accept the order (durable against SIGKILL before returning). VenueRejected, VenueUnknown.

        ``keeps``: open orders that give way to it, and how many of their shares each keeps (0: it is cancelled). Both
        happen or neither, at any crash.
        """
        ...

    def lookup(self, uid: str, client_id: str) -> VenueOrder | None:
        """The order with this client id, open or closed: resolves an unknown outcome."""
        ...

    def cancel(self, order: str) -> bool:
        """Cancel an open order; False when it is not open any more. Always allowed."""
        ...

    def set_mode(self, mode: str) -> None:
        """The venue's own trading mode; the venue itself refuses what it forbids."""
        ...

    def set_status(self, uid: str, status: str) -> None:
        """The venue's own status of a strategy."""
        ...

    def mark_liquidation(self, id: str, state: str) -> None:
        """Note that a liquidation has ``begun`` or ``ended``; durable on return. VenueUnknown when it is not."""
        ...

    def note_shadow(self, shadow: Shadow) -> None:
        """Keep a session of an A/B test. VenueUnknown when it is not written."""
        ...

    def history(self, symbols: Sequence[str], n: int) -> Mapping[str, Sequence[tuple[str, int]]]:
        """The last ``n`` closes up to the market clock, oldest first; unknown symbols are absent."""
        ...

    def feed(self) -> tuple[str, float]:
        """(``live`` | ``ended`` | ``stale``, age of the newest price in wall seconds)."""
        ...

    def close(self) -> None:
        """Flush and release; idempotent."""
        ...
