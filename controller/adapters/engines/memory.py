"""The Engine port in memory: a gate and a venue in one, for tests of everything above them.

It adopts snapshots as the gate does (from a policy folder or handed over by :meth:`MemoryEngine.offer`: the newest
version, never a lower version or fence) and answers orders by policy, mode, status and permit with the gate's codes.
It checks no other limit: that is the gate's. A test moves the book by the methods of MemoryBook.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from controller.adapters.engines.memory_liquidation import MemoryLiquidations
from controller.engine_ports import Order, Reading
from controller.errors import EngineUnavailable
from controller.gate.answer import Answer
from controller.gate.verdicts import Code
from controller.ports import Clock
from controller.reconcile.publisher import digest_of_policies
from schemas.desired import StrategyStatus, TradingMode
from schemas.halts import ACCOUNT, Halt
from schemas.live import Decision, FillView, GateState, LiveState, ShadowView
from schemas.policy import Policy, Snapshot, canonical

_NO_HALTS: tuple[Halt, ...] = ()
_KEPT_DECISIONS = 1_000
_VALID = "ok"


class MemoryEngine(MemoryLiquidations):
    """A gate and a venue in one process.

    ``policies`` is the folder that ``adopt`` reads; ``raised`` gives the halts that the latch holds; ``permit`` the
    permit's state (anything but ``ok``: only reducing orders pass). ``unavailable`` makes every call raise
    EngineUnavailable with that text; ``slow`` delays every call by as many seconds. Both may be set later.
    ``calls`` lists what was asked, in order.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        policies: Path | None = None,
        raised: Callable[[], Sequence[Halt]] = lambda: _NO_HALTS,
        permit: Callable[[], str] = lambda: _VALID,
        cash: int = 100_000_000_000,
        unavailable: str = "",
        slow: float = 0.0,
    ) -> None:
        super().__init__(clock, cash, raised, unavailable, slow)
        self._folder = policies
        self._permit = permit
        self._offered: list[Snapshot] = []
        self._snapshot: Snapshot | None = None
        self._digest = ""
        self._decisions: list[Decision] = []
        self._newest = Reading()

    def offer(self, snapshot: Snapshot) -> None:
        """Hand over a snapshot for the next ``adopt``."""
        self._offered.append(snapshot)

    def read(self) -> LiveState:
        """The whole book."""
        try:
            live = self._look()
        except EngineUnavailable as error:
            self._newest = replace(self._newest, error=error.message)
            raise
        self._newest = Reading(live)
        return live

    def newest(self) -> Reading:
        """What reading came to last."""
        return self._newest

    def _look(self) -> LiveState:
        self._call("read")
        gate = self._gate()
        uids = {uid for uid, _ in self.held} | gate.statuses.keys() | self.venue_statuses.keys()
        return LiveState(
            gate=gate,
            book=self.id,
            filled=len(self.filled),
            venue_mode=self.venue_mode,
            account=self.account(),
            positions=tuple(self.held.values()),
            orders=tuple(self.orders.values()),
            strategies={uid: self.strategy(uid) for uid in sorted(uids)},
            prices=dict(self.prices),
            market_time=self.market_time,
            feed="live",
            feed_age_ms=0,
            as_of_ns=self._clock.wall_ns(),
        )

    def adopt(self) -> GateState:
        """Take the newest snapshot that is neither older nor of a lower fence than the one in force."""
        self._call("adopt")
        offered = [(snapshot, snapshot.digest()) for snapshot in self._offered]
        for snapshot, digest in sorted([*offered, *self._on_disk()], key=lambda item: item[0].version):
            known = self._snapshot
            if known is None or (snapshot.version >= known.version and snapshot.fence >= known.fence):
                self._snapshot, self._digest = snapshot, digest
        self._offered.clear()
        return self._gate()

    def cancel(self, scope: str) -> Mapping[str, int]:
        """Cancel working orders."""
        self._call(f"cancel {scope}")
        return self.cancel_orders("" if scope == ACCOUNT else scope.removeprefix("strategy:"))

    def cancel_order(self, order: str) -> bool:
        """Cancel one order."""
        self._call(f"cancel {order}")
        view = self.orders.get(order)
        if view is None or view.state != "working":
            return False
        self.orders[order] = view.model_copy(update={"state": "cancelled"})
        return True

    def set_venue_mode(self, mode: TradingMode) -> None:
        """Set the venue's own mode."""
        self._call(f"venue-mode {mode.value}")
        self.venue_mode = mode

    def set_venue_status(self, uid: str, status: StrategyStatus) -> None:
        """Set the venue's own status of one strategy."""
        self._call(f"venue-status {uid} {status.value}")
        self.venue_statuses[uid] = status

    def submit(self, order: Order) -> Answer:
        """Accept or deny; an accepted order works until :meth:`fill`, a repeated client id is the same order."""
        self._call(f"submit {order.client_id}")
        for view in self.orders.values():
            if (view.uid, view.client_id) == (order.uid, order.client_id):
                return Answer(True, view.order, view.quantity)
        code = self._denial(order)
        if code:
            return self._deny(order, code)
        return Answer(True, self.accept(order, self._clock.wall_ns()), order.quantity, revision=self._revision())

    def exit(self, order: Order) -> Answer:
        """As :meth:`submit`, for an order that reduces; what it takes the place of works on when it is denied."""
        before = dict(self.orders)
        self.give_way(order)
        reduces = self.reduces(order.uid, order.symbol, order.side, order.quantity)
        answer = self.submit(order) if reduces else self._deny(order, Code.REDUCE_ONLY)
        if not answer.ok:
            self.orders = before
        return answer

    def decisions(self, since: int) -> Sequence[Decision]:
        """Decisions after ``since``, oldest first."""
        self._call("decisions")
        return [decision for decision in self._decisions if decision.seq > since]

    def fills(self, book: str, since: int) -> Sequence[FillView]:
        """Fills of ``book`` after ``since``, oldest first."""
        self._call("fills")
        return [fill for fill in self.filled if fill.seq > since] if book == self.id else []

    def shadows(self, book: str, since: int) -> Sequence[ShadowView]:
        """Sessions of paired tests after ``since``, oldest first."""
        self._call("shadows")
        return [item for item in self.shadowed if item.seq > since] if book == self.id else []

    def history(self, symbol: str, n: int) -> Sequence[tuple[str, int]]:
        """The last ``n`` closes of one instrument."""
        self._call(f"history {symbol}")
        return self.closes.get(symbol, [])[-n:] if n else []

    def _on_disk(self) -> list[tuple[Snapshot, str]]:
        found = [path for path in self._folder.glob("*.json") if path.stem.isdigit()] if self._folder else []
        newest = sorted(found, key=lambda path: int(path.stem))[-1:]
        return [_snapshot(path.read_text()) for path in newest]

    def _policies(self) -> tuple[Policy, ...]:
        return self._snapshot.policies if self._snapshot else ()

    def _halted_mode(self, raised: Sequence[Halt]) -> TradingMode:
        """The account's mode by policy and what the latch holds, without what the permit adds."""
        modes = [policy.mode for policy in self._policies()]
        halted = [halt.mode for halt in raised if halt.scope == ACCOUNT]
        return max([*modes, *halted], key=_rank, default=TradingMode.NORMAL)

    def _mode(self, raised: Sequence[Halt]) -> TradingMode:
        frozen = [] if self._snapshot else [TradingMode.HALT_TRADING]
        reducing = [] if self._permit() == _VALID else [TradingMode.PAUSE_NEW_ORDERS]
        return max([self._halted_mode(raised), *frozen, *reducing], key=_rank)

    def _statuses(self, uids: Iterable[str], raised: Sequence[Halt]) -> dict[str, StrategyStatus]:
        if self._halted_mode(raised) is TradingMode.HALT_ALL:
            return dict.fromkeys(uids, StrategyStatus.HALTED)
        return {uid: self._own_status(uid, raised) for uid in uids}

    def _own_status(self, uid: str, raised: Sequence[Halt]) -> StrategyStatus:
        found = [StrategyStatus.ACTIVE]
        for policy in self._policies():
            known = policy.strategies.get(uid)
            found.append(known.status if known else StrategyStatus.HALTED)
        for halt in raised:
            if halt.scope == f"strategy:{uid}":
                paused = halt.mode is TradingMode.PAUSE_NEW_ORDERS
                found.append(StrategyStatus.PAUSED if paused else StrategyStatus.HALTED)
        return max(found, key=_rank)

    def _gate(self) -> GateState:
        snapshot, raised = self._snapshot, self._raised()
        uids = sorted({uid for policy in self._policies() for uid in policy.strategies})
        return GateState(
            pid=1,
            policy_version=snapshot.version if snapshot else 0,
            policy_digest=self._digest,
            policy_count=len(self._policies()),
            revision=self._revision(),
            fence=snapshot.fence if snapshot else 0,
            mode=self._mode(raised),
            statuses=self._statuses(uids, raised),
            permit=self._permit(),
            words=tuple(f"{halt.word:016x}" for halt in raised if halt.word),
        )

    def _revision(self) -> str:
        return self._policies()[-1].revision if self._snapshot else ""

    def _denial(self, order: Order) -> str:
        venue = max(self.venue_mode.rank, self._venue_status(order.uid).rank)
        reducing = self.reduces(order.uid, order.symbol, order.side, order.quantity)
        raised = self._raised()
        status = self._statuses((order.uid,), raised)[order.uid]
        restricted = self._mode(raised) is not TradingMode.NORMAL or status is not StrategyStatus.ACTIVE
        refusals = {
            Code.NO_POLICY: self._snapshot is None,
            Code.TRADING_HALTED: self._halted_mode(raised).rank > TradingMode.PAUSE_NEW_ORDERS.rank,
            Code.UNKNOWN_STRATEGY: any(order.uid not in policy.strategies for policy in self._policies()),
            Code.STRATEGY_HALTED: status is StrategyStatus.HALTED,
            Code.INVALID_ORDER: order.quantity <= 0,
            Code.REDUCE_ONLY: restricted and not reducing,
            Code.UNKNOWN_SYMBOL: order.symbol not in self.prices,
            Code.VENUE_REJECTED: venue > 1 or (venue == 1 and not reducing),
        }
        return next((code for code, refused in refusals.items() if refused), "")

    def _venue_status(self, uid: str) -> StrategyStatus:
        return self.venue_statuses.get(uid, StrategyStatus.PAUSED)

    def _deny(self, order: Order, code: str) -> Answer:
        message = f"denied: {code}"
        decision = Decision(
            seq=self._decisions[-1].seq + 1 if self._decisions else self._clock.wall_ns() // 1_000,
            at_ns=self._clock.wall_ns(),
            market_time=self.market_time,
            kind="denied",
            code=code,
            uid=order.uid,
            symbol=order.symbol,
            revision=self._revision(),
            message=message,
        )
        self._decisions = [*self._decisions, decision][-_KEPT_DECISIONS:]
        return Answer(False, code=code, revision=decision.revision, message=message)


def _rank(value: TradingMode | StrategyStatus) -> int:
    return value.rank


def _snapshot(text: str) -> tuple[Snapshot, str]:
    document = json.loads(text)
    digest = document.pop("digest")
    texts = [canonical(policy) for policy in document["policies"]]
    if digest_of_policies(texts) != digest:
        raise ValueError(f"policy {document['version']}: the digest does not fit")
    return Snapshot.model_validate({**document, "policies": tuple(map(_policy, texts))}), digest


@lru_cache(2)
def _policy(text: str) -> Policy:
    """A plan publishes the same two in three snapshots."""
    return Policy.model_validate_json(text)
