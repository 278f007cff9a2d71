"""``gt risk doctor``"""

import sys
from pathlib import Path

import click

from cli.options import json_option
from cli.output import ATTENTION, ERROR, OK, Document, finish
from cli.remote import home
from cli.render.status import icon_line

_ICON = {"ok": "✓", "warning": "⚠️", "error": "✗"}
_CODE = {"ok": OK, "warning": ATTENTION, "error": ERROR}


@click.command()
@json_option
def doctor(as_json: bool) -> int:
    """Check this installation; every finding names the next command."""
    from controller.home import Home
    from controller.host.doctor import examine

    found = list(examine(Home(Path(home())), Path(sys.executable).parent / "gt"))
    worst = max((item.level for item in found), key=list(_ICON).index)
    document: Document = {
        "home": home(),
        "checks": [
            {"check": item.check, "level": item.level, "message": item.message, "hint": item.hint} for item in found
        ],
        "attention": [item.message for item in found if item.level == "warning"],
    }
    errors = [item for item in found if item.level == "error"]
    if errors:
        message = f"{len(errors)} of {len(found)} checks failed: {errors[0].message}"
        document["error"] = {"message": message, "hint": errors[0].hint, "code": "Unhealthy"}
    code = ERROR if worst == "error" else _CODE[worst]
    return finish(document, code, as_json, _render)


def _render(document: Document) -> list[str]:
    lines = []
    for item in document["checks"]:
        lines.append(icon_line(_ICON[item["level"]], f"{item['check']:<13}{item['message']}")[2:])
        if item["hint"]:
            lines.append(f"{'':<17}next: {item['hint']}")
    return lines
