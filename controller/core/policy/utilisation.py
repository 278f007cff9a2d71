"""How much of each limit the live book uses now, in the limit's compiled unit."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from controller.core.plan.drawdown import ACCOUNT_LIMIT, MILLION, STRATEGY_LIMIT, Drawdown, drawdowns
from controller.core.plan.effective import strategy_scope
from schemas.desired import StrategyStatus
from schemas.halts import ACCOUNT
from schemas.limits import BY_NAME, Leaf, Limit, Unit
from schemas.live import LiveState
from schemas.plan import Change
from schemas.policy import Policy

ALLOCATION = "strategy.max_strategy_allocation_pct"


class Use(NamedTuple):
    """What the live book uses of one limit, both in its compiled unit; ``scope`` and ``what`` as in a Level."""

    key: str
    value: int
    limit: int
    what: str = ""
    scope: str = ACCOUNT


def uses(policy: Policy, live: LiveState, peaks: Mapping[str, int]) -> list[Use]:
    """Every use of every limit that a book can use: of the account, each strategy, instrument and sector.

    An absent limit counts as 0. Cash is what the gate calls free: without the proceeds of shorts, with the margin.
    """
    return [*_account(policy, live), *_instruments(policy, live), *_strategies(policy, live, peaks)]


def utilisation(policy: Policy, live: LiveState, peaks: Mapping[str, int]) -> dict[str, int]:
    """Current use by limit name (micro-dollars, ppm, counts); limits that bind single orders are absent."""
    return {key: use.value for key, use in foremost(policy, live, peaks).items()}


def holders(policy: Policy, live: LiveState, peaks: Mapping[str, int]) -> dict[str, str]:
    """By limit name what its use is the use of: an instrument, a sector or a strategy; empty for the account."""
    return {key: use.what for key, use in foremost(policy, live, peaks).items()}


def foremost(policy: Policy, live: LiveState, peaks: Mapping[str, int]) -> dict[str, Use]:
    """By limit name the use that comes nearest to it."""
    found: dict[str, Use] = {}
    for use in uses(policy, live, peaks):
        before = found.get(use.key)
        sign = -1 if BY_NAME[use.key].leaf is Leaf.FLOOR else 1
        if before is None or sign * use.value > sign * before.value:
            found[use.key] = use
    return found


def used_text(limit: Limit, used: Mapping[str, int], whose: Mapping[str, str]) -> str:
    """Current use as people read it, ``14.7% (AAPL)``; empty when the limit has none."""
    value = used.get(limit.name)
    if value is None:
        return ""
    return figure(limit, value) + (f" ({whose[limit.name]})" if whose.get(limit.name) else "")


def _account(policy: Policy, live: LiveState) -> Iterator[Use]:
    account, limits = live.account, policy.limits
    equity, short = max(account.equity, 1), abs(account.short_exposure)
    exposure = (account.long_exposure + short) * MILLION // equity
    net = abs(account.long_exposure - short) * MILLION // equity
    margin = limits.get("account.margin_multiplier", 0)
    free = (account.cash - short) * MILLION // equity + margin - MILLION
    active = sum(strategy.status is StrategyStatus.ACTIVE for strategy in policy.strategies.values())
    values = {
        "account.margin_multiplier": exposure,
        "account.cash_reserve_pct": free,
        "position.max_positions": len(_by_symbol(live)),
        "exposure.max_gross_pct": exposure,
        "exposure.max_net_pct": net,
        "strategy.max_strategies_active": active,
    }
    return (Use(key, value, limits.get(key, 0)) for key, value in values.items())


def _instruments(policy: Policy, live: LiveState) -> Iterator[Use]:
    limits, equity, by_symbol = policy.limits, max(live.account.equity, 1), _by_symbol(live)
    for symbol, value in by_symbol.items():
        share, moves = value * MILLION // equity, live.volatility.get(symbol, 0)
        for key, used in (
            ("position.max_position_pct", share),
            ("position.max_position_dollars", value),
            ("position.min_position_dollars", value),
            ("volatility.position_warning", moves),
            ("volatility.position_reduction", moves),
        ):
            yield Use(key, used, limits.get(key, 0), symbol)
    for sector, value in _by_sector(policy, by_symbol).items():
        for key in ("concentration.sector_warning_pct", "concentration.sector_reduction_pct"):
            yield Use(key, value * MILLION // equity, limits.get(key, 0), sector)


def _by_symbol(live: LiveState) -> dict[str, int]:
    """|net value| of what is held, by instrument."""
    values: dict[str, int] = defaultdict(int)
    for position in live.positions:
        values[position.symbol] += position.quantity * position.mark
    return {symbol: abs(value) for symbol, value in values.items() if value}


def _by_sector(policy: Policy, by_symbol: Mapping[str, int]) -> dict[str, int]:
    sectors: dict[str, int] = defaultdict(int)
    for symbol, value in by_symbol.items():
        sectors[policy.sectors.get(symbol, "Unclassified")] += value
    return sectors


def _strategies(policy: Policy, live: LiveState, peaks: Mapping[str, int]) -> Iterator[Use]:
    """What a strategy has deployed of its allocation, and every drawdown."""
    capital = max(policy.limits.get("account.initial_capital", 0), 1)
    most = policy.limits.get(ALLOCATION, 0)
    for uid, strategy in policy.strategies.items():
        ledger = live.strategies.get(uid)
        deployed = (ledger.deployed if ledger else 0) * MILLION // capital
        bound = min(strategy.allocation * MILLION // capital, most)
        yield Use(ALLOCATION, deployed, bound, strategy.id, strategy_scope(uid))
    yield from losses(policy, drawdowns(policy, live, peaks))


def losses(policy: Policy, found: Iterable[Drawdown]) -> Iterator[Use]:
    """Drawdowns as uses of their limits."""
    for item in found:
        key, name = (ACCOUNT_LIMIT, "") if item.key == ACCOUNT else (STRATEGY_LIMIT, policy.strategies[item.key].id)
        yield Use(key, item.ppm, item.limit_ppm, name, item.scope)


def annotate(change: Change, target: Policy, used: Mapping[str, int], whose: Mapping[str, str]) -> Change:
    """``change`` with its current utilisation, and the breach when the live book already exceeds the new limit, or
    one that leaves the shadow. ``used`` and ``whose`` are of :func:`utilisation` and :func:`holders`.
    """
    if change.key == "shadow":
        lit = sorted(set(change.old.split(", ")) - set(target.shadow))
        found = [_breach(BY_NAME[name], target, used, whose) for name in lit if name in used]
        return change.model_copy(update={"breach": "; ".join(filter(None, found))})
    limit = BY_NAME.get(change.key)
    if limit is None or limit.name not in used or change.kind != "limit":
        return change
    text = used_text(limit, used, whose)
    return change.model_copy(update={"utilisation": text, "breach": _breach(limit, target, used, whose)})


def _breach(limit: Limit, target: Policy, used: Mapping[str, int], whose: Mapping[str, str]) -> str:
    bound, value = target.limits.get(limit.name), used[limit.name]
    if bound is None or limit.leaf is Leaf.OPAQUE or limit.name in target.shadow:
        return ""
    over = value > bound if limit.leaf is Leaf.CEILING else value < bound
    if not over:
        return ""
    what = "will halt now" if limit.name in (STRATEGY_LIMIT, ACCOUNT_LIMIT) else "will breach now"
    return (
        f"{what}: {used_text(limit, used, whose)} {'>' if limit.leaf is Leaf.CEILING else '<'} {figure(limit, bound)}"
    )


def figure(limit: Limit, value: int) -> str:
    """A compiled value of ``limit`` as people read it."""
    if limit.unit is Unit.MONEY:
        return f"${value / MILLION:,.0f}"
    if limit.unit is Unit.PERCENT:
        return f"{value / 10_000:.1f}%"
    return f"{value / MILLION:.2f}" if limit.unit is Unit.RATIO else str(value)
