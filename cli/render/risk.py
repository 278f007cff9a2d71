"""Text of ``portfolio exposure`` (spec 2.2.4) and ``portfolio risk``."""

from typing import Any

from cli.render.bars import bar, sparkline
from cli.render.status import MARK, as_of, target, volatility, why
from cli.render.text import fields, money, pad, percent, safe, table, unknown

Document = dict[str, Any]
_WIDTH = 22
_OVER = {"warning": "Warning", "reduction": "Reduction"}


def annualised(figures: Document, sessions: str) -> str:
    """``18.2% annualized``."""
    text = volatility(figures, sessions)
    return text if text.startswith("n/a") else f"{text} annualized"


def at_risk(figures: Document) -> str:
    """``$3,240 daily``."""
    if figures["value_at_risk"] is None:
        return unknown(figures["missing"].get("value_at_risk", ""))
    return f"{money(figures['value_at_risk'], cents=False)} daily"


def beta(figures: Document) -> str:
    """``0.95 (vs SPX)``."""
    if figures["beta"] is None:
        return unknown(figures["missing"].get("beta", ""))
    return f"{figures['beta']:.2f} (vs {figures['benchmark']})"


def correlation(figures: Document) -> str:
    """``0.72 (NVDA-AMD)``."""
    if figures["correlation"] is None:
        return unknown(figures["missing"].get("correlation", ""))
    return f"{figures['correlation']:.2f} ({'-'.join(figures['correlation_pair'])})"


def exposure(document: Document) -> list[str]:
    """Where the money is: by sector, strategy and capitalisation, and how concentrated."""
    if document["sectors"] is None:
        return [f"Exposure Analysis: {unknown(why(document))}"]
    if not document["sectors"]:
        return ["Exposure Analysis:", "", "No positions.", "", f"As of: {as_of(document)}"]
    return [
        "Exposure Analysis:",
        "",
        "By Sector:",
        *_sectors(document["sectors"]),
        "",
        "By Strategy:",
        *_strategies(document["strategies"]),
        "",
        "By Market Cap:",
        *(
            f"  {pad(item['bucket'], 21)}{percent(item['pct_of_deployed'], digits=0)}"
            for item in document["market_caps"]
        ),
        "",
        "Concentration:",
        *fields(_concentration(document["concentration"]), 21),
        "",
        f"As of: {as_of(document)}",
    ]


def _sectors(sectors: list[Document]) -> list[str]:
    rows = [
        (
            f"  {safe(item['sector'])}",
            percent(item["pct_of_equity"]),
            f"({money(item['value'], cents=False)})",
            MARK[item["mark"]] + _threshold(item),
        )
        for item in sectors
    ]
    return table(rows[0], rows[1:], (18, 7, 11))


def _threshold(item: Document) -> str:
    if item["over"] is None:
        return ""
    return f"  {_OVER[item['over']]}: {percent(item['threshold_pct'], digits=0)} threshold"


def _strategies(strategies: list[Document]) -> list[str]:
    rows = [
        (
            f"  {safe(item['strategy'])}",
            money(item["value"], cents=False),
            f"({percent(item['utilisation_pct'], 'not in the configuration')} utilization)",
        )
        for item in strategies
    ]
    return table(rows[0], rows[1:], (22, 9))


def _concentration(found: Document) -> list[tuple[str, str]]:
    largest = found["largest"]
    rows = [("Largest Position", f"{largest['symbol']} {_share(largest)}  {MARK[largest['mark']]}")]
    rows += [(f"Top {number} Positions", _share(found[f"top_{number}"])) for number in (3, 5)]
    return [*rows, ("Effective Names", f"{found['effective_names']:.1f} (HHI {found['herfindahl']:.3f})")]


def _share(item: Document) -> str:
    return f"{money(item['value'], cents=False)} ({percent(item['pct_of_equity'])})"


def risk(document: Document) -> list[str]:
    """What the book may lose, and to what it is exposed."""
    figures, reason = document["risk"], why(document)
    window = f"{figures['window_sessions']} sessions"
    share = f"{percent(figures['value_at_risk_pct'])} of equity, {window}"
    loss = at_risk(figures) + (f" ({share})" if figures["value_at_risk"] is not None else "")
    bound = document["drawdown_limit_pct"]
    limit = f" (emergency at -{percent(bound, digits=0)})" if bound is not None else ""
    sections = {
        "Volatility": [
            ("20 Sessions", annualised(figures, "20") + target(figures)),
            ("60 Sessions", annualised(figures, "60")),
            ("Fading Weights", annualised(figures, "ewma")),
        ],
        "Loss": [
            ("Value at Risk (95%)", loss),
            ("Expected Shortfall", _shortfall(figures)),
            ("Backtest", _backtest(figures)),
            ("Backtest (own P&L)", _backtest(document["performance"])),
            ("Peak Equity", money(document["peak_equity"], reason)),
            ("Drawdown", percent(document["drawdown_pct"], reason, digits=2) + limit),
        ],
        "Market": [("Beta", beta(figures)), ("Correlation (max)", correlation(figures))],
    }
    lines = [f"Portfolio Risk: {safe(document['book'] or 'no verified configuration')}"]
    for title, rows in sections.items():
        lines += ["", f"{title}:", *fields(rows, _WIDTH)]
    lines += ["", "Loss by Method (one session):", *_tails(figures)]
    lines += ["", "Equity:", *fields(_equity(document["performance"]), _WIDTH)]
    lines += ["", "Limits:", *_limits(document["limits"])]
    return [*lines, "", "Largest Positions:", *_largest(document, reason), "", f"As of: {as_of(document)}"]


