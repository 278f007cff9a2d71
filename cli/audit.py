"""``gt risk audit``"""

import time
from datetime import datetime
from pathlib import Path

import click

from cli.options import json_option
from cli.output import Document, emit
from cli.remote import ask
from cli.render import audit as render
from cli.since import SINCE
from cli.tree import Near, read_command

audit = Near("audit", help="Read and check the audit trail.", no_args_is_help=True)
audit.add_command(read_command(("audit", "verify")))
_DAY_NS = 86_400 * 1_000_000_000
_MANY = 20_000
_SECONDS = 30.0
_since = click.option("--since", type=SINCE, metavar="WHEN", help="How far back: 2h, 3d, or a date like 2026-01-19.")


@audit.command()
@click.option("--type", "event", default="", metavar="NAME", help="Events that start with NAME (config, emergency, …).")
@click.option("--user", "actor", default="", metavar="NAME", help="Events of one person or service.")
@click.option("--level", type=click.Choice(["all", "info", "warn", "error", "critical"]), help="Events of one level.")
@_since
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many.")
@json_option
def log(event: str, actor: str, level: str | None, since: int | None, limit: int, as_json: bool) -> int:
    """Show the audit log, newest first: one line an event; with --json every record, intents and outcomes apart."""
    named = {"event": event, "actor": actor, "level": level or ""}
    wanted = {key: "" if value == "all" else value for key, value in named.items()}
    records = limit if as_json else limit * 2
    found = ask("audit.log", {**wanted, "since_ns": since or 0, "limit": records})
    return emit(found, as_json, lambda seen: render.log({**seen, "shown": limit}))


@audit.command()
@_since
@json_option
def interventions(since: int | None, as_json: bool) -> int:
    """Show what people did: halts, controls and changes, with their outcome and response time (last 30 days)."""
    now = time.time_ns()
    start = since or now - 30 * _DAY_NS
    found = ask("audit.interventions", {"since_ns": start}, _SECONDS)
    return emit({**found, "days": max(1, round((now - start) / _DAY_NS))}, as_json, render.interventions)


@audit.command("config-changes")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1_000), help="How many commits.")
@json_option
def config_changes(limit: int, as_json: bool) -> int:
    """Show every change of the configuration: who, what from where to where, why, at which revision."""
    from cli.history import history

    commits = history(limit)
    oldest = min((item["time"] for item in commits["commits"]), default="")
    since = int(datetime.fromisoformat(oldest).timestamp()) * 1_000_000_000 if oldest else 0
    events = ask("audit.log", {"since_ns": since, "limit": _MANY}, _SECONDS)["events"]
    changes = _changes(commits["commits"], render.folded(events))
    document = {"repository": commits["repository"], "changes": changes, "attention": commits["attention"]}
    return emit(document, as_json, render.config_changes)


def _changes(commits: list[Document], events: list[Document]) -> list[Document]:
    """Each commit with the audit record of its application; one without was applied together with the next one."""
    by_revision = {item["revision"]: item for item in events if item["kind"] == "intent" and item["revision"]}
    found = []
    for commit in commits:
        event = by_revision.get(commit["commit"])
        found.append(
            {
                "time": commit["time"],
                "revision": commit["commit"],
                "actor": commit["author"],
                "channel": event["channel"] if event else "git",
                "subject": commit["subject"],
                "moved": render.moved(event["before"], event["after"]) if event else [],
                "reason": commit["reason"] or (event["reason"] if event else ""),
                "outcome": event["outcome"] if event else commit["state"] or "not recorded by itself",
                "audit_id": commit["audit_id"],
            }
        )
    return found


@audit.command()
@click.option(
    "--format", "kind", default="jsonl", show_default=True, type=click.Choice(["jsonl", "csv"]), help="Which."
)
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="A new file, only yours to read.")
@json_option
def export(kind: str, output: Path | None, as_json: bool) -> int:
    """Write the whole audit chain, oldest first, with its verified head: to standard output or to a file."""
    from cli.export import export_chain

    return export_chain(kind, output, as_json)
