"""What one applied plan is called in the audit log."""

import re

from controller.core.plan.effective import Restriction
from controller.core.plan.planner import loosens
from controller.core.policy.text import policy_digest
from controller.core.trust.case import Pinned
from controller.errors import Refused
from controller.reconcile.goal import Goal
from schemas.audit import AuditEntry, Evidence
from schemas.halts import ACCOUNT
from schemas.live import LiveState
from schemas.plan import Change, Plan
from schemas.status import Refusal

_TEXT = 2_000
_TEST = re.compile(r"ab_tests\.([^.]+)\.(status|rollout)")
_TEST_ACTS = {"active": "create", "stopped": "stop", "complete": "archive"}
_HALT_RECORDS = ("halts", "cleared/")
"""What changes in a plan with every halt that ends."""


def entry_for(goal: Goal, plan: Plan, applied: str, at_ns: int, restricted: tuple[Restriction, ...] = ()) -> AuditEntry:
    """The intent of carrying out ``plan``: who asked for it, what changes, under which digest.

    ``applied``: the revision in force before, empty for none; ``restricted``: what was restricted before.
    """
    origin = goal.origin
    return AuditEntry(
        at_ns=at_ns,
        event=event_of(goal, plan),
        actor=origin.actor,
        channel=origin.channel,
        level="warn" if loosens(plan) else "info",
        scope=_scope(goal, plan),
        reason=origin.reason or _restricting(restricted, goal.restrictions),
        before=_texts(plan, "old") or applied,
        after=_texts(plan, "new") or goal.target.revision,
        revision=goal.target.revision,
        audit_id=origin.audit_id,
        details=f"plan {plan.digest()}: {', '.join(step.action for step in plan.steps)}"[:_TEXT],
    )


def evidence_of(
    goal: Goal, plan: Plan, signers: tuple[str, ...], before: LiveState, after: LiveState | None
) -> Evidence:
    """What carrying out ``plan`` was; ``after`` is the read-back, None when the engine did not answer."""
    return Evidence(
        commit=goal.target.revision,
        policy=policy_digest(goal.target),
        signers=signers,
        plan=plan.digest(),
        halts=tuple(sorted(halt.id for halt in goal.halts)),
        before=before.enforced(),
        after=after.enforced() if after is not None else "",
    )


def refused_entry(refusal: Refusal, tip: str, at_ns: int) -> AuditEntry:
    """That the branch ends with ``tip`` and is not followed behind ``refusal.commit``; one id, whenever it is seen."""
    return AuditEntry(
        at_ns=at_ns,
        event="config.refused",
        actor="unknown",
        channel="git",
        level="error",
        after=tip,
        revision=refusal.commit,
        audit_id=f"refused-{tip[:12]}-{refusal.commit[:12]}-{refusal.reason.value}",
        details=str(Refused(refusal))[:_TEXT],
    )


def pins_entry(before: str, after: str, at_ns: int) -> AuditEntry:
    """That somebody has changed what local settings say of keys; texts of :func:`pins_text`."""
    return AuditEntry(
        at_ns=at_ns,
        event="trust.pins",
        actor="settings.toml",
        channel="controller",
        level="critical",
        before=before,
        after=after,
    )


def pins_text(pins: Pinned) -> str:
    """What of the pins may change while history stays."""
    parts = (("denied", pins.denied_keys), ("repairs", pins.repairs), ("repair keys", pins.repair_keys))
    return "; ".join(f"{name}: {', '.join(values) or 'none'}" for name, values in parts)[:_TEXT]


def event_of(goal: Goal, plan: Plan) -> str:
    """The spec's name of the act: a release is a resume, one status is the strategy's, one act on an A/B test is the
    test's, the rest is configuration."""
    if goal.releases:
        return "emergency.resume" if any(halt.scope == ACCOUNT for halt in goal.releases) else "strategy.resume"
    if not goal.origin.parents:
        return "controller.reconcile"
    statuses = [change.new for change in plan.changes if change.kind == "status"]
    if len(plan.changes) == 1 and statuses:
        return {"active": "strategy.resume", "paused": "strategy.pause"}.get(statuses[0], "strategy.halt")
    return _test_act(plan) or "config.change"


def _test_act(plan: Plan) -> str:
    """``ab_test.create``, ``stop``, ``archive`` or ``rollout``; empty where more changes than that and what follows."""
    moved: dict[tuple[str, str], str] = {}
    for change in plan.changes:
        found = _TEST.fullmatch(change.label)
        if found:
            moved[found[1], found[2]] = change.new
        elif not (change.label.startswith("ab_tests.") or _follows(change)):
            return ""
    acts = {test: _TEST_ACTS.get(new, "") for (test, field), new in moved.items() if field == "status"}
    acts |= {test: "rollout" for (test, _), new in moved.items() if test not in acts and new != "-"}
    (act,) = acts.values() if len(acts) == 1 else ("",)
    return f"ab_test.{act}" if act else ""


def _follows(change: Change) -> bool:
    """What an act on a test brings with it: who gets signals, the parameters that won, a strategy that keeps them."""
    return change.kind == "strategy" and (change.old == "-" or change.label.endswith((".test", ".parameters")))


def _restricting(before: tuple[Restriction, ...], now: tuple[Restriction, ...]) -> str:
    """Which computed restrictions begin and end."""
    begun = [item.reason for item in now if item.scope not in {known.scope for known in before}]
    ended = [f"ended: {item.reason}" for item in before if item.scope not in {known.scope for known in now}]
    return "; ".join((*begun, *ended))[:_TEXT]


def _texts(plan: Plan, side: str) -> str:
    return ", ".join(f"{change.label}={getattr(change, side)}" for change in plan.changes)[:_TEXT]


def _scope(goal: Goal, plan: Plan) -> str:
    """The one strategy that all of it is about, the account otherwise; halts that end are about what they halted."""
    ended = {halt.scope.removeprefix("strategy:") for halt in goal.releases}
    scopes = {change.scope for change in plan.changes if not (ended and change.label.startswith(_HALT_RECORDS))} | ended
    return scopes.pop() if len(scopes) == 1 else ACCOUNT
