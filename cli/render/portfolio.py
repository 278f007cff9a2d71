"""Text of ``portfolio status`` and ``portfolio positions`` (spec 2.2.4)."""

from typing import Any

from cli.render.bars import sparkline
from cli.render.risk import annualised, at_risk, beta, correlation
from cli.render.status import as_of, why
from cli.render.text import count, fields, money, percent, safe, table, unknown

Document = dict[str, Any]
_WIDTH = 20
_HEADER = ("Symbol", "Qty", "Entry", "Current", "P&L", "P&L%", "Days", "Strategy", "Sector")
_LEAST = (8, 7, 11, 11, 10, 8, 6, 19)


def status(document: Document) -> list[str]:
    """The portfolio in four blocks."""
    reason = why(document)
    book = safe(document["book"] or "no verified configuration")
    return [
        f"Portfolio Status: {book}",
        "",
        "Capital:",
        *fields(_capital(document, reason), _WIDTH),
        "",
        f"Positions ({count(document.get('positions'), reason)}):",
        *fields(_positions(document, reason), _WIDTH),
        "",
        "Cash:",
        *fields(_cash(document, reason), _WIDTH),
        "",
        "Risk Metrics:",
        *fields(_risk(document["risk"]), _WIDTH + 3),
        "",
        f"As of: {as_of(document)}",
    ]


def _risk(figures: Document) -> list[tuple[str, str]]:
    return [
        ("Portfolio Volatility", annualised(figures, "20")),
        ("Value at Risk (95%)", at_risk(figures)),
        ("Beta", beta(figures)),
        ("Correlation (max)", correlation(figures)),
    ]


def _capital(document: Document, reason: str) -> list[tuple[str, str]]:
    share = document["pnl_pct"]
    part = f" ({percent(share, digits=2, sign=True)})" if share is not None else ""
    return [
        ("Initial Capital", money(document["initial_capital"], reason)),
        ("Current Equity", money(document["equity"], reason)),
        ("Total P&L", money(document["pnl"], reason, sign=True) + part),
        ("Peak Equity", money(document["peak_equity"], reason)),
        ("Drawdown", percent(document["drawdown_pct"], reason, digits=2)),
        *([("Sessions", line)] if (line := sparkline(document["equity_curve"])) else []),
    ]


def _positions(document: Document, reason: str) -> list[tuple[str, str]]:
    if document["longs"] is None:
        return [(name, unknown(reason)) for name in ("Longs", "Shorts", "Gross Exposure", "Net Exposure")]
    rows = [
        (name, f"{document[key]['positions']} positions, {money(document[key]['gross'], cents=False)} gross")
        for name, key in (("Longs", "longs"), ("Shorts", "shorts"))
    ]
    for name, key in (("Gross Exposure", "gross_exposure"), ("Net Exposure", "net_exposure")):
        side = document[key]
        rows.append((name, f"{money(side['value'], cents=False)} ({percent(side['pct_of_equity'])} of equity)"))
    return rows


def _cash(document: Document, reason: str) -> list[tuple[str, str]]:
    share = document["reserve_pct"]
    reserve = f"Reserve ({percent(share, digits=0)})" if share is not None else "Reserve"
    return [
        ("Cash Balance", money(document["cash"], reason)),
        ("Buying Power", money(document["buying_power"], reason)),
        (reserve, money(document["reserve"], reason)),
        ("Available", money(document["available"], reason)),
    ]


def positions(document: Document) -> list[str]:
    """One row a holding, then the totals."""
    held = document["positions"]
    if held is None:
        return [f"Positions: {unknown(why(document))}"]
    if not held:
        return ["No positions.", "", f"As of: {as_of(document)}"]
    totals = document["totals"]
    unrealized = money(totals["unrealized"], cents=False, sign=True)
    share = percent(totals["unrealized_pct"], sign=True)
    return [
        *table(_HEADER, [_row(item) for item in held], _LEAST),
        "",
        f"Total:  {totals['positions']} positions, {money(totals['deployed'], cents=False)} deployed,"
        f" {unrealized} unrealized ({share})",
    ]


def _row(item: Document) -> tuple[str, ...]:
    return (
        item["symbol"],
        f"{item['quantity']:+,}",
        money(item["entry"]),
        money(item["current"]),
        money(item["pnl"], cents=False, sign=True),
        percent(item["pnl_pct"], sign=True),
        count(item["days"], "not known"),
        item["strategy"],
        safe(item["sector"]),
    )
