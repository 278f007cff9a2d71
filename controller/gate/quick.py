"""The common entry in one look: so far inside every limit that no check of ``ENTRY`` has anything to say.

It only ever spares work. Whatever it does not pass goes through the checks one by one; they alone deny, warn and scale
down. What it passes they pass as well: a property test holds it to that, and as each check's own test sees an order
denied only when both notice, neither a check nor its condition here can go missing.
"""

from controller.gate.case import Case
from controller.gate.limits import (
    SECOND_NS,
    cash_reserve,
    net_exposure,
    not_duplicate,
    position_min,
    price_collar,
    sector_after,
    strategies_active,
    strategy_allocation,
)


def clear_of_limits(case: Case) -> bool:
    """Whether every check of ``ENTRY`` would let this entry pass at its full size and without a word."""
    policy, book, bounds, strategy = case.policy, case.book, case.bounds, case.strategy
    volatility = book.volatility.get(case.symbol, 0)
    return (
        strategy is not None
        and not policy.absent
        and case.mark > 0
        and (not strategy.universe or case.symbol in strategy.universe)
        and case.now - book.price_ns <= policy.max_price_age * SECOND_NS
        and len(book.recent) < policy.max_per_minute
        and case.value <= policy.max_dollars
        and case.worst <= bounds.line
        and case.gross <= bounds.all_lines
        and book.occupied + (not case.line.worst) <= policy.max_positions
        and (strategy.max_positions < 0 or case.strand.occupied < strategy.max_positions)
        and volatility <= policy.position_warning
        and volatility <= policy.position_reduction
        and sector_after(case) <= bounds.sector
        and not_duplicate(case) is None
        and price_collar(case) is None
        and strategy_allocation(case) is None
        and strategies_active(case) is None
        and net_exposure(case) is None
        and cash_reserve(case) is None
        and position_min(case) is None
    )
