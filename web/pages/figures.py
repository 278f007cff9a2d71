"""Bodies that several pages have: the book's money and risk, equity over time, strategies, alerts."""

from collections.abc import Callable, Iterator, Sequence

from web.charts.bars import meter
from web.charts.lines import WIDE, Mark, line_chart
from web.charts.lines import Line as Drawn
from web.pages.look import LEVELS, MARKS, STATUSES, USES, gain, missing
from web.pages.model import Body, Build, Cell, Chart, Figure, Figures, Head, Line, Lines, Row, Table, Tone
from web.pages.text import MINUS, ago, moment, money, number, percent
from web.snapshot import Document, Panel

FEW = 60
"""Fewer sessions make no Sharpe ratio to judge by."""


def book(document: Document) -> Figures:
    """Equity, result, fall from the peak and cash, of ``portfolio.status``."""
    pnl = document["pnl"]
    return Figures(
        (
            Figure("Equity", money(document["equity"]), note=f"peak {money(document['peak_equity'])}"),
            Figure("P&L", money(pnl, sign=True), gain(pnl), percent(document["pnl_pct"], sign=True, digits=2)),
            Figure("Drawdown", percent(document["drawdown_pct"], digits=2), note="from the peak"),
            Figure("Cash", money(document["cash"]), note=f"buying power {money(document['buying_power'])}"),
        )
    )


def risk(figures: Document, concentration: Document | None = None) -> Figures:
    """Volatility, value at risk, beta and concentration; ``figures`` as under ``risk`` of ``portfolio.status``."""
    target = figures["portfolio_vol_target_pct"]
    value, share = figures["value_at_risk"], figures["value_at_risk_pct"]
    found = [
        Figure(
            "Volatility",
            percent(figures["portfolio_vol_pct"], missing(figures, "volatility_20")),
            MARKS[figures["portfolio_vol_mark"]],
            f"20 sessions, annualised, target {percent(target)}",
        ),
        Figure(
            "Value at risk",
            money(value, missing(figures, "value_at_risk"), cents=False),
            note=f"95 %, one session, {percent(share)} of equity" if value is not None else "",
        ),
        Figure(
            "Beta",
            number(figures["beta"], missing(figures, "beta"), digits=2),
            note=f"against {figures['benchmark']}" if figures["beta"] is not None else "",
        ),
    ]
    largest = (concentration or {}).get("largest")
    if largest is not None:
        tone = MARKS[largest["mark"]]
        found.append(Figure("Largest position", percent(largest["pct_of_equity"]), tone, largest["symbol"]))
    return Figures(tuple(found))


def equity(document: Document, title: str, start: float | None = None, width: int = WIDE) -> Iterator[Body]:
    """A chart of ``series.equity``."""
    values = [item["value"] for item in document["points"]]
    times = [item["session"] for item in document["points"]]
    marks = (Mark(f"start {money(start, cents=False)}", start),) if start is not None and _near(start, values) else ()
    said = f"From {money(values[0])} on {times[0]} to {money(values[-1])} on {times[-1]}" if values else ""
    yield over_time(
        title, said, "Session", times, [Drawn("Equity", values)], document["unit"], marks, area=True, width=width
    )


def over_time(
    title: str,
    said: str,
    head: str,
    times: Sequence[str],
    lines: Sequence[Drawn],
    unit: str,
    marks: Sequence[Mark] = (),
    *,
    area: bool = False,
    width: int = WIDE,
) -> Chart:
    """Lines over ``times`` (oldest first) to zoom and pan, and their figures as a table, newest first."""
    axis, exact = _SHOWN[unit]
    art = line_chart(title, said, times, lines, axis, marks, area=area, width=width)
    heads = (Head(head), *(Head(line.name, "num") for line in lines))
    rows = tuple(
        Row((Cell(time), *(Cell("n/a" if value is None else exact(value)) for value in values)))
        for time, *values in zip(times, *(line.values for line in lines), strict=True)
    )
    names = tuple(line.name for line in lines) if len(lines) > 1 else ()
    return Chart(art, Table(title, heads, rows[::-1]), names, zoom=True)


def _near(value: float, values: Sequence[float]) -> bool:
    """Whether a mark at ``value`` leaves the line room to be seen."""
    if not values:
        return False
    low, high = min(values), max(values)
    return low - 2 * (high - low) <= value <= high + 2 * (high - low)


def dollars(value: float) -> str:
    """A short label of an axis: ``$98.5k``."""
    if abs(value) < 1_000:
        return money(value, cents=False)
    return f"{MINUS if value < 0 else ''}${f'{abs(value) / 1_000:,.1f}'.removesuffix('.0')}k"


def _percent_text(value: float) -> str:
    return f"{MINUS if value < 0 else ''}{abs(value):g}%"


def _ratio_text(value: float) -> str:
    return number(value, digits=2)


_SHOWN: dict[str, tuple[Callable[[float], str], Callable[[float], str]]] = {
    "USD": (dollars, money),
    "percent": (_percent_text, lambda value: percent(value, digits=2)),
    "ratio": (_ratio_text, _ratio_text),
}
"""By unit how an axis and how a table prints a figure."""


