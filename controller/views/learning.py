"""``gt risk learning …`` as documents. What each figure means: docs/learning.md.

Trades, days, Sharpe ratios and falls are the analyst's, of the book so far; shares here are in percent.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from controller.core.learning import evidence
from controller.core.learning.demotion import is_demoted
from controller.core.learning.phases import SIZED, TOLERATED, size_ppm
from controller.core.plan.drawdown import drawdowns
from controller.core.policy.policy_leaves import limit_text
from controller.views import portfolio, risk
from controller.views.figures import UNITS, instant, percent_of_ppm, percent_of_share
from controller.views.status import header
from controller.views.strategies import status_of
from schemas.desired import Strategy, StrategyStatus
from schemas.halts import ACCOUNT
from schemas.learning import Entered, Graduation, Phase
from schemas.overview import Overview
from schemas.risk import Performance

_NO_START = "learning.started is not set"
_NO_BOOK = "no verified desired state yet"


def status(overview: Overview) -> dict[str, Any]:
    """``learning status``: the phase, its goals, how far each strategy is, and what limits act as."""
    learning = overview.desired.risk.learning if overview.desired else None
    rows = graduation(overview)
    return {
        **header(overview),
        "phase": stand(overview),
        "goals": _goals(overview, rows),
        "breaches": risk.beyond(overview),
        "strategies": rows,
        "parameters": parameters(learning.phase) if learning else None,
        "acting": acting(overview),
        "missing": _missing(overview),
        "units": UNITS,
    }


def phase(overview: Overview) -> dict[str, Any]:
    """``learning phase show``: what this phase and the next allow, and what speaks against advancing now."""
    learning = overview.desired.risk.learning if overview.desired else None
    following = learning.following if learning else None
    rows = graduation(overview)
    return {
        **header(overview),
        "phase": stand(overview),
        "parameters": parameters(learning.phase) if learning else None,
        "graduation": _asked(learning.phase) if learning else None,
        "next": {"number": learning.number + 1, **parameters(following)} if learning and following else None,
        "goals": _goals(overview, rows),
        "ready": sum(row["state"] == "ready" for row in rows),
        "strategies": len(rows),
        "warnings": warnings(overview),
        "acting": acting(overview),
        "missing": _missing(overview),
        "units": UNITS,
    }


def history(overview: Overview, entered: Sequence[Entered]) -> dict[str, Any]:
    """``learning phase history``: the phases that commits brought the account into, newest first."""
    ends = [*(item.started for item in entered[1:]), None]
    rows = [
        {
            **item.model_dump(mode="json", exclude={"at_ns"}),
            "at": instant(item.at_ns),
            "ended": end.isoformat() if end else None,
            "days": _days(item.started, end or market_day(overview)),
        }
        for item, end in zip(entered, ends, strict=True)
    ]
    return {**header(overview), "phases": rows[::-1], "missing": {} if rows else {"phases": "nothing is applied yet"}}


def stand(overview: Overview) -> dict[str, Any] | None:
    """Where the phase stands on the market's clock; null before anything is applied."""
    if overview.desired is None:
        return None
    learning, today = overview.desired.risk.learning, market_day(overview)
    reached = evidence.progress(learning, today) if today else None
    return {
        "number": learning.number,
        "name": learning.phase.name,
        "of": len(learning.phases),
        "started": learning.started.isoformat() if learning.started else None,
        "day": reached.day if reached else None,
        "days": learning.phase.days,
        "left": reached.left if reached else None,
        "progress_pct": min(100.0, round(100 * reached.day / learning.phase.days, 1)) if reached else None,
        "ends": reached.ends.isoformat() if reached else None,
        "size_pct": percent_of_ppm(size_ppm(learning.phase)),
        "demoted": overview.effective is not None and is_demoted(overview.effective, learning),
    }


def parameters(item: Phase) -> dict[str, Any]:
    """What a phase allows; ``size_pct``: what position limits act as, in percent of what is written."""
    return {
        "name": item.name,
        "days": item.days,
        "position_size_multiplier": float(item.position_size_multiplier),
        "exploration_bonus_pct": float(item.exploration_bonus),
        "soft_limit_tolerance_pct": float(item.soft_limit_tolerance),
        "new_strategies_per_month": item.new_strategies_per_month,
        "size_pct": percent_of_ppm(size_ppm(item)),
    }


def acting(overview: Overview) -> list[dict[str, Any]]:
    """The limits that act otherwise than written."""
    policy = overview.effective
    return [
        {
            "limit": name,
            "written": limit_text(name, policy.written[name]),
            "acts": limit_text(name, policy.limits[name]),
        }
        for name in (*SIZED, *TOLERATED)
        if policy is not None and name in policy.written
    ]


def graduation(overview: Overview) -> list[dict[str, Any]]:
    """Each strategy's evidence against what the phase asks, by id."""
    if overview.desired is None:
        return []
    asked = overview.desired.risk.learning.phase.graduation
    ordered = sorted(overview.desired.strategies.values(), key=lambda item: item.id)
    return [_row(overview, strategy, asked) for strategy in ordered]


