"""``gt risk strategy list`` and ``strategy show`` as documents.

P&L of a strategy = realised + unrealised − fees since the book began, in percent of its capital (its allocation when
it was first seen, so a later change of allocation does not move past results). Drawdown is from its durable peak.
Deployed is |quantity × mark|; utilisation is deployed in percent of its allocation; allocation is a share of
``account.initial_capital``.
"""

from typing import Any

from controller.core.plan.drawdown import base_key, drawdowns
from controller.core.plan.effective import status_under
from controller.views.figures import UNITS, dollars, instant, percent, percent_of_ppm, seconds_since
from controller.views.portfolio import exposure, position_view
from controller.views.risk import performance
from schemas.desired import Strategy, StrategyStatus
from schemas.live import LiveState, OrderView, StrategyLive
from schemas.overview import Overview

MAX_ORDERS = 10


def statuses(overview: Overview) -> list[dict[str, Any]]:
    """id, uid, name and status in force of every strategy, by id."""
    if overview.desired is None:
        return []
    ordered = sorted(overview.desired.strategies.values(), key=lambda item: item.id)
    return [
        {"id": item.id, "uid": item.uid, "name": item.name, "status": status_of(overview, item).value}
        for item in ordered
    ]


def status_of(overview: Overview, strategy: Strategy) -> StrategyStatus:
    """The status in force: the gate's own word where there is one, else the strictest that is known; of the strategy's
    own halts also those that came after the reading."""
    own = [status_under(halt.mode) for halt in overview.halts if halt.scope == f"strategy:{strategy.uid}"]
    if overview.live is not None:
        said = overview.live.gate.statuses.get(strategy.uid, StrategyStatus.HALTED)
        return max((said, *own), key=lambda status: status.rank)
    known = [strategy.status, *own]
    if overview.effective is not None and strategy.uid in overview.effective.strategies:
        known.append(overview.effective.strategies[strategy.uid].status)
    if any(halt.scope == "account" for halt in overview.halts):
        known.append(StrategyStatus.HALTED)
    return max(known, key=lambda status: status.rank)


def listing(overview: Overview, now_ns: int) -> dict[str, Any]:
    """Every strategy with its figures, by id."""
    strategies = sorted(overview.desired.strategies.values(), key=lambda item: item.id) if overview.desired else []
    return {"strategies": [summary(overview, item, now_ns) for item in strategies], "units": UNITS}


def summary(overview: Overview, strategy: Strategy, now_ns: int) -> dict[str, Any]:
    """One row of ``strategy list``; money figures are null while the engine is silent."""
    live = overview.live
    ledger = live.strategies.get(strategy.uid) if live else None
    held = [item for item in live.positions if item.uid == strategy.uid and item.quantity] if live else []
    return {
        "id": strategy.id,
        "uid": strategy.uid,
        "name": strategy.name,
        "status": status_of(overview, strategy).value,
        "desired_status": strategy.status.value,
        **_results(overview, strategy, live, ledger),
        "positions": len(held) if live else None,
        "last_trade": instant(ledger.last_trade_ns) if ledger else None,
        "last_trade_age_seconds": seconds_since(ledger.last_trade_ns, now_ns) if ledger else None,
        "condition": ledger.health if ledger else "",
        "condition_reason": ledger.health_reason if ledger else "",
    }


def _results(
    overview: Overview, strategy: Strategy, live: LiveState | None, ledger: StrategyLive | None
) -> dict[str, Any]:
    if live is None or overview.effective is None:
        return dict.fromkeys(("pnl", "pnl_pct", "equity", "peak_equity", "drawdown_pct"))
    policy = overview.effective.strategies.get(strategy.uid)
    capital = overview.peaks.get(base_key(strategy.uid), policy.allocation if policy else 0)
    pnl = ledger.realized + ledger.unrealized - ledger.fees if ledger else 0
    found = {item.key: item for item in drawdowns(overview.effective, live, overview.peaks)}
    drawdown = found.get(strategy.uid)
    return {
        "pnl": dollars(pnl),
        "pnl_pct": percent(pnl, capital),
        "equity": dollars(drawdown.equity) if drawdown else None,
        "peak_equity": dollars(drawdown.peak) if drawdown else None,
        "drawdown_pct": 0 - percent_of_ppm(drawdown.ppm) if drawdown else None,
    }


def details(overview: Overview, strategy: Strategy, now_ns: int) -> dict[str, Any]:
    """``strategy show``: the row, its positions, capital and newest orders."""
    live = overview.live
    held = [item for item in live.positions if item.uid == strategy.uid and item.quantity] if live else []
    orders = [item for item in live.orders if item.uid == strategy.uid] if live else []
    ledger = live.strategies.get(strategy.uid) if live else None
    halts = [halt.id for halt in overview.halts if halt.scope == f"strategy:{strategy.uid}"]
    return {
        **summary(overview, strategy, now_ns),
        "owner": strategy.owner,
        "module": strategy.module,
        "description": strategy.description,
        "performance": performance(overview, strategy.uid),
        "holdings": [position_view(overview, item) for item in sorted(held, key=lambda item: -exposure(item))],
        "capital": _capital(overview, strategy, ledger),
        "orders": [order_view(item) for item in sorted(orders, key=lambda item: -item.submitted_ns)[:MAX_ORDERS]],
        "halts": halts,
        "review": "open" if halts else None,
        "units": UNITS,
    }


def metrics(overview: Overview, strategy: Strategy, now_ns: int) -> dict[str, Any]:
    """``strategy metrics``: the row, where its result comes from, its performance and its capital."""
    ledger = overview.live.strategies.get(strategy.uid) if overview.live else None
    return {
        **summary(overview, strategy, now_ns),
        "realized": dollars(ledger.realized) if ledger else None,
        "unrealized": dollars(ledger.unrealized) if ledger else None,
        "fees": dollars(ledger.fees) if ledger else None,
        "performance": performance(overview, strategy.uid),
        "capital": _capital(overview, strategy, ledger),
        "units": UNITS,
    }


def _capital(overview: Overview, strategy: Strategy, ledger: StrategyLive | None) -> dict[str, Any]:
    policy = overview.effective.strategies.get(strategy.uid) if overview.effective else None
    allocated = policy.allocation if policy else None
    deployed = ledger.deployed if ledger else None
    known = allocated is not None and deployed is not None
    return {
        "allocation_pct": float(strategy.allocation_pct),
        "allocated": dollars(allocated) if allocated is not None else None,
        "deployed": dollars(deployed) if deployed is not None else None,
        "utilisation_pct": percent(deployed or 0, allocated or 0) if known else None,
        "available": dollars((allocated or 0) - (deployed or 0)) if known else None,
    }


def order_view(order: OrderView) -> dict[str, Any]:
    """One order: ``price`` is the average fill price when there is one, else the order's own; null for neither."""
    price = order.average or order.price
    return {
        "time": order.market_time,
        "submitted": instant(order.submitted_ns),
        "side": order.side,
        "symbol": order.symbol,
        "type": order.type,
        "quantity": order.quantity,
        "filled": order.filled,
        "price": dollars(price) if price else None,
        "state": order.state,
    }