def strategies(shown: Panel) -> Build:
    """The comparison of ``strategy.list``, with the Sharpe ratios that ``learning.status`` has ``shown``."""
    known = {item["id"]: item for item in (shown.document or {}).get("strategies", ()) if shown.state == "ok"}
    heads = ("Strategy", "Status", "P&L", "Return", "Sharpe", "Equity", "Drawdown", "Positions", "Last trade")
    columns = tuple(Head(name, "num" if 2 <= at <= 7 else "") for at, name in enumerate(heads))

    def build(document: Document) -> Iterator[Body]:
        rows = tuple(_strategy(item, _sharpe(known.get(item["id"]), shown.reason)) for item in document["strategies"])
        yield Table("Strategies", columns, rows)

    return build


def _sharpe(evidence: Document | None, why: str) -> Cell:
    if evidence is None or evidence["sharpe"] is None:
        return Cell("n/a", "off", note=missing(evidence or {}, "sharpe") or why)
    error = evidence["sharpe_error"]
    return Cell(number(evidence["sharpe"], digits=2), note=f"± {number(error, digits=2)}" if error is not None else "")


def _strategy(item: Document, sharpe: Cell) -> Row:
    tone, status = STATUSES[item["status"]]
    wanted = item["desired_status"]
    return Row(
        (
            Cell(item["id"], href=f"/strategies/{item['id']}", note=item["name"]),
            Cell(status, tone, note=f"git says {wanted}" if wanted != item["status"] else ""),
            Cell(money(item["pnl"], sign=True), gain(item["pnl"])),
            Cell(percent(item["pnl_pct"], sign=True, digits=2)),
            sharpe,
            Cell(money(item["equity"])),
            Cell(percent(item["drawdown_pct"])),
            Cell(number(item["positions"])),
            Cell(ago(item["last_trade_age_seconds"])),
        )
    )


def alert_lines(document: Document, most: int) -> Lines:
    """The newest of ``alerts.list``."""
    return Lines(tuple(alert_line(item) for item in document["alerts"][:most]), "no alert")


def alert_line(item: Document) -> Line:
    """One alert."""
    tone, level = LEVELS[item["level"]]
    count = f", {item['count']} times" if item["count"] > 1 else ""
    note = f"{level}, {item['source']}, {item['state']}{count}"
    return Line(item["message"], tone, moment(item["last"])[11:], note, f"/alerts/{item['id']}")


def uses(limits: Sequence[Document]) -> Table:
    """Bars of how much of each limit is used; ``limits`` as in ``portfolio.risk``, the most used first."""
    ordered = sorted(limits, key=lambda item: -(item["utilisation_pct"] or 0.0))
    heads = (Head("Limit"), Head("Used", "num"), Head("Utilisation"))
    return Table("How much of each limit is used", heads, tuple(_use(item) for item in ordered))


def _use(item: Document) -> Row:
    share = item["utilisation_pct"]
    tone: Tone = USES[item["level"]]
    what = item["what"] or "account"
    label = f"{item['limit']} of {what}: {percent(share)} used"
    bar = meter(share / 100 if share is not None else None, tone, label)
    note = f"{what}, shadow: told of, blocks nothing" if item["shadow"] else what
    return Row((Cell(item["limit"], note=note), Cell(percent(share), tone), Cell("", art=bar)))


def performance(found: Document) -> Figures:
    """Ratios and closed trades, as under ``performance`` of risk and strategies."""
    error = f"± {number(found['sharpe_error'], digits=2)}, " if found["sharpe_error"] is not None else ""
    low, high = percent(found["win_rate_low_pct"], digits=0), percent(found["win_rate_high_pct"], digits=0)
    between = f"{low} to {high}, " if found["win_rate_low_pct"] is not None else ""
    few = ", too few to judge" if found["sessions"] < FEW else ""
    deepest = percent(found["deepest_drawdown_pct"], missing(found, "deepest_drawdown"))
    return Figures(
        (
            _ratio(found, "sharpe", "Sharpe", f"{error}{found['sessions']} sessions{few}"),
            _ratio(found, "sortino", "Sortino", "annualised"),
            _ratio(found, "calmar", "Calmar", "annualised"),
            _share(found, "volatility", "Volatility", "annualised"),
            _share(found, "annual_return", "Return a year", ""),
            Figure("Deepest drawdown", deepest, note=f"longest {number(found['longest_drawdown_sessions'])} sessions"),
            _share(found, "win_rate", "Win rate", f"{between}{number(found['closed_trades'])} closed trades"),
            _share(found, "average_win", "Average win", "of cost"),
            _share(found, "average_loss", "Average loss", "of cost"),
            _ratio(found, "turnover", "Turnover", "a year"),
        )
    )


def _ratio(found: Document, name: str, label: str, note: str) -> Figure:
    return Figure(label, number(found[name], missing(found, name), digits=2), note=note)


def _share(found: Document, name: str, label: str, note: str) -> Figure:
    return Figure(label, percent(found[f"{name}_pct"], missing(found, name)), note=note)
