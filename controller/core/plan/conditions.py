"""Conditions: what the controller says of itself, made in one place from the facts of one reconcile."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from controller.core.plan.drift import Drift
from controller.core.plan.guards import Hold
from controller.core.plan.staleness import Rung
from schemas.desired import TradingMode
from schemas.halts import Halt
from schemas.plan import Direction
from schemas.status import Condition, ConditionType, Refusal, RefusalReason, Revision

_TYPE_OF = {
    RefusalReason.NOT_DESCENDANT: ConditionType.HISTORY_REWRITTEN,
    RefusalReason.WRONG_TARGET: ConditionType.TARGET_MISMATCH,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What one reconcile found. Texts are empty where there is nothing to say.

    ``health``: (uid, condition, message) as the runner reports it for a strategy. ``kept``: uids of strategies that a
    commit took away while a halt of them is open. ``waiting``: what a release still waits for. ``approval``: what of
    the applied commit is not in force for want of approval. ``troubles``: (reason, message) of what is wrong with this
    installation and stops nothing. ``verifying``: commits are left to verify.
    """

    revision: Revision
    in_force: bool = False
    refusal: Refusal | None = None
    hold: Hold | None = None
    approval: Hold | None = None
    source_error: str = ""
    engine_error: str = ""
    store_error: str = ""
    apply_error: str = ""
    rung: Rung = "fresh"
    age_seconds: float = 0.0
    drifts: tuple[Drift, ...] = ()
    halts: tuple[Halt, ...] = ()
    bypass: str = ""
    kept: tuple[str, ...] = ()
    waiting: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    health: tuple[tuple[str, str, str], ...] = ()
    troubles: tuple[tuple[str, str], ...] = ()
    verifying: bool = False


def summarise(facts: Facts, previous: Iterable[Condition], now_ns: int) -> tuple[Condition, ...]:
    """Every condition with something to say, ``Ready`` first; ``since_ns`` is kept while a statement stays the same."""
    made = [_ready(facts), *_problems(facts), *_notes(facts), *_asides(facts)]
    before = {(item.type, item.scope, item.reason): item for item in previous}
    return tuple(_dated(item, before.get((item.type, item.scope, item.reason)), now_ns) for item in made)


def _dated(item: Condition, before: Condition | None, now_ns: int) -> Condition:
    same = before is not None and before.status == item.status
    return item.model_copy(update={"since_ns": before.since_ns if same and before else now_ns})


def _condition(
    facts: Facts, type_: ConditionType, reason: str, message: str, scope: str = "account", revision: str = ""
) -> Condition:
    return Condition(
        type=type_,
        status="True",
        reason=reason,
        message=message,
        scope=scope,
        revision=revision or facts.revision.last_applied,
    )


def _ready(facts: Facts) -> Condition:
    reason, message = _why_not_ready(facts)
    text = message or f"{facts.revision.last_applied[:12]} is in force"
    made = _condition(facts, ConditionType.READY, reason or "InForce", text)
    return made if not reason else made.model_copy(update={"status": "False"})


def _why_not_ready(facts: Facts) -> tuple[str, str]:
    if facts.store_error:
        return "StoreUnavailable", facts.store_error
    if facts.engine_error:
        return "EngineUnavailable", f"{facts.engine_error}; see: gt-risk service status"
    if facts.apply_error:
        return "ApplyFailed", facts.apply_error
    if facts.refusal is not None:
        return facts.refusal.reason.value, _refusal_text(facts.refusal)
    if facts.hold is not None:
        return facts.hold.reason, facts.hold.message
    if facts.waiting:
        return "ReleaseWaits", facts.waiting
    if not facts.revision.last_applied:
        return "NothingApplied", facts.source_error or "no verified desired state yet; see: gt-risk config verify"
    return ("", "") if facts.in_force else ("NotReadBack", "the gate has not reported the applied policy yet")


def _refusal_text(refusal: Refusal) -> str:
    return f"{refusal.message}; {refusal.fix}" if refusal.fix else refusal.message


