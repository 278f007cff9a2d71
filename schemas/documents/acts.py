"""Halts, liquidations, ``portfolio close`` and ``stop``: what they plan and what came of it."""

from typing import Literal

from pydantic import Field

from schemas.documents.parts import Answer, Headed, Mode, Status, Trouble
from schemas.scalars import Model


class HaltPlan(Answer):
    """A halt with ``--dry-run``: ``scope`` is the account or the id of a strategy, ``plan`` the lines that it shows."""

    dry_run: Literal[True]
    scope: str
    mode: Mode
    plan: tuple[str, ...]


class RaisedHalt(Model):
    """The halt that was raised: ``scope`` is the account or ``strategy:UID``, ``mode`` what it brings that scope to."""

    id: str
    scope: str
    mode: Mode | Status
    actor: str
    reason: str
    opened: str = Field(description="Wall clock, ISO 8601 in UTC")


class GateAnswer(Model):
    """What one gate answered; ``problem`` is empty when it confirmed the halt."""

    socket: str
    confirmed: bool
    problem: str


class CancelledOf(Model):
    """Working orders cancelled for one strategy; null when no gate has answered."""

    id: str
    uid: str
    cancelled: int | None


class Halted(Answer):
    """A halt: what is confirmed of it. ``durable``: it survives power loss; ``taken_over``: the controller has it;
    ``problems`` took something away, ``notices`` did not; ``error`` when nothing holds the halt."""

    in_force: bool = Field(description="Every gate has answered")
    acknowledged_ns: int | None = Field(description="Monotonic clock in nanoseconds; null before every gate answered")
    durable: bool
    taken_over: bool
    halt: RaisedHalt
    gates: tuple[GateAnswer, ...]
    strategies: tuple[CancelledOf, ...]
    cancelled: int | None = Field(description="Working orders cancelled; null when no gate has answered")
    positions_open: int | None = Field(description="Open positions in scope; null when the gate does not answer")
    problems: tuple[str, ...]
    notices: tuple[str, ...]
    as_of: str = Field(description="Wall clock, ISO 8601 in UTC")
    error: Trouble | None = None


Scope = Literal["portfolio", "everything"]


class LiquidationPlan(Headed):
    """A liquidation with ``--dry-run``: what it would end, and what it is likely to cost."""

    dry_run: Literal[True]
    scope: Scope
    plan: tuple[str, ...]
    positions: int
    orders: int = Field(description="Working orders")
    value: float = Field(description="Absolute market value of all positions, dollars")
    unrealized: float = Field(description="Dollars")
    impact_pct: tuple[float, float] = Field(description="Of the value: with the least and with the most slippage")


class Closed(Model):
    """One position of a liquidation: ``quantity`` as it was held, shorts negative; ``left`` of it is still open."""

    strategy: str
    uid: str
    symbol: str
    quantity: int = Field(description="Shares")
    left: int = Field(description="Shares")
    price: float | None = Field(description="Average price in dollars; null before anything was closed")
    working: bool
    problem: str


class Liquidation(Answer):
    """What came of a liquidation; ``residual`` are the results with something left, ``error`` when there are any."""

    id: str
    scope: Scope
    stage: Literal["prepared", "running", "done", "partial", "refused", "unknown"]
    by: str | None
    results: tuple[Closed, ...]
    residual: tuple[Closed, ...]
    cash: float | None = Field(description="Dollars; null before it was read")
    problem: str
    resumable: bool = Field(description="Its ticket is good and shares are left")
    cancelled: int = Field(description="Working orders cancelled by its halt")
    notices: tuple[str, ...]
    error: Trouble | None = None


class ExitPlan(Answer):
    """``portfolio close`` or ``stop`` with ``--dry-run``: the lines that it shows."""

    dry_run: Literal[True]
    plan: tuple[str, ...]


class ExitOrder(Model):
    """One order; ``state`` is ``denied`` when the gate refused it, then ``code`` and ``message`` say why."""

    strategy: str
    symbol: str
    side: Literal["buy", "sell"]
    quantity: int = Field(description="Shares")
    type: str
    stop: float | None = Field(description="Price that sets it off, dollars; null unless it is a stop")
    order: str | None = Field(description="Its number at the venue; null when it was denied")
    state: str
    filled: int = Field(description="Shares")
    price: float | None = Field(description="Average price in dollars; null before anything was filled")
    code: str
    message: str


class ExitOrders(Answer):
    """``portfolio close`` and ``portfolio stop``; ``error`` when the gate denied an order."""

    orders: tuple[ExitOrder, ...]
    error: Trouble | None = None
