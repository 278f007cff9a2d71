"""``gt risk alerts``"""

import time

import click

from cli.options import json_option
from cli.output import ERROR, OK, USAGE, Failure, emit, finish
from cli.remote import ask
from cli.render import alerts as render
from cli.since import SINCE, SPAN
from cli.tree import Near

alerts = Near("alerts", help="See alerts, acknowledge and silence them, try channels.", no_args_is_help=True)
_DAY_NS = 86_400 * 1_000_000_000
_LEVELS = ("all", "INFO", "WARN", "ERROR", "CRITICAL")
_STATES = ("all", "open", "acked", "resolved")
_SECONDS = 60.0
_reason = click.option("--reason", "-r", default="", metavar="TEXT", help="Why; goes into the audit log.")


@alerts.command("list")
@click.option("--level", type=click.Choice(_LEVELS, case_sensitive=False), help="Alerts of one level.")
@click.option("--source", default="", metavar="NAME", help="Alerts about one thing (emergency, strategy, config, …).")
@click.option("--state", type=click.Choice(_STATES), help="Alerts that are open, acknowledged or resolved.")
@click.option("--since", type=SINCE, metavar="WHEN", help="How far back: 2h, 3d, or a date like 2026-01-19.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many.")
@click.option("--verbose", "-v", is_flag=True, help="With numbers, for show, ack and silence, and states.")
@json_option
def listing(
    level: str | None, source: str, state: str | None, since: int | None, limit: int, verbose: bool, as_json: bool
) -> int:
    """List alerts, newest first (last 24 hours); the counts below are of all of that time."""
    wanted = {"level": (level or "").upper(), "state": state or "", "source": source}
    params = {key: "" if value.lower() == "all" else value for key, value in wanted.items()}
    start = time.time_ns() - _DAY_NS if since is None else since
    found = ask("alerts.list", {**params, "since_ns": start, "limit": limit})
    return emit({**found, "recent": since is None}, as_json, render.numbered if verbose else render.listing)


@alerts.command()
@click.argument("number", metavar="ID", type=click.IntRange(1))
@json_option
def show(number: int, as_json: bool) -> int:
    """Show one alert and what was sent of it."""
    return emit(ask("alerts.show", {"id": number}), as_json, render.show)


@alerts.command()
@click.argument("numbers", metavar="ID...", nargs=-1, required=True, type=click.IntRange(1))
@_reason
@json_option
def ack(numbers: tuple[int, ...], reason: str, as_json: bool) -> int:
    """Acknowledge alerts by number: no more reminders; one of a single event is over. Desired state stays as it is."""
    found = ask("alerts.ack", {"ids": list(dict.fromkeys(numbers)), "note": " ".join(reason.split())})
    return finish(found, OK, as_json, render.acknowledged)


@alerts.command()
@click.option("--rules", is_flag=True, help="Every rule with level, channels and what raises it.")
@json_option
def config(rules: bool, as_json: bool) -> int:
    """Show the alert configuration in force, and channels that fail."""
    return emit(ask("alerts.config"), as_json, render.rules if rules else render.config)


@alerts.command()
@click.argument("number", metavar="[ID]", required=False, type=click.IntRange(1))
@click.option("--rule", default="", metavar="NAME", help="Alerts of one rule; its CRITICAL ones are sent all the same.")
@click.option("--for", "span", type=SPAN, metavar="SPAN", help="How long: 30m, 2h, 3d (at most 30 days).")
@click.option("--end", "ended", type=click.IntRange(1), metavar="N", help="End silence N now.")
@_reason
@json_option
def silence(number: int | None, rule: str, span: int | None, ended: int | None, reason: str, as_json: bool) -> int:
    """Send nothing of one alert or of one rule for a while; without arguments: the silences in force."""
    line = " ".join(reason.split())
    if ended is not None:
        return emit(ask("alerts.unsilence", {"id": ended, "reason": line}), as_json, render.silences)
    if number is None and not rule:
        return emit(ask("alerts.silences"), as_json, render.silences)
    if (number is None) == (not rule) or span is None or not line:
        message = "name an alert or a rule, how long (--for) and why (--reason)"
        raise Failure(message, "gt risk alerts silence --help", USAGE, "Usage")
    params = {"id": number or 0, "rule": rule, "until_ns": time.time_ns() + span, "reason": line}
    return finish(ask("alerts.silence", params), OK, as_json, render.silenced)


@alerts.command()
@click.argument("channel", type=click.Choice(["dashboard", "logs", "email", "slack", "apprise"]))
@json_option
def test(channel: str, as_json: bool) -> int:
    """Send a test message by one channel now."""
    found = ask("alerts.test", {"channel": channel}, _SECONDS)
    if not found["taken"]:
        raise Failure(f"{channel}: {found['said']}", found["hint"] or "gt risk alerts config", ERROR, "ChannelFailed")
    return finish(found, OK, as_json, lambda seen: [f"✓ {seen['channel']}: {seen['said']}"])
