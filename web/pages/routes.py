"""The pages' addresses. A request by htmx gets what changes on a page and not what stands around it."""

from collections.abc import Callable

from flask import Flask, Response, render_template, request

from web.pages import overview
from web.pages.chrome import chrome
from web.pages.model import Box
from web.parts import Parts
from web.registry import Registry
from web.snapshot import Snapshot

THEME = "theme"


def declare(registry: Registry, parts: Parts) -> None:
    """Declare every page."""

    @registry.page("/", "How the book stands, on one screen", name="overview")
    def overview_page() -> str:
        return _page(parts, "Overview", overview.boxes)

    @registry.asset("/static/<path:name>", "A style sheet, a script or a drawing", name="static")
    def static(name: str) -> Response:
        return parts.assets.answer(name)


def add_context(app: Flask, parts: Parts) -> None:
    """What every template knows: ``chrome``, and whether only a ``part`` of the page was asked for."""

    @app.context_processor
    def context() -> dict[str, object]:
        theme = request.cookies.get(THEME, "")
        now = parts.feed.now_ns()
        made = chrome(parts.feed.current(), parts.options, request.path, theme, now)
        return {"chrome": made, "asset": parts.assets.url, "part": "HX-Request" in request.headers}


def _page(parts: Parts, title: str, boxes: Callable[[Snapshot, int], tuple[Box, ...]]) -> str:
    shown = boxes(parts.feed.current(), parts.feed.now_ns())
    return render_template("page.html", title=title, boxes=shown)
