"""``gt risk completion``: the shell's side of completion; what may follow is asked of the command tree itself."""

from importlib.resources import files

import click

from cli.options import json_option
from cli.output import emit
from cli.tree import Explained

SHELLS = ("bash", "zsh", "fish")


@click.command(cls=Explained)
@click.argument("shell", type=click.Choice(SHELLS))
@json_option
def completion(shell: str, as_json: bool) -> int:
    """Print the completion script of a shell, for gt-risk and for gt risk."""
    text = script(shell)
    return emit({"shell": shell, "script": text}, as_json, lambda seen: [seen["script"].removesuffix("\n")])


def script(shell: str) -> str:
    """The script of one of :data:`SHELLS`, which asks ``gt-risk`` what may follow."""
    return files("cli").joinpath("share", f"gt-risk.{shell}").read_text()
