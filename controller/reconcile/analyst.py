"""The analyst: figures that need the past, by the market clock, beside everything that controls.

It gathers what they are computed from and keeps one row a session; nothing waits for it and it restricts nothing. The
arithmetic is done by whoever ``compute`` is: for the controller a process of its own.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from controller.core.plan.drawdown import equities
from controller.core.risk.question import ASKED, Closes, Held, Question, Record
from controller.core.risk.trades import closed_trades
from controller.engine_ports import Engine
from controller.errors import FiguresUnavailable
from controller.ports import Clock, Store
from schemas.desired import Desired
from schemas.halts import ACCOUNT
from schemas.live import FillView, LiveState
from schemas.policy import Policy
from schemas.risk import Analysis, BookRisk

EVERY_NS = 5_000_000_000
"""The replay may move on each second; figures of 252 sessions do not need to."""
FIRST_NS = 2_000_000_000
"""A service that starts has more urgent work than the first figures."""
FILLS = 1_000
"""Closed trades are those of the newest fills: what a strategy does now, at a bounded price."""
Compute = Callable[[Question], Analysis]
History = Callable[[str], Closes]
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Analyst:
    """One book's analyst. ``applied`` is the tree and policy in force, None: not yet.

    ``analysis`` is the newest result, the first after ``wait_ns``; without arithmetic it says why there are no figures.
    """

    store: Store
    engine: Engine
    clock: Clock
    applied: Callable[[], tuple[Desired, Policy] | None]
    compute: Compute
    wait_ns: int = FIRST_NS
    analysis: Analysis | None = None
    _session: str = ""
    _equity: Mapping[str, int] = field(default_factory=dict)
    _due_ns: int = 0
    _closes: dict[str, Closes] = field(default_factory=dict)
    _closes_of: tuple[str, str] = ("", "")

    @property
    def book(self) -> BookRisk | None:
        """The newest figures of the book; None while there are none."""
        return self.analysis.book if self.analysis else None

    def work(self) -> None:
        """Keep a session that has ended; compute when it is time. Raises EngineUnavailable, StoreUnavailable."""
        live, known = self.engine.newest().live, self.applied()
        if live is None or known is None:
            return
        desired, policy = known
        self._keep(live, policy)
        now = self.clock.boot_ns()
        if not self._due_ns:
            self._due_ns = now + self.wait_ns
        if now >= self._due_ns:
            self._due_ns = now + EVERY_NS
            asked = question(self.store, self._history(live), live, policy, desired.risk.account.benchmark)
            self.analysis = self._figures(asked).model_copy(update={"as_of_ns": self.clock.wall_ns()})

    def _figures(self, asked: Question) -> Analysis:
        try:
            return self.compute(asked)
        except FiguresUnavailable as error:
            _log.warning("figures of risk and return: %s", error)
            return Analysis(reason=error.message)

    def _history(self, live: LiveState) -> History:
        """Closes, asked of the engine once a session: they are those of the sessions before."""
        if self._closes_of != (live.book, live.market_time):
            self._closes_of, self._closes = (live.book, live.market_time), {}

        def closes(symbol: str) -> Closes:
            if symbol not in self._closes:
                self._closes[symbol] = self.engine.history(symbol, ASKED)
            return self._closes[symbol]

        return closes

    def _keep(self, live: LiveState, policy: Policy) -> None:
        """The last equity that was seen in a session is that session's."""
        if self._session not in ("", live.market_time):
            self.store.add_samples("sessions", midnight_ns(self._session), self._session, self._equity)
        found = equities(policy, live, self.store.peaks())
        self._session, self._equity = (
            live.market_time,
            {session_key(live, scope): value for scope, value in found.items()},
        )


def question(store: Store, history: History, live: LiveState, policy: Policy, benchmark: str) -> Question:
    """What the figures of ``live`` follow from; ``history`` gives an instrument's closes.

    Raises EngineUnavailable, StoreUnavailable.
    """
    values: dict[str, int] = {}
    for item in live.positions:
        values[item.symbol] = values.get(item.symbol, 0) + item.quantity * item.mark
    closes = {symbol: history(symbol) for symbol in {*values, benchmark}}
    calendar = [date for date, _ in closes[benchmark]]
    fills = store.fills(live.book, limit=FILLS)
    return Question(
        held=Held(live.market_time, live.account.equity, values),
        benchmark=benchmark,
        closes=closes,
        calendar=calendar,
        records={
            scope: Record(_curve(store, session_key(live, scope), calendar), *_done(fills, scope))
            for scope in (ACCOUNT, *policy.strategies)
        },
    )


def _done(fills: Sequence[FillView], scope: str) -> tuple[Sequence[float], Closes, str]:
    """Results of closed trades, what was traded, and since when that is known whole; ``fills`` newest first."""
    own = [fill for fill in fills if scope in (ACCOUNT, fill.uid)]
    since = fills[-1].market_time if len(fills) == FILLS else ""
    return (
        [trade.result for trade in closed_trades(own)],
        [(fill.market_time, fill.quantity * fill.price) for fill in own],
        since,
    )


def session_key(live: LiveState, scope: str) -> str:
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
