"""``gt risk watchdog``: works with the service killed, and then most of all."""

import time
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
_PAUSE_SECONDS = 0.5


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
        place.told_down.unlink(missing_ok=True)
        return finish({"down": [], "sent": {}, "problems": []}, OK, as_json, lambda _: ["✓ Every service runs"])
    from controller.app import tell_down

    told = tell_down(place.root, down)
    document = {
        "down": down,
        "sent": dict(told.sent),
        "problems": [*([f"store: {told.store}"] if told.store else []), *told.problems],
        "attention": [f"service down: {', '.join(down)}"],
    }
    return finish(document, ATTENTION, as_json, _told)


def _down(place: Home) -> list[str]:
    down = [name for name in SERVICES if pid_of(place, name) is None]
    trouble = _trouble() if "controller" not in down else ""
    return [*down, f"controller ({trouble})"] if trouble else down


def _trouble() -> str:
    """Why a controller that lives is as good as down, empty when it is not. One that cannot start gets a moment."""
    deadline = time.monotonic() + _ANSWER_SECONDS
    while True:
        try:
            call_service("ping", timeout=_ANSWER_SECONDS)
        except RpcError as error:
            if error.code != "CannotStart":
                return "" if error.code == "Temporary" else "does not answer"
            if time.monotonic() > deadline:
                return "cannot start"
            time.sleep(_PAUSE_SECONDS)
        else:
            return ""


def _told(document: Document) -> list[str]:
    sent = [f"  sent by {name}: {count}" for name, count in document["sent"].items()]
    problems = [f"⚠️  {problem}" for problem in document["problems"]]
    return [f"✗ Service down: {', '.join(document['down'])}", *sent, *problems, "  next: gt risk service start"]
