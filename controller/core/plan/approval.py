"""What waits for approval: how it is told, and what a denied key's changes restrict until a person has decided."""

from collections.abc import Sequence

from controller.core.plan.effective import Restriction
from controller.core.plan.guards import Hold
from controller.core.trust.threshold import Needed
from schemas.desired import TradingMode
from schemas.halts import ACCOUNT

_SHOWN = 3
APPROVE = "gt risk config approve"


def waiting(held: Sequence[Needed], denied: bool) -> Hold | None:
    """Why ``held`` is not in force while the rest of its commit is; ``denied``: a denied key did some of it."""
    if not held:
        return None
    more = f" and {len(held) - _SHOWN} more" if len(held) > _SHOWN else ""
    what = "; ".join(str(item) for item in held[:_SHOWN]) + more
    if denied:
        why = f"a denied key did this, it is undone and new orders are paused: {what}"
        return Hold("KeyDenied", why, f"{APPROVE} to keep it, or change it back")
    reason = "HeldForApproval" if any(item.missing for item in held) else "PlanChanged"
    return Hold(reason, what, APPROVE)


def restrictions(denied: bool) -> tuple[Restriction, ...]:
    """New orders wait while something that a denied key did is neither approved by others nor changed back."""
    if not denied:
        return ()
    reason = "a denied key loosened this account and nobody has decided on it yet"
    return (Restriction(ACCOUNT, TradingMode.PAUSE_NEW_ORDERS, reason),)
