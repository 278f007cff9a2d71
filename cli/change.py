"""The one way to change desired state: propose, show, ask, sign, land, wait until it is in force, say so."""

import sys
from _thread import start_new_thread
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from cli.consent import CANCELLED, UNCHANGED, Options, confirm, interruptible
from cli.output import ATTENTION, DECLINED, OK, PARTLY, Document, Failure, finish, notice
from cli.remote import ask
from cli.render.config import changes
from cli.render.text import safe
from controller.rpc.client import RpcError

RACES = 3
WAIT_SECONDS = 10.0
_SIGNER = "controller.adapters.signatures.signer"
"""Loaded while the service makes the plan, which takes longer."""
_OFFLINE = "service down: the commit has landed and is applied when the service is back"


def signed(payload: bytes, key: str) -> tuple[bytes, bytes]:
    """``payload`` as it is, and its signature by ``key``."""
    from pathlib import Path

    from controller.adapters.signatures.signer import sign

    return payload, sign(payload, Path(key))


class Change(NamedTuple):
    """What to ask of the service and how to speak of it.

    ``intent`` as in :mod:`schemas.edits`; ``title`` opens the plan; ``done`` makes the closing lines from the result;
    ``again`` is the command that does it without asking, ``look`` the next one when the result would have mistakes;
    ``ask`` is False for a tightening that acts at once without a terminal; ``table`` picks the changes that are
    listed below the title; ``heading`` and ``mark`` lead what it will do, ``warning`` ends it. ``sign`` makes of the
    payload and the key that signs here what lands: payload and signature. ``waits`` is False where that needs nobody
    else, whoever may change the same otherwise. ``question`` is what the terminal is asked, ``cancelled`` what a no is.
    """

    intent: Document
    title: Callable[[Document], list[str]]
    done: Callable[[Document], list[str]]
    again: str
    look: str = "gt risk config show"
    ask: bool = True
    default: bool = False
    table: Callable[[Document], bool] = lambda _: True
    heading: str = "This change will:"
    mark: str = "-"
    warning: tuple[str, ...] = ()
    sign: Callable[[bytes, str], tuple[bytes, bytes]] = signed
    waits: bool = True
    question: str = "Continue?"
    cancelled: str = CANCELLED


def carry_out(change: Change, options: Options) -> int:
    """Do it; the exit code: 0 in force, 3 another signer or the service is needed, 4 declined, 5 not yet in force."""
    request = {
        "intent": change.intent,
        "reason": options.reason,
        "not_before": options.not_before,
        "override_freeze": options.override_freeze,
    }
    if not options.dry_run:
        start_new_thread(import_module, (_SIGNER,))
    with interruptible(UNCHANGED):
        proposal = _propose(request, change)
        if options.dry_run:
            document = {"dry_run": True, **_public(proposal)}
            return finish(document, OK, options.as_json, lambda _: describe(change, proposal))
        _agree(change, proposal, options)
    commit, proposal = _land(request, proposal, change, options)
    applied = _wait(commit)
    down = [_OFFLINE] if applied["condition"] == _OFFLINE else []
    attention = [*proposal["missing"], *down]
    result = {**_public(proposal), "commit": commit, "applied": applied, "attention": attention}
    code = ATTENTION if attention else OK if applied["in_force"] else PARTLY
    if code == PARTLY:
        message = f"landed as {commit[:12]} and not yet in force: {applied['condition']}"
        result["error"] = {"message": message, "hint": _next(applied), "code": "NotInForce"}
    return finish(result, code, options.as_json, lambda seen: _closing(change, seen))


def _propose(request: Document, change: Change) -> Document:
    try:
        proposal = ask("propose", request, WAIT_SECONDS)
    except RpcError as error:
        error.hint = change.look if error.problems else error.hint
        raise
    return proposal if change.waits else {**proposal, "missing": []}


