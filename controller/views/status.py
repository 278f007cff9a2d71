"""``gt risk status`` and ``gt risk emergency status`` as documents."""

from collections import Counter
from typing import Any

from controller.views import portfolio, risk
from controller.views.decisions import said
from controller.views.figures import UNITS, dollars, instant, percent, percent_of_ppm, seconds_since
from controller.views.strategies import statuses
from schemas.desired import StrategyStatus, TradingMode
from schemas.halts import Halt
from schemas.live import Decision
from schemas.overview import Overview
from schemas.status import Condition, ConditionType

_BYPASS = ConditionType.BYPASS_ACTIVE
_TROUBLE = {
    ConditionType.STALLED,
    ConditionType.HISTORY_REWRITTEN,
    ConditionType.SOURCE_STALE,
    ConditionType.TARGET_MISMATCH,
    _BYPASS,
    ConditionType.DRIFTED,
}
_ALERT = {"denied": "ERROR", "warned": "WARN", "reduced": "INFO"}
MAX_ALERTS = 5
ALERT_NS = 600 * 1_000_000_000


def mode_of(overview: Overview) -> TradingMode:
    """The strictest of the open halts and of the mode that the gate reports; without a gate, of what is applied."""
    known = [halt.mode for halt in overview.halts if halt.scope == "account"]
    if overview.live is not None:
        known.append(overview.live.gate.mode)
    else:
        known.append(overview.effective.mode if overview.effective is not None else TradingMode.HALT_ALL)
    return max(known, key=lambda mode: mode.rank)


def header(overview: Overview) -> dict[str, Any]:
    """Book, environment, mode, clocks and what needs attention: the start of every document."""
    desired, live = overview.desired, overview.live
    return {
        "book": desired.risk.account.name if desired else None,
        "environment": desired.trust.target.environment if desired else None,
        "mode": mode_of(overview).value,
        "as_of": instant(live.as_of_ns if live else overview.as_of_ns),
        "market_time": live.market_time if live else None,
        "feed": live.feed if live else None,
        "permit": live.gate.permit if live else None,
        "attention": attention(overview),
    }


def attention(overview: Overview) -> list[str]:
    """Why the exit code is 3: open halts, a restricted mode, a silent engine, a troubled condition, a limit
    that lets nothing increase."""
    found = [f"halt {halt.id[:12]} in force ({_where(overview, halt)}, {halt.mode.value})" for halt in overview.halts]
    mode = mode_of(overview)
    by_halt = {halt.mode for halt in overview.halts if halt.scope == "account"}
    unpermitted = overview.live is not None and overview.live.gate.permit != "ok"
    by_permit = unpermitted and mode is TradingMode.PAUSE_NEW_ORDERS
    if mode is not TradingMode.NORMAL and mode not in by_halt and not by_permit:
        found.append(f"trading mode {mode.value}")
    if unpermitted and overview.live is not None:
        found.append(f"gate: reducing only (permit {overview.live.gate.permit})")
    if overview.pid and (overview.live is None or overview.live_error):
        found.append(f"the engine does not answer: {overview.live_error or 'no reading yet'}")
    found += [
        f"{item.type.value} ({item.reason}): {item.message}"
        for item in overview.conditions
        if is_trouble(item) and not (item.type is _BYPASS and overview.halts)
    ]
    if any(item.type is ConditionType.READY and item.status != "True" for item in overview.conditions):
        found.append("not ready")
    if overview.refusal is not None:
        refusal = overview.refusal
        found.append(f"commit {refusal.commit[:12]} refused: {refusal.reason.value}: {refusal.message}")
    return [*overview.notes, *found, *risk.beyond(overview)]


def is_trouble(condition: Condition) -> bool:
    """Whether people must know of it; a source that is away now too, however young the last verified look is."""
    return condition.type in _TROUBLE and (condition.status == "True" or condition.reason == "SourceUnavailable")


def status(overview: Overview, now_ns: int) -> dict[str, Any]:
    """The overview of spec 2.2.1. ``strategies`` lists id, name and status in force."""
    live = overview.live
    stated = statuses(overview)
    counts = Counter(item["status"] for item in stated)
    return {
        **header(overview),
        "pid": overview.pid,
        **portfolio.money(overview),
        "positions": len({item.symbol for item in live.positions if item.quantity}) if live else None,
        "max_positions": portfolio.limit(overview, "position.max_positions"),
        "strategies": stated,
        "strategy_counts": {item.value: counts[item.value] for item in StrategyStatus},
        "metrics": metrics(overview),
        "alerts": alerts(overview),
        "phase": phase(overview),
        "halts": [halt_view(overview, halt, now_ns) for halt in overview.halts],
        "revision": overview.revision.model_dump(mode="json"),
        "conditions": [item.model_dump(mode="json") for item in overview.conditions],
        "refusal": overview.refusal.model_dump(mode="json") if overview.refusal else None,
        "missing": missing(overview),
        "units": UNITS,
    }


