"""``gt risk db``"""

import time
from pathlib import Path

import click

from cli.consent import confirm, interruptible
from cli.options import json_option, mutating
from cli.output import OK, PARTLY, Document, Failure, emit, finish
from cli.remote import home
from cli.render import db as render
from cli.tree import Near
from controller.home import Home

db = Near("db", help="Check, back up and restore the store.", no_args_is_help=True)


def _home() -> Home:
    place = Home(Path(home()))
    if not place.settings.exists():
        raise Failure(f"no gt-risk home at {place.root}", "gt risk init", code="NoHome")
    return place


@db.command()
@json_option
def ping(as_json: bool) -> int:
    """Check that the store can be read and written."""
    from controller.host.store_report import ping as look

    return emit(look(_home()), as_json, render.ping)


@db.command()
@json_option
def status(as_json: bool) -> int:
    """Show the store, its schema and its backups."""
    from controller.host.store_report import status as look

    return emit(look(_home(), time.time_ns()), as_json, render.status)


@db.command()
@mutating
def backup(reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:  # noqa: ARG001  # a backup never asks
    """Back up store, audit log, configuration, settings and policies; the service may go on."""
    from controller.host import backup as backups

    place = _home()
    if dry_run:
        document: Document = {"dry_run": True, "folder": str(place.backups), "left_out": list(backups.LEFT_OUT)}
        return finish(document, OK, as_json, render.planned)
    made = backups.make(place, reason or "by hand")
    return emit({"backup": made.document(), "left_out": list(backups.LEFT_OUT)}, as_json, render.backup)


@db.command()
@mutating
def migrate(reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:  # noqa: ARG001  # the log says what was done
    """Bring an older home to this release's schema and layout, with a backup before."""
    from controller.host.restore import refuse_while_running
    from controller.host.versions import migrate as run
    from controller.host.versions import outstanding

    place = _home()
    steps = outstanding(place)
    if dry_run or not steps:
        return emit({"dry_run": dry_run, "steps": steps, "done": []}, as_json, render.migrated)
    refuse_while_running(place)
    confirm("Migrate this home now?", render.steps(steps), yes=yes, again="gt risk db migrate --yes")
    with interruptible("what is left to do tells: gt risk db migrate --dry-run"):
        done = run(place, _actor(place))
    return emit({"dry_run": False, "steps": steps, "done": done}, as_json, render.migrated)


@db.command()
@click.option("--date", "wanted", required=True, metavar="D", help="UTC date (YYYY-MM-DD), or the name of a backup.")
@mutating
def restore(wanted: str, reason: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Put the store of a backup in the store's place; what it replaces is kept.

    Halts, peaks and the audit log never go back; configuration is rolled back by its own command.
    """
    from controller.host.restore import checked, refuse_while_running
    from controller.host.restore import restore as run

    place = _home()
    chosen = checked(place, wanted)
    plan = {"backup": chosen.document(), "store": str(place.store), "aside": str(place.replaced)}
    if dry_run:
        return emit({"dry_run": True, **plan}, as_json, render.plan)
    refuse_while_running(place)
    again = f"gt risk db restore --date {wanted} --yes"
    confirm("Replace the store now?", render.plan(plan), yes=yes, again=again)
    with interruptible("whether the store was replaced tells: gt risk db status"):
        done = run(place, chosen, _actor(place), reason)
    document: Document = {
        "backup": chosen.document(),
        "aside": str(done.aside),
        "audit_records_carried": done.carried.records,
        "lost": done.carried.lost,
        "audit_id": done.audit_id,
        "next": "gt risk service start",
    }
    return finish(document, PARTLY if done.carried.lost else OK, as_json, render.restored)


def _actor(place: Home) -> str:
    from controller.settings import load

    return load({"GT_RISK_HOME": str(place.root)}).operator_name
