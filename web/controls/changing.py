"""Changes of desired state. What only tightens is signed by the dashboard's own key and lands; everything else waits
for a person: it is kept as a proposal, and ``gt risk config sign`` makes, shows, signs and lands it."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

from controller.home import Home
from controller.proposals import TooMany, refusal
from controller.rpc.client import RpcError, ServiceDown
from web.controls.act import Act, Asked, Desk, Document, Entry, Preview
from web.controls.models import Answer, GivenResume, GivenReview, GivenUpdate
from web.problems import Problem
from web.registry import Role
from web.signer.client import Unsigned
from web.signer.listing import command, listed

WAIT_SECONDS = 3.0
"""How long an answer waits for a landed change to be in force; the page goes on showing it."""
_PEAKS = ("", "keep", "rebase")
_UNTRUSTED = ("UnknownKey", "NotAuthorizedForPath", "NotAuthorizedForDirection")
Intent = Callable[[Desk, Asked], Document]


def looker(title: str, intent: Intent) -> Callable[[Desk, Asked], Preview]:
    """The preview of a change: what the controller plans for it now."""

    def look(desk: Desk, asked: Asked) -> Preview:
        proposal = desk.feed.request("propose", _request(asked, intent(desk, asked)))
        plan = proposal["plan"]
        lines = [*proposal["notes"], *([f"Large change: {proposal['hold']}"] if proposal["hold"] else [])]
        return Preview(
            f"{title} {asked.target}".strip(),
            (*lines, *proposal["missing"], *_who_signs(desk, plan)),
            tuple(plan["changes"]),
            plan["digest"],
            subject=proposal["subject"],
        )

    return look


def changer(intent: Intent) -> Callable[[Desk, Asked, Preview], Answer]:
    """Does it: signed by the dashboard's key when that will, else proposed."""

    def change(desk: Desk, asked: Asked, seen: Preview) -> Answer:
        request = _request(asked, intent(desk, asked))
        try:
            landed = desk.signer.tighten(request)
        except Unsigned as unsigned:
            return _propose(desk, asked, request, seen, *_why(desk, unsigned))
        return _landed(desk, landed, seen)

    return change


def _why(desk: Desk, unsigned: Unsigned) -> list[str]:
    if unsigned.code == "Declined":
        return [f"A person must sign it: {unsigned}"]
    fix = [_once(desk)] if unsigned.code in _UNTRUSTED else []
    return [f"The dashboard's own key did not sign it: {unsigned}", *fix]


def _request(asked: Asked, intent: Document) -> Document:
    return {"intent": intent, "actor": asked.actor, "author": asked.author, "reason": asked.given.reason}


def _who_signs(desk: Desk, plan: Document) -> tuple[str, ...]:
    person = "A person must sign it before it acts: gt risk config sign"
    if not plan["changes"] or any(item["direction"] != "tighten" for item in plan["changes"]):
        return (person,)
    if listed(Home(Path(desk.home)), desk.feed.request):
        return ("It only tightens: the dashboard's own key signs it",)
    return (f"It only tightens, but the dashboard's own key is not listed in trust.yaml. {person}", _once(desk))


def _once(desk: Desk) -> str:
    """How the dashboard's key comes to sign such a thing by itself."""
    return f"So that it acts at once the next time: {command(Home(Path(desk.home)))}"


def _propose(desk: Desk, asked: Asked, request: Document, seen: Preview, *why: str) -> Answer:
    """Keep it for a person's signature, audited."""
    record = {"event": "dashboard.proposal", "actor": asked.actor, "channel": "api", "after": seen.subject}
    begun = desk.feed.request("dashboard.record", {**record, "reason": asked.given.reason})
    closing = {**record, "intent": begun["seq"], "audit_id": begun["audit_id"]}
    try:
        now = desk.feed.now_ns()
        made = desk.proposals.add(request["intent"], asked.actor, asked.given.reason, seen.subject, seen.digest, now)
    except (TooMany, OSError) as error:
        desk.feed.request("dashboard.record", {**closing, "outcome": "failed", "details": str(error)})
        raise Problem(503, "not-kept", f"the proposal cannot be kept: {error}", "gt risk config sign") from error
    desk.feed.request("dashboard.record", {**closing, "outcome": "done", "details": f"proposal {made.id}"})
    command = f"gt risk config sign {made.id}"
    return Answer(
        state="asked",
        title="Waits for a signature",
        lines=(*why, "Nothing has changed yet"),
        changes=seen.changes,
        digest=seen.digest,
        next=command,
        detail={"proposal": made.id},
    )


