"""Live state: what the gate, the venue and the latch hold now, read back and never assumed.

Money is in micro-dollars, quantities in whole shares (shorts negative), times in Unix nanoseconds;
``market_time`` is the market clock (the replayed session), ``as_of_ns`` the wall clock.
"""

from typing import Literal

from schemas.desired import StrategyStatus, TradingMode
from schemas.policy import digest_of
from schemas.scalars import Model

Arm = Literal["", "A", "B"]
"""A variant of an A/B test; empty: of no test."""


class Labelled(Model):
    """What belongs to an ``arm`` of the A/B test ``test``, in step ``epoch`` of its rollout; empty: to none."""

    arm: Arm = ""
    test: str = ""
    epoch: int = 0


class PositionView(Labelled):
    """One strategy's holding in one instrument, of the arm that opened it. ``entry`` is the average entry price."""

    uid: str
    symbol: str
    quantity: int
    entry: int
    mark: int
    opened_market: str
    realized: int = 0


class OrderView(Labelled):
    """One order as the venue knows it; ``ticket`` is the liquidation that it belongs to."""

    order: str
    client_id: str
    uid: str
    symbol: str
    side: Literal["buy", "sell"]
    type: Literal["market", "limit", "stop"]
    quantity: int
    filled: int
    price: int
    state: Literal["pending", "working", "filled", "cancelled", "rejected", "unknown"]
    submitted_ns: int
    market_time: str
    average: int = 0
    ticket: str = ""


class FillView(Labelled):
    """One execution. ``seq`` rises by one a fill of its book; ``position`` is what the strategy then held.

    It is of the arm whose position it changes, whoever sent the order; of the order's own where there was none.
    """

    seq: int
    order: str
    uid: str
    symbol: str
    side: Literal["buy", "sell"]
    quantity: int
    price: int
    fee: int
    position: int
    market_time: str
    at_ns: int


class ShadowView(Model):
    """One session of an A/B test: of a paired one what either variant would have returned, in parts per billion of its
    equity; of one that shares signals, how many that either variant saw were drawn for which arm, taken or not.

    ``seq`` rises by one a row of its book; each (uid, test, epoch, market_time) comes once, in order of market time.
    """

    seq: int
    uid: str
    test: str
    epoch: int
    market_time: str
    return_a: int = 0
    return_b: int = 0
    signals_a: int = 0
    signals_b: int = 0


class StrategyLive(Model):
    """Ledger and status of one strategy at the venue. ``equity`` = allocation at start + realised + unrealised."""

    uid: str
    venue_status: StrategyStatus
    realized: int = 0
    unrealized: int = 0
    fees: int = 0
    deployed: int = 0
    wins: int = 0
    losses: int = 0
    last_trade_ns: int = 0
    health: str = ""
    health_reason: str = ""


class Account(Model):
    """The account's money."""

    cash: int
    equity: int
    buying_power: int
    long_exposure: int
    short_exposure: int


class GateState(Model):
    """What the gate enforces at this moment."""

    pid: int
    policy_version: int
    policy_digest: str
    policy_count: int
    revision: str
    fence: int
    mode: TradingMode
    statuses: dict[str, StrategyStatus]
    permit: str
    words: tuple[str, ...] = ()


class LiveState(Model):
    """One complete read of the engine through the gate. ``book`` is the book's own id, ``filled`` its last fill."""

    gate: GateState
    book: str = ""
    filled: int = 0
    venue_mode: TradingMode
    account: Account
    positions: tuple[PositionView, ...] = ()
    orders: tuple[OrderView, ...] = ()
    strategies: dict[str, StrategyLive] = {}
    prices: dict[str, int] = {}
    volatility: dict[str, int] = {}
    market_time: str
    feed: Literal["live", "ended", "stale"]
    feed_age_ms: int
    as_of_ns: int

    def enforced(self) -> str:
        """Digest of what gate and venue enforce: policies, mode, statuses, open halts; no money, price or version."""
        gate = self.gate
        statuses = {uid: item.venue_status for uid, item in self.strategies.items()}
        words = sorted(gate.words)
        return digest_of([gate.policy_digest, gate.mode, gate.statuses, words, self.venue_mode, statuses])


class Decision(Model):
    """One thing the gate decided that people should see: a denial, a soft warning, a reduced size."""

    seq: int
    at_ns: int
    market_time: str
    kind: Literal["denied", "warned", "reduced", "halted"]
    code: str
    uid: str
    symbol: str
    limit: str = ""
    observed: int = 0
    projected: int = 0
    value: int = 0
    revision: str = ""
    message: str = ""