def _shortfall(figures: Document) -> str:
    if figures["expected_shortfall"] is None:
        return unknown(figures["missing"].get("expected_shortfall", ""))
    share = percent(figures["expected_shortfall_pct"])
    return f"{money(figures['expected_shortfall'], cents=False)} daily ({share} of equity, beyond it)"


def _backtest(figures: Document) -> str:
    found = figures["backtest"]
    if found is None:
        return unknown(figures["missing"].get("backtest", ""))
    return (
        f"{found['exceptions']} losses beyond it in {found['sessions']} sessions, {found['expected']:.1f} expected"
        f" (p {found['kupiec']:.2f}, one by one p {found['independence']:.2f})"
    )


def _tails(figures: Document) -> list[str]:
    if not figures["tails"]:
        return [f"  {unknown(figures['missing'].get('tails', ''))}"]
    rows = [
        (
            f"  {item['method'].title()}",
            f"{item['confidence_pct']:g}%",
            money(item["value_at_risk"], cents=False),
            money(item["expected_shortfall"], cents=False),
        )
        for item in figures["tails"]
        if item["reason"] is None
    ]
    reasons = {item["method"].title(): item["reason"] for item in figures["tails"] if item["reason"] is not None}
    absent = [f"  {method}: {unknown(reason)}" for method, reason in reasons.items()]
    return [*table(("  Method", "Confidence", "VaR", "Shortfall"), rows), *absent]


def _equity(found: Document) -> list[tuple[str, str]]:
    missing = found["missing"]
    fall = percent(found["deepest_drawdown_pct"], missing.get("deepest_drawdown", ""), digits=2)
    length = found["longest_drawdown_sessions"]
    return [
        ("Sessions", sparkline(found["equity_curve"]) or unknown("fewer than two sessions")),
        ("Annual Return", percent(found["annual_return_pct"], missing.get("annual_return", ""), sign=True)),
        ("Deepest Drawdown", fall if length is None else f"{fall} (longest {length} sessions below a peak)"),
        *ratios(found),
    ]


def ratios(found: Document) -> list[tuple[str, str]]:
    """Sharpe with its standard error, Sortino, Calmar, turnover."""
    error = f" ± {found['sharpe_error']:.2f}" if found["sharpe"] is not None else ""
    return [
        ("Sharpe Ratio", _ratio(found, "sharpe") + error),
        ("Sortino Ratio", _ratio(found, "sortino")),
        ("Calmar Ratio", _ratio(found, "calmar")),
        ("Turnover", _ratio(found, "turnover") + (" a year" if found["turnover"] is not None else "")),
    ]


def _ratio(found: Document, name: str) -> str:
    return unknown(found["missing"].get(name, "")) if found[name] is None else f"{found[name]:.2f}"


def _limits(limits: list[Document]) -> list[str]:
    """Bars of what is used; the worst of each limit, as the monitor saw it last."""
    worst: dict[str, Document] = {}
    for item in limits:
        if item["utilisation_pct"] is not None:
            before = worst.get(item["limit"])
            if before is None or item["utilisation_pct"] > before["utilisation_pct"]:
                worst[item["limit"]] = item
    rows = [
        (
            f"  {name}",
            bar(item["utilisation_pct"]),
            item["level"] + (" (shadow)" if item["shadow"] else ""),
            safe(item["what"] or ""),
        )
        for name, item in worst.items()
    ]
    return [line.rstrip() for line in table(rows[0], rows[1:])] if rows else [f"  {unknown('not sampled yet')}"]


def _largest(document: Document, reason: str) -> list[str]:
    held = document["largest_positions"]
    if held is None:
        return [f"  {unknown(reason)}"]
    rows = [
        (
            f"  {item['symbol']}",
            money(item["value"], cents=False),
            f"{percent(item['pct_of_equity'])} of equity",
            MARK[item["mark"]],
        )
        for item in held
    ]
    return table(rows[0], rows[1:], (8,)) if rows else ["  none held"]
