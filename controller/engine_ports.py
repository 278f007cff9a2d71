"""The trading system behind the gate, as a contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from controller.gate.answer import Answer
from schemas.desired import StrategyStatus, TradingMode
from schemas.live import Decision, FillView, GateState, LiveState, ShadowView


@dataclass(frozen=True, slots=True)
class Order:
    """An order as a strategy asks for it. Prices in micro-dollars; ``client_id`` makes a repeat harmless."""

    uid: str
    symbol: str
    side: Literal["buy", "sell"]
    quantity: int
    client_id: str
    type: Literal["market", "limit", "stop"] = "market"
    limit: int = 0
    stop: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """``live`` is the newest reading that came back, None before the first; ``error`` why a later one did not."""

    live: LiveState | None = None
    error: str = ""


class Engine(Protocol):
    """The trading system behind the gate, as the controller sees it. Raises EngineUnavailable."""

    def read(self) -> LiveState:
        """One complete, consistent read of book, venue and gate."""
        ...

    def newest(self) -> Reading:
        """What the latest :meth:`read` of any thread came to, without asking again."""
        ...

    def adopt(self) -> GateState:
        """Have the gate re-read latch and permit now; returns what it then enforces."""
        ...

    def cancel(self, scope: str) -> Mapping[str, int]:
        """Cancel working orders of ``account`` or ``strategy:<uid>``; number cancelled by uid. Always allowed."""
        ...

    def cancel_order(self, order: str) -> bool:
        """Cancel one order by the gate's id, a liquidation's too; False when it is not open. Always allowed."""
        ...

    def set_venue_mode(self, mode: TradingMode) -> None:
        """Set the venue's own mode (a second fence behind the gate)."""
        ...

    def set_venue_status(self, uid: str, status: StrategyStatus) -> None:
        """Set the venue's own status of one strategy."""
        ...

    def submit(self, order: Order) -> Answer:
        """Put an order through the gate."""
        ...

    def exit(self, order: Order) -> Answer:
        """Put a person's order through the gate that must reduce a position (else ``REDUCE_ONLY``).

        A stop takes the place of people's earlier stops, any other exit that of every order on its side; a crash leaves
        what was or what is, and a denial what was.
        """
        ...

    def begin_liquidation(self, id: str) -> Answer:
        """Begin a liquidation whose ticket the permit holds: once for each id, for ever. Cancels what works."""
        ...

    def liquidate(self, id: str, order: Order) -> Answer:
        """Put one reducing market order of a liquidation under way to the venue, whatever mode and status say."""
        ...

    def end_liquidation(self, id: str) -> None:
        """End it for ever and cancel what is left of it; harmless for one that never began."""
        ...

    def liquidations(self) -> Mapping[str, str]:
        """What the venue's journal says: id → ``begun`` or ``ended``."""
        ...

    def decisions(self, since: int) -> Sequence[Decision]:
        """Gate decisions with ``seq`` > ``since``, oldest first; the gate keeps the last 1,000."""
        ...

    def fills(self, book: str, since: int) -> Sequence[FillView]:
        """Fills with ``seq`` > ``since`` that no loss of power takes back, oldest first, at most 500 of the last 2,000;
        none when the engine has another ``book``."""
        ...

    def shadows(self, book: str, since: int) -> Sequence[ShadowView]:
        """Sessions of paired A/B tests with ``seq`` > ``since``, told and bounded as :meth:`fills`."""
        ...

    def history(self, symbol: str, n: int) -> Sequence[tuple[str, int]]:
        """The last ``n`` (session, close in micro-dollars) up to the market clock, oldest first; empty when unknown."""
        ...