def _agree(change: Change, proposal: Document, options: Options) -> None:
    """Show the plan and ask. A large change wants its digest named, ``--yes`` alone is not enough for it."""
    plan, digest, large = describe(change, proposal), proposal["plan"]["digest"], bool(proposal["hold"])
    if options.plan and options.plan != digest:
        message = f"the plan is now {digest}, not the one that was accepted: {UNCHANGED}"
        raise Failure(message, f"{change.again} --dry-run", DECLINED, "PlanChanged")
    yes = bool(options.plan) or (not large and (options.yes or (not change.ask and not sys.stdin.isatty())))
    again = f"{change.again} --accept-plan {digest}" if large else change.again
    default = change.default and not large
    confirm(change.question, plan, yes=yes, again=again, default=default, cancelled=change.cancelled)


def _next(applied: Document) -> str:
    return applied["fix"] or "gt risk status"


def _public(proposal: Document) -> Document:
    return {key: value for key, value in proposal.items() if key not in ("payload", "signing_key")}


def describe(change: Change, proposal: Document) -> list[str]:
    """The plan for people: title, changes with direction and utilisation, what it will do, who must also sign."""
    lines = [*change.title(proposal), ""]
    found = changes([item for item in proposal["plan"]["changes"] if change.table(item)])
    lines += [*found, ""] if found else []
    if proposal["notes"]:
        lines += [change.heading, *(f"  {change.mark} {safe(note)}" for note in proposal["notes"]), ""]
    lines += [*change.warning, ""] if change.warning else []
    if proposal["hold"]:
        lines += [f"⚠️  Large change: {safe(proposal['hold'])}", f"Digest: {proposal['plan']['digest']}"]
    return lines + [f"⏳ {safe(who)}" for who in proposal["missing"]]


def _land(request: Document, proposal: Document, change: Change, options: Options) -> tuple[str, Document]:
    """Sign and land; somebody else's newer commit means a new plan, and a new question when the plan differs."""
    for _ in range(RACES):
        with interruptible(UNCHANGED):
            payload, signature = change.sign(a2b_base64(proposal["payload"]), proposal["signing_key"])
        document = {"payload": b2a_base64(payload, newline=False).decode(), "signature": signature.decode()}
        try:
            with interruptible("whether the commit has landed tells: gt risk config history"):
                landed = ask("land", document, WAIT_SECONDS)
        except RpcError as error:
            if error.code != "Raced":
                raise
            with interruptible(UNCHANGED):
                newer = _propose(request, change)
                if newer["plan"]["changes"] != proposal["plan"]["changes"] or newer["hold"]:
                    notice("⚠️  the branch has moved; this is the plan on the newer tip")
                    _agree(change, newer, options)
            proposal = newer
        else:
            return str(landed["commit"]), proposal
    raise Failure(f"the branch moved {RACES} times while signing", change.again, code="Raced")


def _wait(commit: str) -> Document:
    """What became of the commit. Without a service nobody can read back: landed is all that is known."""
    from cli.remote import call_service
    from controller.rpc.client import ServiceDown

    try:
        with interruptible(f"{commit[:12]} has landed; whether it is in force tells: gt risk status"):
            return call_service("wait", {"commit": commit, "timeout": WAIT_SECONDS}, WAIT_SECONDS + 5.0)
    except ServiceDown:
        return {
            "commit": commit,
            "in_force": False,
            "condition": _OFFLINE,
            "fix": "gt risk service start",
            "cancelled": {},
        }


def _closing(change: Change, result: Document) -> list[str]:
    applied: dict[str, Any] = result["applied"]
    if result["missing"]:
        return [f"⏳ landed as {result['commit'][:12]}; {safe(who)}" for who in result["missing"]]
    if not applied["in_force"]:
        return [
            f"⚠️  landed as {result['commit'][:12]} and NOT yet in force: {safe(applied['condition'])}",
            f"  next: {safe(_next(applied))}",
        ]
    return [*change.done(result), f"✓ Commit: {result['commit'][:12]}  (audit {result['audit_id']})"]
