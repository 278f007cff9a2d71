"""``/health`` and ``/metrics``: for machines that watch, this one without a login."""

import json
from typing import Literal

from flask import Response

from schemas.exposition import MEDIA_TYPE, exposition
from schemas.scalars import Model
from web.parts import Parts
from web.registry import Registry, Role
from web.snapshot import Panel


class SourceHealth(Model):
    """One of the documents that the dashboard shows: how it is, and how old; null when it was never read."""

    name: str
    state: Literal["ok", "empty", "stale", "error"]
    age_seconds: int | None


class DashboardHealth(Model):
    """``/health``: the dashboard answers; ``ok`` when all that it shows is there and fresh."""

    ok: bool
    sources: tuple[SourceHealth, ...]
    streams: int


def declare(registry: Registry, parts: Parts) -> None:
    """Declare both."""
    feed = parts.feed

    @registry.probe("/health", "Whether what is shown is there and fresh", role=Role.VIEWER, result=DashboardHealth)
    def health() -> Response:
        now = feed.now_ns()
        sources = tuple(_source(name, item, now) for name, item in feed.current().panels.items())
        well = bool(sources) and all(item.state in ("ok", "empty") for item in sources)
        found = DashboardHealth(ok=well, sources=sources, streams=parts.seats.count())
        return Response(json.dumps(found.model_dump(mode="json")), 200 if well else 503, mimetype="application/json")

    @registry.probe("/metrics", "Figures for Prometheus: the dashboard's and the controller's", role=Role.VIEWER)
    def metrics() -> Response:
        panel = feed.ask("health")
        theirs = panel.document["metrics"] if panel.document and panel.state != "stale" else ()
        up = {"name": "gt_risk_up", "help": "1 when the controller answers.", "value": bool(theirs), "labels": {}}
        lines = exposition([up, *parts.meters.samples(parts.seats), *theirs])
        return Response("\n".join(lines) + "\n", content_type=f"{MEDIA_TYPE}; charset=utf-8")


def _source(name: str, panel: Panel, now_ns: int) -> SourceHealth:
    age = max(0, now_ns - panel.as_of_ns) // 1_000_000_000 if panel.as_of_ns else None
    return SourceHealth(name=name, state=panel.state, age_seconds=age)
