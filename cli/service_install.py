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
    files = dict([(made.path, made.text), *made.beside])
    beside = {str(path): text for path, text in made.beside}
    document: Document = {"dry_run": dry_run, "path": str(made.path), "unit": made.text}
    document |= {"beside": beside, "next": list(made.next)}
    if dry_run:
        return finish(document, OK, as_json, _planned)
    differs = [
        f"{path} is there and differs." for path, text in files.items() if path.exists() and path.read_text() != text
    ]
    if differs:
        confirm("Replace it?", differs, yes=yes, again="gt risk service install --yes")
    for path, text in files.items():
        write_durably(path, text)
    return finish(document, OK, as_json, _written)


def _planned(document: Document) -> list[str]:
    lines: list[str] = document["unit"].splitlines()
    for path, text in document["beside"].items():
        lines += ["", f"# {path}", *text.splitlines()]
    return lines


def _written(document: Document) -> list[str]:
    written = [f"✓ Written: {path}" for path in (document["path"], *document["beside"])]
    return [*written, "", "Next:", *(f"  {line}" for line in document["next"])]
