"""Levels: how near the live book stands to each limit, with hysteresis. State in, state out."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Literal

from controller.core.plan.drawdown import ACCOUNT_LIMIT, MILLION, STRATEGY_LIMIT, fallen
from controller.core.policy.utilisation import ALLOCATION, Use, losses, uses
from controller.core.risk.ladders import DRAWDOWN, HARD, MARGIN, SOFT, Rung, kept, reached
from schemas.halts import ACCOUNT
from schemas.limits import BY_NAME, LIMITS, Leaf, Limit, Unit
from schemas.live import LiveState
from schemas.policy import Policy
from schemas.risk import Level, LevelName

TARGET = "volatility.portfolio_target"
_DRAWDOWNS = (ACCOUNT_LIMIT, STRATEGY_LIMIT)
_ACTIVE = "strategy.max_strategies_active"
_SMALLEST = "position.min_position_dollars"
"""Binds orders that open a position; a position that shrinks below it breaks nothing."""
_UNITS: Mapping[Unit, Literal["money", "percent", "ratio", "count"]] = {
    Unit.MONEY: "money",
    Unit.PERCENT: "percent",
    Unit.RATIO: "ratio",
    Unit.COUNT: "count",
}
Key = tuple[str, str, str]


def levels(
    policy: Policy,
    live: LiveState,
    peaks: Mapping[str, int],
    before: Sequence[Level] | None,
    volatility: float | None = None,
) -> tuple[Level, ...]:
    """Every level of the account and of strategies, and those of instruments and sectors that are not clear.

    ``policy`` is the desired one; ``before`` what this gave for the reading before, None after a start: then a
    drawdown counts as having been at ``error``, so that no restart lifts a restriction early. ``volatility``:
    annualised, of the whole book (0.2 is 20 %); without it nothing is said of its target.
    """
    found = uses(policy, live, peaks)
    if volatility is not None:
        found.append(Use(TARGET, round(volatility * MILLION), policy.limits.get(TARGET, 0)))
    made = _made(policy, [use for use in found if use.key in _WATCHED], before)
    return tuple(item for item in made if item.level != "clear" or not item.what or item.scope != ACCOUNT)


def drawdown_levels(
    policy: Policy, equity: Mapping[str, int], peaks: Mapping[str, int], before: Sequence[Level] | None
) -> tuple[Level, ...]:
    """Those of :func:`levels` that stand against a drawdown, of strategies those that are not clear: all that a goal
    follows from. ``equity``: of :func:`controller.core.plan.drawdown.equities`."""
    made = _made(policy, losses(policy, fallen(policy, equity, peaks)), before)
    return tuple(item for item in made if item.level != "clear" or item.scope == ACCOUNT)


def _made(policy: Policy, found: Iterable[Use], before: Sequence[Level] | None) -> list[Level]:
    known = None if before is None else {_key(item): item.level for item in before if item.level != "clear"}
    return [_level(use, _before(use, known), use.key in policy.shadow) for use in found]


def watched(limit: Limit) -> bool:
    """Whether a book has a level against ``limit``: not against those of single orders, nor against the capital."""
    return limit.group != "order" and limit.leaf is not Leaf.OPAQUE and limit.name != _SMALLEST


_WATCHED = frozenset(limit.name for limit in LIMITS if watched(limit))


def changed(before: Sequence[Level], now: Sequence[Level]) -> tuple[Level, ...]:
    """Those of ``now`` whose level is another than before; what is in neither was and is clear."""
    known = {_key(item): item.level for item in before}
    kept_on = {_key(item) for item in now}
    gone = [item.model_copy(update={"level": "clear"}) for item in before if _key(item) not in kept_on]
    return tuple(item for item in (*now, *gone) if known.get(_key(item), "clear") != item.level)


def _key(item: Level | Use) -> Key:
    return item.scope, item.key, item.what


def _before(use: Use, known: Mapping[Key, LevelName] | None) -> LevelName:
    if known is not None:
        return known.get(_key(use), "clear")
    return "error" if use.key in _DRAWDOWNS else "clear"


@lru_cache(8_192)
def _level(use: Use, before: LevelName, shadow: bool) -> Level:
    limit, ladder = BY_NAME[use.key], _ladder(use.key)
    part, whole = (use.limit, use.value) if limit.leaf is Leaf.FLOOR else (use.value, use.limit)
    return Level(
        scope=use.scope,
        key=use.key,
        what=use.what,
        level=kept(reached(ladder, part, whole), reached(ladder, part, whole, MARGIN), before),
        value=use.value,
        limit=use.limit,
        utilisation=part * MILLION // whole if whole > 0 else None,
        unit=_UNITS[limit.unit],
        shadow=shadow,
    )


def _ladder(key: str) -> Sequence[Rung]:
    """As many strategies as allowed are active as a rule: that is not near a limit. An allocation is of the initial
    capital and fully used as a rule; profit alone carries it over, which is worth one warning."""
    if key in _DRAWDOWNS:
        return DRAWDOWN
    if key == _ACTIVE:
        return HARD[:1]
    if key == ALLOCATION:
        return SOFT
    return HARD if BY_NAME[key].hard else SOFT
