"""``gt risk portfolio status`` and ``portfolio positions`` as documents, and the account's figures of every view.

Exposure is |quantity × mark|, gross the sum of longs and shorts, net their difference, both in percent of equity.
Sector shares are gross exposure by sector in percent of equity. P&L of the account is equity − initial capital.
"""

from datetime import date
from typing import Any

from controller.views.figures import UNITS, dollars, percent, percent_of_ppm, total
from schemas.live import LiveState, PositionView
from schemas.overview import Overview

UNCLASSIFIED = "Unclassified"


def limit(overview: Overview, name: str) -> int | None:
    """A compiled limit of the policy in force: micro-dollars, parts per million or a count."""
    return overview.effective.limits.get(name) if overview.effective else None


def exposure(position: PositionView) -> int:
    """|quantity × mark| in micro-dollars."""
    return abs(position.quantity) * position.mark


def gross(live: LiveState) -> int:
    """Gross exposure in micro-dollars."""
    return live.account.long_exposure + live.account.short_exposure


def working(live: LiveState | None) -> int | None:
    """Number of orders that may still fill."""
    return sum(item.state in ("pending", "working", "unknown") for item in live.orders) if live else None


def by_symbol(live: LiveState) -> dict[str, int]:
    """Exposure by instrument, all strategies together, largest first."""
    found: dict[str, int] = {}
    for position in live.positions:
        found[position.symbol] = found.get(position.symbol, 0) + position.quantity * position.mark
    return dict(sorted(((key, abs(value)) for key, value in found.items() if value), key=lambda item: -item[1]))


def by_sector(overview: Overview, live: LiveState) -> dict[str, int]:
    """Gross exposure by sector, largest first."""
    sectors = overview.effective.sectors if overview.effective else {}
    found: dict[str, int] = {}
    for position in live.positions:
        name = sectors.get(position.symbol, UNCLASSIFIED)
        found[name] = found.get(name, 0) + exposure(position)
    return dict(sorted(((key, value) for key, value in found.items() if value), key=lambda item: -item[1]))


def money(overview: Overview) -> dict[str, Any]:
    """Equity, its peak and the drawdown from it, cash and buying power; null while the engine is silent."""
    if overview.live is None:
        return dict.fromkeys(("equity", "peak_equity", "drawdown_pct", "cash", "buying_power"))
    account = overview.live.account
    peak = max(overview.peaks.get("account", 0), account.equity)
    return {
        "equity": dollars(account.equity),
        "peak_equity": dollars(peak),
        "drawdown_pct": percent(account.equity - peak, peak),
        "cash": dollars(account.cash),
        "buying_power": dollars(account.buying_power),
    }


def largest(overview: Overview, live: LiveState) -> dict[str, Any] | None:
    """The largest position with its mark, ``ok`` or ``breach``; None when nothing is held."""
    return next(iter(largest_positions(overview, live, 1)), None)


def largest_positions(overview: Overview, live: LiveState, count: int) -> list[dict[str, Any]]:
    """The ``count`` largest positions, all strategies together, each with its mark."""
    return [
        {
            "symbol": symbol,
            "value": dollars(value),
            "pct_of_equity": percent(value, live.account.equity),
            "mark": "breach" if _over(overview, live, value) else "ok",
        }
        for symbol, value in list(by_symbol(live).items())[:count]
    ]


def silence(overview: Overview) -> str:
    """Why there is no reading of the engine."""
    return overview.live_error or "the engine has not been read yet"


def _over(overview: Overview, live: LiveState, value: int) -> bool:
    return any(
        _exceeds(overview, name, value * scale, whole)
        for name, scale, whole in (
            ("position.max_position_pct", 1_000_000, live.account.equity),
            ("position.max_position_dollars", 1, 1),
        )
    )


def _exceeds(overview: Overview, name: str, value: int, whole: int) -> bool:
    """Whether ``value`` is above the limit's share of ``whole``: never of one in shadow, always of an absent one."""
    bound = limit(overview, name)
    shadow = overview.effective is not None and name in overview.effective.shadow
    return not shadow and (bound is None or value > bound * whole)


