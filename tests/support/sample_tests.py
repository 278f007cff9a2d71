"""The A/B tests of the spec's samples (2.2.6) over its book: the samples' figures, and decisions as ours are made."""

from typing import Any

from controller.adapters.store.memory import MemoryStore
from controller.core.experiments.question import plan_digest
from schemas.experiments import ABTest
from schemas.trials import ArmSeen, Compared, Look, Rail, Report, Trial
from tests.support.book import NOW
from tests.support.greenplace import GreenplaceControl
from tests.support.trials import ab_test

MARKET = "2026-01-19"
_MICROS = 1_000_000

VOL = ab_test(
    "ml-momentum-v2",
    id="test-20240119",
    name="Vol Adjustment Multiplier",
    hypothesis="Dynamic position sizing by volatility improves Sharpe",
    started="2026-01-12",
    duration_days=14,
    n_max=120,
    guardrails=[{"metric": "win_rate", "margin": "10%"}],
    variant_a={"name": "Standard position sizing"},
    variant_b={"name": "Volatility-adjusted sizing", "parameters": {"lookback": 60}},
)
ENTRY = ab_test(
    "heuristic-value-1",
    id="test-20240115",
    name="Entry Timing Delay",
    type="timing",
    started="2026-01-15",
    duration_days=14,
    variant_b={"name": "a day later", "parameters": {"hold_sessions": 6}},
)
STOPS = ab_test(
    "contrarian-swing",
    id="test-20240110",
    name="Stop Loss Tightness",
    type="exits",
    started="2026-01-05",
    duration_days=14,
    n_max=67,
    variant_a={"name": "Wide stops"},
    variant_b={"name": "Tight Stops", "parameters": {"stop_pct": 5}},
)


def compared(metric: str, a: float, b: float, p: float | None, n: tuple[int, int], **more: Any) -> Compared:
    """One metric with its figures as shares."""
    figures = {"a": a, "b": b, "difference": round(b - a, 6), "low": b - a - 0.1, "high": b - a + 0.2}
    adjusted = {} if metric == "sharpe" else {"adjusted": p}
    return Compared.model_validate(
        {"metric": metric, "test": "a test", "n_a": n[0], "n_b": n[1], **figures, "p": p, **adjusted, **more}
    )


def _report(rows: dict[str, tuple[float, float, float]], n: tuple[int, int], **more: Any) -> Report:
    found = [compared(metric, *figures, n) for metric, figures in rows.items()]
    return Report.model_validate({"primary": found[0], "secondaries": tuple(found[1:]), **more})


def _trial(test: ABTest, report: Report, returns: tuple[float, float], **more: Any) -> Trial:
    n = report.primary.n_a, report.primary.n_b
    a, b = (
        ArmSeen(
            n=count, entries=count, closed=count, pnl=round(gain * 20_000 * _MICROS), fees=0, curve=((MARKET, gain),)
        )
        for count, gain in zip(n, returns, strict=True)
    )
    known = {"test": test.id, "strategy": test.strategy, "book": "b", "plan": plan_digest(test), "state": report.state}
    seen = {"n": sum(n), "a": a, "b": b, "report": report, "as_of_ns": NOW, "market_time": MARKET}
    return Trial.model_validate({**known, **seen, **more})


def look(n: int, n_max: int, z: float, **more: Any) -> Look:
    """A look of a test."""
    figures = {"information": n / n_max, "z": z, "boundary": 2.96, "spent": 0.0031, "p": 0.2, "shown": 0.082}
    return Look.model_validate({"n": n, **figures, "at_ns": NOW, "market_time": MARKET, **more})


RUNNING = _report(
    {
        "sharpe": (1.15, 1.31, 0.082),
        "mean_return": (0.0023, 0.0036, 0.091),
        "win_rate": (0.54, 0.61, 0.156),
        "average_win": (0.021, 0.024, 0.412),
        "average_loss": (-0.018, -0.016, 0.223),
        "max_drawdown": (-0.062, -0.048, 0.134),
        "volatility": (0.123, 0.111, 0.078),
    },
    (18, 16),
    state="running",
    power=0.56,
    rails=(Rail(metric="win_rate", margin=0.1, safe=False, seen=compared("win_rate", 0.54, 0.61, 0.2, (18, 16))),),
)
WON = _report(
    {
        "sharpe": (0.82, 1.14, 0.028),
        "mean_return": (0.0009, 0.0014, 0.042),
        "win_rate": (0.48, 0.58, 0.089),
        "average_win": (0.032, 0.028, 0.287),
        "average_loss": (-0.024, -0.019, 0.034),
        "max_drawdown": (-0.089, -0.062, 0.019),
        "volatility": (0.061, 0.052, 0.31),
    },
    (34, 33),
    state="winner_b",
    power=1.0,
)


def sampled(*, tests: tuple[ABTest, ...] = (VOL, ENTRY, STOPS), decided: bool = True) -> GreenplaceControl:
    """The samples' book with their tests; ``decided``: one of them is won."""
    control, store = GreenplaceControl(), MemoryStore()
    assert control.seen.desired is not None
    trees = {"ab_tests": {test.id: test for test in tests}}
    control.seen = control.seen.model_copy(update={"desired": control.seen.desired.model_copy(update=trees)})
    store.tests.save_trial(_trial(VOL, RUNNING, (0.042, 0.058)), [look(34, 120, 1.2)])
    if decided:
        end = {"decided_ns": NOW, "decided_market": MARKET}
        store.tests.save_trial(
            _trial(STOPS, WON, (0.031, 0.048), **end), [look(60, 67, 1.9), look(67, 67, 2.4, crossed="b")]
        )
    control.tests = store.tests
    return control
