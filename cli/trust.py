"""``gt risk trust``"""

from pathlib import Path

import click

from cli.consent import Options
from cli.landing import trust as landed
from cli.options import json_option, landing
from cli.output import USAGE, Failure, emit
from cli.remote import ask
from cli.render import trust as render
from cli.tree import Near, read_command

_ROLES = ("admin", "risk-officer", "operator", "emergency", "liquidate", "owner", "bot", "web", "forge")
trust = Near("trust", help="Who may do what: signers, keys, roles and rules.", no_args_is_help=True)
trust.add_command(read_command(("trust", "list")))
_roles = click.option("--role", "roles", multiple=True, type=click.Choice(_ROLES), help="What it may do; repeatable.")


@trust.command()
@click.argument("principal", default="")
@click.option("--key", default="", metavar="KEY", help="Public key file, a line of ssh-add -L, or OpenPGP fingerprint.")
@click.option(
    "--from",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Every key of an allowed_signers file.",
)
@_roles
@landing
def add(options: Options, principal: str, key: str, file: Path | None, roles: tuple[str, ...]) -> int:
    """List a signer's key with its roles, or all of an allowed_signers file."""
    if not roles or (file is None) == (not principal or not key):
        text = "name PRINCIPAL and --key, or --from FILE, and at least one --role"
        raise Failure(text, "gt risk trust add --help", USAGE, "Usage")
    if file is not None:
        return landed.take_over(options, file, roles)
    return landed.add(options, principal, key, roles)


@trust.command()
@click.argument("who", metavar="PRINCIPAL|KEY")
@landing
def remove(options: Options, who: str) -> int:
    """Take out a principal with every key, or one key alone."""
    return landed.remove(options, who)


@trust.command()
@click.argument("key", metavar="NEW-KEY")
@landing
def rotate(options: Options, key: str) -> int:
    """Put NEW-KEY in the place of your own; the old key signs the commit, then the new one works."""
    return landed.rotate(options, key)


@trust.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--key", "keys", multiple=True, metavar="KEY", help="Key that signs; say it twice, for two keys.")
@landing
def repair(options: Options, file: Path, keys: tuple[str, ...]) -> int:
    """Break glass: put FILE in the place of a trust.yaml that nobody can change any more.

    Two keys sign; both and the commit are pinned in this machine's settings.toml, which is recorded as trust.pins. No
    halt is cleared by it.
    """
    from cli.landing.repair import repair

    return repair(options, file, keys)


@trust.command()
@click.argument("path")
@click.option("--field", default="", metavar="NAME", help="Field of the document, as position.max_position_pct.")
@click.option("--direction", type=click.Choice(["loosen", "tighten"]), default="loosen", show_default=True)
@json_option
def check(path: str, field: str, direction: str, as_json: bool) -> int:
    """Say who may change PATH (or one FIELD of it) in a direction, and how many must sign."""
    return emit(ask("trust.check", {"path": path, "field": field, "direction": direction}), as_json, render.check)
