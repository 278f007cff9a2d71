"""Drift: what was changed at the engine by hand, against what was last applied (three-way).

A tightening drift is kept and reported until a person decides by changing that object; a loosening
drift is corrected at once.
"""

from dataclasses import dataclass

from controller.core.plan.effective import strictest_mode, strictest_status
from schemas.desired import StrategyStatus, TradingMode
from schemas.halts import ACCOUNT
from schemas.live import LiveState
from schemas.plan import Direction
from schemas.policy import Policy


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between live and last applied. ``scope``: ``account`` or a uid."""

    scope: str
    expected: str
    found: str
    direction: Direction


def drifts(applied: Policy | None, live: LiveState) -> tuple[Drift, ...]:
    """Differences of the venue's own mode and statuses from ``applied``, sorted by scope; nothing applied: none."""
    if applied is None:
        return ()
    found: list[Drift] = []
    if live.venue_mode is not applied.mode:
        tighter = live.venue_mode.rank > applied.mode.rank
        found.append(Drift(ACCOUNT, applied.mode.value, live.venue_mode.value, _direction(tighter)))
    moved = {uid: item for uid, item in applied.strategies.items() if venue_status(live, uid) is not item.status}
    for uid, strategy in sorted(moved.items()):
        venue = venue_status(live, uid)
        tighter = venue.rank > strategy.status.rank
        found.append(Drift(uid, strategy.status.value, venue.value, _direction(tighter)))
    return tuple(found)


def _direction(tighter: bool) -> Direction:
    return Direction.TIGHTEN if tighter else Direction.LOOSEN


def venue_status(live: LiveState, uid: str) -> StrategyStatus:
    """The venue's status of ``uid``; one that the venue has never heard of counts as active: it enforces nothing."""
    ledger = live.strategies.get(uid)
    return ledger.venue_status if ledger else StrategyStatus.ACTIVE


def venue_target(
    applied: Policy | None, target: Policy, live: LiveState
) -> tuple[TradingMode, dict[str, StrategyStatus]]:
    """The mode that the venue should have, and the statuses that it should have and has not: ``target``, and a
    tightening drift where it is unchanged."""
    mode = target.mode
    if applied is not None and applied.mode is target.mode:
        mode = strictest_mode(target.mode, live.venue_mode)
    statuses: dict[str, StrategyStatus] = {}
    for uid, strategy in target.strategies.items():
        venue = venue_status(live, uid)
        if venue is strategy.status:
            continue
        before = applied.strategies.get(uid) if applied else None
        kept = before is not None and before.status is strategy.status
        wanted = strictest_status(strategy.status, venue) if kept else strategy.status
        if wanted is not venue:
            statuses[uid] = wanted
    return mode, statuses
