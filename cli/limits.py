"""``gt risk limits``"""

import click

from cli import reads
from cli.consent import Options
from cli.landing import limits as landed
from cli.names import LIMIT
from cli.options import json_option, landing
from cli.output import emit
from cli.remote import ask
from cli.render.config import limit as render_limit
from cli.tree import Explained, Near

limits = Near("limits", help="View and change risk limits.", no_args_is_help=True)
_LIST = reads.READS["limits", "list"]
_DETAIL = reads.Read("limits.detail", "render.limits:detail", "")


@limits.command("list", cls=Explained, help=_LIST.help)
@click.option("--verbose", "-v", is_flag=True, help="With use, headroom, level, and who set it in which commit.")
@json_option
def list_(verbose: bool, as_json: bool) -> int:
    """Every limit."""
    return reads.run(_DETAIL if verbose else _LIST, as_json)


@limits.command()
@click.argument("name", type=LIMIT)
@json_option
def get(name: str, as_json: bool) -> int:
    """Show one limit: its value, what it means and its default."""
    return emit(ask("limits.get", {"name": name}), as_json, render_limit)


@limits.command("set", context_settings={"ignore_unknown_options": True})  # a negative value is no option
@click.argument("name", type=LIMIT)
@click.argument("value")
@landing
def set_(options: Options, name: str, value: str) -> int:
    """Change a limit by a signed commit and wait until it is in force."""
    return landed.set_limit(options, name, value)


@limits.command()
@click.argument("names", nargs=-1, type=LIMIT, metavar="[LIMIT]...")
@click.option("--all", "everything", is_flag=True, help="Every limit.")
@landing
def reset(options: Options, names: tuple[str, ...], everything: bool) -> int:
    """Set limits back to their defaults by one signed commit."""
    return landed.reset(options, *names, everything=everything)
