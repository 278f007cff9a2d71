"""``/portfolio`` and below: the book's money, what it holds, and where the money is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal
from urllib.parse import urlencode

from markupsafe import Markup

from web.charts.bars import meter, shares
from web.charts.grids import heat
from web.charts.lines import sparkline
from web.pages import figures
from web.pages.look import MARKS, STATUSES, Look, gain, missing
from web.pages.model import (
    Align,
    Body,
    Box,
    Cell,
    Chart,
    Choice,
    Figure,
    Figures,
    Filter,
    Head,
    Row,
    Table,
    Tone,
    box,
)
from web.pages.text import money, number, percent
from web.snapshot import Document

TABS = (("/portfolio", "Summary"), ("/portfolio/positions", "Positions"), ("/portfolio/exposure", "Exposure"))
SPANS = ((30, "30 sessions"), (90, "90 sessions"), (250, "A year"), (1_000, "Four years"))
COLUMNS: tuple[tuple[str, str, Align], ...] = (
    ("symbol", "Symbol", ""),
    ("strategy", "Strategy", ""),
    ("sector", "Sector", ""),
    ("quantity", "Shares", "num"),
    ("entry", "Entry", "num"),
    ("current", "Price", "num"),
    ("value", "Value", "num"),
    ("pnl", "P&L", "num"),
    ("pnl_pct", "Return", "num"),
    ("days", "Days", "num"),
)


def summary(look: Look, sessions: int) -> tuple[Box, ...]:
    """``/portfolio``."""
    now, status = look.now_ns, look.panel("portfolio.status")
    equity = look.ask("series.equity", sessions=sessions)
    start = (status.document or {}).get("initial_capital")

    def curve(document: Document) -> Iterator[Body]:
        yield _span(sessions)
        yield from figures.equity(document, f"Equity, {sessions} sessions", start)

    def holdings(document: Document) -> Iterator[Body]:
        yield _sides(document)

    def done(document: Document) -> Iterator[Body]:
        yield figures.performance(document["performance"])

    def money_of(document: Document) -> Iterator[Body]:
        yield figures.book(document)

    return (
        box("summary", "Portfolio", status, money_of, now, span=6),
        box("sides", "Exposure and cash", status, holdings, now, span=6, more="/portfolio/exposure"),
        box("equity", "Equity", equity, curve, now),
        box("performance", "Performance", look.panel("portfolio.risk"), done, now),
    )


def _span(sessions: int) -> Filter:
    choices = tuple(Choice(str(count), name, count == sessions) for count, name in SPANS)
    return Filter((("sessions", "How far back", choices),))


def _sides(document: Document) -> Figures:
    gross, net = document["gross_exposure"], document["net_exposure"]
    return Figures(
        (
            Figure("Gross exposure", money(gross["value"], cents=False), note=percent(gross["pct_of_equity"])),
            Figure("Net exposure", money(net["value"], cents=False), note=percent(net["pct_of_equity"])),
            Figure("Positions", number(document["positions"]), note=_long_short(document)),
            Figure(
                "Available",
                money(document["available"], cents=False),
                note=f"beyond a reserve of {percent(document['reserve_pct'])}",
            ),
        )
    )


def _long_short(document: Document) -> str:
    return f"{document['longs']['positions']} long, {document['shorts']['positions']} short"


def positions(look: Look, chosen: Mapping[str, str]) -> tuple[Box, ...]:
    """``/portfolio/positions``; ``chosen``: ``sort`` (a column, ``-`` before it: largest first), ``strategy``,
    ``sector``, ``status``."""
    stated = (look.panel("strategy.list").document or {}).get("strategies", ())
    statuses = {item["id"]: str(item["status"]) for item in stated}
    past = look.ask("series.positions").document or {}
    lines = {(item["strategy"], item["symbol"]): item["pnl"] for item in past.get("positions", ())}

    def build(document: Document) -> Iterator[Body]:
        rows = document["positions"]
        yield _filters(rows, statuses, chosen)
        held = [item for item in rows if _wanted(item, statuses, chosen)]
        yield _holdings(ordered(held, chosen.get("sort", "-value")), lines, chosen)
        yield _totals(document["totals"])

    panel = look.panel("portfolio.positions")
    return (box("positions", "Positions", panel, build, look.now_ns, nothing="No position is open."),)


def _wanted(item: Document, statuses: Mapping[str, str], chosen: Mapping[str, str]) -> bool:
    own = {"strategy": item["strategy"], "sector": item["sector"], "status": statuses.get(item["strategy"], "")}
    return all(chosen.get(name, "") in ("", value) for name, value in own.items())


def ordered(rows: Sequence[Document], sort: str) -> list[Document]:
    """``rows`` by a column, falling with ``-`` before its name; unknown figures last."""
    name, falling = sort.lstrip("-"), sort.startswith("-")
    known = [item for item in rows if item[name] is not None]
    unknown = [item for item in rows if item[name] is None]
    return [*sorted(known, key=lambda item: item[name], reverse=falling), *unknown]


def _filters(rows: Sequence[Document], statuses: Mapping[str, str], chosen: Mapping[str, str]) -> Filter:
    found = {
        "strategy": sorted({item["strategy"] for item in rows}),
        "sector": sorted({item["sector"] for item in rows}),
        "status": [name for name in STATUSES if name in statuses.values()],
    }
    fields = tuple((name, name.capitalize(), _choices(values, chosen.get(name, ""))) for name, values in found.items())
    return Filter(fields, (("sort", chosen["sort"]),) if "sort" in chosen else ())


def _choices(values: Sequence[str], chosen: str) -> tuple[Choice, ...]:
    known = dict.fromkeys((*values, *([chosen] if chosen else [])))
    return (Choice("", "All", not chosen), *(Choice(value, value, value == chosen) for value in known))


def _holdings(
    rows: Sequence[Document], lines: Mapping[tuple[str, str], Sequence[float]], chosen: Mapping[str, str]
) -> Table:
    heads = [_head(*column, chosen) for column in COLUMNS]
    heads.insert(8, Head("P&L since it was opened"))
    return Table("Positions", tuple(heads), tuple(_holding(item, lines) for item in rows))


def _head(name: str, text: str, align: Align, chosen: Mapping[str, str]) -> Head:
    """A link that sorts by the column, the other way round when it is sorted by it; numbers fall at first."""
    sort = chosen.get("sort", "-value")
    falls = sort == name or (sort != f"-{name}" and align == "num")
    link = urlencode({**chosen, "sort": f"-{name}" if falls else name})
    return Head(text, align, f"?{link}", _order(name, sort))


def _order(name: str, sort: str) -> Literal["", "ascending", "descending"]:
    if sort.lstrip("-") != name:
        return ""
    return "descending" if sort.startswith("-") else "ascending"


def _holding(item: Document, lines: Mapping[tuple[str, str], Sequence[float]]) -> Row:
    past = lines.get((item["strategy"], item["symbol"]), ())
    spark = sparkline(past, f"P&L of {item['symbol']} since it was opened") or Markup("")
    tone = gain(item["pnl"])
    return Row(
        (
            Cell(
                item["symbol"],
                href=f"/portfolio/positions/{item['symbol']}",
                note="short" if item["quantity"] < 0 else "",
            ),
            Cell(item["strategy"], href=f"/strategies/{item['strategy']}"),
            Cell(item["sector"]),
            Cell(number(item["quantity"])),
            Cell(money(item["entry"])),
            Cell(money(item["current"])),
            Cell(money(item["value"])),
            Cell(money(item["pnl"], sign=True), tone),
            Cell("" if spark else "just opened", art=spark),
            Cell(percent(item["pnl_pct"], sign=True, digits=2), tone),
            Cell(number(item["days"])),
        )
    )


def _totals(totals: Document) -> Figures:
    return Figures(
        (
            Figure("Instruments", number(totals["positions"])),
            Figure("Deployed", money(totals["deployed"])),
            Figure("Unrealised P&L", money(totals["unrealized"], sign=True), gain(totals["unrealized"])),
            Figure("Of cost", percent(totals["unrealized_pct"], sign=True, digits=2)),
        )
    )


def exposure(look: Look) -> tuple[Box, ...]:
    """``/portfolio/exposure``."""
    now, panel = look.now_ns, look.panel("portfolio.exposure")
    nothing = "No position is open."

    def sectors(document: Document) -> Iterator[Body]:
        yield _sectors(document["sectors"])

    def strategies(document: Document) -> Iterator[Body]:
        yield _strategies(document["strategies"])

    def caps(document: Document) -> Iterator[Body]:
        yield _caps(document["market_caps"])

    def names(document: Document) -> Iterator[Body]:
        yield concentration(document["concentration"])

    def grid(document: Document) -> Iterator[Body]:
        yield spread(document["positions"])

    return (
        box("sectors", "By sector", panel, sectors, now, span=7),
        box("concentration", "Concentration", panel, names, now, span=5),
        box("strategies", "By strategy", panel, strategies, now, span=7),
        box("caps", "By market capitalisation", panel, caps, now, span=5),
        box("grid", "Strategy and sector", look.panel("portfolio.positions"), grid, now, nothing=nothing),
    )


def _sectors(sectors: Sequence[Document]) -> Table:
    heads = (Head("Sector"), Head("Value", "num"), Head("Of equity", "num"), Head("Share"))
    rows = []
    for item in sectors:
        tone: Tone = MARKS[item["mark"]]
        note = f"beyond {item['over']} at {percent(item['threshold_pct'], digits=0)}" if item["over"] else ""
        bar = meter((item["pct_of_equity"] or 0) / 100, tone, f"{item['sector']}: {percent(item['pct_of_equity'])}")
        cells = Cell(money(item["value"], cents=False)), Cell(percent(item["pct_of_equity"]), tone), Cell("", art=bar)
        rows.append(Row((Cell(item["sector"], note=note), *cells)))
    return Table("Exposure by sector", heads, tuple(rows))


def _strategies(strategies: Sequence[Document]) -> Table:
    heads = (Head("Strategy"), Head("Deployed", "num"), Head("Allocated", "num"), Head("Of its allocation"))
    rows = []
    for item in strategies:
        used = item["utilisation_pct"]
        tone: Tone = "" if used is None else "bad" if used > 100 else "ok"
        bar = meter(used / 100 if used is not None else None, tone, f"{item['strategy']}: {percent(used)} deployed")
        name = Cell(item["strategy"], href=f"/strategies/{item['strategy']}")
        sums = Cell(money(item["value"], cents=False)), Cell(money(item["allocated"], cents=False))
        rows.append(Row((name, *sums, Cell(percent(used, "not in the configuration"), tone, art=bar))))
    return Table("Exposure by strategy", heads, tuple(rows))


def _caps(caps: Sequence[Document]) -> Chart:
    parts = [(item["bucket"], (item["pct_of_deployed"] or 0) / 100) for item in caps]
    heads = (Head("Capitalisation"), Head("Value", "num"), Head("Of what is deployed", "num"))
    rows = tuple(
        Row((Cell(item["bucket"]), Cell(money(item["value"], cents=False)), Cell(percent(item["pct_of_deployed"]))))
        for item in caps
    )
    names = tuple(f"{name} {percent(share * 100, digits=0)}" for name, share in parts)
    return Chart(shares(parts, "By market capitalisation"), Table("By market capitalisation", heads, rows), names)


def concentration(found: Document) -> Figures:
    """How few names hold how much."""
    largest = found["largest"]
    if largest is None:
        return Figures((Figure("Largest position", "none held"),))
    return Figures(
        (
            Figure("Largest position", percent(largest["pct_of_equity"]), MARKS[largest["mark"]], largest["symbol"]),
            Figure("Top 3", percent(found["top_3"]["pct_of_equity"]), note=money(found["top_3"]["value"], cents=False)),
            Figure("Top 5", percent(found["top_5"]["pct_of_equity"]), note=money(found["top_5"]["value"], cents=False)),
            Figure(
                "Effective names",
                number(found["effective_names"], digits=1),
                note=f"Herfindahl {number(found['herfindahl'], missing(found, 'herfindahl'), digits=3)}",
            ),
        )
    )


def spread(positions: Sequence[Document]) -> Chart:
    """Value by strategy and sector."""
    sectors = sorted({item["sector"] for item in positions})
    strategies = sorted({item["strategy"] for item in positions})
    sums: dict[tuple[str, str], float] = {}
    for item in positions:
        key = item["strategy"], item["sector"]
        sums[key] = sums.get(key, 0.0) + item["value"]
    values = [[sums.get((strategy, sector)) for sector in sectors] for strategy in strategies]
    art = heat("Value by strategy and sector", strategies, sectors, values, figures.dollars, max(sums.values()))
    heads = (Head("Strategy"), *(Head(name, "num") for name in sectors))
    rows = tuple(
        Row((Cell(strategy), *(Cell(money(value, "none held", cents=False)) for value in line)))
        for strategy, line in zip(strategies, values, strict=True)
    )
    return Chart(art, Table("Value by strategy and sector", heads, rows))
