"""Matching of working orders against one session's bars: values in, fills out.

An order takes part from the session after its submission, since it works only when the next bar is matched.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from controller.adapters.venues import fence
from controller.adapters.venues.keyed import uniform
from controller.gate.venue import Closed, Fill, VenueBook, VenueOrder
from controller.marketdata.feed import Quote

PARTICIPATION = 100
_BPS = 10_000
_STEPS = 100


@dataclass(frozen=True, slots=True)
class Rules:
    """Costs and capacity. Slippage of one fill lies in [0, 2 x ``slippage_bps``], so that is its mean."""

    seed: int
    slippage_bps: int
    fee_bps: int
    volume_cap_shares: int


@dataclass(slots=True)
class _Session:
    """What earlier fills of the same session have used up."""

    positions: dict[tuple[str, str], int]
    shares_left: dict[str, int]


def match(
    book: VenueBook, quote: Callable[[str], Quote | None], rules: Rules, date: str, session: int, seq: int
) -> Iterator[Fill | Closed]:
    """Fills and closings of one session in order of submission; ``seq`` is the number of the first fill.

    A market order fills at the open (at the close when that is all there is); a limit at its price or better; a
    stop from its price on. No order fills more than the cap, all orders in a name together no more than
    1 / PARTICIPATION of its volume where that is known. A reducing order never crosses zero.
    """
    positions = {key: holding.quantity for key, holding in book.holdings.items()}
    used = _Session(positions, {})
    for order in list(book.orders.values()):
        bar = quote(order.symbol)
        room = _room(book, order, used)
        if room == 0:
            yield Closed(order.order, "cancelled")
        elif room is not None and bar is not None and (reference := _reference(order, bar)):
            quantity = min(room, rules.volume_cap_shares, _volume_left(order.symbol, bar, used))
            if quantity > 0:
                yield _fill(order, quantity, _price(order, reference, bar, rules, session), rules, seq, date)
                seq += 1
                _use(order, quantity, used)
                if quantity == order.quantity - order.filled:
                    yield Closed(order.order, "filled")


def _room(book: VenueBook, order: VenueOrder, used: _Session) -> int | None:
    """Shares that may still fill; None: it waits (closed fence), 0: a reducing order without anything to reduce."""
    level = fence.level_for(book, order)
    if level == fence.CLOSED:
        return None
    remaining = order.quantity - order.filled
    if not order.reduce_only and level == fence.OPEN:
        return remaining
    position = used.positions.get((order.uid, order.symbol), 0)
    room = min(remaining, abs(position)) if position * order.side < 0 else 0
    return room if room or order.reduce_only else None


def _reference(order: VenueOrder, bar: Quote) -> int:
    """The price before slippage; 0 when the bar does not reach the order.

    A stop that has filled in part has been triggered and is a market order from then on.
    """
    first = bar.open or bar.close
    if order.type == "limit":
        if (first - order.limit) * order.side <= 0:
            return first
        best = bar.low if order.side > 0 else bar.high
        return order.limit if best and (best - order.limit) * order.side <= 0 else 0
    if order.type == "stop" and not order.filled:
        if (first - order.stop) * order.side >= 0:
            return first
        worst = bar.high if order.side > 0 else bar.low
        return order.stop if worst and (worst - order.stop) * order.side >= 0 else 0
    return first


def _price(order: VenueOrder, reference: int, bar: Quote, rules: Rules, session: int) -> int:
    """Reference price plus slippage against the order; within the bar, and never beyond its limit."""
    steps = uniform(2 * rules.slippage_bps * _STEPS + 1, rules.seed, order.uid, order.client_id, session)
    price = reference + order.side * (reference * steps // (_BPS * _STEPS))
    if bar.open:
        price = max(bar.low, min(bar.high, price))
    if order.type == "limit":
        price = min(price, order.limit) if order.side > 0 else max(price, order.limit)
    return max(1, price)


def _volume_left(symbol: str, bar: Quote, used: _Session) -> int:
    unlimited = 1 << 62
    whole = unlimited if bar.volume < 0 else bar.volume // PARTICIPATION
    return used.shares_left.setdefault(symbol, whole)


def _fill(order: VenueOrder, quantity: int, price: int, rules: Rules, seq: int, date: str) -> Fill:
    fee = -(-quantity * price * rules.fee_bps // _BPS)
    return Fill(seq, order.order, order.uid, order.symbol, order.side, quantity, price, fee, date)


def _use(order: VenueOrder, quantity: int, used: _Session) -> None:
    key = (order.uid, order.symbol)
    used.positions[key] = used.positions.get(key, 0) + order.side * quantity
    used.shares_left[order.symbol] -= quantity