def sectors(overview: Overview, live: LiveState) -> dict[str, Any]:
    """Shares of equity by sector, and those above the warning."""
    warning = limit(overview, "concentration.sector_warning_pct") or 0
    shares = by_sector(overview, live)
    over = [name for name, value in shares.items() if value * 1_000_000 > warning * live.account.equity]
    return {
        "shares": [
            {"sector": name, "value": dollars(value), "pct_of_equity": percent(value, live.account.equity)}
            for name, value in shares.items()
        ],
        "warning_pct": percent_of_ppm(warning),
        "over_warning": over,
        "mark": "warning" if over else "ok",
    }


def summary(overview: Overview) -> dict[str, Any]:
    """``portfolio status`` (spec 2.2.4)."""
    live = overview.live
    return {
        **money(overview),
        **_capital(overview, live),
        **(_sides(live) if live else {"longs": None, "shorts": None, "gross_exposure": None, "net_exposure": None}),
        **_cash(overview, live),
        "missing": {} if live else {"live": silence(overview)},
        "units": UNITS,
    }


def _capital(overview: Overview, live: LiveState | None) -> dict[str, Any]:
    initial = limit(overview, "account.initial_capital")
    pnl = live.account.equity - initial if live and initial else None
    return {
        "initial_capital": dollars(initial) if initial is not None else None,
        "pnl": dollars(pnl) if pnl is not None else None,
        "pnl_pct": percent(pnl, initial) if pnl is not None and initial else None,
    }


def _sides(live: LiveState) -> dict[str, Any]:
    account = live.account
    net = account.long_exposure - account.short_exposure
    held = [item for item in live.positions if item.quantity]
    return {
        "positions": len({item.symbol for item in held}),
        "longs": {
            "positions": len({item.symbol for item in held if item.quantity > 0}),
            "gross": dollars(account.long_exposure),
        },
        "shorts": {
            "positions": len({item.symbol for item in held if item.quantity < 0}),
            "gross": dollars(account.short_exposure),
        },
        "gross_exposure": {"value": dollars(gross(live)), "pct_of_equity": percent(gross(live), account.equity)},
        "net_exposure": {"value": dollars(net), "pct_of_equity": percent(net, account.equity)},
    }


def _cash(overview: Overview, live: LiveState | None) -> dict[str, Any]:
    share = limit(overview, "account.cash_reserve_pct")
    if live is None or share is None:
        return {"reserve_pct": None, "reserve": None, "available": None}
    reserve = live.account.equity * share // 1_000_000
    return {
        "reserve_pct": percent_of_ppm(share),
        "reserve": dollars(reserve),
        "available": dollars(max(0, live.account.buying_power - reserve)),
    }


def positions(overview: Overview) -> dict[str, Any]:
    """``portfolio positions``: one row per strategy and instrument, largest first, with totals."""
    live = overview.live
    if live is None:
        return {"positions": None, "missing": {"live": silence(overview)}, "units": UNITS}
    held = sorted((item for item in live.positions if item.quantity), key=lambda item: (-exposure(item), item.uid))
    cost = total(abs(item.quantity) * item.entry for item in held)
    unrealized = total(item.quantity * (item.mark - item.entry) for item in held)
    return {
        "positions": [position_view(overview, item) for item in held],
        "totals": {
            "positions": len({item.symbol for item in held}),
            "deployed": dollars(total(exposure(item) for item in held)),
            "unrealized": dollars(unrealized),
            "unrealized_pct": percent(unrealized, cost),
        },
        "missing": {},
        "units": UNITS,
    }


def position_view(overview: Overview, position: PositionView) -> dict[str, Any]:
    """One holding. ``days`` are calendar days on the market clock; P&L percent is of the cost of what is open."""
    strategies = overview.effective.strategies if overview.effective else {}
    sectors = overview.effective.sectors if overview.effective else {}
    pnl = position.quantity * (position.mark - position.entry)
    name = strategies.get(position.uid)
    return {
        "symbol": position.symbol,
        "quantity": position.quantity,
        "entry": dollars(position.entry),
        "current": dollars(position.mark),
        "value": dollars(exposure(position)),
        "pnl": dollars(pnl),
        "pnl_pct": percent(pnl, abs(position.quantity) * position.entry),
        "days": _days(position.opened_market, overview.live.market_time if overview.live else ""),
        "strategy": name.id if name else position.uid,
        "sector": sectors.get(position.symbol, UNCLASSIFIED),
    }


def _days(opened: str, now: str) -> int | None:
    if not opened or not now:
        return None
    return (date.fromisoformat(now[:10]) - date.fromisoformat(opened[:10])).days
