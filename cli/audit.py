"""``gt risk audit``"""

import click

from cli.options import json_option
from cli.output import emit
from cli.remote import ask
from cli.render.audit import log as render_log
from cli.tree import Near, read_command

audit = Near("audit", help="Read and check the audit trail.", no_args_is_help=True)
audit.add_command(read_command(("audit", "verify")))


@audit.command()
@click.option("--type", "event", default="", metavar="NAME", help="Events that start with NAME (config, emergency, …).")
@click.option("--user", "actor", default="", metavar="NAME", help="Events of one person or service.")
@click.option("--level", type=click.Choice(["info", "warn", "error", "critical"]), help="Events of one level.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many.")
@json_option
def log(event: str, actor: str, level: str | None, limit: int, as_json: bool) -> int:
    """Show the audit log, newest first: one line an event; with --json every record, intents and outcomes apart."""
    wanted = {"event": "" if event == "all" else event, "actor": "" if actor == "all" else actor}
    records = limit if as_json else limit * 2
    found = ask("audit.log", {**wanted, "level": level or "", "limit": records})
    return emit(found, as_json, lambda seen: render_log({**seen, "shown": limit}))
