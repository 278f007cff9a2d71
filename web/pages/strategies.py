"""``/strategies`` and one strategy: how they compare, how each came there, what it holds and traded."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from web.api.answers import known
from web.charts.lines import Line as Drawn
from web.charts.lines import Mark
from web.pages import figures
from web.pages.look import STATUSES, Look, gain, missing
from web.pages.model import Body, Box, Build, Cell, Chart, Figure, Figures, Head, Line, Lines, Row, Table, Tone, box
from web.pages.text import ago, moment, money, number, percent
from web.snapshot import Document, Panel

SESSIONS = 120
TRADES = 50
COMPARED = (
    ("sharpe", "Sharpe", ""),
    ("sortino", "Sortino", ""),
    ("annual_return_pct", "Return a year", "%"),
    ("volatility_pct", "Volatility", "%"),
    ("deepest_drawdown_pct", "Deepest drawdown", "%"),
    ("win_rate_pct", "Win rate", "%"),
    ("closed_trades", "Closed trades", ""),
)


def listing(look: Look) -> tuple[Box, ...]:
    """``/strategies``."""
    panel, now = look.panel("strategy.list"), look.now_ns
    names = [str(item["id"]) for item in (panel.document or {}).get("strategies", ())]
    metrics = {name: look.ask("strategy.metrics", id=name) for name in names}
    curves = {name: look.ask("series.equity", id=name, sessions=SESSIONS) for name in names}

    def compared(_: Document) -> Iterator[Body]:
        yield _compared({name: found.document for name, found in metrics.items()})

    def lines(_: Document) -> Iterator[Body]:
        yield returns({name: (found.document or {}).get("points", ()) for name, found in curves.items()})

    nothing = "No strategy is configured."
    return (
        box("strategies", "Strategies", panel, figures.strategies(look.ask("learning.status")), now, nothing=nothing),
        box("curves", f"Return, {SESSIONS} sessions", _worst(panel, curves.values()), lines, now, nothing=nothing),
        box("metrics", "Performance", _worst(panel, metrics.values()), compared, now, nothing=nothing),
    )


def _worst(panel: Panel, others: Iterable[Panel]) -> Panel:
    """The one that is least to be trusted: a box made of several answers is as good as the worst of them."""
    order = ("ok", "empty", "stale", "error")
    return max((panel, *others), key=lambda item: order.index(item.state))


def _compared(metrics: Mapping[str, Document | None]) -> Table:
    heads = (Head("Strategy"), *(Head(text, "num") for _, text, _ in COMPARED))
    return Table("Performance", heads, tuple(_figures_of(name, found) for name, found in metrics.items()))


def _figures_of(name: str, found: Document | None) -> Row:
    done = ((found or {}).get("strategy") or {}).get("performance") or {}
    cells = tuple(_figure(done, key, unit) for key, _, unit in COMPARED)
    return Row((Cell(name, href=f"/strategies/{name}"), *cells))


def _figure(done: Document, key: str, unit: str) -> Cell:
    value, why = done.get(key), missing(done, key.removesuffix("_pct"))
    if value is None:
        return Cell("n/a", "off", note=why)
    if key == "closed_trades":
        return Cell(number(value))
    return Cell(percent(value) if unit else number(value, digits=2))


def returns(curves: Mapping[str, Sequence[Document]]) -> Chart:
    """Each strategy's equity as percent of what it was at the start of the chart."""
    times = sorted({str(item["session"]) for points in curves.values() for item in points})
    drawn = []
    for name, points in curves.items():
        start = points[0]["value"] if points else 0.0
        known = {str(item["session"]): (item["value"] / start - 1) * 100 for item in points} if start > 0 else {}
        drawn.append(Drawn(name, [known.get(time) for time in times]))
    said = f"From {times[0]} to {times[-1]}" if times else ""
    return figures.over_time("Return by strategy", said, "Session", times, drawn, "percent", (Mark("0%", 0.0),))


