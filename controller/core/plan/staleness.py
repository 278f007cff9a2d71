"""The staleness ladder: what holds after so long without a verified source."""

from typing import Literal

from controller.core.plan.effective import Restriction
from schemas.desired import Staleness, TradingMode
from schemas.halts import ACCOUNT

Rung = Literal["fresh", "report", "no-loosening", "pause-new-orders"]
_ORDER: tuple[Rung, ...] = ("fresh", "report", "no-loosening", "pause-new-orders")


def rung(ladder: Staleness, age_seconds: float) -> Rung:
    """The strictest rung reached ``age_seconds`` after the source was last verified; a bound counts as reached."""
    reached = [step.action for step in ladder.source if age_seconds >= step.after_seconds]
    return max(("fresh", *reached), key=_ORDER.index)


def may_loosen(reached: Rung) -> bool:
    """Whether loosening is still allowed on this rung."""
    return _ORDER.index(reached) < _ORDER.index("no-loosening")


def restrictions(reached: Rung, age_seconds: float) -> tuple[Restriction, ...]:
    """The computed restriction of this rung: none below ``pause-new-orders``."""
    if reached != "pause-new-orders":
        return ()
    reason = f"no verified source for {age_seconds:.0f} s"
    return (Restriction(ACCOUNT, TradingMode.PAUSE_NEW_ORDERS, reason),)
