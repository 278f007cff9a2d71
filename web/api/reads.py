"""``GET /api/…``: the same documents as the commands' ``--json`` (spec 6.2)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Response

from schemas.documents import alarms, book, control, experiments, learning
from schemas.scalars import Model
from schemas.spans import since_ns
from web.api.answers import answer, known, served
from web.api.queries import AlertsQuery, AuditQuery
from web.parts import Parts
from web.problems import Mistake, Problem
from web.registry import Registry
from web.snapshot import panel

_SNAPSHOT: tuple[tuple[str, str, type[Model], str], ...] = (
    ("/api/status", "status", book.StatusShort, "Mode, figures, strategies and what needs attention"),
    ("/api/portfolio/status", "portfolio.status", book.PortfolioStatus, "Summary of the portfolio"),
    ("/api/portfolio/positions", "portfolio.positions", book.PortfolioPositions, "All positions"),
    ("/api/portfolio/exposure", "portfolio.exposure", book.PortfolioExposure, "Where the money is"),
    ("/api/portfolio/risk", "portfolio.risk", book.PortfolioRisk, "Volatility, value at risk, beta, performance"),
    ("/api/limits", "limits.list", book.LimitsList, "Every limit, its use and its headroom"),
    ("/api/strategies", "strategy.list", control.StrategyList, "All strategies"),
    ("/api/emergency/status", "emergency.status", book.EmergencyStatus, "Mode and open halts"),
)
_ASKED: tuple[tuple[str, str, type[Model], str], ...] = (
    ("/api/config", "config.show", control.ConfigShow, "The configuration in force and where it is"),
    ("/api/learning/status", "learning.status", learning.LearningStatus, "The learning phase and its goals"),
    ("/api/learning/metrics", "learning.metrics", learning.LearningMetrics, "What was learnt and what it cost"),
    ("/api/learning/history", "learning.history", learning.PhaseHistory, "Every phase that was entered"),
    ("/api/learning/experiments", "learning.experiments", experiments.Experiments, "A/B tests that run"),
    ("/api/ab-tests", "abtest.list", experiments.TestList, "All A/B tests"),
)
_NAMED: tuple[tuple[str, str, type[Model], str], ...] = (
    ("/api/strategies/<id>", "strategy.show", control.StrategyShow, "One strategy: figures, holdings, orders"),
    ("/api/strategies/<id>/metrics", "strategy.metrics", control.StrategyMetrics, "Where its result comes from"),
    ("/api/ab-tests/<id>", "abtest.show", experiments.TestStatus, "One A/B test and where it stands"),
    ("/api/ab-tests/<id>/analysis", "abtest.analysis", experiments.TestAnalysis, "Every look at an A/B test"),
    ("/api/alerts/<int:id>", "alerts.show", alarms.AlertsShow, "One alert and what was sent of it"),
)
_DAY_NS = 86_400 * 1_000_000_000
_MINUTE_NS = 60 * 1_000_000_000


def declare(registry: Registry, parts: Parts) -> None:
    """Declare every read."""
    _declare_whole(registry, parts)
    _declare_named(registry, parts)
    _declare_records(registry, parts)


def _declare_whole(registry: Registry, parts: Parts) -> None:
    feed = parts.feed
    for rule, method, model, summary in _SNAPSHOT:

        def read(method: str = method) -> Response:
            return answer(panel(feed.current(), method), feed.now_ns())

        _api(registry, rule, summary, model)(read)

    for rule, method, model, summary in _ASKED:

        def asked(method: str = method) -> Response:
            return answer(feed.ask(method), feed.now_ns())

        _api(registry, rule, summary, model)(asked)


def _declare_named(registry: Registry, parts: Parts) -> None:
    feed = parts.feed

    for rule, method, model, summary in _NAMED:

        def one(id: str | int, method: str = method) -> Response:
            return answer(known(feed.ask(method, id=id)), feed.now_ns())

        _api(registry, rule, summary, model)(one)


def _declare_records(registry: Registry, parts: Parts) -> None:
    feed = parts.feed

    @_api(registry, "/api/alerts", "Recent alerts, newest first", alarms.AlertsList, AlertsQuery)
    def alerts(query: AlertsQuery) -> Response:
        now = feed.now_ns()
        start = _start(query.since, now) if query.since else (now - _DAY_NS) // _MINUTE_NS * _MINUTE_NS
        wanted = {"level": query.level or "", "source": query.source, "state": query.state or ""}
        found = feed.ask("alerts.list", **wanted, since_ns=start, limit=query.limit)
        if found.document is None and query == AlertsQuery():  # what the snapshot has is older, and of all time
            return answer(panel(feed.current(), "alerts.list"), now, {"recent": False})
        return answer(found, now, {"recent": not query.since})

    @_api(registry, "/api/audit/log", "The audit trail, newest first", control.AuditLog, AuditQuery)
    def audit(query: AuditQuery) -> Response:
        now = feed.now_ns()
        start = _start(query.since, now) if query.since else 0
        wanted = {"event": query.event, "actor": query.user, "level": query.level or ""}
        return answer(feed.ask("audit.log", **wanted, since_ns=start, limit=query.limit), now)


def _api(
    registry: Registry, rule: str, summary: str, result: type[Model], query: type[Model] | None = None
) -> Callable[[Callable[..., Response]], Any]:
    name = rule.removeprefix("/api/").replace("/", "_").replace("<int:id>", "one").replace("<id>", "one")
    if query is None:
        return registry.api(rule, summary, name=name, result=served(result), statuses=(304,))
    return registry.api(rule, summary, name=name, result=served(result), query=query, statuses=(304,))


def _start(since: str, now_ns: int) -> int:
    """Raises Problem for what is neither a span nor a date of the past."""
    try:
        return since_ns(since, datetime.fromtimestamp(now_ns / 1_000_000_000, UTC))
    except ValueError as error:
        raise Problem(400, "invalid", str(error), "/api/docs", (Mistake(where="since", message=str(error)),)) from error
