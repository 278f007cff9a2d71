"""``portfolio close`` and ``portfolio stop``: orders of a person that only ever reduce a position, through the gate."""

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from controller.audit import Action, control_action
from controller.core.plan.edits import BadArgument
from controller.engine_ports import Engine, Order
from controller.errors import GtRiskError
from controller.gate.answer import Answer
from controller.gate.protection import STOP
from controller.ports import Clock, Store
from schemas.audit import AuditEntry
from schemas.live import LiveState, OrderView, PositionView

LOOK_SECONDS = 0.05
_OPEN = ("pending", "working", "unknown")


class NothingHeld(GtRiskError):
    """There is no such position."""


@dataclass(frozen=True, slots=True)
class Exit:
    """What became of one order: the gate's answer and, when it passed, the order as it was read last."""

    order: Order
    answer: Answer
    seen: OrderView | None = None


@dataclass(frozen=True, slots=True)
class Exits:
    """Each is audited before it acts. The gate alone decides what passes: a freeze refuses exits too."""

    engine: Engine
    store: Store
    clock: Clock

    def close(self, symbol: str, actor: str, reason: str, wait: float) -> Sequence[Exit]:
        """Close every strategy's position at market in place of all that works in ``symbol``; waits up to ``wait``
        seconds for the fills. Raises NothingHeld, EngineUnavailable, StoreUnavailable."""
        live = self.engine.read()
        held = _held(live, symbol)
        entry = self._entry("portfolio.close", actor, reason, f"{symbol} at market")
        with control_action(self.store, self.clock, entry) as action:
            self._cancel_entries(live, held)
            exits = self._filled([self._send(_exit(item, "market")) for item in held], wait)
            _conclude(action, exits)
        return exits

    def stop(self, symbol: str, price: int, actor: str, reason: str) -> Sequence[Exit]:
        """Put a stop at ``price`` (micro-dollars) under every strategy's position; an earlier one of a person moves.

        Raises BadArgument for a price that would execute at once, NothingHeld, EngineUnavailable, StoreUnavailable.
        """
        live = self.engine.read()
        held = _held(live, symbol)
        for item in held:
            if (item.mark - price) * item.quantity <= 0:
                message = f"a stop at {_dollars(price)} would execute at once: {symbol} is at {_dollars(item.mark)}"
                raise BadArgument(message, f"gt risk portfolio close {symbol}")
        entry = self._entry("portfolio.stop", actor, reason, f"{symbol} at {_dollars(price)}")
        with control_action(self.store, self.clock, entry) as action:
            exits = [self._send(replace(_exit(item, "stop"), stop=price)) for item in held]
            _conclude(action, exits)
        return exits

    def _entry(self, event: str, actor: str, reason: str, details: str) -> AuditEntry:
        now = self.clock.wall_ns()
        return AuditEntry(
            at_ns=now, event=event, actor=actor, channel="cli", level="warn", reason=reason, details=details
        )

    def _send(self, order: Order) -> Exit:
        return Exit(order, self.engine.exit(order))

    def _cancel_entries(self, live: LiveState, held: Sequence[PositionView]) -> None:
        """Cancel what would open the positions again; the exits give way to ours at the gate."""
        entries = {(item.uid, item.symbol, "buy" if item.quantity > 0 else "sell") for item in held}
        for order in live.orders:
            if (order.uid, order.symbol, order.side) in entries and order.state in _OPEN:
                self.engine.cancel_order(order.order)

    def _filled(self, exits: list[Exit], wait: float) -> list[Exit]:
        """The same, as they stand once all are done or time is up."""
        pause, looks = threading.Event(), max(1, round(wait / LOOK_SECONDS))
        for _ in range(looks):
            orders = {order.order: order for order in self.engine.read().orders}
            exits = [replace(item, seen=orders.get(item.answer.order)) for item in exits]
            if not any(item.seen is not None and item.seen.state in _OPEN for item in exits):
                break
            pause.wait(LOOK_SECONDS)
        return exits


def _held(live: LiveState, symbol: str) -> list[PositionView]:
    found = [item for item in live.positions if item.symbol == symbol and item.quantity]
    if not found:
        raise NothingHeld(f"nothing is held in {symbol}", "gt risk portfolio positions")
    return found


def _exit(item: PositionView, kind: Literal["market", "stop"]) -> Order:
    return Order(
        uid=item.uid,
        symbol=item.symbol,
        side="sell" if item.quantity > 0 else "buy",
        quantity=abs(item.quantity),
        client_id=f"{STOP if kind == 'stop' else 'op-close-'}{secrets.token_hex(8)}",
        type=kind,
    )


def _conclude(action: Action, exits: Sequence[Exit]) -> None:
    """Done when the gate let every order pass; what it refused is named."""
    denied = [f"{item.answer.code}: {item.answer.message}" for item in exits if not item.answer.ok]
    if denied:
        details = f"{action.intent.entry.details}; {'; '.join(denied)}"
        action.result("refused" if len(denied) == len(exits) else "partial", details=details)
    else:
        action.result("done", details=action.intent.entry.details)


def _dollars(micros: int) -> str:
    return f"${micros / 1_000_000:,.2f}"
