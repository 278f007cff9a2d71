"""``gt risk learning metrics`` as a document. What each figure means: docs/learning.md."""

from collections.abc import Mapping, Sequence
from datetime import date
from statistics import median
from typing import Any

from controller.core.desired.transition import MONTH
from controller.views import learning
from controller.views.figures import UNITS, dollars, instant, percent
from controller.views.status import header
from schemas.learning import Learned
from schemas.overview import Overview
from schemas.trials import State, Trial

_LOST: Mapping[State, str] = {"winner_a": "b", "winner_b": "a", "stopped_by_guardrail": "b", "returned": "b"}
"""Which arm of a decided test lost."""
_FAILED: frozenset[State] = frozenset({"stopped_by_guardrail", "returned", "invalid", "stopped"})
_TOLD: frozenset[State] = frozenset({"winner_a", "winner_b", "no_difference", "stopped_by_guardrail", "returned"})
"""Outcomes that answer a hypothesis."""
_SETTLED, _MODERATE = 1.0, 3.0
"""Changes of the configuration a week, up to which it is called stable or moderate."""


def metrics(overview: Overview, facts: Learned) -> dict[str, Any]:
    """Four blocks of figures; what is null says why in ``missing``."""
    missing: dict[str, str] = {}
    rows = learning.graduation(overview)
    return {
        **header(overview),
        "exploration": _exploration(overview, rows, missing),
        "performance": _distribution(rows, missing),
        "parameters": _parameters(facts, missing),
        "discovery": _discovery(overview, facts.trials, missing),
        "missing": missing,
        "units": UNITS,
    }


def _exploration(overview: Overview, rows: Sequence[dict[str, Any]], missing: dict[str, str]) -> dict[str, Any]:
    tested = learning.traded(overview)
    if tested is None:
        missing["tested"] = "the engine does not answer"
    halted = sum(row["status"] == "halted" for row in rows)
    return {
        "tested": tested,
        "graduated": sum(row["state"] == "ready" for row in rows),
        "halted": halted,
        "failure_rate_pct": percent(halted, len(rows)),
        "new_strategies": _new(overview, missing),
    }


def _new(overview: Overview, missing: dict[str, str]) -> int | None:
    """Strategies that say that they were added within a month of the market's day."""
    today = learning.market_day(overview)
    if overview.desired is None or today is None:
        missing["new_strategies"] = "the market's day is not known"
        return None
    return sum(_recent(item.added, today) for item in overview.desired.strategies.values())


def _recent(added: date | None, today: date) -> bool:
    return added is not None and today - added < MONTH


def _distribution(rows: Sequence[dict[str, Any]], missing: dict[str, str]) -> dict[str, Any]:
    """Sharpe ratios of the strategies that have one."""
    known = sorted((row for row in rows if row["sharpe"] is not None), key=lambda row: -row["sharpe"])
    if not known:
        missing["performance"] = "no strategy has a Sharpe ratio yet"
        return {"known": 0, "top": None, "median": None, "bottom": None}
    ends = [{key: row[key] for key in ("id", "sharpe", "sharpe_error", "status")} for row in (known[0], known[-1])]
    middle = round(median(row["sharpe"] for row in known), 2)
    return {"known": len(known), "top": ends[0], "median": middle, "bottom": ends[1]}


def _parameters(facts: Learned, missing: dict[str, str]) -> dict[str, Any]:
    violations = facts.decided.get("denied", 0)
    warned = facts.decided.get("warned", 0) + facts.decided.get("reduced", 0)
    weekly = round(facts.changes * 7 / facts.days, 1)
    if not facts.trades:
        missing["per_trade"] = "no closed trades in that time"
    return {
        "since": instant(facts.since_ns),
        "trades": facts.trades,
        "config_changes": facts.changes,
        "config_changes_per_week": weekly,
        "stability": "stable" if weekly <= _SETTLED else "moderate" if weekly <= _MODERATE else "unsettled",
        "violations": violations,
        "violations_per_trade": round(violations / facts.trades, 2) if facts.trades else None,
        "warnings": warned,
        "warnings_per_trade": round(warned / facts.trades, 2) if facts.trades else None,
    }


def _discovery(overview: Overview, trials: Mapping[str, Trial], missing: dict[str, str]) -> dict[str, Any]:
    asked = [id for id, test in (overview.desired.ab_tests if overview.desired else {}).items() if test.hypothesis]
    told = [trials[id].state for id in asked if id in trials and trials[id].state in _TOLD]
    costs = _costs(overview, trials, missing)
    return {
        "discoveries": sum(trial.state == "winner_b" for trial in trials.values()),
        "failed": sum(trial.state in _FAILED for trial in trials.values()),
        "cost": None if costs is None else dollars(sum(costs.values())),
        "cost_of": None if costs is None else {name: dollars(value) for name, value in costs.items()},
        "confirmed": told.count("winner_b"),
        "rejected": len(told) - told.count("winner_b"),
    }


def _costs(overview: Overview, trials: Mapping[str, Trial], missing: dict[str, str]) -> dict[str, int] | None:
    """What was lost by halted strategies and by losing arms of decided tests, micro-dollars, the largest loss first."""
    if overview.live is None or overview.desired is None:
        missing["cost"] = "the engine does not answer"
        return None
    halted = {row["id"] for row in learning.graduation(overview) if row["status"] == "halted"}
    found = dict[str, int]()
    for strategy in overview.desired.strategies.values():
        ledger = overview.live.strategies.get(strategy.uid)
        if strategy.id in halted and ledger is not None:
            found[strategy.id] = ledger.realized + ledger.unrealized - ledger.fees
    for trial in trials.values():
        arm = {"a": trial.a, "b": trial.b}.get(_LOST.get(trial.state, ""))
        if arm is not None and arm.pnl is not None:
            found[trial.test] = arm.pnl
    return dict(sorted(((name, value) for name, value in found.items() if value < 0), key=lambda item: item[1]))
