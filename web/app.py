"""The dashboard's application: the one place that knows every room."""

import time
from collections.abc import Callable
from contextlib import ExitStack

from flask import Flask, render_template

from web import headers, probes, problems
from web.api import docs, reads
from web.controls import pages as controls_pages
from web.controls import routes as controls
from web.feed import Feed
from web.live import routes as live
from web.options import Options
from web.pages import routes
from web.parts import Parts
from web.problems import ProblemDocument
from web.registry import Registry
from web.security.room import make_security


def create_app(
    options: Options, feed: Feed, ends: ExitStack | None = None, ticks: Callable[[], float] = time.monotonic
) -> Flask:
    """The application on ``feed``, which somebody else starts and stops; what it opens itself is closed by ``ends``.
    ``ticks`` are seconds that never go back, for rates and whatever is good for a while.

    Raises Undeclared for a rule of nobody's, and as :class:`web.security.accounts.Accounts`.
    """
    ends = ends or ExitStack()
    app = Flask("web", static_folder=None)
    parts = Parts(options, feed)
    registry = Registry()
    security = make_security(options, feed.now_ns, ticks, ends)
    for room in (routes, reads, live, probes, docs):
        room.declare(registry, parts)
    security.declare(registry)
    acting = controls.make_controls(options, feed, ticks, ends)
    controls.declare(registry, acting)
    controls_pages.declare(registry, acting.desk)
    controls_pages.add_context(app, options)
    routes.add_context(app, parts)
    problems.install(app, lambda problem: _error_page(problem, security.layout()))
    headers.install(app, always=options.tls and not options.loopback)
    parts.meters.install(app, registry)
    registry.install(app, security.guard)
    return app


def _error_page(problem: ProblemDocument, layout: str) -> str:
    return render_template("error.html", title=problem.title, problem=problem, layout=layout)
