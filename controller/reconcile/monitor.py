"""The monitor: samples the book every second, keeps series and peaks, halts on a drawdown.

It never waits for the reconcile loop and never delays it; a sample that fails is a sample that is
missing, and the permit runs out when too many are.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from controller.core.plan import drawdown
from controller.core.plan.drawdown import Drawdown
from controller.core.plan.effective import status_under
from controller.core.policy.utilisation import utilisation
from controller.core.risk.levels import changed, levels
from controller.engine_ports import Engine
from controller.errors import StoreUnavailable
from controller.ports import Clock, Store
from controller.reconcile.goal import Desk, Memory
from schemas.desired import Desired
from schemas.halts import ACCOUNT, Halt
from schemas.live import LiveState
from schemas.policy import Policy
from schemas.risk import BookRisk, Level

POSITIONS_NS = 5_000_000_000
METRICS_NS = 60_000_000_000
RETAIN_NS = 3_600_000_000_000
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Monitor:
    """One book's monitor. ``desired`` gives the applied tree and its desired policy, None before the first apply;
    ``progress`` is told the names of what completed: ``monitor``, and ``market`` while prices are not stale; ``poke``
    why the goal is another now. It keeps the levels in ``memory``; ``book`` gives the newest figures of the book."""

    store: Store
    engine: Engine
    desk: Desk
    clock: Clock
    desired: Callable[[], tuple[Desired, Policy] | None]
    progress: Callable[[str], None] = lambda _: None
    poke: Callable[[str], None] = lambda _: None
    memory: Memory = field(default_factory=Memory)
    book: Callable[[], BookRisk | None] = lambda: None
    _last: dict[str, int] = field(default_factory=dict)
    _seq: int = 0
    _peaks: dict[str, int] = field(default_factory=dict)
    _unsaved: dict[str, int] = field(default_factory=dict)

    def sample(self) -> LiveState:
        """One sample: read, keep, check. Raises EngineUnavailable, StoreUnavailable."""
        live = self.engine.read()
        if live.feed != "stale":
            self.progress("market")
        known = self.desired()
        if known is not None:
            self._check(known[0], known[1], live)
        self._keep(live, known[1] if known else None)
        self.progress("monitor")
        return live

    def _check(self, desired: Desired, policy: Policy, live: LiveState) -> None:
        """Peaks first (durable), then every breach that no open halt of its scope covers is halted.

        Without the store the peaks as last known judge, so that a breach is halted all the same; then its error is
        raised.
        """
        problem: StoreUnavailable | None = None
        try:
            self._peaks = self._durable_peaks(policy, live)
        except StoreUnavailable as error:
            problem = error
            unsaved = drawdown.raised_peaks(policy, live, self._peaks)
            self._unsaved.update(unsaved)
            self._peaks.update(unsaved)
        self._halt_breaches(desired, drawdown.drawdowns(policy, live, self._peaks))
        self._note_levels(levels(policy, live, self._peaks, self.memory.levels, _volatility(self.book())))
        if problem is not None:
            raise problem

    def _durable_peaks(self, policy: Policy, live: LiveState) -> dict[str, int]:
        """Peaks with what is new saved, and with what could not be saved before. Raises StoreUnavailable."""
        peaks = dict(self.store.peaks())
        late = {key: value for key, value in self._unsaved.items() if value > peaks.get(key, 0)}
        raised = {**late, **drawdown.raised_peaks(policy, live, {**peaks, **late})}
        if raised:
            self.store.save_peaks(raised)
        self._unsaved.clear()
        return {**peaks, **raised}

    def _halt_breaches(self, desired: Desired, found: tuple[Drawdown, ...]) -> None:
        breaches = [item for item in found if item.breach]
        if breaches:
            bound = self.desk.open_halts(desired)
            for item in breaches:
                if not covered(item, bound):
                    _log.critical("%s: %s", item.scope, item.reason)
                    self.poke(f"halt {self.desk.raise_halt(item.scope, item.reason).id}")

    def _note_levels(self, found: tuple[Level, ...]) -> None:
        """Keep them; a restriction that begins or ends is planned at once."""
        before = self.memory.levels or ()
        self.memory.levels = found
        for item in changed(before, found):
            _log.warning("%s %s %s: level %s", item.scope, item.key, item.what, item.level)
        bound, binds = drawdown.restrictions(before), drawdown.restrictions(found)
        if {item.scope for item in bound} != {item.scope for item in binds}:
            self.poke("a reducing band begins or ends")

    def _keep(self, live: LiveState, policy: Policy | None) -> None:
        now = self.clock.wall_ns()
        boot = self.clock.boot_ns()
        self.store.add_samples("equity", now, live.market_time, _equity(live, policy, self.store.peaks()))
        if self._due("positions", POSITIONS_NS, boot):
            self.store.add_samples("positions", now, live.market_time, _positions(live))
            self.store.save_book(live)
        if policy is not None and self._due("metrics", METRICS_NS, boot):
            used = utilisation(policy, live, self.store.peaks())
            self.store.add_samples("metrics", now, live.market_time, {**used, **_figures(self.book())})
        self._keep_fills(live.book)
        decisions = self.engine.decisions(self._seq)
        if decisions:
            self.store.add_decisions(decisions)
            self._seq = decisions[-1].seq
        if self._due("retain", RETAIN_NS, boot):
            self.store.retain(now)

    def _keep_fills(self, book: str) -> None:
        """What the venue has filled since the last fill of its book in the store, as much as comes at once."""
        newest = self.store.fills(book, limit=1)
        known = newest[0].seq if newest else 0
        fills = self.engine.fills(book, known)
        if fills:
            if fills[0].seq > known + 1:
                _log.error("fills %d to %d are lost: the venue keeps no more of them", known + 1, fills[0].seq - 1)
            self.store.add_fills(book, fills)

    def _due(self, name: str, every_ns: int, boot_ns: int) -> bool:
        last = self._last.get(name)
        if last is not None and boot_ns - last < every_ns:
            return False
        self._last[name] = boot_ns
        return True


def covered(item: Drawdown, halts: tuple[Halt, ...]) -> bool:
    """Whether an open halt already binds the scope of ``item`` as strictly as its breach demands."""
    own = [halt.mode for halt in halts if halt.scope == item.scope]
    if item.scope == ACCOUNT:
        return any(mode.rank >= item.mode.rank for mode in own)
    return any(status_under(mode) is status_under(item.mode) for mode in own)


def _volatility(book: BookRisk | None) -> float | None:
    return book.volatility_20 if book is not None else None


def _figures(book: BookRisk | None) -> dict[str, int]:
    """The book's figures as a series keeps them: micro-dollars, and ratios in parts per million."""
    if book is None:
        return {}
    ratios = {name: getattr(book, name) for name in ("volatility_20", "volatility_60", "beta", "correlation")}
    money = {name: getattr(book, name) for name in ("value_at_risk", "expected_shortfall")}
    scaled = {name: round(value * 1_000_000) for name, value in ratios.items() if value is not None}
    return {f"risk.{name}": value for name, value in {**scaled, **money}.items() if value is not None}


def _equity(live: LiveState, policy: Policy | None, peaks: Mapping[str, int]) -> dict[str, int]:
    values = drawdown.equities(policy, live, peaks) if policy else {ACCOUNT: live.account.equity}
    return {**values, "cash": live.account.cash}


def _positions(live: LiveState) -> dict[str, int]:
    return {f"{item.uid}/{item.symbol}": item.quantity for item in live.positions}
