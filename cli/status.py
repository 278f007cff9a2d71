"""``gt risk status`` with its options; plain ``status`` goes the short way of :mod:`cli.reads`."""

import click

from cli import reads
from cli.options import json_option
from cli.tree import Explained

DETAIL = reads.Read("status.detail", "render.detail:detail", "")


@click.command(cls=Explained, help=reads.READS[("status",)].help)
@click.option("--watch", "-w", is_flag=True, help="Show it again every 2 seconds, until Ctrl-C.")
@click.option("--verbose", "-v", is_flag=True, help="With every limit, strategy, revision, condition and halt.")
@json_option
def status(watch: bool, verbose: bool, as_json: bool) -> int:
    """The overview, once or again and again."""
    read = DETAIL if verbose else reads.READS[("status",)]
    if not watch:
        return reads.run(read, as_json)
    from cli.watch import watch as show

    return show(read.method, reads.renderer(read.render), as_json)
