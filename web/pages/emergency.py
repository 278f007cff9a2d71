"""``/emergency``: what holds, how much is open, and how to act, on a page of its own that needs no script."""

from collections.abc import Iterator

from web.pages.chrome import MODES
from web.pages.look import STATUSES, Look
from web.pages.model import Body, Box, Figure, Figures, Line, Lines, box
from web.pages.text import ago, moment, money, number, percent
from web.snapshot import Document

_SHORT = 12


def boxes(look: Look) -> tuple[Box, ...]:
    """Spec 3.4 with the figures of ``gt risk emergency status``."""
    panel, now = look.panel("emergency.status"), look.now_ns

    def state(document: Document) -> Iterator[Body]:
        yield _state(document)

    def halts(document: Document) -> Iterator[Body]:
        yield Lines(tuple(_halt(item) for item in document["halts"]), "no halt is open")
        yield Lines(tuple(Line(str(text), "warn") for text in document["liquidation"]), "no liquidation is under way")

    def strategies(document: Document) -> Iterator[Body]:
        yield Lines(tuple(_strategy(item) for item in document["strategies"]), "no strategy is configured")

    return (
        box("state", "State", panel, state, now, span=7),
        box("strategies", "Strategies", panel, strategies, now, span=5),
        box("halts", "Open halts", panel, halts, now),
    )


def _state(document: Document) -> Figures:
    tone, mode = MODES[document["mode"]]
    desired, bound = document["desired_mode"], percent(document["drawdown_limit_pct"])
    return Figures(
        (
            Figure("Trading mode", mode, tone, f"git says {MODES[desired][1].lower()}" if desired in MODES else ""),
            Figure("Positions", number(document["positions"]), note=money(document["portfolio_value"], cents=False)),
            Figure("Working orders", number(document["working_orders"])),
            Figure("Drawdown", percent(document["drawdown_pct"]), note=f"halts at {bound}"),
        )
    )


def _strategy(item: Document) -> Line:
    tone, status = STATUSES[item["status"]]
    return Line(item["id"], tone, status)


def _halt(item: Document) -> Line:
    facts = ", ".join(("in force", *(name for name in ("durable", "adopted", "evidenced") if item[name])))
    where = item["strategy"] or item["scope"]
    opened = f"opened {moment(item['opened'])} ({ago(item['age_seconds'])}) by {item['actor']}"
    reason = item["reason"] or "no reason given yet"
    return Line(f"{where}: {reason}", "bad", item["mode"], f"{item['id'][:_SHORT]}, {opened}; {facts}")
