"""The one way to change desired state: propose, show, ask, sign, land, wait until it is in force, say so."""

import base64
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.options import confirm
from cli.output import ATTENTION, OK, PARTLY, Document, Failure, finish, notice
from cli.remote import ask
from cli.render.config import changes
from cli.render.text import safe

RACES = 3
WAIT_SECONDS = 10.0
_OFFLINE = "service down: the commit has landed and is applied when the service is back"


@dataclass(frozen=True, slots=True)
class Change:
    """What to ask of the service and how to speak of it.

    ``intent`` as in :mod:`schemas.edits`; ``title`` opens the plan; ``done`` makes the closing lines from the result;
    ``ask`` is False for a tightening that acts at once without a terminal; ``table`` picks the changes that are
    listed below the title.
    """

    intent: Document
    title: Callable[[Document], list[str]]
    done: Callable[[Document], list[str]]
    again: str
    ask: bool = True
    default: bool = False
    table: Callable[[Document], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Options:
    """The options that every mutating command has."""

    reason: str
    dry_run: bool
    yes: bool
    as_json: bool


def carry_out(change: Change, options: Options) -> int:
    """Do it; the exit code: 0 in force, 3 another signer or the service is needed, 4 declined, 5 not yet in force."""
    request = {"intent": change.intent, "reason": options.reason}
    proposal = ask("propose", request, WAIT_SECONDS)
    if options.dry_run:
        return finish({"dry_run": True, **_public(proposal)}, OK, options.as_json, lambda _: describe(change, proposal))
    plan = describe(change, proposal)
    confirm("Continue?", plan, yes=_agreed(change, options), again=change.again, default=change.default)
    commit, proposal = _land(request, proposal, change, options)
    applied = _wait(commit)
    down = [_OFFLINE] if applied["condition"] == _OFFLINE else []
    attention = [*proposal["missing"], *down]
    result = {**_public(proposal), "commit": commit, "applied": applied, "attention": attention}
    code = ATTENTION if attention else OK if applied["in_force"] else PARTLY
    if code == PARTLY:
        message = f"landed as {commit[:12]} and not yet in force: {applied['condition']}"
        result["error"] = {"message": message, "hint": "gt risk status", "code": "NotInForce"}
    return finish(result, code, options.as_json, lambda seen: _closing(change, seen))


def _agreed(change: Change, options: Options) -> bool:
    return options.yes or (not change.ask and not sys.stdin.isatty())


def _public(proposal: Document) -> Document:
    return {key: value for key, value in proposal.items() if key not in ("payload", "signing_key")}


def describe(change: Change, proposal: Document) -> list[str]:
    """The plan for people: title, changes with direction and utilisation, what it will do, who must also sign."""
    lines = [*change.title(proposal), ""]
    found = changes([item for item in proposal["plan"]["changes"] if change.table(item)])
    lines += [*found, ""] if found else []
    if proposal["notes"]:
        lines += ["This change will:", *(f"  - {safe(note)}" for note in proposal["notes"]), ""]
    for who in proposal["missing"]:
        lines.append(f"⏳ {safe(who)}")
    return lines


def _land(request: Document, proposal: Document, change: Change, options: Options) -> tuple[str, Document]:
    """Sign and land; somebody else's newer commit means a new plan, and a new question when the plan differs."""
    from controller.adapters.signatures.signer import sign
    from controller.rpc.client import RpcError

    for _ in range(RACES):
        payload = base64.b64decode(proposal["payload"])
        signature = sign(payload, Path(proposal["signing_key"]))
        try:
            landed = ask("land", {"payload": proposal["payload"], "signature": signature.decode()}, WAIT_SECONDS)
        except RpcError as error:
            if error.code != "Raced":
                raise
            newer = ask("propose", request, WAIT_SECONDS)
            if newer["plan"]["changes"] != proposal["plan"]["changes"]:
                notice("⚠️  the branch has moved; this is the plan on the newer tip")
                confirm("Continue?", describe(change, newer), yes=_agreed(change, options), again=change.again)
            proposal = newer
        else:
            return str(landed["commit"]), proposal
    raise Failure(f"the branch moved {RACES} times while signing", change.again, code="Raced")


def _wait(commit: str) -> Document:
    """What became of the commit. Without a service nobody can read back: landed is all that is known."""
    from cli.remote import call_service
    from controller.rpc.client import ServiceDown

    try:
        return call_service("wait", {"commit": commit, "timeout": WAIT_SECONDS}, WAIT_SECONDS + 5.0)
    except ServiceDown:
        return {"commit": commit, "in_force": False, "condition": _OFFLINE, "cancelled": {}}
    except KeyboardInterrupt:
        notice(f"\n⚠️  {commit[:12]} has landed; whether it is in force tells: gt risk status")
        raise


def _closing(change: Change, result: Document) -> list[str]:
    applied: dict[str, Any] = result["applied"]
    if result["missing"]:
        return [f"⏳ landed as {result['commit'][:12]}; {safe(who)}" for who in result["missing"]]
    if not applied["in_force"]:
        return [
            f"⚠️  landed as {result['commit'][:12]} and NOT yet in force: {safe(applied['condition'])}",
            "  next: gt risk status",
        ]
    return [*change.done(result), f"✓ Commit: {result['commit'][:12]}  (audit {result['audit_id']})"]