def _row(overview: Overview, strategy: Strategy, asked: Graduation) -> dict[str, Any]:
    found = _performance(overview, strategy.uid)
    verdict = evidence.graduation(evidence.Shown(found, _barred(overview, strategy)), asked)
    return {
        "id": strategy.id,
        "name": strategy.name,
        "status": status_of(overview, strategy).value,
        "state": verdict.state,
        "lacks": list(verdict.lacks),
        "trades": found.trades,
        "days": found.sessions,
        "sharpe": None if found.sharpe is None else round(found.sharpe, 2),
        "sharpe_error": None if found.sharpe_error is None else round(found.sharpe_error, 2),
        "win_rate_low_pct": percent_of_share(found.win_low),
        "deepest_drawdown_pct": percent_of_share(found.deepest_drawdown),
        "drawdown_pct": _drawdown(overview, strategy.uid),
        "missing": dict(found.missing),
    }


def warnings(overview: Overview) -> list[str]:
    """What speaks against advancing now, a phrase each."""
    if overview.desired is None:
        return [_NO_BOOK]
    rows, phase_now = graduation(overview), overview.desired.risk.learning.phase
    found = [_unmet(goal, rows, phase_now) for goal in _judged(overview, rows) if goal.state not in ("met", "holding")]
    where = stand(overview)
    if where is not None and where["left"]:
        found.append(f"{where['left']} days remaining in Phase {where['number']}")
    if where is not None and where["left"] is None:
        found.append(f"Day of the phase: not known ({_missing(overview).get('phase_day', _NO_START)})")
    return [*found, *(f"Halt {halt.id[:12]} is open" for halt in overview.halts), *risk.beyond(overview)]


def _unmet(goal: evidence.Goal, rows: Sequence[dict[str, Any]], item: Phase) -> str:
    asked, current = item.graduation, "n/a" if goal.current is None else f"{goal.current:g}"
    match goal.key:
        case "graduated":
            criteria = f"Sharpe > {asked.sharpe}, {asked.trades}+ trades"
            return f"Only {current}/{len(rows)} strategies meet graduation criteria ({criteria})"
        case "sharpe":
            current = "n/a" if goal.current is None else f"{goal.current:.2f}"
            return f"Portfolio Sharpe: {current} (target: {goal.wanted:g})"
        case "max_drawdown":
            current = "n/a" if goal.current is None else f"{goal.current:.1f}%"
            return f"Max drawdown: {current} (bound: {goal.wanted:g}%)"
    what = "Trades" if goal.key == "trades" else "Strategies"
    return f"{what}: {current} (target: {goal.wanted:g})"


def _goals(overview: Overview, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [goal._asdict() for goal in _judged(overview, rows)]


def _judged(overview: Overview, rows: Sequence[dict[str, Any]]) -> tuple[evidence.Goal, ...]:
    if overview.desired is None:
        return ()
    book, learning, today = _performance(overview, ACCOUNT), overview.desired.risk.learning, market_day(overview)
    reached = evidence.Reached(
        trades=book.trades,
        strategies=traded(overview),
        graduated=sum(row["state"] == "ready" for row in rows),
        sharpe=book.sharpe,
        deepest=book.deepest_drawdown,
    )
    where = evidence.progress(learning, today) if today else None
    return evidence.goals(learning.phase.goals, reached, over=where is not None and where.left == 0)


def traded(overview: Overview) -> int | None:
    """How many of the strategies that there are have traded."""
    if overview.live is None or overview.desired is None:
        return None
    own = {item.uid for item in overview.desired.strategies.values()}
    return sum(uid in own and ledger.last_trade_ns > 0 for uid, ledger in overview.live.strategies.items())


def _drawdown(overview: Overview, uid: str) -> float | None:
    """Of a strategy from its peak, now."""
    if overview.live is None or overview.effective is None:
        return None
    found = drawdowns(overview.effective, overview.live, overview.peaks)
    return next((percent_of_ppm(item.ppm) for item in found if item.key == uid), None)


def _barred(overview: Overview, strategy: Strategy) -> str:
    """Why what a strategy has shown does not count now: halted, or beyond a limit."""
    if status_of(overview, strategy) is StrategyStatus.HALTED:
        return "halted"
    levels = overview.analysis.levels if overview.analysis else ()
    over = [item.key for item in levels if item.scope == f"strategy:{strategy.uid}" and item.level == "halt"]
    return f"{over[0]} breached" if over else ""


def _performance(overview: Overview, key: str) -> Performance:
    found = overview.analysis.performance.get(key) if overview.analysis else None
    return found or Performance(missing={"sharpe": risk.absence(overview)})


def _asked(item: Phase) -> dict[str, Any]:
    asked = item.graduation
    return {
        "trades": asked.trades,
        "days": asked.days,
        "sharpe": float(asked.sharpe),
        "win_rate_pct": float(asked.win_rate),
        "max_drawdown_pct": float(asked.max_drawdown),
    }


def market_day(overview: Overview) -> date | None:
    """The market's day; None while the engine is silent."""
    market = overview.live.market_time if overview.live else ""
    return date.fromisoformat(market[:10]) if market else None


def _days(started: date | None, end: date | None) -> int | None:
    return (end - started).days if started and end else None


def _missing(overview: Overview) -> dict[str, str]:
    found = {"live": portfolio.silence(overview)} if overview.live is None else {}
    if overview.desired is None:
        return found | {"desired": _NO_BOOK}
    if overview.desired.risk.learning.started is None:
        found["phase_day"] = _NO_START
    book = _performance(overview, ACCOUNT)
    return found | {name: why for name, why in book.missing.items() if name in ("sharpe", "deepest_drawdown")}
