"""How much of each limit the live book uses now, in the limit's compiled unit."""

from collections import defaultdict
from collections.abc import Mapping

from controller.core.plan.drawdown import ACCOUNT_LIMIT, MILLION, STRATEGY_LIMIT, drawdowns
from schemas.desired import StrategyStatus
from schemas.halts import ACCOUNT
from schemas.limits import BY_NAME, Leaf, Limit, Unit
from schemas.live import LiveState
from schemas.plan import Change
from schemas.policy import Policy


def utilisation(policy: Policy, live: LiveState, peaks: Mapping[str, int]) -> dict[str, int]:
    """Current use by limit name (micro-dollars, ppm, counts); limits that bind single orders are absent."""
    gross, by_symbol = _gross(live)
    equity = max(live.account.equity, 1)
    largest = max(by_symbol.values(), default=0)
    exposure = live.account.long_exposure + abs(live.account.short_exposure)
    net = abs(live.account.long_exposure - abs(live.account.short_exposure))
    sector = max(_by_sector(policy, by_symbol).values(), default=0)
    volatility = max((live.volatility.get(symbol, 0) for symbol in by_symbol), default=0)
    return {
        "account.margin_multiplier": exposure * MILLION // equity,
        "account.cash_reserve_pct": live.account.cash * MILLION // equity,
        "position.max_position_pct": largest * MILLION // equity,
        "position.max_position_dollars": largest,
        "position.max_positions": len(by_symbol),
        "exposure.max_gross_pct": exposure * MILLION // equity,
        "exposure.max_net_pct": net * MILLION // equity,
        "concentration.sector_warning_pct": sector * MILLION // equity,
        "concentration.sector_reduction_pct": sector * MILLION // equity,
        "volatility.position_warning": volatility,
        "volatility.position_reduction": volatility,
        **_strategies(policy),
        **_drawdown(policy, live, peaks),
    } | ({"position.min_position_dollars": min(by_symbol.values())} if gross else {})


def holders(policy: Policy, live: LiveState) -> dict[str, str]:
    """By limit name what its use is the use of: the largest instrument, its largest sector, the largest strategy."""
    _, by_symbol = _gross(live)
    symbol = max(by_symbol, key=lambda name: by_symbol[name], default="")
    volatile = max(by_symbol, key=lambda name: live.volatility.get(name, 0), default="")
    sectors = _by_sector(policy, by_symbol)
    sector = max(sectors, key=lambda name: sectors[name], default="")
    strategy = max(policy.strategies.values(), key=lambda item: item.allocation, default=None)
    return {
        "position.max_position_pct": symbol,
        "position.max_position_dollars": symbol,
        "position.min_position_dollars": min(by_symbol, key=lambda name: by_symbol[name], default=""),
        "concentration.sector_warning_pct": sector,
        "concentration.sector_reduction_pct": sector,
        "volatility.position_warning": volatile,
        "volatility.position_reduction": volatile,
        "strategy.max_strategy_allocation_pct": strategy.id if strategy else "",
    }


def used_text(limit: Limit, used: Mapping[str, int], whose: Mapping[str, str]) -> str:
    """Current use as people read it, ``14.7% (AAPL)``; empty when the limit has none."""
    value = used.get(limit.name)
    if value is None:
        return ""
    return _text(limit, value) + (f" ({whose[limit.name]})" if whose.get(limit.name) else "")


def _gross(live: LiveState) -> tuple[int, dict[str, int]]:
    by_symbol: dict[str, int] = defaultdict(int)
    for position in live.positions:
        by_symbol[position.symbol] += position.quantity * position.mark
    held = {symbol: abs(value) for symbol, value in by_symbol.items() if value}
    return sum(held.values()), held


def _by_sector(policy: Policy, by_symbol: Mapping[str, int]) -> dict[str, int]:
    sectors: dict[str, int] = defaultdict(int)
    for symbol, value in by_symbol.items():
        sectors[policy.sectors.get(symbol, "Unclassified")] += value
    return sectors


def _strategies(policy: Policy) -> dict[str, int]:
    capital = max(policy.limits.get("account.initial_capital", 0), 1)
    largest = max((strategy.allocation for strategy in policy.strategies.values()), default=0)
    active = sum(strategy.status is StrategyStatus.ACTIVE for strategy in policy.strategies.values())
    return {
        "strategy.max_strategy_allocation_pct": largest * MILLION // capital,
        "strategy.max_strategies_active": active,
    }


def _drawdown(policy: Policy, live: LiveState, peaks: Mapping[str, int]) -> dict[str, int]:
    found = drawdowns(policy, live, peaks)
    worst = max((item.ppm for item in found if item.key != ACCOUNT), default=0)
    account = next(item.ppm for item in found if item.key == ACCOUNT)
    return {STRATEGY_LIMIT: worst, ACCOUNT_LIMIT: account}


def annotate(change: Change, target: Policy, used: Mapping[str, int], whose: Mapping[str, str]) -> Change:
    """``change`` with its current utilisation, and the breach when the live book already exceeds the new limit.

    ``used`` and ``whose`` are of :func:`utilisation` and :func:`holders`.
    """
    limit, value = BY_NAME.get(change.key), used.get(change.key)
    if limit is None or value is None or change.kind != "limit":
        return change
    text = used_text(limit, used, whose)
    bound = target.limits.get(change.key)
    return change.model_copy(update={"utilisation": text, "breach": _breach(limit, value, bound, text)})


def _breach(limit: Limit, value: int, bound: int | None, text: str) -> str:
    if bound is None or limit.leaf is Leaf.OPAQUE:
        return ""
    over = value > bound if limit.leaf is Leaf.CEILING else value < bound
    if not over:
        return ""
    what = "will halt now" if limit.name in (STRATEGY_LIMIT, ACCOUNT_LIMIT) else "will breach now"
    return f"{what}: {text} {'>' if limit.leaf is Leaf.CEILING else '<'} {_text(limit, bound)}"


def _text(limit: Limit, value: int) -> str:
    if limit.unit is Unit.MONEY:
        return f"${value / MILLION:,.0f}"
    if limit.unit is Unit.PERCENT:
        return f"{value / 10_000:.1f}%"
    return f"{value / MILLION:.2f}" if limit.unit is Unit.RATIO else str(value)