def _problems(facts: Facts) -> Iterable[Condition]:
    refusal = facts.refusal
    if refusal is not None:
        text = _refusal_text(refusal)
        special = _TYPE_OF.get(refusal.reason)
        if special is not None:
            yield _condition(facts, special, refusal.reason.value, text, revision=refusal.commit)
        yield _condition(facts, ConditionType.STALLED, refusal.reason.value, text, revision=refusal.commit)
    elif facts.hold is not None:
        tip = facts.revision.last_attempted
        yield _condition(facts, ConditionType.STALLED, facts.hold.reason, facts.hold.message, revision=tip)
    if facts.store_error:
        tip = facts.revision.last_attempted
        text = f"{facts.store_error}; nothing acts unrecorded; halts bind by the latch all the same"
        yield _condition(facts, ConditionType.STALLED, "StoreUnavailable", text, revision=tip)
    if facts.apply_error or facts.engine_error:
        text = facts.apply_error or facts.engine_error
        tip = facts.revision.last_attempted
        yield _condition(facts, ConditionType.RECONCILING, "Retrying", text, revision=tip)
    elif facts.waiting:
        yield _condition(facts, ConditionType.RECONCILING, "ReleaseWaits", facts.waiting)
    if facts.source_error or facts.rung != "fresh":
        yield _stale(facts)


def _stale(facts: Facts) -> Condition:
    reason = {"fresh": "SourceUnavailable", "report": "SourceUnavailable"}.get(facts.rung, "")
    reason = reason or ("LooseningHeld" if facts.rung == "no-loosening" else "NewOrdersPaused")
    why = facts.source_error or "the source's tip is not verified"
    text = (
        f"no verified source for {facts.age_seconds:.0f} s ({why}); last-known-good stays in force; see: gt-risk doctor"
    )
    made = _condition(facts, ConditionType.SOURCE_STALE, reason, text)
    return made if facts.rung != "fresh" else made.model_copy(update={"status": "False"})


def _notes(facts: Facts) -> Iterable[Condition]:
    if facts.approval is not None:
        yield _condition(facts, ConditionType.STALLED, facts.approval.reason, facts.approval.message)
    for drift in facts.drifts:
        name = facts.labels.get(drift.scope, drift.scope)
        kept = drift.direction is Direction.TIGHTEN
        text = f"{name}: the engine has {drift.found}, applied is {drift.expected}"
        text += "; kept until you decide: gt-risk strategy resume|pause " + name if kept else "; corrected"
        reason = "TighterThanApplied" if kept else "LooserThanApplied"
        yield _condition(facts, ConditionType.DRIFTED, reason, text, scope=drift.scope)
    if facts.bypass:
        yield _condition(facts, ConditionType.BYPASS_ACTIVE, "Bypass", facts.bypass)
    elif facts.halts:
        yield _halted(facts)
    for uid in facts.kept:
        yield _kept(facts, uid)
    for uid, condition, message in facts.health:
        yield _health(facts, uid, condition, message)


def _asides(facts: Facts) -> Iterable[Condition]:
    """What stops nothing."""
    if facts.verifying:
        text = f"verified up to {facts.revision.last_verified[:12]}, more commits follow; what was in force stays"
        yield _condition(facts, ConditionType.RECONCILING, "Verifying", text, revision=facts.revision.last_attempted)
    for reason, text in facts.troubles:
        yield _condition(facts, ConditionType.STALLED, reason, text)


def _halted(facts: Facts) -> Condition:
    scopes = ", ".join(
        f"{halt.id[:8]} ({facts.labels.get(halt.scope, halt.scope)}, {halt.mode.value})" for halt in facts.halts
    )
    command = "gt-risk emergency resume" if _account(facts.halts) else "gt-risk strategy resume"
    return _condition(facts, ConditionType.BYPASS_ACTIVE, "HaltOpen", f"open: {scopes}; lift with: {command}")


def _kept(facts: Facts, uid: str) -> Condition:
    name = facts.labels.get(uid, uid)
    text = (
        f"strategy {name} was taken away while its halt is open: it stays, halted; "
        "put its file back (git revert -S), then gt-risk strategy resume it"
    )
    return _condition(facts, ConditionType.STALLED, "HaltOpenOnObject", text, scope=uid)


def _account(halts: tuple[Halt, ...]) -> bool:
    return any(halt.scope == "account" and halt.mode is not TradingMode.NORMAL for halt in halts)


def _health(facts: Facts, uid: str, condition: str, message: str) -> Condition:
    known = condition in ConditionType._value2member_map_
    type_ = ConditionType(condition) if known else ConditionType.STALLED
    return _condition(facts, type_, condition, message, scope=uid)
