"""Text of ``strategy list`` and ``strategy show`` (spec 2.2.3)."""

from typing import Any

from cli.render.status import icon_line, phase, why
from cli.render.text import ago, count, fields, money, percent, safe, table, unknown

Document = dict[str, Any]
_HEADER = ("ID", "Name", "Status", "P&L", "DD", "Positions", "Last Trade")
_LEAST = (21, 20, 10, 10, 6, 11)


def listing(document: Document) -> list[str]:
    """One row a strategy."""
    rows = [_row(item) for item in document["strategies"]]
    lines = table(_HEADER, rows, _LEAST) if rows else ["No strategies (add one in strategies/<id>.yaml)."]
    conditions = [
        icon_line("ℹ️", f"{item['id']}: {safe(item['condition'])}: {safe(item['condition_reason'])}")
        for item in document["strategies"]
        if item["condition"]
    ]
    return [*lines, *([""] if conditions else []), *conditions, *_down(document)]


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
        *[f"Halt:     {halt[:12]} (next: gt risk strategy resume {item['id']})" for halt in item["halts"]],
        "",
        "Performance:",
        *fields(_performance(item, why(document)), 19),
        "",
        f"Positions ({count(item['positions'], why(document))}):",
        *_holdings(item),
        "",
        "Capital Allocation:",
        *fields(_capital(item["capital"], why(document)), 19),
        "",
        "Recent Orders (last 10):",
        *_orders(item),
        *_down(document),
    ]


def _performance(item: Document, reason: str) -> list[tuple[str, str]]:
    missing = item["missing"]
    share = f" ({percent(item['pnl_pct'], digits=2, sign=True)})" if item["pnl_pct"] is not None else ""
    return [
        ("Total P&L", money(item["pnl"], reason, sign=True) + share),
        ("Peak Equity", money(item["peak_equity"], reason)),
        ("Current DD", percent(item["drawdown_pct"], reason)),
        ("Sharpe Ratio", f"n/a ({missing['sharpe']})"),
        ("Win Rate", percent(item["win_rate_pct"], missing.get("win_rate", reason), digits=0)),
        ("Avg Win", f"n/a ({missing['average_win']})"),
        ("Avg Loss", f"n/a ({missing['average_loss']})"),
    ]


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
            f"  {order['time']}",
            order["side"].upper(),
            order["symbol"],
            f"{order['quantity'] if order['side'] == 'buy' else -order['quantity']:+,}",
            money(order["price"]) if order["price"] is not None else "at market",
            order["state"].upper(),
        )
        for order in item["orders"]
    ]
    return table(rows[0], rows[1:]) if rows else ["  none"]
