"""Closed trades from the fill log: what each round trip of a strategy in one instrument brought.

A trade runs from flat to flat; a fill that turns a position ends one trade and begins the next, its fee shared by
shares. Its gain is what came in minus what went out, so no choice between average cost and first-in-first-out enters.
A trade of which the log does not hold every fill (it is bounded) is left out, never guessed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from schemas.live import FillView

_SIGNS = {"buy": 1, "sell": -1}


class Trade(NamedTuple):
    """One closed round trip; money in micro-dollars, times in Unix nanoseconds, sessions of the market clock.

    ``quantity`` are the shares opened in all and ``cost`` what they traded for; ``gain`` is before ``fees``.
    """

    uid: str
    symbol: str
    side: Literal["long", "short"]
    quantity: int
    cost: int
    gain: int
    fees: int
    opened_market: str
    opened_ns: int
    closed_market: str
    closed_ns: int

    @property
    def result(self) -> float:
        """Gain after fees as a share of the cost."""
        return (self.gain - self.fees) / self.cost


class _Leg(NamedTuple):
    """The part of a fill that only opens or only closes; ``shares`` signed, ``before`` the position before it."""

    fill: FillView
    before: int
    shares: int
    fee: int


@dataclass(slots=True)
class _Open:
    """A trade under way; ``flow`` is what came in minus what went out."""

    first: FillView
    position: int = 0
    quantity: int = 0
    cost: int = 0
    flow: int = 0
    fees: int = 0

    def add(self, leg: _Leg) -> None:
        value = leg.shares * leg.fill.price
        if self.position * leg.shares >= 0:
            self.quantity += abs(leg.shares)
            self.cost += abs(value)
        self.position += leg.shares
        self.flow -= value
        self.fees += leg.fee

    def closed(self, last: FillView) -> Trade:
        first = self.first
        return Trade(
            first.uid,
            first.symbol,
            "long" if first.side == "buy" else "short",
            self.quantity,
            self.cost,
            self.flow,
            self.fees,
            first.market_time,
            first.at_ns,
            last.market_time,
            last.at_ns,
        )


def closed_trades(fills: Iterable[FillView]) -> Sequence[Trade]:
    """Every trade that ``fills`` (of one strategy or of many, in any order) hold from its first to its last, by close.

    An open position's first session and a strategy's last trade are in ``PositionView`` and ``StrategyLive``.
    """
    under_way: dict[tuple[str, str], _Open] = {}
    trades = []
    for fill in sorted(fills, key=lambda item: item.seq):
        key = (fill.uid, fill.symbol)
        for leg in _legs(fill):
            trade = under_way.pop(key, None) if leg.before else _Open(fill)
            if trade is None or trade.position != leg.before:
                continue
            trade.add(leg)
            if trade.position:
                under_way[key] = trade
            else:
                trades.append(trade.closed(fill))
    return trades


def _legs(fill: FillView) -> Iterator[_Leg]:
    """What the fill closes, then what it opens; the fee by shares, rounded down for what it closes."""
    sign = _SIGNS[fill.side]
    before = fill.position - sign * fill.quantity
    closing = min(fill.quantity, abs(before)) if before * sign < 0 else 0
    fee = fill.fee * closing // fill.quantity
    if closing:
        yield _Leg(fill, before, sign * closing, fee)
    if closing < fill.quantity:
        yield _Leg(fill, before + sign * closing, sign * (fill.quantity - closing), fill.fee - fee)
