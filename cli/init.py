"""``gt risk init``"""

from pathlib import Path

import click

from cli.options import mutating
from cli.output import OK, Document, finish
from cli.remote import home
from controller.home import Home


@click.command()
@click.option("--environment", type=click.Choice(["paper", "live"]), default="paper", show_default=True)
@click.option("--book", default="", metavar="NAME", help="Name of the account; the template's own when empty.")
@click.option("--name", default="", help="Who commits; git's user.name, else the login.")
@click.option("--email", default="", help="Address for commits; git's user.email, else one made of the login.")
@click.option("--signing-key", default="", metavar="FILE", help="Your own SSH key, or the .pub that your agent holds.")
@click.option("--remote", default="", metavar="URL", help="Config repository elsewhere; empty: one in the home folder.")
@click.option("--path", default="", metavar="FOLDER", help="Folder of a larger repository; empty: all of it.")
@mutating
def init(
    environment: str,
    book: str,
    name: str,
    email: str,
    signing_key: str,
    remote: str,
    path: str,
    reason: str,  # noqa: ARG001  # there is no audit log yet that could hold it
    dry_run: bool,
    yes: bool,  # noqa: ARG001  # init never asks: it overwrites nothing
    as_json: bool,
) -> int:
    """Make the home folder: keys, settings, signed configuration repository and its clone, latch and journal."""
    place = Home(Path(home()))
    if dry_run:
        parts = (
            place.keys,
            place.settings,
            place.bare,
            place.clone,
            place.raise_file,
            place.permit_file,
            place.journal,
        )
        missing = [str(path) for path in parts if not path.exists()]
        document: Document = {"dry_run": True, "home": str(place.root), "make": missing}
        return finish(document, OK, as_json, lambda seen: [f"Would make: {path}" for path in seen["make"]])
    from controller.adapters.git.process import require_git

    require_git()
    from controller.host.provision import Wish, initialise

    report = initialise(place, Wish(environment, book, name, email, signing_key, remote=remote, path=path))
    document = {
        "home": str(place.root),
        "repository": str(place.clone),
        "made": report.made,
        "kept": report.kept,
        "next": "gt risk service start",
    }
    return finish(document, OK, as_json, _render)


def _render(document: Document) -> list[str]:
    lines = [f"✓ made  {path}" for path in document["made"]]
    if not document["made"]:
        lines = [f"✓ {document['home']} is complete; nothing was changed"]
    where = f"Edit desired state in {document['repository']} (git commit -S there is enough)."
    return [*lines, "", where, "", "Next:", f"  {document['next']}"]
