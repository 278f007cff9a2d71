"""``gt risk service``"""

import sys
import time
from pathlib import Path
from typing import NoReturn

import click

from cli.options import json_option, mutating
from cli.output import ATTENTION, ERROR, OK, Document, Failure, finish
from cli.remote import home
from cli.service_install import install
from cli.tree import Near
from controller.home import Home
from controller.host.supervisor import SERVICES, STOP_ORDER, known, pid_of

service = Near("service", help="Start, stop and watch the service.", no_args_is_help=True)
service.add_command(install)
_WIDTH = 12


def _home() -> Home:
    root = Path(home())
    if not (root / "settings.toml").exists():
        raise Failure(f"no gt-risk home at {root}", "gt risk init", code="NoHome")
    return Home(root)


@service.command()
@click.option("--foreground", is_flag=True, help="Stay, watch the service, and end it with Ctrl-C.")
@click.option("--demo", is_flag=True, hidden=True)
@click.option("--dry-run", is_flag=True, help="Say what would be started and start nothing.")
@click.option("--reason", "-r", default="", metavar="TEXT", help="Why; goes into the log.")
@json_option
def start(foreground: bool, demo: bool, dry_run: bool, reason: str, as_json: bool) -> int:
    """Start controller, gate and strategy runner; nothing happens when they are up."""
    place = _home()
    if dry_run:
        return finish(_planned(place), OK, as_json, lambda seen: [f"Would start: {', '.join(seen['start']) or '-'}"])
    if foreground:
        from cli.foreground import stay

        return stay(place, reason, as_json=as_json, demo=demo)
    from cli.launch import start_detached

    started = start_detached(place, reason)
    if not started["ready"]:
        started["attention"] = [started.get("problem") or "the service is not ready yet"]
    return finish(started, OK if started["ready"] else ATTENTION, as_json, _started)


def _planned(place: Home) -> Document:
    return {"dry_run": True, "start": [name for name in SERVICES if pid_of(place, name) is None]}


def _started(document: Document) -> list[str]:
    done = "is up" if document["already"] else "started"
    line = f"✓ Service {done} (controller pid {document['pid']})"
    lines = [line if document["already"] else f"{line} in {document['seconds']:.1f} s"]
    attention = [f"⚠️  {text}" for text in document.get("attention", ())]
    return [*lines, *attention, *(["  next: gt risk status"] if attention else [])]


@service.command()
@mutating
def stop(reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:  # noqa: ARG001  # stopping never asks
    """Stop runner, controller and gate, in this order; open halts stay in force."""
    from cli.launch import stop_all

    place = _home()
    if dry_run:
        running = [name for name in STOP_ORDER if pid_of(place, name) is not None]
        return finish({"dry_run": True, "stop": running}, OK, as_json, lambda _: [f"Would stop: {', '.join(running)}"])
    document = {"services": stop_all(place)}
    return finish(document, OK, as_json, lambda seen: [f"✓ {name}: {what}" for name, what in seen["services"].items()])


@service.command()
@json_option
def status(as_json: bool) -> int:
    """Show which of the services run."""
    place = _home()
    pids = {name: pid_of(place, name) for name in known(place)}
    down = [f"{name} is down" for name, pid in pids.items() if pid is None]
    document = {
        "pid": pids["controller"],
        "running": not down,
        "services": {name: {"pid": pid, "running": pid is not None} for name, pid in pids.items()},
        "home": str(place.root),
        "attention": down,
    }
    return finish(document, ATTENTION if down else OK, as_json, _status)


def _status(document: Document) -> list[str]:
    lines = []
    for name, item in document["services"].items():
        state = f"up, pid {item['pid']}" if item["running"] else "down"
        lines.append(f"{'✓' if item['running'] else '✗'} {name:<{_WIDTH}}{state}")
    return lines if document["running"] else [*lines, "  next: gt risk service start"]


@service.command()
@click.option("--follow", is_flag=True, help="Go on printing what is added.")
@click.option("--service", "name", type=click.Choice(SERVICES), help="Only one of the services.")
@click.option("--lines", "-n", default=50, show_default=True, type=click.IntRange(0, 100_000), help="How many.")
@json_option
def logs(follow: bool, name: str | None, lines: int, as_json: bool) -> int:
    """Show the newest lines of the logs."""
    place = _home()
    names = [name] if name else [item for item in SERVICES if (place.logs / f"{item}.log").exists()]
    if as_json and follow:
        raise Failure("--json prints one document and cannot follow", "gt risk service logs --json", 2, "Usage")
    read = {item: _tail(place.logs / f"{item}.log", lines) for item in names}
    found = {item: shown for item, (shown, _) in read.items()}
    code = finish({"logs": found}, OK, as_json, lambda seen: _prefixed(seen["logs"], len(names) > 1))
    if follow:
        sys.stdout.flush()
        _follow(place, {item: end for item, (_, end) in read.items()})
    return code


def _prefixed(found: dict[str, list[str]], named: bool) -> list[str]:
    return [f"{name:<{_WIDTH}}{line}" if named else line for name, lines in found.items() for line in lines]


def _tail(path: Path, lines: int) -> tuple[list[str], int]:
    """The newest lines, and the offset behind them."""
    if not path.exists():
        raise Failure(f"no log {path}", "gt risk service start", ERROR, "NoLog")
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 512 * max(lines, 1)))
        content = file.read()
        return content.decode(errors="replace").splitlines()[-lines:] if lines else [], file.tell()


def _follow(place: Home, ends: dict[str, int]) -> NoReturn:
    """Print what is added behind ``ends``, until Ctrl-C."""
    files = {name: (place.logs / f"{name}.log").open(errors="replace") for name in ends}
    for name, file in files.items():
        file.seek(ends[name])
    while True:
        for name, file in files.items():
            for line in file:
                click.echo(f"{name:<{_WIDTH}}{line}" if len(files) > 1 else line, nl=False)
        time.sleep(0.2)
