"""The dashboard's application: the one place that knows every room."""

from flask import Flask, render_template

from web import headers, problems
from web.api import reads
from web.feed import Feed
from web.live import routes as live
from web.options import Options
from web.pages import routes
from web.parts import Parts
from web.problems import ProblemDocument
from web.registry import Registry


def create_app(options: Options, feed: Feed) -> Flask:
    """The application on ``feed``, which somebody else starts and stops. Raises Undeclared for a rule of nobody's."""
    app = Flask("web", static_folder=None)
    parts = Parts(options, feed)
    registry = Registry()
    for room in (routes, reads, live):
        room.declare(registry, parts)
    routes.add_context(app, parts)
    problems.install(app, _error_page)
    headers.install(app, options.tls)
    registry.install(app, lambda _: None)
    return app


def _error_page(problem: ProblemDocument) -> str:
    return render_template("error.html", title=problem.title, problem=problem)
