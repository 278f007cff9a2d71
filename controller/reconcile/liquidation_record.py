"""A liquidation in the audit chain, and in words: what is written down of it, and what can be read back."""

from typing import Literal

from controller.ports import Store
from schemas.audit import AuditEntry
from schemas.liquidation import LiquidationRequest, LiquidationScope, LiquidationState

EVENTS = {
    LiquidationScope.PORTFOLIO: "emergency.liquidate_portfolio",
    LiquidationScope.EVERYTHING: "emergency.liquidate_all",
}
GRANTED = "emergency.liquidation_granted"
_ALL = "emergency.liquid"
_PREFIX = "liquidation-"
_MOST = 200
"""Newest records that are looked through; a ticket lasts ten minutes and people type each phrase."""


def intent_entry(
    id: str, scope: LiquidationScope, actor: str, reason: str, at_ns: int, channel: Literal["cli", "controller"]
) -> AuditEntry:
    """The intent, before anything has happened; its outcome closes it. ``controller``: it goes on after a crash."""
    return AuditEntry(
        at_ns=at_ns,
        event=EVENTS[scope],
        actor=actor,
        channel=channel,
        level="critical",
        reason=reason,
        audit_id=audit_id(id),
        details=f"liquidation {id}",
    )


def grant_entry(request: LiquidationRequest, signer: str, revision: str, at_ns: int) -> AuditEntry:
    """The grant, before the ticket: who signed which request, judged by which revision."""
    return AuditEntry(
        at_ns=at_ns,
        event=GRANTED,
        actor=signer,
        channel="controller",
        level="critical",
        revision=revision,
        audit_id=audit_id(request.id),
        after=request.text(),
        details=f"liquidation {request.id}: {request.scope.value}, signed by {signer}",
    )


def audit_id(id: str) -> str:
    """What every record of one liquidation carries."""
    return f"{_PREFIX}{id}"


def grant_of(store: Store, id: str) -> tuple[LiquidationRequest, str] | None:
    """(request, signer) of a liquidation that was granted and is not done, by the chain; None for any other."""
    records = [item.entry for item in store.audit(event=_ALL, limit=_MOST) if item.entry.audit_id == audit_id(id)]
    if any(entry.outcome == "done" for entry in records):
        return None
    granted = next((entry for entry in records if entry.event == GRANTED), None)
    return None if granted is None else (LiquidationRequest.model_validate_json(granted.after), granted.actor)


def interrupted(store: Store) -> str:
    """Id of the newest liquidation when it was granted and nobody knows how it ended; else empty."""
    records = [item.entry for item in store.audit(event=_ALL, limit=_MOST)]
    newest = next((entry for entry in records if entry.kind == "outcome"), None)
    if newest is None or newest.outcome != "unknown":
        return ""
    id = newest.audit_id.removeprefix(_PREFIX)
    return id if grant_of(store, id) is not None else ""


def residual(state: LiquidationState) -> str:
    """What is still open: ``NVDA 30 of 100``, one for each position."""
    return ", ".join(f"{item.symbol} {item.left} of {abs(item.quantity)}" for item in state.positions if item.left)


def standing_of(state: LiquidationState) -> str:
    """What people should know of it now; empty when it is over."""
    name, left = f"liquidation {state.id[:12]}", residual(state)
    if state.stage == "running":
        return f"{name} is under way{f': {left} left' if left else ''}"
    if state.stage != "partial":
        return ""
    again = f"gt risk portfolio liquidate --resume {state.id}" if state.resumable else "ask for a new one"
    return f"{name} was left with {left or 'an unknown rest'} ({state.problem}): {again}"
