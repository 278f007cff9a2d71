"""``gt risk ab-test`` and ``learning experiments`` as documents.

Sharpe ratios are plain numbers of one observation, everything else is in percent; differences are B minus A. The p of
the deciding metric holds its level at every look, that of the others is Holm's and decides nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from controller.core.experiments.question import PRIMARY
from controller.core.experiments.restriction import share_b_ppm
from controller.core.experiments.standing import DECIDED
from controller.views.figures import dollars, instant
from schemas.experiments import ABTest
from schemas.overview import Overview
from schemas.trials import ArmSeen, Compared, Look, Outlook, Rail, Report, Side, Trial

Document = dict[str, Any]
Trials = Mapping[str, Trial]
RECENT_DAYS = 30
SESSIONS_A_DAY = 252 / 365
WINNERS: Mapping[str, str] = {"winner_a": "A", "winner_b": "B", "returned": "B"}
_ORDER = (
    "sharpe",
    "total_return",
    "mean_return",
    "win_rate",
    "average_win",
    "average_loss",
    "max_drawdown",
    "volatility",
)
_PLAIN = ("sharpe",)
_COUNTED = ("winner_a", "winner_b", "no_difference")
LABELS = {
    "sharpe": "Sharpe Ratio",
    "total_return": "Total Return",
    "mean_return": "Mean Return",
    "win_rate": "Win Rate",
    "average_win": "Avg Win",
    "average_loss": "Avg Loss",
    "max_drawdown": "Max Drawdown",
    "volatility": "Volatility",
}


def listing(overview: Overview, trials: Trials) -> Document:
    """``ab-test list``: every test of the tree in force, newest first, and what was decided of late."""
    rows = [row(overview, test, trials.get(test.id)) for test in _tests(overview)]
    decided = [trial for trial in trials.values() if _recent(overview, trial)]
    count = {state: sum(trial.state == state for trial in decided) for state in _COUNTED}
    others = len(decided) - sum(count.values())
    return {"tests": rows, "recent": {"days": RECENT_DAYS, "total": len(decided), **count, "other": others}}


def row(overview: Overview, test: ABTest, trial: Trial | None) -> Document:
    """One test in a line."""
    elapsed = _elapsed(overview, test, trial)
    report = trial.report if trial else None
    return {
        "id": test.id,
        "name": test.name,
        "type": test.type,
        "hypothesis": test.hypothesis,
        "strategy": test.strategy,
        "status": test.status,
        "state": trial.state if trial else "collecting",
        "reason": trial.reason if trial else "",
        "started": test.started.isoformat(),
        "elapsed_days": elapsed,
        "duration_days": test.duration_days,
        "remaining_days": max(0, test.duration_days - elapsed),
        "winner": WINNERS.get(trial.state) if trial else None,
        "p": report.primary.p if report else None,
        "n": observations(test, trial),
        "n_max": test.n_max,
        "rollout_pct": test.rollout,
    }


def observations(test: ABTest, trial: Trial | None) -> int:
    """Observations so far, pairs as one."""
    n = trial.n if trial else 0
    return n // 2 if test.paired else n


def details(overview: Overview, test: ABTest, trial: Trial | None) -> Document:
    """``ab-test status``: what was fixed, what was seen, where it stands."""
    report = trial.report if trial else None
    sides: tuple[Side, Side] = ("a", "b")
    return {
        **row(overview, test, trial),
        **_fixed(test),
        "share_b_pct": share_b_ppm(test, trial) / 10_000,
        "arms": {arm: _arm(getattr(trial, arm) if trial else ArmSeen()) for arm in sides},
        "metrics": _metrics(test, trial, report) if trial and report else [],
        "guardrails": [_rail(item) for item in report.rails] if report else [],
        "conditional_power_pct": _percent(report.power) if report else None,
        "robust_p": list(report.robust) if report and report.robust else None,
        "rollout": _compared("mean_return", report.rollout) if report and report.rollout else None,
        "decided": instant(trial.decided_ns) if trial and trial.decided_ns else None,
        "decided_market": trial.decided_market if trial else "",
        "looked": instant(trial.as_of_ns) if trial and trial.as_of_ns else None,
        "looked_market": trial.market_time if trial else "",
    }


def analysis(overview: Overview, test: ABTest, trial: Trial | None, looks: Sequence[Look]) -> Document:
    """``ab-test analyze``: :func:`details` with every look and each arm's gain so far."""
    return {
        **details(overview, test, trial),
        "looks": [
            {**look.model_dump(mode="json", exclude={"at_ns", "p"}), "at": instant(look.at_ns)} for look in looks
        ],
        "curves": {
            arm: [[at, _percent(value)] for at, value in (getattr(trial, arm).curve if trial else ())]
            for arm in ("a", "b")
        },
    }


def outlook(overview: Overview, test: ABTest, seen: Outlook | None, why: str) -> Document:
    """What a test that is not there yet can see, and how long it takes at today's rate of observations."""
    rate = _rate(overview, test)
    days = round(test.n_max / rate) if rate else None
    return {
        "test": test.model_dump(mode="json"),
        "n_max": test.n_max,
        "n_min": test.n_min,
        "unit": _unit(test),
        "effect": seen.effect if seen else None,
        "effect_unit": seen.unit if seen else None,
        "power_pct": _percent(seen.power) if seen else None,
        "why": why,
        "rate_per_session": rate,
        "sessions_needed": days,
        "duration_days": test.duration_days,
        "expected_n": None if rate is None else int(rate * test.duration_days * SESSIONS_A_DAY),
    }


