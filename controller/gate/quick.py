"""The common entry in one look: nothing restricts it, and it is so far inside every limit that no check has a word.

This only ever spares work, so it reads everything once and into locals. Whatever it does not pass goes through the
checks one by one; they alone deny, warn and scale down. What it passes they pass as well: a property test holds it to
that, and as each check's own test sees an order denied only when both notice, neither a check nor its condition here
can go missing. A line may be stricter than its check.
"""

from controller.gate.book import Book
from controller.gate.case import FLAT, NOBODY
from controller.gate.limits import SECOND_NS
from controller.gate.orders import PPM, SIDE_NAMES, TYPES, OrderRequest, reserve_price
from controller.gate.policy import Policy, StrategyPolicy
from controller.gate.standing import Standing
from controller.gate.verdicts import Allow

NEVER = -(1 << 62)


def clear(policy: Policy, book: Book, order: OrderRequest, now: int, standing: Standing) -> Allow | None:
    """Permission for an entry that every check passes at its full size and without a word; None: ask them."""
    uid, symbol, side, quantity, _, kind, limit, stop, _ = order
    strategy = policy.strategies.get(uid)
    if strategy is None or not _unrestricted(policy, strategy, order, standing):
        return None
    strand, line, mark = book.strands.get(uid, NOBODY), book.lines.get(symbol, FLAT), book.marks.get(symbol, 0)
    own, equity, bounds = strand.lines.get(symbol, FLAT), book.cash + book.net, policy.bounds
    if bounds.equity != equity:
        bounds = policy.bounds_at(equity)
    price = reserve_price(side, kind, limit, stop, mark)
    value = quantity * price
    worst = line.projected(side, quantity, value)
    added, sector = worst - line.worst, policy.sectors.get(symbol, "Unclassified")
    volatility = book.volatility.get(symbol, 0)
    passes = (
        own.quantity * side >= 0
        and mark > 0 < equity
        and (not strategy.universe or symbol in strategy.universe)
        and now - book.repeats.get((uid, symbol, side, quantity, kind, limit, stop), NEVER)
        >= policy.duplicate_seconds * SECOND_NS
        and now - book.price_ns <= policy.max_price_age * SECOND_NS
        and len(book.recent) < policy.max_per_minute
        and abs((limit or stop or mark) - mark) * PPM <= policy.price_collar_pct * mark
        and policy.min_position_dollars <= value <= policy.max_dollars
        and worst <= bounds.line
        and book.gross + added <= bounds.all_lines
        and book.occupied + (not line.worst) <= policy.max_positions
        and strand.deployed + value <= strategy.cap
        and (strategy.max_positions < 0 or strand.occupied < strategy.max_positions)
        and len(book.strands) < policy.max_strategies_active
        and book.net + book.buy_total + value <= bounds.net
        and book.sell_total - book.net + value <= bounds.net
        and book.cash - book.short_value - book.buy_total - value >= bounds.free_cash
        and volatility <= policy.position_warning
        and volatility <= policy.position_reduction
        and book.sector_value(policy.sectors_id, policy.sectors, sector) + added <= bounds.sector
    )
    return Allow(quantity, False, price) if passes else None


def _unrestricted(policy: Policy, strategy: StrategyPolicy, order: OrderRequest, standing: Standing) -> bool:
    """Whether neither account nor strategy is restricted, and the order is well-formed."""
    return (
        not standing.frozen
        and not standing.mode
        and not standing.reduce_only
        and not policy.mode
        and not strategy.status
        and order.uid not in standing.statuses
        and not policy.absent
        and type(order.quantity) is type(order.limit) is type(order.stop) is int
        and order.quantity > 0
        and order.limit >= 0
        and order.stop >= 0
        and order.side in SIDE_NAMES
        and order.type in TYPES
    )
