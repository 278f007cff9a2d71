"""``/``: how the book stands, on one screen."""

from collections.abc import Iterator

from web.pages.model import Body, Box, Figure, Figures, Tone, box
from web.pages.text import money, percent
from web.snapshot import Document, Snapshot, panel


def boxes(snapshot: Snapshot, now_ns: int) -> tuple[Box, ...]:
    """Spec 3.2.1."""
    status = panel(snapshot, "portfolio.status")
    return (box("summary", "Portfolio", status, _summary, now_ns, span=6, more="/portfolio"),)


def _summary(document: Document) -> Iterator[Body]:
    pnl = document["pnl"]
    tone: Tone = "" if pnl is None else "ok" if pnl >= 0 else "bad"
    yield Figures(
        (
            Figure("Equity", money(document["equity"]), note=f"peak {money(document['peak_equity'])}"),
            Figure("P&L", money(pnl, sign=True), tone, percent(document["pnl_pct"], sign=True, digits=2)),
            Figure("Drawdown", percent(document["drawdown_pct"])),
            Figure("Cash", money(document["cash"])),
        )
    )
