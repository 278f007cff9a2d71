"""``gt risk strategy``"""

import click

from cli.consent import Options
from cli.landing import strategy as landed
from cli.names import STRATEGY
from cli.options import act_at_once, emergency_words, json_option, landing, mutating
from cli.output import OK, emit, finish
from cli.remote import ask
from cli.render.strategy import details
from cli.render.strategy import metrics as render_metrics
from cli.tree import Near, read_command

strategy = Near("strategy", help="Control strategies.", no_args_is_help=True)
strategy.add_command(read_command(("strategy", "list")))


@strategy.command()
@click.argument("id", type=STRATEGY)
@json_option
def show(id: str, as_json: bool) -> int:
    """Show one strategy: results, positions, capital, newest orders."""
    return emit(ask("strategy.show", {"id": id}), as_json, details)


@strategy.command()
@click.argument("id", type=STRATEGY)
@json_option
def metrics(id: str, as_json: bool) -> int:
    """Show where one strategy's result comes from: return, risk, trades, capital."""
    return emit(ask("strategy.metrics", {"id": id}), as_json, render_metrics)


@strategy.command()
@click.argument("id", type=STRATEGY)
@landing
def pause(options: Options, id: str) -> int:
    """Pause a strategy by a signed commit: only orders that reduce its positions pass."""
    return landed.pause(options, id)


@strategy.command()
@click.argument("id", type=STRATEGY)
@click.option("--peak", type=click.Choice(["keep", "rebase"]), help="After a drawdown halt: the high-water mark.")
@click.option("--reviewer", default="", metavar="NAME", help="Who reviewed its halt; the operator when left out.")
@click.option("--note", default="", metavar="TEXT", help="What the review has found: needed after a halt of its own.")
@landing
def resume(options: Options, id: str, peak: str | None, reviewer: str, note: str) -> int:
    """Make a strategy active again by a signed commit that also clears its own open halts, each reviewed."""
    return landed.resume(options, id, peak, reviewer, note)


@strategy.command()
@click.argument("id")
@click.option("--name", default="", metavar="TEXT", help="What people call it; the template's own when left out.")
@click.option("--from", "source", type=STRATEGY, help="Begin with a copy of this strategy instead of the template.")
@landing
def add(options: Options, id: str, name: str, source: str | None) -> int:
    """Write a new strategy, paused, with every field explained, and commit it."""
    return landed.add(options, id, name, source)


@strategy.command()
@click.argument("id", type=STRATEGY)
@mutating
def halt(id: str, reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Halt one strategy at once and cancel its working orders; only a person lifts it."""
    if dry_run:
        from cli.fast_screen import strategy_plan

        known = ask("strategy.show", {"id": id})["strategy"]["id"]
        plan = list(strategy_plan(known))
        return finish({"dry_run": True, "scope": known, "mode": "halt-all", "plan": plan}, OK, as_json, lambda _: plan)
    return act_at_once(emergency_words(("strategy", "halt", id), reason, yes, as_json))
