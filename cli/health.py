"""``gt risk health``"""

import click

from cli.options import json_option
from cli.output import ATTENTION, OK, Document, finish
from cli.remote import ask, home
from cli.render import health as render
from cli.tree import Explained


@click.command(cls=Explained)
@click.option("--metrics", is_flag=True, help="Print the figures for Prometheus instead.")
@json_option
def health(metrics: bool, as_json: bool) -> int:
    """Check every component: exit code 0 when all are well, 3 when one is not."""
    found = ask("health")
    lines, samples = [*found["components"]], [*found["metrics"]]
    lines.insert(2, runner := _runner())
    samples.append({**samples[0], "labels": {"component": "runner"}, "value": runner["state"] == "ok"})
    bad = [f"{item['name']}: {item['message']}" for item in lines if item["state"] != "ok"]
    document = {**found, "components": lines, "metrics": samples, "attention": bad}
    return finish(document, ATTENTION if bad else OK, as_json, render.metrics if metrics else render.components)


def _runner() -> Document:
    """The runner says nothing by itself; the lock on its pid file tells whether it lives."""
    from pathlib import Path

    from controller.host.pidfile import holder

    pid = holder(Path(home()) / "run" / "runner.pid")
    if pid is None:
        return {"name": "runner", "state": "error", "message": "down: nothing trades", "hint": "gt risk service start"}
    return {"name": "runner", "state": "ok", "message": f"up, pid {pid}", "hint": ""}
