"""Demotion: while the account has fallen too far, it trades within the caps of the phase before as well. Pure.

A computed restriction: it begins and ends with its cause, without a commit, and lifts no cap of its own phase.
"""

from collections.abc import Iterable

from controller.core.learning.phases import factors, moved
from controller.core.plan.drawdown import ACCOUNT_LIMIT
from controller.core.plan.effective import Restriction
from schemas.desired import TradingMode
from schemas.halts import ACCOUNT
from schemas.learning import Learning
from schemas.policy import Policy
from schemas.risk import Level
from schemas.scalars import ppm_of_percent

SCOPE = "phase"
ENDS_PCT = 80
"""Of the bound that began it, so that a book at the bound does not change its caps with each mark."""


def demotion(learning: Learning, found: Iterable[Level], *, binds: bool) -> tuple[Restriction, ...]:
    """The restriction when the account's drawdown is at or beyond the phase's goal, until it is within ENDS_PCT of it.

    ``binds``: whether it is in force now, or may be for all that is known. Without a reading it stays as it is; the
    first phase has none before it.
    """
    bound = learning.phase.goals.max_drawdown
    if bound is None or learning.number == 1:
        return ()
    fallen = next((item.value for item in found if item.key == ACCOUNT_LIMIT and item.scope == ACCOUNT), None)
    limit = ppm_of_percent(bound)
    if fallen is None:
        return (_restriction(learning, "not known"),) if binds else ()
    if fallen >= limit or (binds and fallen * 100 > limit * ENDS_PCT):
        return (_restriction(learning, f"{fallen / 10_000:.2f}%"),)
    return ()


def _restriction(learning: Learning, fallen: str) -> Restriction:
    before = learning.phases[learning.number - 2].name
    bound = learning.phase.goals.max_drawdown
    return Restriction(SCOPE, TradingMode.NORMAL, f"caps of phase {before}: drawdown {fallen} against {bound:f}%")


def demoted(policy: Policy, learning: Learning, restrictions: Iterable[Restriction]) -> Policy:
    """``policy`` with each cap that phases move as the stricter of this phase and the one before has it."""
    if learning.number == 1 or not any(item.scope == SCOPE for item in restrictions):
        return policy
    written = _written(policy, learning)
    earlier = written | moved(written, learning.phases[learning.number - 2])
    lower = {name: value for name, value in earlier.items() if value < policy.limits[name]}
    return policy.model_copy(
        update={
            "limits": policy.limits | lower,
            "written": policy.written | {name: written[name] for name in lower},
        }
    )


def is_demoted(policy: Policy, learning: Learning) -> bool:
    """Whether the caps in force are those that a demotion makes of the written ones."""
    if learning.number == 1:
        return False
    written = _written(policy, learning)
    own, earlier = (written | moved(written, learning.phases[at]) for at in (learning.number - 1, learning.number - 2))
    both = {name: min(own[name], earlier[name]) for name in written}
    return both != own and all(policy.limits[name] == value for name, value in both.items())


def _written(policy: Policy, learning: Learning) -> dict[str, int]:
    """What documents say of the caps that phases move."""
    return {name: policy.written.get(name, policy.limits[name]) for name in factors(learning.phase)}
