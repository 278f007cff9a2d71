"""``gt-risk hook NAME``: what git's hooks of the config repo run; not for people."""

import sys
from pathlib import Path

import click

from cli.remote import home


@click.command(hidden=True, context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("arguments", nargs=-1)
def hook(name: str, arguments: tuple[str, ...]) -> int:
    """Run one hook of the config repo or the clone."""
    from controller.adapters.git.hooks import run
    from controller.home import Home

    return run(Home(Path(home())), name, arguments, sys.stdin)
