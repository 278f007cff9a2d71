"""The analyst: figures that need the past, computed by the market clock beside everything that controls.

It reads, computes and keeps one row a session; nothing waits for it and it restricts nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from controller.core.plan.drawdown import equities
from controller.core.risk.book import HISTORY, Closes, Held, book_risk
from controller.core.risk.performance import performance
from controller.core.risk.trades import closed_trades
from controller.ports import Clock, Engine, Store
from schemas.desired import Desired
from schemas.halts import ACCOUNT
from schemas.live import LiveState
from schemas.policy import Policy
from schemas.risk import Analysis

EVERY_NS = 5_000_000_000
"""The replay may move on each second; figures of 252 sessions do not need to."""
FILLS = 1_000
"""Closed trades are those of the newest fills: what a strategy does now, at a bounded price."""


@dataclass(slots=True)
class Analyst:
    """One book's analyst. ``applied`` is the tree and policy in force, None: not yet.

    ``analysis`` is the newest result.
    """

    store: Store
    engine: Engine
    clock: Clock
    applied: Callable[[], tuple[Desired, Policy] | None]
    analysis: Analysis | None = None
    _session: str = ""
    _equity: Mapping[str, int] = field(default_factory=dict)
    _due_ns: int = 0

    @property
    def volatility(self) -> float | None:
        """The book's newest, annualised, of 20 sessions."""
        return self.analysis.book.volatility_20 if self.analysis and self.analysis.book else None

    def work(self) -> None:
        """Keep a session that has ended; compute when it is time. Raises EngineUnavailable, StoreUnavailable."""
        live, known = self.engine.newest().live, self.applied()
        if live is None or known is None:
            return
        desired, policy = known
        self._keep(live, policy)
        now = self.clock.boot_ns()
        if now >= self._due_ns:
            self.analysis = analyse(self.store, self.engine, live, policy, desired.risk.account.benchmark)
            self._due_ns = now + EVERY_NS

    def _keep(self, live: LiveState, policy: Policy) -> None:
        """The last equity that was seen in a session is that session's."""
        if self._session not in ("", live.market_time):
            self.store.add_samples("sessions", midnight_ns(self._session), self._session, self._equity)
        found = equities(policy, live, self.store.peaks())
        self._session, self._equity = live.market_time, {_key(live, scope): value for scope, value in found.items()}


def analyse(store: Store, engine: Engine, live: LiveState, policy: Policy, benchmark: str) -> Analysis:
    """Risk of the book and performance of each scope. Raises EngineUnavailable, StoreUnavailable."""
    values: dict[str, int] = {}
    for item in live.positions:
        values[item.symbol] = values.get(item.symbol, 0) + item.quantity * item.mark
    closes = {symbol: engine.history(symbol, HISTORY) for symbol in {*values, benchmark}}
    calendar = [date for date, _ in closes[benchmark]]
    trades = closed_trades(store.fills(live.book, limit=FILLS))
    gains = {uid: [trade.result for trade in trades if trade.uid == uid] for uid in policy.strategies}
    gains[ACCOUNT] = [trade.result for trade in trades]
    return Analysis(
        book=book_risk(Held(live.market_time, live.account.equity, values), closes, benchmark),
        performance={
            scope: performance(_curve(store, _key(live, scope), calendar), calendar, found)
            for scope, found in gains.items()
        },
    )


def _key(live: LiveState, scope: str) -> str:
    """A new book begins its sessions anew, perhaps at dates that an older one has seen."""
    return f"{live.book[:16]}:{scope}"


def _curve(store: Store, key: str, calendar: Sequence[str]) -> Closes:
    if not calendar:
        return ()
    found = store.samples("sessions", key, midnight_ns(calendar[0]), midnight_ns(calendar[-1]))
    return [(datetime.fromtimestamp(at // 1_000_000_000, UTC).date().isoformat(), value) for at, value in found]


def midnight_ns(session: str) -> int:
    """Where a session stands in series ``sessions``: midnight UTC of its date."""
    return int(datetime.fromisoformat(session[:10]).replace(tzinfo=UTC).timestamp()) * 1_000_000_000
