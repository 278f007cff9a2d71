"""From what a person asks (an intent) to the edits that express it, and the words of its commit. Pure.

Nothing here decides whether the change may land: signatures, direction and plan are judged on the commit.
"""

import json
from collections.abc import Mapping, Sequence
from typing import assert_never

from controller.core.plan.document_intents import add_strategy, rollback, write_documents
from controller.core.plan.drawdown import Drawdown
from controller.core.plan.edits import BadArgument, Edits, NothingToDo, Situation, unknown
from controller.core.plan.effective import evidence_text, strategy_scope
from controller.core.plan.learning_intents import advance_phase
from controller.core.plan.limit_intents import reset_limits, set_limit
from controller.core.plan.trial_intents import of_a_test
from controller.core.trust.commits import CHANNEL
from schemas.desired import ClearedDocument, Desired, Peak, Strategy, StrategyStatus, TradingMode
from schemas.edits import (
    AddStrategy,
    AddTest,
    AdvancePhase,
    Approve,
    Edit,
    EndTest,
    Intent,
    PutFile,
    ResetLimits,
    Resume,
    Rollback,
    RollOut,
    SetLimit,
    SetStatus,
    SetValue,
    WriteDocuments,
)
from schemas.halts import ACCOUNT, Halt, HaltSource

EMERGENCY = "emergency.yaml"


def edits_for(intent: Intent, desired: Desired, situation: Situation) -> Edits:
    """The edits that express ``intent`` on ``desired``.

    Raises BadArgument, NothingToDo, Raced, each with the next command; Refused for a commit that cannot be read.
    """
    match intent:
        case SetLimit():
            return set_limit(intent, desired)
        case ResetLimits() | AdvancePhase():
            return _of_many_limits(intent, desired)
        case SetStatus():
            return _set_status(intent, desired, situation)
        case Resume():
            return _resume(intent, desired, situation)
        case AddStrategy():
            return add_strategy(intent, desired)
        case AddTest() | EndTest() | RollOut():
            return of_a_test(intent, desired, situation)
        case WriteDocuments() | Rollback() | Approve():
            return _of_a_commit(intent, desired, situation)
        case _:
            assert_never(intent)


def message(edits: Edits, actor: str, reason: str, audit_id: str, target: str, channel: str = "cli") -> str:
    """The commit message of spec 5.3; the trailers stand alone in the last paragraph, one line each."""
    trailers = [*edits.trailers, f"Audit-Id: {audit_id}", f"Gt-Target: {target}"]
    if channel != "cli":
        trailers.insert(0, f"{CHANNEL}: {channel}")
    if reason:
        trailers.insert(0, f"Reason: {_one_line(reason)}")
    body = f"Changed by: {_one_line(actor)}\nPrevious: {edits.previous}\nNew: {edits.new}"
    return f"{edits.subject}\n\n{body}\n\n" + "\n".join(trailers) + "\n"


def strategy_named(name: str, desired: Desired) -> Strategy:
    """The strategy of that id. Raises BadArgument that suggests the nearest ids."""
    strategy = desired.strategies.get(name)
    if strategy is None:
        raise unknown("strategy", name, desired.strategies, "gt risk strategy list")
    return strategy


def _of_many_limits(intent: ResetLimits | AdvancePhase, desired: Desired) -> Edits:
    return advance_phase(intent, desired) if isinstance(intent, AdvancePhase) else reset_limits(intent, desired)


def _of_a_commit(intent: WriteDocuments | Rollback | Approve, desired: Desired, situation: Situation) -> Edits:
    if isinstance(intent, WriteDocuments):
        return write_documents(intent, desired, situation.history)
    if isinstance(intent, Rollback):
        return rollback(intent, desired, situation)
    return _approve(intent, desired, situation)


def _approve(intent: Approve, desired: Desired, situation: Situation) -> Edits:
    if intent.commit and intent.commit != desired.commit:
        message = f"{intent.commit[:12]} is not the tip, which is {desired.commit[:12]}: an approval is for all of it"
        raise BadArgument(message, "gt risk config plan")
    if not situation.waiting:
        raise NothingToDo("nothing waits for approval", "gt risk config history")
    notes = [f"Approve {item}" for item in situation.waiting]
    return Edits((), f"risk: approve {desired.commit[:12]}", "held for approval", "approved", tuple(notes))


def _set_status(intent: SetStatus, desired: Desired, situation: Situation) -> Edits:
    strategy = strategy_named(intent.strategy, desired)
    own = tuple(halt for halt in situation.halts if halt.scope == strategy_scope(strategy.uid))
    if intent.status is StrategyStatus.ACTIVE:
        cleared = _named(intent.halts, own, f"gt risk strategy resume {strategy.id}")
        review = _review(intent, cleared, situation)
        clears = _clears(cleared, intent.peak, desired, situation, situation.drawdowns.get(strategy.uid), review)
    else:
        clears = ()
    if strategy.status is intent.status and not clears:
        raise NothingToDo(f"{strategy.id} is {intent.status.value} already", f"gt risk strategy show {strategy.id}")
    edits = (*_status_edit(strategy, intent.status), *clears)
    verb = {"active": "resume", "paused": "pause", "halted": "halt"}[intent.status.value]
    subject = f"risk: {verb} strategy {strategy.id}"
    return Edits(edits, subject, strategy.status.value, intent.status.value, _status_notes(intent, own, situation))


