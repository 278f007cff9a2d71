"""Reads without arguments: one table for the click tree and for the short way that needs no click.

Importing click alone costs four bare starts of Python; the reads that people and scripts repeat go without it.
"""

from importlib import import_module
from typing import NamedTuple

from cli.output import Render, emit
from cli.remote import ask


class Read(NamedTuple):
    """Method of the service, ``module:function`` that renders it, and the help line."""

    method: str
    render: str
    help: str


READS: dict[tuple[str, ...], Read] = {
    ("status",): Read("status", "render.status:status", "Show the current risk status."),
    ("limits", "list"): Read("limits.list", "render.config:limits", "List all limits."),
    ("strategy", "list"): Read("strategy.list", "render.strategy:listing", "List all strategies."),
    ("learning", "experiments"): Read("learning.experiments", "render.experiments:experiments", "List running tests."),
    ("ab-test", "list"): Read("abtest.list", "render.ab_test:listing", "List A/B tests and what was decided."),
    ("portfolio", "status"): Read("portfolio.status", "render.portfolio:status", "Summarise the portfolio."),
    ("portfolio", "positions"): Read("portfolio.positions", "render.portfolio:positions", "List all positions."),
    ("portfolio", "exposure"): Read("portfolio.exposure", "render.risk:exposure", "Show where the money is."),
    ("portfolio", "risk"): Read("portfolio.risk", "render.risk:risk", "Show volatility, value at risk, beta."),
    ("emergency", "status"): Read("emergency.status", "render.status:emergency", "Show open halts and the mode."),
    ("config", "show"): Read("config.show", "render.config:show", "Show the configuration in force and where it is."),
    ("trust", "list"): Read("trust.list", "render.trust:listing", "Show signers, rules and who may change them."),
    ("learning", "status"): Read("learning.status", "render.learning:status", "Show the phase and its progress."),
    ("learning", "phase", "show"): Read("learning.phase", "render.learning:show", "Show what the phase allows."),
    ("learning", "phase", "history"): Read("learning.history", "render.learning:history", "List the phases so far."),
    ("learning", "metrics"): Read("learning.metrics", "render.learning_metrics:metrics", "Show what was learned."),
    ("audit", "verify"): Read("audit.verify", "render.audit:chain", "Recompute the audit chain."),
}


def short_way(argv: list[str]) -> tuple[Read, bool] | None:
    """The read that ``argv`` names, with whether JSON is wanted; None for anything with other options."""
    words = tuple(word for word in argv if word != "--json")
    read = READS.get(words)
    return (read, len(words) < len(argv)) if read is not None else None


def run(read: Read, as_json: bool) -> int:
    """Ask and print; the exit code."""
    return emit(ask(read.method), as_json, renderer(read.render))


def renderer(where: str) -> Render:
    """The function named ``module:function`` below ``cli``."""
    module, _, name = where.partition(":")
    render: Render = getattr(import_module(f"cli.{module}"), name)
    return render
