"""A part of a loosening: the policy that lets some keys through and keeps the others as they are. Pure.

The gate holds such a policy AND the target, so nothing passes that the target would not let through.
"""

from collections.abc import Collection, Iterable, Mapping

from controller.core.plan.effective import strictest_mode, strictest_status
from schemas.limits import BY_NAME, Leaf
from schemas.policy import Policy, StrategyPolicy

Key = tuple[str, str]
_ACCOUNT = "account"
_WHOLE = "strategy"


def partly(base: Policy, target: Policy, let: Collection[Key], share: Mapping[str, int] | None = None) -> Policy:
    """``base`` with the keys ``let`` as ``target`` has them, (scope, key) as in a Change.

    ``share``: limits that go a part of the way, in parts per million; rounded to the stricter side.
    """
    keys = set(let)
    limits = {name: value for name, value in base.limits.items() if (_ACCOUNT, name) not in keys}
    limits |= {name: value for name, value in target.limits.items() if (_ACCOUNT, name) in keys}
    limits |= {name: _between(name, base.limits[name], target.limits[name], ppm) for name, ppm in (share or {}).items()}
    account = {
        name: getattr(target, name) for name in ("mode", "shadow", "sectors", "account") if (_ACCOUNT, name) in keys
    }
    strategies = {
        uid: found
        for uid in sorted({*base.strategies, *target.strategies})
        if (found := _strategy(base.strategies.get(uid), target.strategies.get(uid), keys)) is not None
    }
    return base.model_copy(update={"limits": limits, "strategies": strategies, **account})


def _between(name: str, old: int, new: int, ppm: int) -> int:
    """``ppm`` of the way from ``old`` to ``new``, never beyond: down for a ceiling, up for a floor."""
    way = (new - old) * ppm
    step = way // 1_000_000 if BY_NAME[name].leaf is Leaf.CEILING else -(-way // 1_000_000)
    return old + step


def _strategy(base: StrategyPolicy | None, target: StrategyPolicy | None, keys: set[Key]) -> StrategyPolicy | None:
    if base is None or target is None:
        known = base or target
        assert known is not None
        return target if (known.uid, _WHOLE) in keys else base
    fields = {key for scope, key in keys if scope == base.uid and key in StrategyPolicy.model_fields}
    return base.model_copy(update={key: getattr(target, key) for key in fields})


def meet(part: Policy, target: Policy) -> Policy:
    """``target`` with the stricter mode and statuses of both: what the venue may have while the gate holds both.

    A strategy that ``part`` does not have is left out: the gate lets nothing of it through.
    """
    strategies = {
        uid: strategy.model_copy(update={"status": strictest_status(strategy.status, part.strategies[uid].status)})
        for uid, strategy in target.strategies.items()
        if uid in part.strategies
    }
    return target.model_copy(update={"mode": strictest_mode(part.mode, target.mode), "strategies": strategies})


def scopes(keys: Iterable[Key]) -> tuple[str, ...]:
    """The strategies of ``keys``, sorted by uid."""
    return tuple(sorted({scope for scope, _ in keys if scope != _ACCOUNT}))
