"""The book of tests/support/greenplace.py in the spec's learning phases, with the evidence of its samples."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from controller.core.learning.phases import moved
from schemas.learning import Entered, Learned, Learning
from schemas.overview import Overview
from schemas.risk import Performance
from schemas.trials import ArmSeen, State, Trial
from tests.support.book import COMMIT, NOW, micros
from tests.support.greenplace import MOMENTUM, SENTIMENT, SWING, VALUE, GreenplaceControl, greenplace
from tests.support.trials import ab_test

DAY_NS = 86_400 * 1_000_000_000
PHASES = Learning.model_validate(
    {
        "number": 1,
        "started": "2026-01-02",
        "phases": [
            {
                "name": "Exploration",
                "days": 30,
                "position_size_multiplier": "0.5",
                "exploration_bonus": "50%",
                "soft_limit_tolerance": "25%",
                "goals": {"trades": 100, "strategies": 3, "graduated": 1, "sharpe": "0.5", "max_drawdown": "15%"},
            },
            {
                "name": "Refinement",
                "days": 60,
                "position_size_multiplier": "0.75",
                "new_strategies_per_month": 1,
                "goals": {"sharpe": "0.75", "graduated": 2},
            },
            {"name": "Maturity", "days": 365, "new_strategies_per_month": 1},
        ],
    }
)
SHOWN: dict[str, dict[str, Any]] = {
    "account": {"trades": 142, "sharpe": 0.42, "sharpe_error": 0.41, "deepest_drawdown": 0.123},
    MOMENTUM: {"trades": 142, "sharpe": 1.23, "sharpe_error": 0.4, "win_low": 0.497, "deepest_drawdown": 0.0612},
    VALUE: {"trades": 89, "sharpe": 0.67, "sharpe_error": 0.7, "win_low": 0.44, "deepest_drawdown": 0.05},
    SENTIMENT: {"trades": 61, "sharpe": -0.34, "sharpe_error": 0.6, "win_low": 0.3, "deepest_drawdown": 0.21},
    SWING: {"trades": 34, "sharpe": 0.31, "sharpe_error": 0.9, "win_low": 0.33, "deepest_drawdown": 0.02},
}


def in_phase(number: int = 1, learning: Learning = PHASES, **changes: object) -> Overview:
    """The book in one of the phases; ``changes`` are fields of the picture."""
    base = greenplace()
    assert base.desired is not None and base.analysis is not None
    assert base.effective is not None
    learning = learning.model_copy(update={"number": number})
    risk = base.desired.risk.model_copy(update={"learning": learning})
    limits = base.effective.limits
    acting = moved(limits, learning.phase)
    policy = {"limits": limits | acting, "written": {name: limits[name] for name in acting}}
    tests = {
        name: ab_test("ml-momentum-v2", id=name, hypothesis=hypothesis)
        for name, hypothesis in (
            ("t-1", "stops that are tighter lose less"),
            ("t-2", "entering later pays"),
            ("t-4", ""),
        )
    }
    shown = {scope: Performance.model_validate({"sessions": 120, **given}) for scope, given in SHOWN.items()}
    picture = base.model_copy(
        update={
            "desired": base.desired.model_copy(update={"risk": risk, "ab_tests": tests}),
            "effective": base.effective.model_copy(update=policy),
            "analysis": base.analysis.model_copy(update={"performance": shown, "levels": ()}),
        }
    )
    return picture.model_copy(update=changes)


def trial(test: str, state: State, a: float, b: float) -> Trial:
    """Where a test stands, with what each arm made in dollars."""
    arms = {"a": ArmSeen(pnl=micros(a)), "b": ArmSeen(pnl=micros(b))}
    return Trial(test=test, strategy="ml-momentum-v2", book="b", plan="p", state=state, **arms)


def entered(number: int, started: date, at_ns: int, **fields: Any) -> Entered:
    """A phase as history tells of it."""
    name = PHASES.phases[number - 1].name
    base = {"number": number, "name": name, "started": started, "commit": COMMIT, "author": "operator"}
    return Entered.model_validate({**base, "at_ns": at_ns, **fields})


@dataclass(slots=True)
class LearningFacts:
    """What a control knows beyond the picture."""

    phases: tuple[Entered, ...] = (entered(1, date(2026, 1, 2), NOW - 17 * DAY_NS),)
    learned: Learned = field(
        default_factory=lambda: Learned(
            since_ns=NOW - 30 * DAY_NS,
            days=30,
            trades=142,
            decided={"denied": 23, "warned": 100, "reduced": 42},
            changes=10,
            trials={
                "t-1": trial("t-1", "winner_b", -120.0, 800.0),
                "t-2": trial("t-2", "winner_a", 400.0, -310.0),
                "t-3": trial("t-3", "stopped_by_guardrail", 10.0, -90.0),
                "t-4": trial("t-4", "running", -50.0, -60.0),
            },
        )
    )


class LearningControl(GreenplaceControl):
    """A Control over that book."""

    def __init__(self, seen: Overview | None = None, facts: LearningFacts | None = None) -> None:
        super().__init__()
        self.seen = seen or in_phase()
        self.facts = facts or LearningFacts()

    def phases(self) -> tuple[Entered, ...]:
        return self.facts.phases

    def learned(self) -> Learned:
        return self.facts.learned