def _rate(overview: Overview, test: ABTest) -> float | None:
    """Observations of both arms in a session: closed trades of the strategy so far; None where it has no past."""
    if test.unit == "day":
        return 1.0 if test.paired else 2.0
    strategy = overview.desired.strategies.get(test.strategy) if overview.desired else None
    known = overview.analysis.performance.get(strategy.uid) if overview.analysis and strategy else None
    if known is None or not known.trades or not known.sessions:
        return None
    return known.trades / known.sessions


def experiments(overview: Overview, trials: Trials) -> Document:
    """``learning experiments``: tests that run, with what is known of each arm."""
    running = [test for test in _tests(overview) if test.runs]
    return {"experiments": [_experiment(overview, test, trials.get(test.id)) for test in running]}


def _experiment(overview: Overview, test: ABTest, trial: Trial | None) -> Document:
    report = trial.report if trial else None
    name = PRIMARY[test.success_metric]
    found = _compared(name, report.primary) if report else {}
    kept = {key: found.get(key) for key in ("metric", "label", "a", "b", "difference", "status", "reason")}
    arms = {"n_a": trial.a.n if trial else 0, "n_b": trial.b.n if trial else 0}
    return {**row(overview, test, trial), "unit": _unit(test), "result": kept, **arms}


def _tests(overview: Overview) -> list[ABTest]:
    tests = overview.desired.ab_tests.values() if overview.desired else ()
    return sorted(tests, key=lambda test: (test.started, test.id), reverse=True)


def _fixed(test: ABTest) -> Document:
    a, b = test.traffic_split.split("/")
    variants = {"a": test.variant_a, "b": test.variant_b}
    return {
        "unit": _unit(test),
        "paired": test.paired,
        "assignment": test.assignment,
        "split": {"a_pct": int(a), "b_pct": int(b)},
        "success_metric": test.success_metric,
        "alpha_pct": float(test.alpha),
        "n_min": test.n_min,
        "variants": {arm: variant.model_dump(mode="json") for arm, variant in variants.items()},
    }


def _unit(test: ABTest) -> str:
    return "pair" if test.paired else test.unit


def _arm(seen: ArmSeen) -> Document:
    return {
        "n": seen.n,
        "entries": seen.entries,
        "closed": seen.closed,
        "pnl": None if seen.pnl is None else dollars(seen.pnl),
        "fees": None if seen.fees is None else dollars(seen.fees),
        "total_return_pct": _percent(seen.curve[-1][1]) if seen.curve else None,
    }


def _metrics(test: ABTest, trial: Trial, report: Report) -> list[Document]:
    found = {item.metric: item for item in (report.primary, *report.secondaries)}
    rows = {name: _compared(name, item) for name, item in found.items()}
    if "mean_return" in rows:
        rows["total_return"] = _total(trial, rows["mean_return"])
    decides = PRIMARY[test.success_metric]
    for name, item in rows.items():
        item["decides"] = name == decides or (name == "total_return" and decides == "mean_return")
    return [rows[name] for name in _ORDER if name in rows]


def _total(trial: Trial, mean: Document) -> Document:
    """Total returns, with the p of the mean: arms of the same capital gain more in all if they do on average."""
    a, b = (_percent(side.curve[-1][1]) if side.curve else None for side in (trial.a, trial.b))
    both = a is not None and b is not None
    gap = b - a if a is not None and b is not None else None
    fields = {"metric": "total_return", "label": LABELS["total_return"], "a": a, "b": b, "difference": gap}
    why = {} if both else {"status": "not_enough_data", "reason": "nothing has ended in an arm"}
    return {**mean, **fields, "low": None, "high": None, **why}


def _compared(name: str, item: Compared) -> Document:
    scaled = {key: getattr(item, key) for key in ("a", "b", "difference", "low", "high")}
    if name not in _PLAIN:
        scaled = {key: _percent(value) for key, value in scaled.items()}
    return {
        "metric": name,
        "label": LABELS[name],
        "unit": "ratio" if name in _PLAIN else "percent",
        **scaled,
        "p": item.p if item.adjusted is None else item.adjusted,
        "test": item.test,
        "n_a": item.n_a,
        "n_b": item.n_b,
        "status": item.status,
        "reason": item.reason,
    }


def _rail(item: Rail) -> Document:
    return {"margin_pct": _percent(item.margin), "holds": item.safe, **_compared(item.metric, item.seen)}


def _percent(value: float | None) -> float | None:
    return None if value is None else round(value * 100, 6)


def _elapsed(overview: Overview, test: ABTest, trial: Trial | None) -> int:
    """Days of the market clock since it started, until it was decided."""
    until = trial.decided_market if trial and trial.decided_market else _market(overview)
    return max(0, (date.fromisoformat(until[:10]) - test.started).days) if until else 0


def _market(overview: Overview) -> str:
    return overview.live.market_time if overview.live else ""


def _recent(overview: Overview, trial: Trial) -> bool:
    now = _market(overview) or trial.decided_market
    if trial.state not in DECIDED or not now:
        return False
    return (date.fromisoformat(now[:10]) - date.fromisoformat(trial.decided_market[:10])).days <= RECENT_DAYS
