"""The pages' addresses. A request by htmx gets what changes on a page and not what stands around it."""

from collections.abc import Callable, Sequence

from flask import Flask, Response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from web.pages import alerts, audit, config, emergency, learning, overview, portfolio, risk, strategies, trials
from web.pages.chrome import chrome
from web.pages.look import Look
from web.pages.model import Box
from web.pages.queries import AlertsQuery, AuditQuery, CurveQuery, PositionsQuery, ThemeQuery
from web.parts import Parts
from web.registry import Registry

THEME = "theme"
YEAR_SECONDS = 31_536_000
Make = Callable[[Look], tuple[Box, ...]]
PLAIN: tuple[tuple[str, str, str, Make], ...] = (
    ("/", "Overview", "How the book stands, on one screen", overview.boxes),
    ("/risk", "Risk", "What the book may lose, and how near its limits are", risk.boxes),
    ("/strategies", "Strategies", "How the strategies compare", strategies.listing),
    ("/ab-tests", "A/B tests", "Tests of variants and what was decided", trials.listing),
    ("/config", "Configuration", "What git says, what is in force, and who signed it", config.boxes),
)
"""Pages that take no parameters: address, title, summary, boxes."""


def declare(registry: Registry, parts: Parts) -> None:
    """Declare every page."""
    for rule, title, summary, make in PLAIN:
        _plain(registry, parts, rule, title, summary, make)
    _portfolio(registry, parts)
    _learning(registry, parts)
    _records(registry, parts)
    _emergency(registry, parts)
    _front(registry, parts)


def _plain(registry: Registry, parts: Parts, rule: str, title: str, summary: str, make: Make) -> None:
    @registry.page(rule, summary, name=rule.strip("/").replace("-", "_") or "overview")
    def page() -> str:
        return _page(parts, title, make)


def _portfolio(registry: Registry, parts: Parts) -> None:
    tabs = portfolio.TABS

    @registry.page("/portfolio", "The book's money over time", name="portfolio", query=CurveQuery)
    def summary(query: CurveQuery) -> str:
        return _page(parts, "Portfolio", lambda look: portfolio.summary(look, query.sessions), tabs)

    @registry.page("/portfolio/positions", "What the book holds", name="positions", query=PositionsQuery)
    def positions(query: PositionsQuery) -> str:
        return _page(parts, "Portfolio", lambda look: portfolio.positions(look, query.given()), tabs)

    @registry.page("/portfolio/exposure", "Where the money is", name="exposure")
    def exposure() -> str:
        return _page(parts, "Portfolio", portfolio.exposure, tabs)

    @registry.page(
        "/positions", "What the book holds, at the address of spec 3.2.2", name="positions_moved", statuses=(308,)
    )
    def moved() -> Answer:
        return redirect("/portfolio/positions", 308)

    @registry.page("/strategies/<id>", "One strategy: results, holdings, trades", name="strategy")
    def strategy(id: str) -> str:
        return _page(parts, id, lambda look: strategies.one(look, id))


def _learning(registry: Registry, parts: Parts) -> None:
    tabs = learning.TABS

    @registry.page("/learning", "The phase, and how far each strategy is", name="learning")
    def progress() -> str:
        return _page(parts, "Learning", learning.progress, tabs)

    @registry.page("/learning/experiments", "Experiments under way", name="experiments")
    def experiments() -> str:
        return _page(parts, "Learning", learning.experiments, tabs)

    @registry.page("/ab-tests/<id>", "One test: how both variants do, and how sure that is", name="ab_test")
    def test(id: str) -> str:
        return _page(parts, id, lambda look: trials.one(look, id))


def _records(registry: Registry, parts: Parts) -> None:
    @registry.page("/alerts", "Alerts, the newest first", name="alerts", query=AlertsQuery)
    def listing(query: AlertsQuery) -> str:
        return _page(parts, "Alerts", lambda look: alerts.listing(look, query.given()))

    @registry.page("/alerts/<int:id>", "One alert and where it was sent", name="alert")
    def alert(id: int) -> str:
        return _page(parts, f"Alert {id}", lambda look: alerts.one(look, id))

    @registry.page("/audit", "Who did what, when and why", name="audit", query=AuditQuery)
    def log(query: AuditQuery) -> str:
        return _page(parts, "Audit", lambda look: audit.boxes(look, query.given()))


def _emergency(registry: Registry, parts: Parts) -> None:
    @registry.page("/emergency", "What holds, and how to halt", name="emergency")
    def page() -> str:
        return _page(parts, "Emergency", emergency.boxes, scripts=False)


def _front(registry: Registry, parts: Parts) -> None:
    @registry.page("/theme", "Choose the colours, and go back", name="theme", query=ThemeQuery, statuses=(303,))
    def theme(query: ThemeQuery) -> Answer:
        answer = redirect(query.back, 303)
        secure = parts.options.tls
        answer.set_cookie(THEME, query.to, YEAR_SECONDS, samesite="Lax", httponly=True, secure=secure)
        return answer

    @registry.asset("/static/<path:name>", "A style sheet, a script or a drawing", name="static")
    def static(name: str) -> Response:
        return parts.assets.answer(name)


def add_context(app: Flask, parts: Parts) -> None:
    """What every template knows: ``chrome``, and whether only a ``part`` of the page was asked for."""

    @app.context_processor
    def context() -> dict[str, object]:
        theme = request.cookies.get(THEME, "")
        now = parts.feed.now_ns()
        made = chrome(parts.feed.current(), parts.options, _address(), theme, now)
        return {"chrome": made, "asset": parts.assets.url, "part": "HX-Request" in request.headers}


def _page(parts: Parts, title: str, make: Make, tabs: Sequence[tuple[str, str]] = (), *, scripts: bool = True) -> str:
    look = Look(parts.feed.current(), parts.feed.ask, parts.feed.now_ns(), request.path)
    return render_template("page.html", title=title, boxes=make(look), tabs=tabs, scripts=scripts)


def _address() -> str:
    """Path and query as they were asked for."""
    return request.full_path if request.query_string else request.path
