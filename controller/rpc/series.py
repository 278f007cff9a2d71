"""Methods for charts: how equity, risk and positions came to where they are, and what was traded."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from controller.core.plan.drawdown import equities
from controller.core.plan.intents import strategy_named
from controller.core.plan.limit_intents import limit_named
from controller.core.risk.question import Closes
from controller.engine_ports import Engine
from controller.errors import Temporary
from controller.ports import Clock, Control, Store
from controller.reconcile.analyst import midnight_ns, session_key
from controller.views import portfolio, status
from controller.views.config import number
from controller.views.figures import dollars, instant, percent_of_ppm
from schemas.halts import ACCOUNT
from schemas.live import FillView, LiveState, PositionView
from schemas.overview import Overview

Params = Mapping[str, Any]
Document = dict[str, Any]
MOST_SESSIONS = 2_000
MOST_POINTS = 240
MOST_TRADES = 200
SPARK = 60
_DAY_NS = 86_400_000_000_000
_CALENDAR = 3
"""Calendar days looked back a session asked for: more than weekends and holidays take."""
_RISK: Mapping[str, tuple[str, Callable[[int], float]]] = {
    "risk.volatility_20": ("percent", percent_of_ppm),
    "risk.volatility_60": ("percent", percent_of_ppm),
    "risk.beta": ("ratio", lambda ppm: round(ppm / 1_000_000, 2)),
    "risk.correlation": ("ratio", lambda ppm: round(ppm / 1_000_000, 2)),
    "risk.value_at_risk": ("USD", dollars),
    "risk.expected_shortfall": ("USD", dollars),
}


def methods(control: Control, store: Store, engine: Engine, clock: Clock) -> dict[str, Callable[[Params], Document]]:
    """The methods by name."""
    series = Series(control, store, engine, clock)
    return {
        "series.equity": series.equity,
        "series.metrics": series.metrics,
        "series.positions": series.positions,
        "strategy.trades": series.trades,
    }


class Series:
    """Answers from what the store keeps and what the engine knows of the past."""

    def __init__(self, control: Control, store: Store, engine: Engine, clock: Clock) -> None:
        self._control, self._store, self._engine, self._clock = control, store, engine, clock
        self._lock = threading.Lock()
        self._closes: dict[str, Closes] = {}
        self._closes_of = ("", "")

    def equity(self, params: Params) -> Document:
        """Equity at the end of each of the newest ``sessions``, and now: of the account, or of strategy ``id``."""
        overview, live = self._seen()
        scope = _scope(overview, str(params.get("id", "")))
        count = min(MOST_SESSIONS, max(1, int(params.get("sessions", 30))))
        today = midnight_ns(live.market_time)
        since = today - count * _CALENDAR * _DAY_NS
        kept = self._store.samples("sessions", session_key(live, scope), since, today - 1)[-count:]
        points = [{"session": _session(at_ns), "value": dollars(value)} for at_ns, value in kept]
        now = equities(overview.effective, live, overview.peaks).get(scope) if overview.effective else None
        if now is not None:
            points.append({"session": live.market_time, "value": dollars(now)})
        return {**status.header(overview), "scope": scope, "unit": "USD", "points": points}

    def metrics(self, params: Params) -> Document:
        """The figures ``names`` of the last ``hours`` by the wall clock, each thinned to a few hundred points."""
        overview = self._control.overview()
        until = self._clock.wall_ns()
        since = until - max(1, int(params.get("hours", 24))) * _DAY_NS // 24
        found = {str(name): self._metric(str(name), since, until) for name in params["names"]}
        return {**status.header(overview), "metrics": found}

    def positions(self, _: Params) -> Document:
        """For each holding its P&L at the sessions' ends since it was opened, the newest, and now."""
        overview, live = self._seen()
        held = [item for item in live.positions if item.quantity]
        names = overview.effective.strategies if overview.effective else {}
        rows = [
            {
                "strategy": names[item.uid].id if item.uid in names else item.uid,
                "symbol": item.symbol,
                "pnl": [dollars(value) for value in self._results(live, item)],
            }
            for item in held
        ]
        return {**status.header(overview), "positions": rows, "unit": "USD"}

    def trades(self, params: Params) -> Document:
        """The newest fills of strategy ``id``, at most ``limit``."""
        overview, live = self._seen()
        uid = _scope(overview, str(params["id"]))
        limit = min(MOST_TRADES, int(params.get("limit", 50)))
        fills = self._store.fills(live.book, uid, limit)
        return {**status.header(overview), "id": str(params["id"]), "trades": [_trade(fill) for fill in fills]}

    def _seen(self) -> tuple[Overview, LiveState]:
        overview = self._control.overview()
        if overview.live is None:
            raise Temporary(portfolio.silence(overview), hint="gt risk service status")
        return overview, overview.live

    def _metric(self, name: str, since: int, until: int) -> Document:
        if name in _RISK:
            unit, shown = _RISK[name]
        else:
            limit = limit_named(name)
            unit, shown = limit.unit.value, lambda value: float(number(limit, value))
        kept = thinned(self._store.samples("metrics", name, since, until), MOST_POINTS)
        return {"unit": unit, "points": [{"at": instant(at_ns), "value": shown(value)} for at_ns, value in kept]}

    def _results(self, live: LiveState, item: PositionView) -> list[int]:
        closes = [close for session, close in self._past(live, item.symbol) if session >= item.opened_market]
        return [item.quantity * (close - item.entry) for close in (*closes[-SPARK:], item.mark)]

    def _past(self, live: LiveState, symbol: str) -> Closes:
        """Closes before this session, asked of the engine once a session."""
        with self._lock:
            if self._closes_of != (live.book, live.market_time):
                self._closes_of, self._closes = (live.book, live.market_time), {}
            if symbol not in self._closes:
                past = self._engine.history(symbol, SPARK)
                self._closes[symbol] = [item for item in past if item[0] < live.market_time]
            return self._closes[symbol]


def thinned(points: Sequence[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    """At most ``most`` of ``points`` (at least 1), evenly, the newest always among them."""
    step = -(-len(points) // most) or 1
    return list(points[::-step][::-1])


def _scope(overview: Overview, id: str) -> str:
    if not id:
        return ACCOUNT
    if overview.desired is None:
        raise Temporary("no verified desired state yet", hint="gt risk status")
    return strategy_named(id, overview.desired).uid


def _session(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns // 1_000_000_000, UTC):%Y-%m-%d}"


def _trade(fill: FillView) -> Document:
    return {
        "session": fill.market_time,
        "at": instant(fill.at_ns),
        "side": fill.side,
        "symbol": fill.symbol,
        "quantity": fill.quantity,
        "price": dollars(fill.price),
        "value": dollars(fill.quantity * fill.price),
        "fee": dollars(fill.fee),
        "position": fill.position,
    }
