"""``gt risk limits …`` and ``config …`` as documents."""

from collections.abc import Mapping
from typing import Any

from controller.core.policy.policy_leaves import limit_text
from controller.core.policy.utilisation import holders, used_text, utilisation
from controller.core.risk.ladders import RANKS
from controller.core.risk.levels import watched
from controller.views.figures import dollars, instant, percent, percent_of_ppm
from schemas.limits import LIMITS, Leaf, Limit, Unit
from schemas.overview import Overview
from schemas.plan import Plan, Planned
from schemas.risk import SetBy, SignedBy
from schemas.status import ConditionType

_NUMBER_UNIT = {
    Unit.MONEY: "USD",
    Unit.PERCENT: "percent",
    Unit.RATIO: "ratio",
    Unit.COUNT: "count",
    Unit.SECONDS: "seconds",
}


def limits(overview: Overview) -> dict[str, Any]:
    """Every limit in the table's order, with the value of the applied desired state."""
    used, whose = _used(overview)
    return {
        "limits": [_view(overview, limit, used, whose) for limit in LIMITS],
        "revision": overview.revision.last_applied,
    }


def limits_detail(overview: Overview, origins: Mapping[str, SetBy], signed: SignedBy | None) -> dict[str, Any]:
    """:func:`limits` with who set each in which commit, under ``set``, and under ``shadow_set`` who put it there, under
    ``phase_set`` who brought the account into the learning phase that it acts otherwise in; ``signed`` of it all."""
    found = {**limits(overview), "signed": {**_commit(signed), "by": list(signed.signers)} if signed else None}
    for item in found["limits"]:
        item["set"] = _origin(origins.get(item["name"]))
        item["shadow_set"] = _origin(origins.get(f"shadow:{item['name']}")) if item["shadow"] else None
        item["phase_set"] = _origin(origins.get("phase")) if item["acts"] else None
    return found


def _origin(origin: SetBy | None) -> dict[str, Any] | None:
    return _commit(origin) if origin is not None else None


def _commit(origin: SetBy) -> dict[str, Any]:
    return {"commit": origin.commit, "author": origin.author, "at": instant(origin.at_ns)}


def limit_view(overview: Overview, limit: Limit) -> dict[str, Any]:
    """One limit: ``text`` as the spec prints it, ``value`` as a number in ``unit``; null when nothing is applied.

    ``used`` is what the live book uses of it, in the same unit, ``used_by`` whose use that is (an instrument, a
    sector, a strategy); null for limits that bind single orders, and while the engine is silent. ``utilisation_pct`` is
    that use as a share of a ceiling, ``headroom`` what is left before the limit, negative beyond it, in the same unit.
    ``level`` is the worst that any use of it has reached, null without a sample; ``shadow``: it acts on nothing.
    ``waits`` is a newer value that is not in force yet, with the reason; null when there is none.
    """
    return _view(overview, limit, *_used(overview))


def _used(overview: Overview) -> tuple[Mapping[str, int], Mapping[str, str]]:
    if overview.live is None or overview.effective is None:
        return {}, {}
    policy, used = overview.effective, utilisation(overview.effective, overview.live, overview.peaks)
    book = overview.analysis.book if overview.analysis else None
    volatility = book.volatility_20 if book else None
    if volatility is not None:
        used["volatility.portfolio_target"] = round(volatility * 1_000_000)
    return used, holders(policy, overview.live, overview.peaks)


def number(limit: Limit, compiled: int) -> float | int:
    """A compiled value of ``limit`` as documents carry it."""
    if limit.unit is Unit.PERCENT:
        return percent_of_ppm(compiled)
    return compiled if limit.unit in (Unit.COUNT, Unit.SECONDS) else dollars(compiled)