def one(look: Look, name: str) -> tuple[Box, ...]:
    """``/strategies/<id>``. Raises Problem 404 when there is none."""
    now, shown = look.now_ns, known(look.ask("strategy.show", id=name))
    equity = look.ask("series.equity", id=name, sessions=SESSIONS)
    trades = look.ask("strategy.trades", id=name, limit=TRADES)

    def of(build: Callable[[Document], Body]) -> Build:
        return lambda document: [build(document["strategy"])]

    def curve(document: Document) -> Iterator[Body]:
        yield from figures.equity(document, f"Equity of {name}")

    def traded(document: Document) -> Iterator[Body]:
        yield _trades(document["trades"]) if document["trades"] else Lines((), "no trade yet")

    return (
        box("now", "Now", shown, of(_now), now, span=7),
        box("capital", "Capital", shown, of(_capital), now, span=5),
        box("equity", f"Equity, {SESSIONS} sessions", equity, curve, now),
        box("performance", "Performance", shown, of(lambda found: figures.performance(found["performance"])), now),
        box("holdings", "Holdings", shown, of(_holdings), now, span=6),
        box("orders", "Newest orders", shown, of(_orders), now, span=6),
        box("trades", "Trades", trades, traded, now),
    )


def _now(found: Document) -> Figures:
    tone, status = STATUSES[found["status"]]
    wanted = found["desired_status"]
    held = f"git says {wanted}" if wanted != found["status"] else "as git says"
    if found["halts"]:
        held = f"halt {found['halts'][0][:12]} is open"
    return Figures(
        (
            Figure("Status", status, tone, held),
            Figure("P&L", money(found["pnl"], sign=True), gain(found["pnl"]), percent(found["pnl_pct"], sign=True)),
            Figure("Equity", money(found["equity"]), note=f"peak {money(found['peak_equity'])}"),
            Figure("Drawdown", percent(found["drawdown_pct"]), note="from the peak"),
            Figure("Last trade", ago(found["last_trade_age_seconds"]), note=moment(found["last_trade"])),
            Figure("Strategy", found["module"], note=found["condition_reason"] or f"owner {found['owner']}"),
        )
    )


def _capital(found: Document) -> Figures:
    capital = found["capital"]
    used = capital["utilisation_pct"]
    tone: Tone = "" if used is None else "bad" if used > 100 else "ok"
    return Figures(
        (
            Figure("Allocation", percent(capital["allocation_pct"]), note=money(capital["allocated"], cents=False)),
            Figure("Deployed", money(capital["deployed"], cents=False), tone, f"{percent(used)} of the allocation"),
            Figure("Available", money(capital["available"], cents=False)),
        )
    )


def _holdings(found: Document) -> Body:
    if not found["holdings"]:
        return Lines((), "holds nothing")
    heads = (Head("Symbol"), Head("Shares", "num"), Head("Entry", "num"), Head("Price", "num"), Head("P&L", "num"))
    rows = tuple(
        Row(
            (
                Cell(item["symbol"], note=item["sector"]),
                Cell(number(item["quantity"])),
                Cell(money(item["entry"])),
                Cell(money(item["current"])),
                Cell(money(item["pnl"], sign=True), gain(item["pnl"]), note=percent(item["pnl_pct"], sign=True)),
            )
        )
        for item in found["holdings"]
    )
    return Table("Holdings", heads, rows)


def _orders(found: Document) -> Lines:
    return Lines(tuple(_order(item) for item in found["orders"]), "no order yet")


def _order(item: Document) -> Line:
    price = f" at {money(item['price'])}" if item["price"] is not None else ""
    said = f"{item['side']} {number(item['quantity'])} {item['symbol']}{price}"
    tone: Tone = "bad" if item["state"] == "rejected" else "off" if item["state"] == "unknown" else ""
    return Line(said, tone, item["time"], f"{item['type']}, {item['state']}, {number(item['filled'])} filled")


def _trades(trades: Sequence[Document]) -> Table:
    names = ("Session", "Side", "Symbol", "Shares", "Price", "Value", "Fee", "Then held")
    heads = tuple(Head(text, "num" if at > 2 else "") for at, text in enumerate(names))
    rows = tuple(
        Row(
            (
                Cell(item["session"]),
                Cell(item["side"]),
                Cell(item["symbol"]),
                Cell(number(item["quantity"])),
                Cell(money(item["price"])),
                Cell(money(item["value"])),
                Cell(money(item["fee"])),
                Cell(number(item["position"])),
            )
        )
        for item in trades
    )
    return Table("Trades, the newest first", heads, rows)