def missing(overview: Overview) -> dict[str, str]:
    """Why a figure is null, by its name."""
    reasons = {"live": portfolio.silence(overview)} if overview.live is None else {}
    if overview.desired is None:
        reasons["desired"] = "no verified desired state yet"
    elif overview.desired.risk.learning.started is None:
        reasons["phase_day"] = "learning.started is not set"
    return reasons


def metrics(overview: Overview) -> dict[str, Any]:
    """The figures of "Risk Metrics" with their marks: ``ok``, ``warning`` or ``breach``."""
    live = overview.live
    return {
        **risk.book(overview),
        "max_position": portfolio.largest(overview, live) if live else None,
        "sectors": portfolio.sectors(overview, live) if live else None,
    }


def phase(overview: Overview) -> dict[str, Any] | None:
    """The learning phase; ``day`` counts sessions' dates on the market clock since its start."""
    if overview.desired is None:
        return None
    learning = overview.desired.risk.learning
    day = None
    if learning.started is not None and overview.live is not None and overview.live.market_time:
        from datetime import date

        day = (date.fromisoformat(overview.live.market_time[:10]) - learning.started).days + 1
    return {"number": learning.number, "name": learning.phase.name, "day": day, "days": learning.phase.days}


def alerts(overview: Overview) -> list[dict[str, Any]]:
    """What the gate denied, warned of or reduced in the last ten minutes, each kind once, newest first.

    Halts are not repeated here: those in force are in ``halts`` and ``attention``.
    """
    found: dict[tuple[str, str, str, str], Decision] = {}
    since = overview.as_of_ns - ALERT_NS
    for decision in sorted(overview.decisions, key=lambda item: -item.seq):
        if decision.kind in _ALERT and decision.at_ns >= since:
            found.setdefault((decision.kind, decision.code, decision.uid, decision.limit), decision)
    names = _names(overview)
    return [
        {
            "level": _ALERT[item.kind],
            "source": names.get(item.uid, "account"),
            "code": item.code,
            "message": said(item, overview.effective),
            "at": instant(item.at_ns),
        }
        for item in list(found.values())[:MAX_ALERTS]
    ]


def halt_view(overview: Overview, halt: Halt, now_ns: int) -> dict[str, Any]:
    """One open halt for people: ``strategy`` is its id when the halt is not the account's."""
    uid = halt.scope.partition(":")[2]
    return {
        "id": halt.id,
        "scope": halt.scope,
        "strategy": _names(overview).get(uid) if uid else None,
        "mode": halt.mode.value,
        "opened": instant(halt.opened_ns),
        "age_seconds": seconds_since(halt.opened_ns, now_ns),
        "actor": halt.actor,
        "source": halt.source.value,
        "reason": halt.reason,
        "durable": halt.durable,
        "adopted": halt.adopted,
        "evidenced": halt.evidenced,
    }


def emergency(overview: Overview, now_ns: int) -> dict[str, Any]:
    """``emergency status``: what holds, by which halts, and what ``resume`` would clear."""
    live = overview.live
    gross = portfolio.gross(live) if live else None
    return {
        **header(overview),
        "desired_mode": overview.desired.emergency.trading_mode.value if overview.desired else None,
        "liquidation": list(overview.notes),
        "halts": [halt_view(overview, halt, now_ns) for halt in overview.halts],
        "strategies": statuses(overview),
        "positions": len({item.symbol for item in live.positions if item.quantity}) if live else None,
        "working_orders": portfolio.working(live),
        "portfolio_value": dollars(gross) if gross is not None else None,
        "drawdown_pct": _drawdown(overview),
        "drawdown_limit_pct": percent_of_ppm(portfolio.limit(overview, "drawdown.account_emergency_pct") or 0),
        "missing": missing(overview),
        "units": UNITS,
    }


def _drawdown(overview: Overview) -> float | None:
    peak = overview.peaks.get("account", 0)
    if overview.live is None or not peak:
        return None
    loss = percent(max(0, peak - overview.live.account.equity), peak)
    return None if loss is None else -loss or 0.0


def _names(overview: Overview) -> dict[str, str]:
    return {item.uid: item.id for item in overview.desired.strategies.values()} if overview.desired else {}


def _where(overview: Overview, halt: Halt) -> str:
    uid = halt.scope.partition(":")[2]
    return _names(overview).get(uid, uid) if uid else "account"
