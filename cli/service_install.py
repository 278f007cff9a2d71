"""``gt risk service install``"""

import os
import sys
from pathlib import Path

import click

from cli.consent import confirm
from cli.options import mutating
from cli.output import OK, Document, Failure, finish
from cli.remote import home
from controller.home import Home


@click.command()
@click.option(
    "--user/--system", "user", default=None, help="Your own systemd, or the machine's (the default for root)."
)
@mutating
def install(user: bool | None, reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:  # noqa: ARG001  # no audit log is touched
    """Write the systemd unit of this home; --dry-run prints it. It is enabled by the commands that this names."""
    from controller.host.unit import unit
    from controller.reconcile.publisher import write_durably

    place = Home(Path(home()))
    if not place.settings.exists():
        raise Failure(f"no gt-risk home at {place.root}", "gt risk init", code="NoHome")
    system = os.geteuid() == 0 if user is None else not user
    made = unit(place, Path(sys.executable).parent / "gt-risk", system=system)
    document: Document = {"dry_run": dry_run, "path": str(made.path), "unit": made.text, "next": list(made.next)}
    if dry_run:
        return finish(document, OK, as_json, lambda seen: seen["unit"].splitlines())
    if made.path.exists() and made.path.read_text() != made.text:
        confirm("Replace it?", [f"{made.path} is there and differs."], yes=yes, again="gt risk service install --yes")
    write_durably(made.path, made.text)
    return finish(document, OK, as_json, _written)


def _written(document: Document) -> list[str]:
    return [f"✓ Written: {document['path']}", "", "Next:", *(f"  {line}" for line in document["next"])]
