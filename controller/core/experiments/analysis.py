"""One look at a test: the primary metric against its boundary, guardrails, secondaries under Holm, and the decision.

Pure and seeded: the same observations and earlier looks give the same answer to the last bit. Looks begin when both
arms hold ``n_min``; each is logged, and what an earlier look has crossed stays crossed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import Literal

import numpy as np
from scipy.special import ndtri

from controller.core.experiments import comparisons, ledoit_wolf, mismatch, sharpe
from controller.core.experiments.comparisons import Comparison
from controller.core.experiments.relabelling import Array
from controller.core.experiments.spending import NEVER, Boundaries, conditional_power, sequential_p
from controller.core.experiments.standing import Facts, advance
from schemas.trials import Side, State

Metric = Literal["sharpe", "mean_return", "win_rate", "volatility", "max_drawdown"]
LONG = 100
"""Paired sessions from which on Ledoit and Wolf's robust figures stand beside the permutation."""
LOOKS = 100
"""A test looks at most about so often: each look is tried against all that were before."""
_SAME = "the difference does not vary"


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A metric of B that may be worse than A's by less than ``margin`` (of the metric's own unit)."""

    metric: Literal["mean_return", "win_rate"]
    margin: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What was fixed before the first observation. ``draws`` relabellings; ``block`` sessions swap together."""

    primary: Metric
    n_max: int
    n_min: int = 16
    alpha: float = 0.05
    paired: bool = False
    block: int = 1
    share_b: float = 0.5
    guardrails: tuple[Guardrail, ...] = ()
    seed: int = 0
    draws: int = 9_999


@dataclass(frozen=True, slots=True)
class Look:
    """One look as it is logged. ``p`` is of this look alone and is never shown; ``shown`` may be, at any time."""

    n: int
    information: float
    z: float
    boundary: float
    spent: float
    p: float
    shown: float
    crossed: Side | None = None


