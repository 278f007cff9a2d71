"""One liquidation under way: orders, retries and the end, one step at a time; bounded in tries and time."""

from collections.abc import Callable
from dataclasses import dataclass, field

from controller.engine_ports import Engine, Order
from controller.errors import EngineUnavailable
from controller.gate.answer import Answer
from controller.gate.verdicts import Code
from controller.ports import Clock
from controller.reconcile.flatten import TRIES, Place, flattened, next_orders, tried
from schemas.liquidation import Flattened

RETRY_NS = 500_000_000
LOST_NS = 10_000_000_000
"""How long a silent gate is waited for: its supervisor starts it again within two seconds."""
STILL_NS = 120_000_000_000
"""How long orders may work without a fill: a closed or slow market is told, not waited for."""
ENDINGS = frozenset({Code.NO_TICKET, Code.TICKET_EXPIRED, Code.TICKET_SPENT, Code.NOT_HALTED})
"""Refusals after which this liquidation can do nothing more."""


@dataclass(slots=True)
class Flattening:
    """``told`` hears positions and cash after every step. ``ended``: the gate lets nothing more of it through."""

    engine: Engine
    clock: Clock
    id: str
    told: Callable[[tuple[Flattened, ...], int], None]
    ended: bool = False
    _tries: dict[Place, int] = field(default_factory=dict)
    _problems: dict[Place, str] = field(default_factory=dict)
    _not_before: dict[Place, int] = field(default_factory=dict)
    _heard: int = 0
    _moved: int = 0
    _left: int = -1

    def step(self) -> str | None:
        """Read, tell, send what is due. None while it goes on, empty when all is flat, else why it stops."""
        now = self.clock.boot_ns()
        self._heard, self._moved = self._heard or now, self._moved or now
        try:
            return self._step(now)
        except EngineUnavailable as error:
            return f"the gate does not answer: {error}" if now - self._heard > LOST_NS else None

    def _step(self, now: int) -> str | None:
        live = self.engine.read()
        self._heard = now
        positions = tuple(
            item.model_copy(update={"problem": self._problems.get((item.uid, item.symbol), "")} if item.left else {})
            for item in flattened(live, self.id)
        )
        self.told(positions, live.account.cash)
        for place, count in tried(live, self.id).items():
            self._tries[place] = max(count, self._tries.get(place, 0))
        left = sum(item.left for item in positions)
        if not left:
            return ""
        if left != self._left:
            self._left, self._moved = left, now
        if now - self._moved > STILL_NS:
            return f"nothing has been filled for {STILL_NS // 10**9} s"
        return self._send(positions, now)

    def _send(self, positions: tuple[Flattened, ...], now: int) -> str | None:
        for order in next_orders(positions, self.id, self._tries):
            place = (order.uid, order.symbol)
            if now < self._not_before.get(place, 0):
                continue
            answer = self.engine.liquidate(self.id, order)
            if answer.code in ENDINGS:
                self.ended = True
                return f"{answer.code}: {answer.message}"
            self._note(order, answer, now)
        stuck = [item for item in positions if item.left and not item.working]
        if stuck and all(self._tries.get((item.uid, item.symbol), 0) >= TRIES for item in stuck):
            waiting = any(item.working for item in positions)
            return None if waiting else f"{len(stuck)} of {len(positions)} could not be closed in {TRIES} tries"
        return None

    def _note(self, order: Order, answer: Answer, now: int) -> None:
        place = (order.uid, order.symbol)
        self._tries[place] = self._tries.get(place, 0) + 1
        self._not_before[place] = now + RETRY_NS
        self._problems[place] = "" if answer.ok else f"{answer.code}: {answer.message}"