def _view(overview: Overview, limit: Limit, used: Mapping[str, int], whose: Mapping[str, str]) -> dict[str, Any]:
    value = bound = None
    if overview.effective is not None:
        bound = overview.effective.limits.get(limit.name)
    if overview.desired is not None:
        section = overview.desired.risk.hard_limits if limit.hard else overview.desired.risk.soft_limits
        value = getattr(getattr(section, limit.group), limit.key)
    whole = limit.unit in (Unit.COUNT, Unit.SECONDS)
    return {
        "name": limit.name,
        "kind": "hard" if limit.hard else "soft",
        "value": None if value is None else int(value) if whole else float(value),
        "text": limit.text(value) if value is not None else None,
        "acts": _acts(overview, limit),
        "unit": _NUMBER_UNIT[limit.unit],
        "base": limit.base or None,
        "loosens": limit.leaf.value,
        "used": number(limit, used[limit.name]) if limit.name in used else None,
        "used_by": whose.get(limit.name) or None,
        "used_text": used_text(limit, used, whose) or None,
        "utilisation_pct": _share(limit, used.get(limit.name), bound),
        "headroom": _headroom(limit, used.get(limit.name), bound),
        "level": _level(overview, limit),
        "shadow": overview.effective is not None and limit.name in overview.effective.shadow,
        "waits": _waits(overview, limit),
        "default": limit.default,
        "doc": limit.doc,
    }


def _acts(overview: Overview, limit: Limit) -> str | None:
    """What the learning phase makes of the limit, where that is not what is written."""
    policy = overview.effective
    return (
        None
        if policy is None or limit.name not in policy.written
        else limit_text(limit.name, policy.limits[limit.name])
    )


def _waits(overview: Overview, limit: Limit) -> dict[str, str] | None:
    """The change of ``limit`` that a plan holds back: ``old`` and ``new`` as text, and why it waits."""
    changes = overview.pending.changes if overview.pending is not None else ()
    found = next((item for item in changes if item.kind == "limit" and item.key == limit.name), None)
    if found is None:
        return None
    reasons = [item.reason for item in overview.conditions if item.type is ConditionType.READY]
    return {"old": found.old, "new": found.new, "reason": reasons[0] if reasons else "Reconciling"}


def _share(limit: Limit, used: int | None, bound: int | None) -> float | None:
    """How much of a ceiling is used; a floor has no such share."""
    ceiling = limit.leaf is Leaf.CEILING and used is not None and bound is not None
    return percent(used or 0, bound or 0) if ceiling else None


def _headroom(limit: Limit, used: int | None, bound: int | None) -> float | int | None:
    if used is None or bound is None:
        return None
    return number(limit, used - bound if limit.leaf is Leaf.FLOOR else bound - used)


def _level(overview: Overview, limit: Limit) -> str | None:
    if overview.analysis is None or not overview.analysis.levels or not watched(limit):
        return None
    return max(
        (item.level for item in overview.analysis.levels if item.key == limit.name), key=RANKS.index, default="clear"
    )


def show(overview: Overview, repository: str, branch: str) -> dict[str, Any]:
    """``config show``: where the config is, what of it is applied, and its documents as the models hold them."""
    desired = overview.desired
    return {
        "repository": repository,
        "branch": branch,
        "revision": overview.revision.model_dump(mode="json"),
        "conditions": [item.model_dump(mode="json") for item in overview.conditions],
        "target": desired.trust.target.model_dump(mode="json") if desired else None,
        "config": desired.model_dump(mode="json", by_alias=True, exclude={"commit"}) if desired else None,
        "missing": {} if desired else {"config": "no verified desired state yet"},
    }


def planned(found: Planned) -> dict[str, Any]:
    """A plan, and under ``hold`` what its loosening part waits for, null when for nothing."""
    until = instant(found.until_ns) if found.until_ns else None
    hold = {"reason": found.hold, "message": found.why, "fix": found.fix, "until": until} if found.hold else None
    return {**plan_view(found.plan), "hold": hold, "attention": [found.why] if found.hold else []}


def plan_view(plan: Plan) -> dict[str, Any]:
    """A plan with its digest and overall direction."""
    return {**plan.model_dump(mode="json"), "direction": plan.direction.value, "digest": plan.digest()}
