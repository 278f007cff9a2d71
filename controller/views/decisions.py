"""What the gate decided, in words and numbers, for example
``Order rejected: position.max_position_pct exceeded (HD 16.2% > 15%)``.

A decision carries the check's own integers: a share of equity is compared in micro-dollars, so it is shown in percent
of the same equity: figure ÷ bound × the limit's percentage.
"""

from schemas.limits import BY_NAME, Leaf, Limit, Unit
from schemas.live import Decision
from schemas.policy import Policy

_MILLION = 1_000_000


def said(decision: Decision, policy: Policy | None) -> str:
    """One line for people; ``policy`` is the one in force, whose percentages are used while it is the decision's."""
    limit = BY_NAME.get(decision.limit)
    if limit is None or not decision.limit:
        return _plain(decision)
    figures = _figures(decision, limit, _bound_ppm(decision, policy))
    name, sign = limit.name, "<" if limit.leaf is Leaf.FLOOR else ">"
    what = f"{decision.symbol} {figures[0]} {sign} {figures[1]}".strip()
    if decision.kind == "warned":
        return f"{name} warning threshold reached ({what})"
    if decision.kind == "reduced":
        return f"Order reduced: {name} ({what}; {decision.message})"
    return f"Order rejected: {name} {'not reached' if sign == '<' else 'exceeded'} ({what})"


def _plain(decision: Decision) -> str:
    """A decision about no limit of the table: the gate's own words."""
    text = decision.message or decision.code
    named = f"{decision.symbol}: {text}" if decision.symbol and decision.symbol not in text else text
    return f"Order rejected: {named}" if decision.kind == "denied" else named


def _bound_ppm(decision: Decision, policy: Policy | None) -> int:
    """The limit as parts per million of its base; 0 when the policy is not the one that decided."""
    if policy is None or decision.revision not in ("", policy.revision):
        return 0
    return policy.limits.get(decision.limit, 0)


def _figures(decision: Decision, limit: Limit, ppm: int) -> tuple[str, str]:
    """The projected figure and the bound, in the limit's unit where that is known."""
    figure, bound = decision.projected, decision.value
    if limit.unit is Unit.MONEY:
        return _money(figure), _money(bound)
    if limit.unit is Unit.COUNT:
        return str(figure), str(bound)
    if limit.unit is Unit.SECONDS:
        return f"{figure}s", f"{bound}s"
    if limit.base in ("price", ""):
        return _percent(figure), _percent(bound)
    if limit.base != "equity" or not (ppm and bound > 0):
        return _money(figure), _money(bound)
    share = figure * ppm // bound
    if limit.unit is Unit.RATIO:
        return f"{share / _MILLION:.2f}", f"{ppm / _MILLION:.2f}"
    return _percent(share), _percent(ppm)


def _money(value: int) -> str:
    sign = "-" if value < 0 else ""
    return f"{sign}${abs(value) / _MILLION:,.0f}"


def _percent(ppm: int) -> str:
    """One decimal, none when there is nothing behind the point."""
    return f"{ppm / 10_000:.1f}".removesuffix(".0") + "%"
