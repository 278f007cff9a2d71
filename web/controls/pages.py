"""What a dashboard with controls shows besides: what may be done on a page, and what waits for a signature."""

from flask import Flask, render_template, request

from web.controls.act import Desk
from web.controls.links import links
from web.controls.routes import ACTS
from web.options import Options
from web.pages.text import ago, money, number
from web.registry import Registry
from web.security.guard import me
from web.snapshot import panel


def declare(registry: Registry, desk: Desk) -> None:
    """Declare the two pages."""

    @registry.page("/portfolio/positions/<symbol>", "What is held in one symbol, and how to leave it", name="position")
    def position(symbol: str) -> str:
        found = panel(desk.feed.current(), "portfolio.positions")
        held = [item for item in (found.document or {}).get("positions", ()) if item["symbol"] == symbol]
        rows = [
            (
                item["strategy"],
                number(item["quantity"]),
                money(item["entry"]),
                money(item["current"]),
                money(item["pnl"]),
            )
            for item in held
        ]
        heads = ("Strategy", "Quantity", "Entry", "Now", "P&L")
        reason = found.reason or ("" if rows else "nothing is held in it")
        return render_template("controls/rows.html", title=symbol, heads=heads, rows=rows, reason=reason)

    @registry.page("/config/proposals", "What was asked for here and waits for a signature", name="proposals")
    def proposals() -> str:
        now = desk.feed.now_ns()
        rows = [
            (
                item.what,
                item.by,
                item.reason,
                ago((now - item.made_ns) // 1_000_000_000),
                f"gt risk config sign {item.id}",
            )
            for item in desk.proposals.waiting(now)
        ]
        heads = ("What", "Asked for by", "Reason", "When", "To sign it")
        reason = "" if rows else "nothing waits for a signature"
        return render_template("controls/rows.html", title="Proposals", heads=heads, rows=rows, reason=reason)


def add_context(app: Flask, options: Options) -> None:
    """What every template knows besides: ``me``, and the ``acts`` of the page that is asked for."""

    @app.context_processor
    def context() -> dict[str, object]:
        who = me()
        return {"me": who, "acts": links(ACTS, request.path, who) if options.controls else ()}
