"""``gt risk strategy``"""

import os

import click

from cli.change import Change, carry_out
from cli.names import STRATEGY
from cli.options import Options, act_at_once, emergency_words, json_option, landing, mutating
from cli.output import OK, Document, Failure, emit, finish
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
def pause(id: str, options: Options) -> int:
    """Pause a strategy by a signed commit: only orders that reduce its positions pass."""

    def done(result: Document) -> list[str]:
        cancelled = sum(result["applied"]["cancelled"].values())
        return [f"✓ Strategy paused: {id}", f"✓ {cancelled} pending orders cancelled", _open_positions(id)]

    change = Change(
        {"kind": "set-status", "strategy": id, "status": "paused"},
        lambda _: [f"Pausing strategy: {id}"],
        done,
        f"gt risk strategy pause {id} --yes",
        "gt risk strategy list",
        ask=False,
        default=True,
    )
    return carry_out(change, options)


def _open_positions(id: str) -> str:
    count = ask("strategy.show", {"id": id})["strategy"]["positions"]
    return f"✓ {'n/a' if count is None else count} positions remain open"


@strategy.command()
@click.argument("id", type=STRATEGY)
@click.option("--peak", type=click.Choice(["keep", "rebase"]), help="After a drawdown halt: the high-water mark.")
@click.option("--reviewer", default="", metavar="NAME", help="Who reviewed its halt; the operator when left out.")
@click.option("--note", default="", metavar="TEXT", help="What the review has found: needed after a halt of its own.")
@landing
def resume(id: str, peak: str | None, reviewer: str, note: str, options: Options) -> int:
    """Make a strategy active again by a signed commit that also clears its own open halts, each reviewed."""
    halts = ask("strategy.show", {"id": id})["strategy"]["halts"]
    intent = {"kind": "set-status", "strategy": id, "status": "active", "halts": halts, "peak": peak}
    intent |= {"reviewer": reviewer, "note": note}
    change = Change(
        intent,
        lambda _: [f"Resuming strategy: {id}"],
        lambda _: [f"✓ Strategy resumed: {id}", *(f"✓ Halt reviewed and cleared: {halt[:12]}" for halt in halts)],
        f"gt risk strategy resume {id} --yes",
        "gt risk strategy list",
    )
    return carry_out(change, options)


@strategy.command()
@click.argument("id")
@click.option("--name", default="", metavar="TEXT", help="What people call it; the template's own when left out.")
@click.option("--from", "source", type=STRATEGY, help="Begin with a copy of this strategy instead of the template.")
@landing
def add(id: str, name: str, source: str | None, options: Options) -> int:
    """Write a new strategy, paused, with every field explained, and commit it."""
    intent = {"kind": "add-strategy", "strategy": id, "uid": os.urandom(16).hex(), "name": name, "text": _begin(source)}
    change = Change(
        intent,
        lambda _: [f"Adding strategy: {id}"],
        lambda _: [
            f"✓ Strategy added: {id} (paused)",
            f"  next: gt risk config edit strategies/{id}.yaml, then gt risk strategy resume {id}",
        ],
        f"gt risk strategy add {id} --yes",
        "gt risk strategy list",
    )
    return carry_out(change, options)


def _begin(source: str | None) -> str:
    """The text that a new strategy begins with."""
    if source is None:
        from controller.host.template import template_root

        return (template_root() / "templates" / "strategy.template.yaml").read_text()
    files: dict[str, str] = ask("config.documents")["files"]
    path = f"strategies/{source}.yaml"
    if path not in files:
        ask("strategy.show", {"id": source})
        raise Failure(f"{path} is not in the tip", "gt risk strategy list")
    return files[path]


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
