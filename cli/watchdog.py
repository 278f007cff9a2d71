"""``gt risk watchdog``: works with the service killed, and then most of all."""

from pathlib import Path

import click

from cli.options import json_option
from cli.output import ATTENTION, OK, Document, Failure, finish
from cli.remote import call_service, home
from cli.tree import Explained
from controller.home import Home
from controller.host.supervisor import SERVICES, pid_of
from controller.rpc.client import RpcError

_ANSWER_SECONDS = 10.0


@click.command(cls=Explained)
@json_option
def watchdog(as_json: bool) -> int:
    """Look once whether the service runs and answers; if not, alert people by every channel (exit 3).

    For systemd or cron: repeats within the cooldown are not sent, and people are reminded every 15 minutes.
    """
    place = Home(Path(home()))
    if not place.settings.exists():
        raise Failure(f"no gt-risk home at {place.root}", "gt risk init", code="NoHome")
    down = _down(place)
    if not down:
        return finish({"down": [], "sent": {}, "problems": []}, OK, as_json, lambda _: ["✓ Every service runs"])
    from controller.app import tell_down

    told = tell_down(place.root, down)
    document = {
        "down": down,
        "sent": dict(told.sent),
        "problems": list(told.problems),
        "attention": [f"service down: {', '.join(down)}"],
    }
    return finish(document, ATTENTION, as_json, _told)


def _down(place: Home) -> list[str]:
    down = [name for name in SERVICES if pid_of(place, name) is None]
    if "controller" not in down:
        try:
            call_service("ping", timeout=_ANSWER_SECONDS)
        except RpcError as error:
            if error.code not in ("CannotStart", "Temporary"):
                down.append("controller (does not answer)")
    return down


def _told(document: Document) -> list[str]:
    sent = [f"  sent by {name}: {count}" for name, count in document["sent"].items()]
    problems = [f"⚠️  {problem}" for problem in document["problems"]]
    return [f"✗ Service down: {', '.join(document['down'])}", *sent, *problems, "  next: gt risk service start"]
