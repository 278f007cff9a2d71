"""Where a test stands: one table, and what has been decided stays decided."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.trials import Side, State

ENDS: frozenset[State] = frozenset(
    {"winner_a", "winner_b", "no_difference", "stopped_by_guardrail", "invalid", "stopped"}
)
DECIDED: frozenset[State] = ENDS | {"returned"}
MOVES: Mapping[State, frozenset[State]] = {
    "collecting": frozenset({"running", *ENDS}),
    "running": ENDS,
    **dict.fromkeys(DECIDED, frozenset()),
    "winner_b": frozenset({"returned"}),
}
"""From each state where it may go; a decided one goes nowhere, but that the rollout of B's win may be taken back.
``stopped`` is a person's word."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What one look found. ``crossed``: whom the boundary favours, now or at an earlier look. ``safe``: every guardrail
    is shown to be no worse than its margin allows; ``harmed``: the one that is shown to be worse."""

    enough: bool
    ended: bool
    crossed: Side | None = None
    safe: bool = True
    harmed: str = ""
    mismatched: bool = False


def advance(state: State, facts: Facts) -> State:
    """The state after a look. A winner needs the boundary, its guardrails, arms as large as the split says, and enough
    observations in both."""
    if state in DECIDED:
        return state
    if facts.mismatched:
        return "invalid"
    if facts.harmed:
        return "stopped_by_guardrail"
    decided = facts.enough and (facts.crossed == "a" or (facts.crossed == "b" and facts.safe))
    if decided:
        return "winner_a" if facts.crossed == "a" else "winner_b"
    if facts.ended:
        return "no_difference"
    return "running" if facts.enough else state


def later(known: State, new: State) -> State:
    """``new`` where ``known`` may become that, else ``known``: what two writers make of one test."""
    return new if new in MOVES[known] else known


def b_takes_part(state: State | None, rollout: int) -> bool:
    """Whether B gets signals: while the test is undecided, and by a rollout after its win; None: nothing is known.

    A rollout that nobody knows to follow a win has none.
    """
    return state == "winner_b" if rollout else state is None or state not in DECIDED
