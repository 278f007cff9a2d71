"""``gt risk doctor``"""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import json_option
from cli.output import ATTENTION, ERROR, OK, USAGE, Document, Failure, finish
from cli.remote import home
from cli.render.status import icon_line
from cli.render.text import safe

if TYPE_CHECKING:
    from controller.home import Home
    from controller.host.finding import Finding

_ICON = {"ok": "✓", "warning": "⚠️", "error": "✗"}
_CODE = {"ok": OK, "warning": ATTENTION, "error": ERROR}


@click.command()
@click.option(
    "--fix", is_flag=True, help="Close what is open wider than it needs; put damage whose halt is cleared aside."
)
@click.option("--dry-run", is_flag=True, help="With --fix: say what would be done and change nothing.")
@click.option("--verify-data", is_flag=True, help="Also compare audit, git, store, engine, latch, journal and policy.")
@json_option
def doctor(fix: bool, dry_run: bool, verify_data: bool, as_json: bool) -> int:
    """Check this installation; every finding names the next command."""
    from controller.home import Home
    from controller.host.doctor import examine

    if dry_run and not fix:
        raise Failure("--dry-run goes with --fix", "gt risk doctor --fix --dry-run", USAGE, "Usage")
    place = Home(Path(home()))
    fixed = _fix(place, dry_run) if fix and place.settings.exists() else []
    found = list(examine(place, Path(sys.executable).parent / "gt"))
    if verify_data and place.settings.exists():
        from controller.host.verify_data import verify

        found += verify(place)
    document: Document = {
        "home": home(),
        "dry_run": dry_run,
        "fixed": fixed,
        "checks": [asdict(item) for item in found],
        "attention": [item.message for item in found if item.level == "warning"],
    }
    return finish(_judged(document, found), _CODE[_worst(found)], as_json, _render)


def _fix(place: "Home", dry_run: bool) -> list[Document]:
    from controller.host import modes, quarantine

    aside = [
        {"action": "put aside", "path": str(item.path), "from": item.what, "to": str(item.to)}
        for item in quarantine.put_aside(place, dry_run=dry_run)
    ]
    closed = [
        {"action": "close", "path": str(item.path), "from": f"{item.mode:04o}", "to": f"{item.wanted:04o}"}
        for item in modes.close(place, dry_run=dry_run)
    ]
    return aside + closed


def _worst(found: "list[Finding]") -> str:
    return max((item.level for item in found), key=list(_ICON).index)


def _judged(document: Document, found: "list[Finding]") -> Document:
    errors = [item for item in found if item.level == "error"]
    if not errors:
        return document
    message = f"{len(errors)} of {len(found)} checks failed: {errors[0].message}"
    return {**document, "error": {"message": message, "hint": errors[0].hint, "code": "Unhealthy"}}


def _render(document: Document) -> list[str]:
    would = "would " if document["dry_run"] else ""
    lines = [
        f"✓   {would}{item['action']} {safe(item['path'])}: {safe(item['from'])} → {safe(item['to'])}"
        for item in document["fixed"]
    ]
    for item in document["checks"]:
        lines.append(icon_line(_ICON[item["level"]], f"{item['check']:<15}{safe(item['message'])}")[2:])
        if item["hint"]:
            lines.append(f"{'':<19}next: {item['hint']}")
    return lines
