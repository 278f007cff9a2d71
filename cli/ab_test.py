"""``gt risk ab-test``"""

import sys
from typing import Any

import click

from cli.consent import Options
from cli.landing import ab_test as landed
from cli.names import STRATEGY
from cli.options import json_option, landing
from cli.output import emit
from cli.remote import ask
from cli.render import ab_test as render
from cli.tree import Near, read_command

ab_test = Near("ab-test", help="A/B tests: begin, look at, end and roll out.", no_args_is_help=True)
ab_test.add_command(read_command(("ab-test", "list")))


@ab_test.command()
@click.argument("id")
@json_option
def status(id: str, as_json: bool) -> int:
    """Show where one test stands; its p holds however often one looks."""
    return emit(ask("abtest.show", {"id": id}), as_json, render.details)


@ab_test.command()
@click.option("--strategy", type=STRATEGY, help="The strategy that is tested.")
@click.option("--name", metavar="TEXT", help="What people call the test.")
@click.option("--variant-a", default="Current", metavar="TEXT", help='Control, "name (description)".')
@click.option("--variant-b", default="New", metavar="TEXT", help="Treatment.")
@click.option("--param-a", multiple=True, metavar="KEY=VALUE", help="A parameter of A other than the strategy's own.")
@click.option("--param-b", multiple=True, metavar="KEY=VALUE", help="A parameter of B other than the strategy's own.")
@click.option("--duration", default="14d", metavar="DAYS", help="At most so many days of the market's clock.")
@click.option("--traffic-split", default="50/50", metavar="A/B", help="Percent of new signals of each.")
@click.option("--metric", default="sharpe", type=click.Choice(sorted(render.METRICS)), help="What decides.")
@click.option("--n-max", default=120, metavar="N", help="Observations of both after which it ends.")
@click.option("--paired", is_flag=True, help="Both run in shadow each day; the book trades as A.")
@click.option("--hypothesis", default="", metavar="TEXT", help="What is expected, and why.")
@click.option("--from", "source", type=click.Path(exists=True, dir_okay=False), help="A whole document instead.")
@landing
def create(options: Options, source: str | None, **given: Any) -> int:
    """Begin a test by a signed commit, after saying what it can see. It never changes afterwards."""
    if source is None and not (given["strategy"] and given["name"]):
        raise click.UsageError("name --strategy and --name, or --from FILE")
    return landed.create(options, source, given)


@ab_test.command()
@click.argument("id")
@landing
def stop(options: Options, id: str) -> int:
    """End a test for ever by a signed commit: every new signal goes to A."""
    return landed.stop(options, id)


@ab_test.command()
@click.argument("id")
@landing
def analyze(options: Options, id: str) -> int:
    """Show all that a test has found; archive a decided one, with the winner's configuration, by a signed commit."""
    document = ask("abtest.analysis", {"id": id})
    item = document["test"]
    undecided = item["state"] in ("collecting", "running", "stopped")
    asks = options.yes or options.dry_run or bool(options.plan) or sys.stdin.isatty()
    if undecided or item["status"] != "active" or not asks:
        return emit(document, options.as_json, render.analysis)
    return landed.archive(options, document)


@ab_test.command()
@click.argument("id")
@click.option("--to", type=click.Choice(["0", "10", "25", "50", "100"]), help="Percent of new signals; else the next.")
@landing
def rollout(options: Options, id: str, to: str | None) -> int:
    """Give B, which has won, its next share of new signals by a signed commit; at 100 the strategy trades as B."""
    return landed.rollout(options, id, None if to is None else int(to))
