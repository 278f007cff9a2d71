"""Text of ``strategy list`` and ``strategy show`` (spec 2.2.3)."""

from typing import Any

from cli.render.bars import sparkline
from cli.render.risk import ratios
from cli.render.status import as_of, icon_line, phase, why
from cli.render.text import ago, clock, count, fields, money, percent, safe, table, unknown

Document = dict[str, Any]
_HEADER = ("ID", "Name", "Status", "P&L", "DD", "Positions", "Last Trade")
_LEAST = (21, 20, 10, 10, 6, 11)
FEW = 60
"""Sessions below which a Sharpe ratio is shown with its standard error."""


def listing(document: Document) -> list[str]:
    """One row a strategy."""
    lines = listing_table(document["strategies"])
    conditions = [
        icon_line("ℹ️", f"{item['id']}: {safe(item['condition'])}: {safe(item['condition_reason'])}")
        for item in document["strategies"]
        if item["condition"]
    ]
    return [*lines, *([""] if conditions else []), *conditions, *_down(document)]


def listing_table(strategies: list[Document]) -> list[str]:
    """The table of ``strategy list``."""
    if not strategies:
        return ["No strategies (add one in strategies/<id>.yaml)."]
    return table(_HEADER, [_row(item) for item in strategies], _LEAST)


def _row(item: Document) -> tuple[str, ...]:
    return (
        item["id"],
        safe(item["name"]),
        item["status"].upper(),
        money(item["pnl"], cents=False, sign=True),
        percent(item["drawdown_pct"], digits=0),
        count(item["positions"]),
        ago(item["last_trade_age_seconds"]) if item["positions"] is not None else unknown(""),
    )


def _down(document: Document) -> list[str]:
    return ["", icon_line("⚠️", str(document["attention"][0]))] if document.get("service") == "down" else []


def details(document: Document) -> list[str]:
    """Everything of one strategy."""
    item = document["strategy"]
    return [
        f"Strategy: {item['id']} ({safe(item['name'])})",
        f"Status:   {item['status'].upper()}",
        f"Owner:    {safe(item['owner'])}",
        f"Phase:    {phase(document['phase'], {}).partition(' - ')[0]}",
        *([f"Condition: {item['condition']}: {safe(item['condition_reason'])}"] if item["condition"] else []),
        *[f"Halt:     {halt[:12]}" for halt in item["halts"]],
        *([f"Review:   OPEN (next: gt risk strategy resume {item['id']} --note TEXT)"] if item["review"] else []),
        "",
        "Performance:",
        *fields(_performance(item, why(document)), 18),
        "",
        f"Positions ({count(item['positions'], why(document))}):",
        *_holdings(item),
        "",
        "Capital Allocation:",
        *fields(_capital(item["capital"], why(document)), 18),
        "",
        "Recent Orders (last 10):",
        *_orders(item),
        *_down(document),
    ]


def _performance(item: Document, reason: str) -> list[tuple[str, str]]:
    share = f" ({percent(item['pnl_pct'], digits=2, sign=True)})" if item["pnl_pct"] is not None else ""
    return [
        ("Total P&L", money(item["pnl"], reason, sign=True) + share),
        ("Peak Equity", money(item["peak_equity"], reason)),
        ("Current DD", percent(item["drawdown_pct"], reason)),
        ("Sharpe Ratio", sharpe(item["performance"])),
        *trades(item["performance"]),
        *([("Equity", line)] if (line := sparkline(item["performance"]["equity_curve"])) else []),
    ]


def sharpe(found: Document) -> str:
    """The ratio; with its standard error while there are too few sessions to judge by."""
    if found["sharpe"] is None:
        return unknown(found["missing"].get("sharpe", ""))
    few = f" ± {found['sharpe_error']:.2f} ({found['sessions']} sessions)" if found["sessions"] < FEW else ""
    return f"{found['sharpe']:.2f}{few}"


def trades(found: Document) -> list[tuple[str, str]]:
    """Win rate and the average win and loss."""
    missing = found["missing"]
    return [
        ("Win Rate", percent(found["win_rate_pct"], missing.get("win_rate", ""), digits=0)),
        ("Avg Win", percent(found["average_win_pct"], missing.get("average_win", ""), sign=True)),
        ("Avg Loss", percent(found["average_loss_pct"], missing.get("average_loss", ""), sign=True)),
    ]


def metrics(document: Document) -> list[str]:
    """Where a strategy's result comes from, and what it is worth."""
    item, reason = document["strategy"], why(document)
    found = item["performance"]
    share = f" ({percent(item['pnl_pct'], digits=2, sign=True)})" if item["pnl_pct"] is not None else ""
    result = [
        ("Total P&L", money(item["pnl"], reason, sign=True) + share),
        ("Realized", money(item["realized"], reason, sign=True)),
        ("Unrealized", money(item["unrealized"], reason, sign=True)),
        ("Fees", money(item["fees"], reason)),
    ]
    missing = found["missing"]
    risk = [
        ("Equity", sparkline(found["equity_curve"]) or unknown("fewer than two sessions")),
        *ratios(found),
        ("Volatility", percent(found["volatility_pct"], missing.get("volatility", ""))),
        ("Peak Equity", money(item["peak_equity"], reason)),
        ("Current DD", percent(item["drawdown_pct"], reason)),
        ("Deepest DD", percent(found["deepest_drawdown_pct"], missing.get("deepest_drawdown", ""))),
        ("Sessions", count(found["sessions"])),
    ]
    closed = [("Closed Trades", count(found["closed_trades"], missing.get("win_rate", ""))), *trades(found)]
    if found["win_rate_pct"] is not None:
        low, high = (percent(found[f"win_rate_{end}_pct"], digits=0) for end in ("low", "high"))
        closed.insert(2, ("True Rate (95%)", f"{low} to {high}"))
    capital = _capital(item["capital"], reason)
    lines = [f"Strategy Metrics: {item['id']} ({safe(item['name'])})", f"Status: {item['status'].upper()}"]
    for title, rows in (("Result", result), ("Risk", risk), ("Trades", closed), ("Capital Allocation", capital)):
        lines += ["", f"{title}:", *fields(rows, 18)]
    return [*lines, "", f"As of: {as_of(document)}", *_down(document)]


def _holdings(item: Document) -> list[str]:
    rows = [
        (
            f"  {held['symbol']}",
            f"{held['quantity']:+,} shares",
            money(held["pnl"], cents=False, sign=True),
            f"({percent(held['pnl_pct'], sign=True)})",
        )
        for held in item["holdings"]
    ]
    return table(rows[0], rows[1:]) if rows else ["  none"]


def _capital(capital: Document, reason: str) -> list[tuple[str, str]]:
    used = capital["utilisation_pct"]
    utilisation = f" ({percent(used)} utilization)" if used is not None else ""
    share = percent(capital["allocation_pct"], digits=0)
    return [
        ("Allocated", f"{money(capital['allocated'], reason, cents=False)} ({share} of account)"),
        ("Deployed", money(capital["deployed"], reason, cents=False) + utilisation),
        ("Available", money(capital["available"], reason, cents=False)),
    ]


def _orders(item: Document) -> list[str]:
    rows = [
        (
            f"  {clock(order['submitted'])[:16]}",
            f"{order['side'].upper():<4} {order['symbol']}",
            f"{order['quantity'] if order['side'] == 'buy' else -order['quantity']:+,}",
            money(order["price"]) if order["price"] is not None else "at market",
            order["state"].upper(),
        )
        for order in item["orders"]
    ]
    return table(rows[0], rows[1:]) if rows else ["  none"]
