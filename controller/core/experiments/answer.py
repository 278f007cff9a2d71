"""The answer to a question about a test. NumPy: not for the controller's or the gate's process."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq

from controller.core.experiments import analysis, comparisons, mismatch, power
from controller.core.experiments.analysis import Arms, Guardrail, Plan
from controller.core.experiments.comparisons import Comparison
from controller.core.experiments.question import Seen, Trying
from controller.core.experiments.relabelling import Array
from schemas.trials import Compared, Look, Outlook, Rail, Report

POWER = 0.8
MOST_DRAWS, LEAST_DRAWS, WORK = 9_999, 999, 2_000_000
"""Relabellings of a permutation test: as many as this work (draws times observations) allows."""
_BILLION = 1e9
_UNITS = {"sharpe": "Sharpe ratio", "mean_return": "standard deviations", "win_rate": "win rate"}


def answer(question: Trying) -> Report:
    """A look at the test, or at its rollout; without times."""
    plan = _plan(question.plan, len(question.observed))
    arms = _arms(question)
    if question.state == "winner_b":
        return _rollout(plan, arms)
    looks = [_look(look) for look in question.looks]
    return _report(analysis.analyse(plan, arms, question.state, looks, ended=question.ended), question.looks)


def outlook(given: Mapping[str, Any]) -> Outlook:
    """What a test with this plan finds with a power of 80 % at its largest sample."""
    plan = _plan(given, 0)
    metric = plan.primary
    if metric == "win_rate":
        effect = _share_seen(plan)
    elif plan.paired:
        effect = power.detectable_pairs(plan.n_max, POWER, plan.alpha)
    else:
        n_b = max(1, round(plan.n_max * plan.share_b))
        effect = power.detectable(max(1, plan.n_max - n_b), n_b, POWER, plan.alpha)
    return Outlook(power=POWER, effect=effect, unit=_UNITS[metric])


def _share_seen(plan: Plan) -> float | None:
    """The smallest difference of two win rates around one half."""
    n = plan.n_max if plan.paired else 2 * plan.n_max * plan.share_b * (1 - plan.share_b)
    n /= 1.03

    def excess(effect: float) -> float:
        return power.shares(n, 0.5 - effect / 2, 0.5 + effect / 2, plan.alpha) - POWER

    return float(brentq(excess, 1e-9, 0.999)) if excess(0.999) > 0 else None


def _plan(given: Mapping[str, Any], observed: int) -> Plan:
    rails = tuple(Guardrail(metric, margin) for metric, margin in given["guardrails"])
    draws = min(MOST_DRAWS, max(LEAST_DRAWS, WORK // max(1, observed)))
    return Plan(**{**given, "guardrails": rails, "draws": draws})


def _arms(question: Trying) -> Arms:
    (a, time_a), (b, time_b) = _side(question.observed, "a"), _side(question.observed, "b")
    return Arms(a, b, time_a, time_b, tuple(question.epochs))


def _side(observed: Sequence[Seen], arm: str) -> tuple[Array, Array]:
    chosen = [(item.value / _BILLION, float(place)) for place, item in enumerate(observed) if item.arm == arm]
    return np.array([value for value, _ in chosen]), np.array([place for _, place in chosen])


def _rollout(plan: Plan, arms: Arms) -> Report:
    """Whether B is shown to lose against A since it rolls out (one-sided), or to break a guardrail."""
    level = 1 - 2 * plan.alpha
    seen = comparisons.mean_return(arms.a, arms.b, level)
    rails = analysis.rails(replace(plan, paired=False), arms)
    harmed = next((rail.metric for rail, found, _ in rails if analysis.harmed(rail, found)), "")
    if seen.high is not None and seen.high < 0:
        harmed = "mean_return"
    uneven = mismatch.mismatched(arms.epochs)
    reason = f"{harmed} of B is shown to be worse" if harmed else ""
    if uneven is not None:
        reason = "the arms are not as large as the rollout says"
    return Report(
        state="returned" if reason else "winner_b",
        reason=reason,
        primary=_compared(seen),
        rails=tuple(_rail(*item) for item in rails),
    )


def _report(found: analysis.Report, known: Sequence[Look]) -> Report:
    new = found.looks[len(known) :]
    return Report(
        state=found.state,
        reason=found.reason,
        primary=_compared(found.primary),
        secondaries=tuple(
            _compared(item, adjusted) for item, adjusted in zip(found.secondaries, found.adjusted, strict=True)
        ),
        rails=tuple(_rail(*item) for item in found.guardrails),
        power=found.power,
        robust=found.robust,
        looks=(*known, *(Look.model_validate(asdict(item)) for item in new)),
    )


def _compared(found: Comparison, adjusted: float | None = None) -> Compared:
    return Compared.model_validate({**asdict(found), "adjusted": adjusted})


def _rail(rail: Guardrail, found: Comparison, safe: bool) -> Rail:
    return Rail(metric=rail.metric, margin=rail.margin, safe=safe, seen=_compared(found))


def _look(look: Look) -> analysis.Look:
    return analysis.Look(**look.model_dump(exclude={"at_ns", "market_time"}))
