"""Text of the two liquidations (spec 2.2.4 and 2.2.7), of ``portfolio close`` and of ``portfolio stop``."""

from typing import Any

from cli.render.text import cells, fields, money, pad, safe

Document = dict[str, Any]


def impact(document: Document) -> str:
    """``-0.5% to -2.0% (slippage & fees)`` of the value."""
    low, high = document["impact_pct"]
    return f"{low:.2f}% to {high:.2f}% (slippage & fees)"


def portfolio_plan(document: Document) -> list[str]:
    """The screen before LIQUIDATE ALL."""
    return [
        "⛔ EMERGENCY LIQUIDATION ⛔",
        "",
        "This will liquidate ALL positions immediately.",
        "This is an EMERGENCY measure with significant consequences:",
        "",
        f"Current Positions: {document['positions']}",
        f"Total Value:       {money(document['value'], cents=False)}",
        f"Estimated Impact:  {impact(document)}",
        "",
        "New orders are paused first and stay paused.",
        "",
    ]


def everything_plan(document: Document) -> list[str]:
    """The screen before LIQUIDATE EVERYTHING."""
    rows = [
        ("Positions", str(document["positions"])),
        ("Value", money(document["value"], cents=False)),
        ("Unrealized P&L", money(document["unrealized"], cents=False, sign=True)),
        ("Estimated Impact", impact(document)),
    ]
    return [
        "⛔⛔⛔ FULL EMERGENCY LIQUIDATION ⛔⛔⛔",
        "",
        "This will:",
        "  ⛔ Halt all strategies",
        "  ⛔ Cancel all orders",
        "  ⛔ LIQUIDATE ALL POSITIONS",
        "  ⛔ Return to 100% cash",
        "",
        "Current Portfolio:",
        *fields(rows, 18),
        "",
        "⚠️  This is the most drastic emergency measure",
        "⚠️  Only use in catastrophic scenarios:",
        "    - System malfunction",
        "    - Runaway algorithm",
        "    - External security breach",
        "    - Regulatory requirement",
        "",
    ]


def results(document: Document) -> list[str]:
    """One line a position: what was traded, at which price, and what is left."""
    items = document["results"]
    rows = [(safe(item["symbol"]), f"{-item['quantity']:+,} shares", money(item["price"], "no fill")) for item in items]
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    return [
        f"  {'✗' if item['left'] else '✓'} {'  '.join(map(pad, row, widths))}  {_state(item)}"
        for item, row in zip(items, rows, strict=True)
    ] or ["  none"]


def _state(item: Document) -> str:
    if not item["left"]:
        return "FILLED"
    why = f" ({safe(item['problem'])})" if item["problem"] else ""
    return f"{'WORKING' if item['working'] else 'OPEN'}: {item['left']:,} left{why}"


def closing(document: Document) -> list[str]:
    """How it ended: flat with its cash, or what is left and what then helps."""
    everything = document["scope"] == "everything"
    head = ["Liquidation Results:" if everything else "Results:", *results(document), ""]
    cash = f"✓ Cash balance: {money(document['cash'], 'the book was not read')}"
    if document["stage"] == "done":
        after = ["✓ All strategies halted"] if everything else []
        logged = "✓ Emergency liquidation logged"
        state = "EMERGENCY MODE" if everything else "NEW ORDERS PAUSED"
        done = ["✓ All positions liquidated", cash, *after, logged, *_notices(document)]
        return [*head, *done, "", f"System Status: {state}", _resume()]
    left = [f"⚠️  Residual: {safe(item['symbol'])} {item['left']:,} shares" for item in document["residual"]]
    return [
        *head,
        f"⚠️  NOT FLAT: {safe(document['problem'])}",
        *left,
        cash,
        "ℹ️  The halt stays in force",
        *_notices(document),
        "",
        _resume(),
    ]


def _notices(document: Document) -> list[str]:
    return [f"ℹ️  {safe(text)}" for text in document["notices"]]


def _resume() -> str:
    return "To resume: gt risk emergency resume"


def exits(document: Document) -> list[str]:
    """What became of each order of ``portfolio close`` and ``portfolio stop``."""
    return [_exit(item) for item in document["orders"]]


def _exit(item: Document) -> str:
    what = f"{item['side']} {item['quantity']:,} {safe(item['symbol'])} ({safe(item['strategy'])})"
    if item["state"] == "denied":
        return f"✗ {what}: {item['code']}: {safe(item['message'])}"
    if item["state"] == "filled":
        return f"✓ {what}: FILLED at {money(item['price'])}"
    if item["type"] == "stop":
        return f"✓ {what}: stop at {money(item['stop'])} works as {safe(item['order'])}"
    return f"⏳ {what}: {item['filled']:,} filled, the rest works as {safe(item['order'])} until the next bar"