def _review(intent: SetStatus, cleared: Sequence[Halt], situation: Situation) -> dict[str, str]:
    """Reviewer and note, which close the review that a halt has opened. Raises BadArgument without a note."""
    if cleared and not intent.note.strip():
        raise BadArgument(
            f"{intent.strategy} was halted and its review is open: say what the review has found",
            f"gt risk strategy resume {intent.strategy} --note TEXT",
        )
    return {"reviewer": _one_line(intent.reviewer or situation.actor), "note": _one_line(intent.note)}


def _status_edit(strategy: Strategy, status: StrategyStatus) -> tuple[Edit, ...]:
    if strategy.status is status:
        return ()
    return (SetValue(path=f"strategies/{strategy.id}.yaml", pointer=("status",), value=status.value),)


def _status_notes(intent: SetStatus, own: Sequence[Halt], situation: Situation) -> tuple[str, ...]:
    if intent.status is not StrategyStatus.ACTIVE:
        return (
            "Stop generating new signals",
            "Reject any pending orders",
            "Keep existing positions open",
            "Allow manual resume later",
        )
    notes = ["Accept new orders of this strategy again", *(f"Clear halt {halt.id[:12]}" for halt in own)]
    stays = [halt for halt in situation.halts if halt.scope == ACCOUNT]
    notes += [f"Account halt {halt.id[:12]} ({halt.mode.value}) still holds" for halt in stays]
    return tuple(notes)


def _resume(intent: Resume, desired: Desired, situation: Situation) -> Edits:
    account = tuple(halt for halt in situation.halts if halt.scope == ACCOUNT)
    named = _named(intent.halts, account, "gt risk emergency resume", exact=False)
    mode = desired.emergency.trading_mode
    if not named and mode is TradingMode.NORMAL:
        raise NothingToDo("no account halt is open and the trading mode is normal", "gt risk emergency status")
    edits: list[Edit] = []
    if mode is not TradingMode.NORMAL:
        edits.append(SetValue(path=EMERGENCY, pointer=("trading_mode",), value=TradingMode.NORMAL.value))
    for strategy in sorted(desired.strategies.values(), key=lambda item: item.id):
        if strategy.status is StrategyStatus.ACTIVE:
            edits += _status_edit(strategy, StrategyStatus.PAUSED)
    edits += _clears(named, intent.peak, desired, situation, situation.drawdowns.get(ACCOUNT))
    ids = ", ".join(halt.id[:12] for halt in named)
    previous = f"{mode.value}{f', halted by {ids}' if ids else ''}"
    return Edits(tuple(edits), "risk: resume from emergency", previous, "normal", _resume_notes(named, situation))


def _resume_notes(named: Sequence[Halt], situation: Situation) -> tuple[str, ...]:
    gone = {halt.id for halt in named}
    notes = ["Resume normal operations", "Enable trading", "Strategies remain PAUSED (manual resume each)"]
    notes += [f"Clear halt {halt.id[:12]} ({halt.mode.value}: {halt.reason or 'no reason given'})" for halt in named]
    for halt in situation.halts:
        if halt.id not in gone:
            notes.append(f"Leave halt {halt.id[:12]} ({halt.scope}, {halt.mode.value}) open")
    return tuple(notes)


def _named(ids: Sequence[str], open_halts: Sequence[Halt], again: str, *, exact: bool = True) -> tuple[Halt, ...]:
    """The open halts that were named. With ``exact`` every open one must be: a status cannot rise under a halt."""
    by_id = {halt.id: halt for halt in open_halts}
    strange = [halt_id for halt_id in ids if halt_id not in by_id]
    if strange:
        raise BadArgument(f"no open halt {strange[0]} in this scope", again)
    missing = [halt.id for halt in open_halts if halt.id not in ids]
    if exact and missing:
        raise BadArgument(f"halt {missing[0]} is open on it and was not named", again)
    return tuple(by_id[halt_id] for halt_id in dict.fromkeys(ids))


def _clears(
    halts: Sequence[Halt],
    peak: Peak | None,
    desired: Desired,
    situation: Situation,
    drawdown: Drawdown | None,
    review: Mapping[str, str] | None = None,
) -> tuple[Edit, ...]:
    by_drawdown = [halt for halt in halts if halt.source is HaltSource.MONITOR]
    if by_drawdown:
        _check_peak(peak, drawdown)
    edits: list[Edit] = []
    for halt in halts:
        if halt.id not in desired.halts:
            edits.append(PutFile(path=f"halts/{halt.id}.yaml", text=evidence_text(halt)))
        edits.append(
            PutFile(
                path=f"cleared/{halt.id}.yaml",
                text=_cleared_text(halt, peak if halt in by_drawdown else None, situation, review or {}),
            )
        )
    return tuple(edits)


def _check_peak(peak: Peak | None, drawdown: Drawdown | None) -> None:
    if peak is None:
        raise BadArgument(
            "this halt came from a drawdown: say what becomes of the high-water mark",
            "--peak rebase (start a new peak at today's equity) or --peak keep",
        )
    if peak is Peak.KEEP and (drawdown is None or drawdown.breach):
        figures = drawdown.reason if drawdown is not None else "the drawdown is unknown while the engine is silent"
        raise BadArgument(f"--peak keep would halt again at once: {figures}", "--peak rebase")


def _cleared_text(halt: Halt, peak: Peak | None, situation: Situation, review: Mapping[str, str]) -> str:
    document = ClearedDocument(
        version=1,
        id=halt.id,
        halt_digest=halt.digest(),
        by=_one_line(situation.actor),
        reason=_one_line(situation.reason),
        peak=peak,
        reviewer=review.get("reviewer"),
        note=review.get("note"),
    )
    fields = document.model_dump(mode="json", exclude_none=True)
    return "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in fields.items())


def _one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:500]
