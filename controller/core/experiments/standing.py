"""Where a test stands: one table, and what has been decided stays decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from controller.core.experiments.assignment import Arm

State = Literal[
    "collecting", "running", "winner_a", "winner_b", "no_difference", "stopped_by_guardrail", "invalid", "stopped"
]
DECIDED: frozenset[State] = frozenset(
    {"winner_a", "winner_b", "no_difference", "stopped_by_guardrail", "invalid", "stopped"}
)
MOVES: Mapping[State, frozenset[State]] = {
    "collecting": frozenset({"running", *DECIDED}),
    "running": DECIDED,
    **dict.fromkeys(DECIDED, frozenset()),
}
"""From each state where it may go; a decided one goes nowhere. ``stopped`` is a person's word."""


class IllegalMove(ValueError):
    """A test was to leave a decided state."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What one look found. ``crossed``: whom the boundary favours, now or at an earlier look. ``safe``: every guardrail
    is shown to be no worse than its margin allows; ``harmed``: the one that is shown to be worse."""

    enough: bool
    ended: bool
    crossed: Arm | None = None
    safe: bool = True
    harmed: str = ""
    mismatched: bool = False


def advance(state: State, facts: Facts) -> State:
    """The state after a look. A winner needs the boundary, its guardrails, arms as large as the split says, and enough
    observations in both."""
    if not MOVES[state]:
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


def move(state: State, to: State) -> State:
    """``to``, or IllegalMove with both."""
    if to != state and to not in MOVES[state]:
        raise IllegalMove(f"{state} is decided: it does not become {to}")
    return to