@dataclass(frozen=True, slots=True)
class Arms:
    """Observations in time order, ``epochs`` as (n_a, n_b, share of B) of each step of the rollout. ``time`` places
    each observation of A, then of B."""

    a: Array
    b: Array
    time_a: Array
    time_b: Array
    epochs: tuple[tuple[int, int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What a look says. ``looks`` holds the earlier ones and this one; ``secondaries`` decide nothing."""

    state: State
    primary: Comparison
    looks: tuple[Look, ...]
    secondaries: tuple[Comparison, ...]
    adjusted: tuple[float | None, ...]
    guardrails: tuple[tuple[Guardrail, Comparison, bool], ...]
    power: float | None = None
    robust: tuple[float, float] | None = None
    reason: str = ""


def analyse(plan: Plan, arms: Arms, state: State, looks: Sequence[Look], *, ended: bool = False) -> Report:
    """The report of a look at ``arms`` after ``looks``. ``ended``: time is up, whatever was seen."""
    rng = np.random.default_rng(plan.seed)
    n = _seen(plan, arms)
    primary = _primary(plan, arms, rng)
    enough = min(len(arms.a), len(arms.b)) >= plan.n_min
    logged = tuple(looks)
    if enough and primary.p is not None and _is_due(plan, n, looks, ended):
        logged = (*looks, _look(plan, n, primary, looks))
    guardrails = rails(plan, arms)
    bad = mismatch.mismatched(arms.epochs) if arms.epochs and not plan.paired else None
    facts = Facts(
        enough=enough,
        ended=ended or n >= plan.n_max,
        crossed=next((look.crossed for look in logged if look.crossed), None),
        safe=all(safe for _, _, safe in guardrails),
        harmed=next((rail.metric for rail, found, _ in guardrails if harmed(rail, found)), ""),
        mismatched=bad is not None,
    )
    found = secondaries(plan, arms, rng)
    return Report(
        state=advance(state, facts),
        primary=replace(primary, p=logged[-1].shown if logged else None),
        looks=logged,
        secondaries=found,
        adjusted=_adjusted(found),
        guardrails=guardrails,
        power=_power(plan, logged),
        robust=_robust(plan, arms, rng),
        reason=f"epoch {bad + 1}: the arms are not as large as the split says" if bad is not None else facts.harmed,
    )


def z_of(p: float, difference: float) -> float:
    """The normal statistic of a two-sided ``p`` in the direction of ``difference``, at most 8 either way."""
    return float(np.copysign(min(NEVER, float(-ndtri(p / 2))), difference))


def _seen(plan: Plan, arms: Arms) -> int:
    """Observations of both arms together, pairs as one."""
    return min(len(arms.a), len(arms.b)) if plan.paired else len(arms.a) + len(arms.b)


def _is_due(plan: Plan, n: int, looks: Sequence[Look], ended: bool) -> bool:
    """Whether the plan has a look left and there is more to see than at the last one, by a hundredth of its largest
    sample or for the last time."""
    if not looks:
        return True
    more = min(n, plan.n_max) - looks[-1].n
    return more > 0 and (ended or n >= plan.n_max or more >= plan.n_max // LOOKS)


def _look(plan: Plan, n: int, primary: Comparison, looks: Sequence[Look]) -> Look:
    assert primary.p is not None and primary.difference is not None
    information = [*(look.information for look in looks), min(1.0, n / plan.n_max)]
    made = Boundaries(plan.alpha)
    boundary = [made.look(share) for share in information][-1]
    z = z_of(primary.p, primary.difference)
    shown = sequential_p(information, z, min((look.shown for look in looks), default=1.0))
    crossed: Side | None = None if abs(z) < boundary else "b" if z > 0 else "a"
    return Look(n, information[-1], z, boundary, made.spent, primary.p, shown, crossed)


def _primary(plan: Plan, arms: Arms, rng: np.random.Generator) -> Comparison:
    if plan.primary == "sharpe":
        return _sharpe(plan, arms, rng)
    return _compare(plan.primary, plan, arms, rng)


def _sharpe(plan: Plan, arms: Arms, rng: np.random.Generator) -> Comparison:
    test = "paired swap permutation" if plan.paired else "studentised label permutation"
    n_a, n_b = len(arms.a), len(arms.b)
    made = Comparison("sharpe", test, n_a, n_b)
    if min(n_a, n_b) < 2:
        return replace(made, status="not_enough_data", reason="fewer than 2 observations in an arm")
    ratio_a, ratio_b = float(sharpe.sharpe_ratio(arms.a)[0]), float(sharpe.sharpe_ratio(arms.b)[0])
    if plan.paired:
        tested = sharpe.paired(arms.a, arms.b, plan.draws, rng, plan.block)
    else:
        tested = sharpe.unpaired(arms.a, arms.b, plan.draws, rng)
    if isnan(ratio_a) or isnan(ratio_b):
        return replace(made, status="undefined", reason="constant returns have no Sharpe ratio")
    made = replace(made, a=ratio_a, b=ratio_b, difference=ratio_b - ratio_a)
    if isnan(float(tested.p_value[0])):
        return replace(made, status="undefined", reason=_SAME)
    return replace(made, p=float(tested.p_value[0]))


def secondaries(plan: Plan, arms: Arms, rng: np.random.Generator) -> tuple[Comparison, ...]:
    """Every metric but the primary one; none of them decides."""
    others: tuple[Metric, ...] = ("sharpe", "mean_return", "win_rate", "volatility", "max_drawdown")
    made = [_sharpe(plan, arms, rng) if it == "sharpe" else _compare(it, plan, arms, rng) for it in others]
    found = [item for item in made if item.metric != plan.primary]
    return (*found, *(comparisons.average(it, arms.a, arms.b) for it in ("average_win", "average_loss")))


def _compare(metric: Metric, plan: Plan, arms: Arms, rng: np.random.Generator) -> Comparison:
    match metric:
        case "mean_return":
            return (comparisons.paired_return if plan.paired else comparisons.mean_return)(arms.a, arms.b)
        case "win_rate":
            return comparisons.win_rate(arms.a, arms.b)
        case "volatility":
            return _volatility(plan, arms)
        case _:
            return comparisons.max_drawdown(arms.a, arms.b, arms.time_a, arms.time_b, plan.draws, rng)


def _volatility(plan: Plan, arms: Arms) -> Comparison:
    """Long pairs by what Ledoit and Wolf say of their log variances: arms that go together are no two samples."""
    made = comparisons.volatility(arms.a, arms.b)
    if not _is_long(plan, arms) or made.status != "ok":
        return made
    p = ledoit_wolf.robust(arms.a, arms.b, ledoit_wolf.log_variance).p_value
    made = replace(made, test="Ledoit-Wolf log variance", p=None)
    return replace(made, status="undefined", reason=_SAME) if isnan(p) else replace(made, p=p)


def rails(plan: Plan, arms: Arms) -> tuple[tuple[Guardrail, Comparison, bool], ...]:
    """Each guardrail with what was seen of it, and whether it is shown to hold."""
    return tuple((rail, *_held(rail, plan, arms)) for rail in plan.guardrails)


def _held(rail: Guardrail, plan: Plan, arms: Arms) -> tuple[Comparison, bool]:
    """The comparison behind a guardrail, and whether B is shown to be worse by less than its margin (one-sided)."""
    mean = comparisons.paired_return if plan.paired else comparisons.mean_return
    found = (mean if rail.metric == "mean_return" else comparisons.win_rate)(arms.a, arms.b, 1 - 2 * plan.alpha)
    return found, found.low is not None and found.low > -rail.margin


def harmed(rail: Guardrail, found: Comparison) -> bool:
    """Whether B is shown to be worse by more than its margin."""
    return found.high is not None and found.high < -rail.margin


def _adjusted(found: Sequence[Comparison]) -> tuple[float | None, ...]:
    tested = [item.p for item in found if item.p is not None]
    adjusted = iter(comparisons.holm(tested))
    return tuple(next(adjusted) if item.p is not None else None for item in found)


def _power(plan: Plan, looks: Sequence[Look]) -> float | None:
    """The chance that the last look will cross if the trend goes on; None before the first look."""
    if not looks:
        return None
    made = Boundaries(plan.alpha)
    for look in looks:
        made.look(look.information)
    final = looks[-1].boundary if looks[-1].information >= 1 else made.look(1.0)
    return conditional_power(looks[-1].information, looks[-1].z, final)


def _robust(plan: Plan, arms: Arms, rng: np.random.Generator) -> tuple[float, float] | None:
    """Ledoit and Wolf's p beside the permutation's, of long paired tests: HAC and bootstrap. None where the difference
    does not vary."""
    if not _is_long(plan, arms):
        return None
    hac = ledoit_wolf.robust(arms.a, arms.b, ledoit_wolf.sharpe, prewhiten=True).p_value
    if isnan(hac):
        return None
    return hac, ledoit_wolf.bootstrap(arms.a, arms.b, ledoit_wolf.sharpe, max(1, plan.block), 999, rng)


def _is_long(plan: Plan, arms: Arms) -> bool:
    return plan.paired and min(len(arms.a), len(arms.b)) >= LONG
