"""``gt risk config edit``, ``rollback`` and ``reload``: what moves the configuration."""

from pathlib import Path

import click

from cli.change import WAIT_SECONDS
from cli.consent import Options, interruptible
from cli.landing import config as landed
from cli.options import json_option, landing
from cli.output import Document, emit
from cli.remote import call_service
from cli.render.text import safe
from cli.tree import Explained


@click.command(cls=Explained)
@click.argument("file", default="")
@click.option(
    "--from",
    "folder",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    help="Go on with the text of an earlier edit.",
)
@landing
def edit(options: Options, file: str, folder: Path | None) -> int:
    """Edit the documents (or FILE alone) with $VISUAL or $EDITOR, check them, and land the edit as a signed commit."""
    return landed.edit(options, file, folder)


@click.command(cls=Explained)
@click.option("--commit", "ref", required=True, metavar="REV", help="The commit whose documents come back.")
@landing
def rollback(options: Options, ref: str) -> int:
    """Bring the documents back to an earlier commit by a new signed one; halts and trust stay as they are."""
    return landed.rollback(options, ref)


@click.command(cls=Explained)
@click.argument("commit", default="")
@landing
def approve(options: Options, commit: str) -> int:
    """Sign what waits for your approval at the tip (which must be COMMIT when you name one), push it and wait."""
    return landed.approve(options, commit)


@click.command(cls=Explained)
@click.option("--reason", "-r", default="", metavar="TEXT", help="Why; goes into the audit log.")
@json_option
def reload(reason: str, as_json: bool) -> int:
    """Look at git now, and say what of it is in force or what holds it."""
    with interruptible("the service goes on by itself; what is in force tells: gt risk status"):
        params = {"reason": reason, "timeout": WAIT_SECONDS}
        found = call_service("config.reload", params, WAIT_SECONDS + 5.0)
    applied = found["applied"]
    held = [] if applied["in_force"] else [f"{applied['commit'][:12]} is not in force: {applied['condition']}"]
    return emit({**found, "attention": held}, as_json, _reloaded)


def _reloaded(document: Document) -> list[str]:
    applied, revision = document["applied"], document["revision"]
    if applied["in_force"]:
        return [f"✓ In force: {revision['last_applied'][:12]}"]
    good = revision["last_known_good"][:12]
    return [
        *(f"⚠️  {safe(line)}" for line in document["attention"]),
        f"✓ Last known good stays in force: {good}" if good else "⚠️  nothing was ever applied",
        f"  next: {safe(applied['fix'] or 'gt risk config verify --explain')}",
    ]
