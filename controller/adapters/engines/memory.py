"""The Engine port in memory: a gate and a venue in one, for tests of everything above them.

It adopts snapshots as the gate does (from a policy folder or handed over by :meth:`MemoryEngine.offer`, newest
version, never a lower version or fence), answers orders by mode, status and reduce-only, and keeps a book that a
test moves by :meth:`set_price`, :meth:`set_position` and :meth:`fill`. It checks no other limit: that is the gate's.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from controller.errors import EngineUnavailable
from controller.ports import Answer, Clock, Order
from schemas.desired import StrategyStatus, TradingMode
from schemas.halts import ACCOUNT, Halt
from schemas.live import Account, Decision, GateState, LiveState, OrderView, PositionView, StrategyLive
from schemas.policy import Snapshot

_NO_HALTS: tuple[Halt, ...] = ()
_KEPT_DECISIONS = 1_000


class _Enforced(NamedTuple):
    mode: TradingMode
    statuses: dict[str, StrategyStatus]


class MemoryEngine:
    """A gate and a venue in one process.

    ``policies`` is the folder that ``adopt`` reads; ``raised`` gives the halts that the latch holds; ``permit`` says
    whether the permit is ``valid`` (anything else: only reducing orders pass). ``unavailable`` makes every call
    raise EngineUnavailable with that text; ``slow`` delays every call by as many seconds. Both may be set later.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        policies: Path | None = None,
        raised: Callable[[], Sequence[Halt]] = lambda: _NO_HALTS,
        permit: Callable[[], str] = lambda: "valid",
        cash: int = 100_000_000_000,
        unavailable: str = "",
        slow: float = 0.0,
    ) -> None:
        self.unavailable = unavailable
        self.slow = slow
        self.cash = cash
        self.market_time = "2008-06-02"
        self.prices: dict[str, int] = {}
        self.venue_mode = TradingMode.NORMAL
        self.venue_statuses: dict[str, StrategyStatus] = {}
        self.calls: list[str] = []
        self._clock = clock
        self._policies = policies
        self._raised = raised
        self._permit = permit
        self._offered: list[Snapshot] = []
        self._snapshot: Snapshot | None = None
        self._positions: dict[tuple[str, str], PositionView] = {}
        self._orders: dict[str, OrderView] = {}
        self._decisions: list[Decision] = []

    def offer(self, snapshot: Snapshot) -> None:
        """Hand over a snapshot for the next ``adopt``."""
        self._offered.append(snapshot)

    def set_price(self, symbol: str, price: int) -> None:
        """Mark ``symbol`` at ``price`` micro-dollars."""
        self.prices[symbol] = price
        for place, position in self._positions.items():
            if position.symbol == symbol:
                self._positions[place] = position.model_copy(update={"mark": price})

    def set_position(self, uid: str, symbol: str, quantity: int, entry: int) -> None:
        """Put a position into the book as if it had been traded; 0 removes it. Cash stays."""
        self._positions.pop((uid, symbol), None)
        if quantity:
            mark = self.prices.setdefault(symbol, entry)
            self._positions[uid, symbol] = PositionView(
                uid=uid, symbol=symbol, quantity=quantity, entry=entry, mark=mark, opened_market=self.market_time
            )

    def fill(self, order: str, quantity: int = 0) -> None:
        """Fill a working order at the mark: ``quantity`` shares, all that is left when 0."""
        view = self._orders[order]
        quantity = quantity or view.quantity - view.filled
        sign, price = (1 if view.side == "buy" else -1), self.prices[view.symbol]
        held = self._positions.get((view.uid, view.symbol))
        self.set_position(view.uid, view.symbol, (held.quantity if held else 0) + sign * quantity, price)
        self.cash -= sign * quantity * price
        filled = view.filled + quantity
        state = "filled" if filled == view.quantity else "working"
        self._orders[order] = view.model_copy(update={"filled": filled, "state": state, "average": price})

    def read(self) -> LiveState:
        """The whole book."""
        self._call("read")
        positions = tuple(self._positions.values())
        values = [position.quantity * position.mark for position in positions]
        equity = self.cash + sum(values)
        return LiveState(
            gate=self._gate(),
            venue_mode=self.venue_mode,
            account=Account(
                cash=self.cash,
                equity=equity,
                buying_power=max(self.cash, 0),
                long_exposure=sum(value for value in values if value > 0),
                short_exposure=-sum(value for value in values if value < 0),
            ),
            positions=positions,
            orders=tuple(self._orders.values()),
            strategies={uid: self._ledger(uid) for uid in self._uids()},
            prices=dict(self.prices),
            market_time=self.market_time,
            feed="live",
            feed_age_ms=0,
            as_of_ns=self._clock.wall_ns(),
        )

    def adopt(self) -> GateState:
        """Take the newest snapshot that is neither older nor of a lower fence than the one in force."""
        self._call("adopt")
        known = (self._snapshot.version, self._snapshot.fence) if self._snapshot else (0, 0)
        for snapshot in sorted([*self._offered, *self._on_disk()], key=lambda item: item.version):
            if snapshot.version >= known[0] and snapshot.fence >= known[1]:
                self._snapshot, known = snapshot, (snapshot.version, snapshot.fence)
        self._offered.clear()
        return self._gate()

    def cancel(self, scope: str) -> Mapping[str, int]:
        """Cancel working orders."""
        self._call(f"cancel {scope}")
        cancelled: dict[str, int] = {}
        for order, view in self._orders.items():
            if view.state == "working" and scope in (ACCOUNT, f"strategy:{view.uid}"):
                self._orders[order] = view.model_copy(update={"state": "cancelled"})
                cancelled[view.uid] = cancelled.get(view.uid, 0) + 1
        return cancelled

    def set_venue_mode(self, mode: TradingMode) -> None:
        """Set the venue's own mode."""
        self._call(f"venue-mode {mode.value}")
        self.venue_mode = mode

    def set_venue_status(self, uid: str, status: StrategyStatus) -> None:
        """Set the venue's own status of one strategy."""
        self._call(f"venue-status {uid} {status.value}")
        self.venue_statuses[uid] = status

    def submit(self, order: Order) -> Answer:
        """Accept or deny by mode, status and reduce-only; an accepted order works until :meth:`fill`."""
        self._call(f"submit {order.client_id}")
        for view in self._orders.values():
            if (view.uid, view.client_id) == (order.uid, order.client_id):
                return Answer(True, view.order, view.quantity)
        code = self._denial(order)
        if code:
            return self._deny(order, code)
        identity = f"o{len(self._orders) + 1}"
        self._orders[identity] = OrderView(
            order=identity,
            client_id=order.client_id,
            uid=order.uid,
            symbol=order.symbol,
            side=order.side,
            type=order.type,
            quantity=order.quantity,
            filled=0,
            price=order.limit or order.stop or self.prices[order.symbol],
            state="working",
            submitted_ns=self._clock.wall_ns(),
            market_time=self.market_time,
        )
        return Answer(True, identity, order.quantity, revision=self._revision())

    def decisions(self, since: int) -> Sequence[Decision]:
        """Decisions after ``since``."""
        self._call("decisions")
        return [decision for decision in self._decisions if decision.seq > since]

    def _call(self, what: str) -> None:
        self.calls.append(what)
        if self.slow:
            time.sleep(self.slow)
        if self.unavailable:
            raise EngineUnavailable(self.unavailable, hint="gt risk service status")

    def _on_disk(self) -> list[Snapshot]:
        if self._policies is None:
            return []
        found = [path for path in self._policies.glob("*.json") if path.stem.isdigit()]
        newest = sorted(found, key=lambda path: int(path.stem))[-1:]
        return [_snapshot(path.read_text()) for path in newest]

    def _enforced(self) -> _Enforced:
        policies = self._snapshot.policies if self._snapshot else ()
        mode = max((policy.mode for policy in policies), key=_rank, default=TradingMode.HALT_TRADING)
        statuses: dict[str, StrategyStatus] = {}
        for policy in policies:
            for uid, strategy in policy.strategies.items():
                statuses[uid] = max(strategy.status, statuses.get(uid, StrategyStatus.ACTIVE), key=_rank)
        for halt in self._raised():
            if halt.scope == ACCOUNT:
                mode = max(mode, halt.mode, key=_rank)
            else:
                uid = halt.scope.removeprefix("strategy:")
                wanted = StrategyStatus.HALTED if halt.mode.rank > 1 else StrategyStatus.PAUSED
                statuses[uid] = max(statuses.get(uid, StrategyStatus.ACTIVE), wanted, key=_rank)
        return _Enforced(mode, statuses)

    def _gate(self) -> GateState:
        enforced, snapshot = self._enforced(), self._snapshot
        return GateState(
            pid=1,
            policy_version=snapshot.version if snapshot else 0,
            policy_digest=snapshot.digest() if snapshot else "",
            policy_count=len(snapshot.policies) if snapshot else 0,
            revision=self._revision(),
            fence=snapshot.fence if snapshot else 0,
            mode=enforced.mode,
            statuses=enforced.statuses,
            permit=self._permit(),
            words=tuple(f"{halt.word:016x}" for halt in self._raised() if halt.word),
        )

    def _revision(self) -> str:
        return self._snapshot.policies[-1].revision if self._snapshot else ""

    def _denial(self, order: Order) -> str:
        enforced = self._enforced()
        mode = max(enforced.mode, self.venue_mode, key=_rank)
        own = self.venue_statuses.get(order.uid, StrategyStatus.ACTIVE)
        status = max(enforced.statuses.get(order.uid, StrategyStatus.HALTED), own, key=_rank)
        if order.symbol not in self.prices or order.quantity <= 0:
            return "invalid"
        if mode.rank > TradingMode.PAUSE_NEW_ORDERS.rank:
            return "mode"
        if status is StrategyStatus.HALTED:
            return "status"
        if self._reduces(order):
            return ""
        if mode is TradingMode.PAUSE_NEW_ORDERS:
            return "mode"
        if status is StrategyStatus.PAUSED:
            return "status"
        return "" if self._permit() == "valid" else "permit"

    def _reduces(self, order: Order) -> bool:
        held = self._positions.get((order.uid, order.symbol))
        quantity = held.quantity if held else 0
        return order.quantity <= (quantity if order.side == "sell" else -quantity)

    def _deny(self, order: Order, code: str) -> Answer:
        answer = Answer(False, code=code, revision=self._revision(), message=f"denied by {code}")
        self._decisions.append(
            Decision(
                seq=self._decisions[-1].seq + 1 if self._decisions else 1,
                at_ns=self._clock.wall_ns(),
                market_time=self.market_time,
                kind="denied",
                code=code,
                uid=order.uid,
                symbol=order.symbol,
                revision=answer.revision,
                message=answer.message,
            )
        )
        del self._decisions[:-_KEPT_DECISIONS]
        return answer

    def _uids(self) -> set[str]:
        traded = {uid for uid, _ in self._positions}
        return traded | set(self._enforced().statuses) | set(self.venue_statuses)

    def _ledger(self, uid: str) -> StrategyLive:
        held = [position for position in self._positions.values() if position.uid == uid]
        return StrategyLive(
            uid=uid,
            venue_status=self.venue_statuses.get(uid, StrategyStatus.ACTIVE),
            unrealized=sum(position.quantity * (position.mark - position.entry) for position in held),
            deployed=sum(abs(position.quantity) * position.mark for position in held),
        )


def _rank(value: TradingMode | StrategyStatus) -> int:
    return value.rank


def _snapshot(text: str) -> Snapshot:
    """Read a policy file: the snapshot and its digest beside it."""
    document = json.loads(text)
    digest = document.pop("digest")
    snapshot = Snapshot.model_validate(document)
    if snapshot.digest() != digest:
        raise ValueError(f"policy {snapshot.version}: the digest does not fit")
    return snapshot