def _landed(desk: Desk, landed: Document, seen: Preview) -> Answer:
    commit = landed["commit"]
    try:
        applied = desk.feed.request("wait", {"commit": commit, "timeout": WAIT_SECONDS})
    except ServiceDown as down:
        applied = {"in_force": False, "condition": down.message, "cancelled": {}}
    except RpcError as error:
        applied = {"in_force": False, "condition": error.message, "cancelled": {}}
    force = bool(applied["in_force"])
    cancelled = sum(applied["cancelled"].values())
    lines = [f"Orders cancelled: {cancelled}"] if force else [f"Landed and NOT yet in force: {applied['condition']}"]
    return Answer(
        ok=force,
        state="done" if force else "partly",
        title="In force" if force else "Landed",
        lines=(*lines, f"Commit {commit[:12]}, audit {landed['audit_id']}"),
        changes=seen.changes,
        next="" if force else "gt risk status",
        detail={"commit": commit, "audit_id": landed["audit_id"], "in_force": force},
    )


def _pause(_: Desk, asked: Asked) -> Document:
    return {"kind": "set-status", "strategy": asked.target, "status": "paused"}


def _resume_strategy(desk: Desk, asked: Asked) -> Document:
    given = cast(GivenReview, asked.given)
    shown = desk.feed.request("strategy.show", {"id": asked.target})["strategy"]
    intent = {"kind": "set-status", "strategy": asked.target, "status": "active", "halts": shown["halts"]}
    return {**intent, "peak": given.peak or None, "reviewer": given.reviewer or asked.actor, "note": given.note}


def _resume(desk: Desk, asked: Asked) -> Document:
    halts = desk.feed.request("emergency.status", {})["halts"]
    account = [halt["id"] for halt in halts if halt["scope"] == "account"]
    return {"kind": "resume", "halts": account, "peak": cast(GivenResume, asked.given).peak or None}


def _update(_: Desk, asked: Asked) -> Document:
    given = cast(GivenUpdate, asked.given)
    if bool(given.limit) == bool(given.files):
        raise Problem(400, "invalid", "name one limit with its value, or files", "/api/docs")
    if given.limit:
        return {"kind": "set-limit", "name": given.limit, "value": given.value}
    intent = {"kind": "write-documents", "base": given.base, "files": given.files}
    if refusal(intent):
        raise Problem(403, "not-from-here", refusal(intent), "gt risk config edit")
    return intent


ACTS = (
    Act(
        "pause-strategy",
        "/strategies/<id>/pause",
        "Pause",
        "Pause one strategy: only orders that reduce pass",
        looker("Pause", _pause),
        changer(_pause),
    ),
    Act(
        "resume-strategy",
        "/strategies/<id>/resume",
        "Resume",
        "Propose to make one strategy active again",
        looker("Resume", _resume_strategy),
        changer(_resume_strategy),
        body=GivenReview,
        entries=(
            Entry("note", "What the review has found"),
            Entry("reviewer", "Reviewed by"),
            Entry("peak", "High-water mark after a drawdown halt", _PEAKS),
        ),
    ),
    Act(
        "resume",
        "/emergency/resume",
        "Resume Operations",
        "Propose to lift the account's halts; strategies stay paused",
        looker("Resume operations", _resume),
        changer(_resume),
        role=Role.EMERGENCY,
        body=GivenResume,
        entries=(Entry("peak", "High-water mark after a drawdown halt", _PEAKS),),
    ),
    Act(
        "update-config",
        "/config/update",
        "Change a limit",
        "Change the configuration: at once when it only tightens, else as a proposal",
        looker("Change the configuration", _update),
        changer(_update),
        body=GivenUpdate,
        entries=(Entry("limit", "Limit"), Entry("value", "New value")),
    ),
)
