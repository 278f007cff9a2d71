"""``gt risk config sign``: what was asked for on the dashboard, signed by a person and landed."""

import time
from pathlib import Path

import click

from cli.change import Change, carry_out
from cli.consent import Options
from cli.dashboard_users import recorded
from cli.options import landing
from cli.output import ATTENTION, OK, PARTLY, USAGE, Document, Failure, finish
from cli.remote import home
from cli.render.text import ago, safe
from cli.tree import Explained
from controller.home import Home
from controller.proposals import Proposal, Proposals, refusal

_LIST = "gt risk config sign"
_LANDED = (OK, ATTENTION, PARTLY)


@click.command(cls=Explained)
@click.argument("id", default="", metavar="[ID]")
@click.option("--discard", is_flag=True, help="Remove it instead: it is not wanted.")
@landing
def sign(options: Options, id: str, discard: bool) -> int:
    """Show the plan of what was asked for on the dashboard, sign it with your own key and land it.

    Without ID: what waits for a signature.
    """
    proposals = Proposals(Home(Path(home())).proposals)
    if not id:
        return _list(proposals, options.as_json)
    found = proposals.find(id)
    if found is None:
        raise Failure(f"no proposal {id!r} waits for a signature", _LIST, USAGE, "BadArgument")
    return _discard(proposals, found, options) if discard else _sign(proposals, found, options)


def _sign(proposals: Proposals, found: Proposal, options: Options) -> int:
    barred = refusal(found.intent)
    if barred:
        raise Failure(barred, f"{_LIST} {found.id} --discard", code="NotFromHere")
    why = f"asked for by {found.by} on the dashboard" + (f": {found.reason}" if found.reason else "")

    def title(proposal: Document) -> list[str]:
        moved = proposal["plan"]["digest"] != found.digest
        age = ago((time.time_ns() - found.made_ns) // 1_000_000_000)
        return [
            f"Signing proposal {found.id}: {safe(found.what)}",
            f"{safe(why)} ({age})",
            *(["⚠️  The plan is not the one that was shown on the dashboard: read this one"] if moved else []),
        ]

    change = Change(
        dict(found.intent),
        title,
        lambda _: [f"✓ Signed and in force: {safe(found.what)}", "✓ Change logged to audit trail"],
        f"{_LIST} {found.id} --yes",
        _LIST,
    )
    code = carry_out(change, options._replace(reason=options.reason or safe(why)[:500]))
    if code in _LANDED and not options.dry_run:
        proposals.remove(found.id)
    return code


def _discard(proposals: Proposals, found: Proposal, options: Options) -> int:
    shown = {"proposal": _document(found), "discarded": not options.dry_run}
    if not options.dry_run:
        with recorded("dashboard.proposal", f"discarded: {found.what}", options.reason):
            proposals.remove(found.id)
    return finish(shown, OK, options.as_json, lambda _: [f"✓ Discarded: {safe(found.what)}"])


def _list(proposals: Proposals, as_json: bool) -> int:
    waiting = [_document(item) for item in proposals.waiting(time.time_ns())]
    return finish({"proposals": waiting}, OK, as_json, _render)


def _document(item: Proposal) -> Document:
    age = (time.time_ns() - item.made_ns) // 1_000_000_000
    return {"id": item.id, "what": item.what, "by": item.by, "reason": item.reason, "age_seconds": age}


def _render(document: Document) -> list[str]:
    lines = [
        f"{item['id']}  {safe(item['what'])}  ({safe(item['by'])}, {ago(item['age_seconds'])})"
        for item in document["proposals"]
    ]
    return [*lines, "", f"  next: {_LIST} ID"] if lines else ["Nothing waits for a signature."]
