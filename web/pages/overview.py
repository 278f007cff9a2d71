"""``/``: how the book stands, on one screen."""

from collections.abc import Iterator

from web.charts.lines import MIDDLE
from web.pages import figures
from web.pages.look import Look
from web.pages.model import Body, Box, box
from web.snapshot import Document

SESSIONS = 30


def boxes(look: Look) -> tuple[Box, ...]:
    """Spec 3.2.1."""
    now = look.now_ns
    status = look.panel("portfolio.status")
    equity = look.ask("series.equity", sessions=SESSIONS)
    compared = figures.strategies(look.ask("learning.status"))
    exposure = look.panel("portfolio.exposure").document or {}

    def summary(document: Document) -> Iterator[Body]:
        yield figures.book(document)

    def risk(document: Document) -> Iterator[Body]:
        yield figures.risk(document["risk"], exposure.get("concentration"))

    def curve(document: Document) -> Iterator[Body]:
        start = (status.document or {}).get("initial_capital")
        return figures.equity(document, f"Equity, {SESSIONS} sessions", start, MIDDLE)

    def alerts(document: Document) -> Iterator[Body]:
        yield figures.alert_lines(document, 4)

    return (
        box("summary", "Portfolio", status, summary, now, span=6, more="/portfolio"),
        box("risk", "Risk", status, risk, now, span=6, more="/risk"),
        box("equity", f"P&L, {SESSIONS} sessions", equity, curve, now, span=8, more="/portfolio"),
        box(
            "alerts",
            "Recent alerts",
            look.panel("alerts.list"),
            alerts,
            now,
            span=4,
            more="/alerts",
            nothing="No alert yet.",
        ),
        box("strategies", "Strategies", look.panel("strategy.list"), compared, now, more="/strategies"),
    )
