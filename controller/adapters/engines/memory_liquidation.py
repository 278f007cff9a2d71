"""Liquidations of the in-memory engine: the gate's own claim on a book in memory."""

import time
from collections.abc import Callable, Mapping, Sequence

from controller.adapters.engines.memory_book import MemoryBook
from controller.engine_ports import Order
from controller.errors import EngineUnavailable
from controller.gate.answer import Answer
from controller.gate.claim import BEGIN_RULES, BEGUN, ENDED, ORDER_RULES, Claim, refusal
from controller.gate.verdicts import Code
from controller.latch.ticket import Ticket, book_digest
from controller.ports import Clock
from schemas.halts import ACCOUNT, Halt


class MemoryLiquidations(MemoryBook):
    """``ticket`` gives what the permit holds; a test sets it. ``marked`` stands for the venue's journal.

    ``raised``, ``unavailable``, ``slow`` and ``calls`` as for :class:`controller.adapters.engines.memory.MemoryEngine`.
    """

    def __init__(
        self, clock: Clock, cash: int, raised: Callable[[], Sequence[Halt]], unavailable: str, slow: float
    ) -> None:
        super().__init__(cash)
        self.unavailable = unavailable
        self.slow = slow
        self.calls: list[str] = []
        self.ticket: Callable[[], Ticket | None] = lambda: None
        self.marked: dict[str, str] = {}
        self._clock = clock
        self._raised = raised

    def begin_liquidation(self, id: str) -> Answer:
        """Begin it if the claim holds."""
        self._call(f"begin {id}")
        refused = refusal(BEGIN_RULES, self._claim(id))
        if refused is not None:
            return Answer(False, code=refused.code, message=refused.message)
        self.marked[id] = BEGUN
        self.cancel_orders()
        return Answer(True)

    def liquidate(self, id: str, order: Order) -> Answer:
        """Accept a reducing order while the claim holds; a repeated client id is the same order."""
        self._call(f"liquidate {order.client_id}")
        for view in self.orders.values():
            if (view.uid, view.client_id) == (order.uid, order.client_id):
                return Answer(True, view.order, view.quantity)
        refused = refusal(ORDER_RULES, self._claim(id))
        if refused is not None:
            return Answer(False, code=refused.code, message=refused.message)
        if not self.reduces(order.uid, order.symbol, order.side, order.quantity):
            return Answer(False, code=Code.REDUCE_ONLY, message="nothing is left to reduce")
        return Answer(True, self.accept(order, self._clock.wall_ns(), id), order.quantity)

    def end_liquidation(self, id: str) -> None:
        """End it for ever."""
        self._call(f"end {id}")
        if self.marked.get(id) == BEGUN:
            self.marked[id] = ENDED
        self.cancel_orders(ticket=id)

    def liquidations(self) -> Mapping[str, str]:
        """What was begun and ended."""
        self._call("liquidations")
        return dict(self.marked)

    def _call(self, what: str) -> None:
        self.calls.append(what)
        if self.slow:
            time.sleep(self.slow)
        if self.unavailable:
            raise EngineUnavailable(self.unavailable, hint="gt risk service status")

    def _claim(self, id: str) -> Claim:
        digest = book_digest((item.uid, item.symbol, item.quantity) for item in self.held.values())
        mode = max((halt.mode.rank for halt in self._raised() if halt.scope == ACCOUNT), default=0)
        return Claim(id, self.ticket(), mode, "", self._clock.boot_ns(), self.marked.get(id, ""), digest)
