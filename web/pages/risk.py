"""``/risk``: what the book may lose, how near it is to its limits, and how that came about."""

from collections.abc import Iterator

from web.charts.bars import gauge
from web.charts.grids import heat
from web.charts.lines import NARROW
from web.charts.lines import Line as Drawn
from web.pages import figures
from web.pages.look import Look, missing
from web.pages.model import (
    Body,
    Box,
    Build,
    Cell,
    Chart,
    Dial,
    Dials,
    Figure,
    Figures,
    Head,
    Lines,
    Row,
    Table,
    Tone,
    box,
)
from web.pages.portfolio import concentration, spread
from web.pages.text import money, number, percent
from web.snapshot import Document

HOURS = 24
HISTORY = (
    ("risk.volatility_20", "Volatility, 20 sessions"),
    ("risk.value_at_risk", "Value at risk, 95 %, one session"),
    ("drawdown.account_emergency_pct", "Drawdown from the peak"),
    ("risk.beta", "Beta"),
)
SIGNIFICANT = 0.05
NEAR = 75.0
"""Percent of a limit from which a gauge asks for attention."""


def boxes(look: Look) -> tuple[Box, ...]:
    """Spec 3.2.3."""
    now, panel = look.now_ns, look.panel("portfolio.risk")
    past = look.ask("series.metrics", names=[name for name, _ in HISTORY], hours=HOURS)
    exposure = look.panel("portfolio.exposure")

    def gauges(document: Document) -> Iterator[Body]:
        yield dials(document, exposure.document or {})

    def uses(document: Document) -> Iterator[Body]:
        yield figures.uses(document["limits"])

    def tails(document: Document) -> Iterator[Body]:
        yield _tails(document["risk"])
        yield _backtest(document["risk"])

    def pairs(document: Document) -> Iterator[Body]:
        yield from _correlations(document["risk"])

    def names(document: Document) -> Iterator[Body]:
        yield concentration(document["concentration"])

    def grid(document: Document) -> Iterator[Body]:
        yield spread(document["positions"])

    nothing = "No position is open."
    return (
        box("gauges", "Risk now", panel, gauges, now),
        box("limits", "How much of each limit is used", panel, uses, now, span=7, more="/config"),
        box("tails", "What one session may lose", panel, tails, now, span=5),
        box("correlation", "Correlation of the largest positions", panel, pairs, now, span=6),
        box("grid", "Strategy and sector", look.panel("portfolio.positions"), grid, now, span=6, nothing=nothing),
        box("concentration", "Concentration", exposure, names, now),
        *(box(f"past-{at}", name, past, _history(key, name), now, span=6) for at, (key, name) in enumerate(HISTORY)),
    )


def dials(document: Document, exposure: Document) -> Dials:
    """Volatility against its target, drawdown against its limit, value at risk, beta and leverage."""
    risk = document["risk"]
    fall, bound = document["drawdown_pct"], document["drawdown_limit_pct"]
    below = abs(fall) if fall is not None else None
    var, leverage = risk["value_at_risk_pct"], exposure.get("leverage")
    beta, vol, target = risk["beta"], risk["portfolio_vol_pct"], risk["portfolio_vol_target_pct"]
    return Dials(
        (
            _dial("Volatility", vol, target, f"target {percent(target)}", missing(risk, "volatility_20")),
            _dial("Drawdown", below, bound, f"halts at {percent(bound)}", missing(document, "live")),
            _plain("Value at risk", var, 5.0, percent(var, digits=2), "of equity, 95 %, one session, full at 5%"),
            _plain("Beta", beta, 2.0, number(beta, digits=2), f"against {risk['benchmark']}, full at 2"),
            _plain("Leverage", leverage, 1.0, number(leverage, digits=2), "gross exposure over equity, full at 1"),
        )
    )


def _dial(label: str, value: float | None, bound: float | None, note: str, why: str) -> Dial:
    """A gauge that is full at its bound and asks for attention before it."""
    if value is None or not bound:
        return Dial(gauge(None, "off", label, "n/a"), label, why or note, "off")
    used = value * 100 / bound
    tone: Tone = "bad" if used >= 100 else "warn" if used >= NEAR else "ok"
    drawn = gauge(used / 100, tone, label, percent(value))
    return Dial(drawn, label, f"{note}, {percent(used, digits=0)} used", tone)


def _plain(label: str, value: float | None, full: float, shown: str, note: str) -> Dial:
    """A gauge without a limit: it says nothing good or bad."""
    if value is None:
        return Dial(gauge(None, "off", label, "n/a"), label, note, "off")
    return Dial(gauge(abs(value) / full, "", label, shown), label, note)


def _tails(risk: Document) -> Table:
    heads = (Head("Method"), Head("Confidence", "num"), Head("Value at risk", "num"), Head("Expected shortfall", "num"))
    rows = tuple(
        Row(
            (
                Cell(item["method"]),
                Cell(percent(item["confidence_pct"])),
                Cell(money(item["value_at_risk"], item["reason"] or "", cents=False)),
                Cell(money(item["expected_shortfall"], item["reason"] or "", cents=False)),
            )
        )
        for item in risk["tails"] or ()
    )
    return Table(f"Losses of one session, of {risk['window_sessions']} sessions", heads, rows)


def _backtest(risk: Document) -> Figures:
    found = risk["backtest"]
    if found is None:
        return Figures((Figure("Backtest", "n/a", note=missing(risk, "backtest")),))
    good = found["coverage"] >= SIGNIFICANT
    beyond, expected = f"{found['exceptions']} of {found['sessions']}", f"{found['expected']:.1f} expected"
    said = f"p = {number(found['coverage'], digits=2)} (frequency and clustering)"
    return Figures(
        (
            Figure("Losses beyond it", beyond, note=expected),
            Figure("Backtest", "holds" if good else "does not hold", "ok" if good else "warn", said),
        )
    )


def _correlations(risk: Document) -> Iterator[Body]:
    found = risk["correlations"]
    if not found or not found["symbols"]:
        yield Figures((Figure("Correlation", "n/a", note=missing(risk, "correlation")),))
        return
    symbols, matrix = found["symbols"], found["matrix"]
    title = f"Correlation of returns, {risk['window_sessions']} sessions"
    art = heat(title, symbols, symbols, matrix, lambda value: number(value, digits=2), 1.0)
    heads = (Head("Symbol"), *(Head(name, "num") for name in symbols))
    rows = tuple(
        Row((Cell(name), *(Cell(number(value, digits=2)) for value in line)))
        for name, line in zip(symbols, matrix, strict=True)
    )
    yield Chart(art, Table(title, heads, rows))


def _history(key: str, name: str) -> Build:
    def build(document: Document) -> Iterator[Body]:
        found = document["metrics"][key]
        times = [str(item["at"])[11:16] for item in found["points"]]
        if not times:
            yield Lines((), "the first figure comes within a minute")
            return
        line = Drawn(name, [item["value"] for item in found["points"]])
        yield figures.over_time(
            name, f"the last {HOURS} hours", "Time (UTC)", times, [line], found["unit"], width=NARROW
        )

    return build
