"""``learning phase advance``: two scalars of risk_config.yaml. Pure."""

from controller.core.learning.phases import size_ppm
from controller.core.plan.edits import BadArgument, Edits, NothingToDo
from schemas.desired import Desired
from schemas.edits import AdvancePhase, SetValue
from schemas.learning import Phase
from schemas.scalars import percent_text

DESPITE = "Despite"
"""Trailer of a commit that enters a phase: what spoke against it, one each."""
_RISK = "risk_config.yaml"


def advance_phase(intent: AdvancePhase, desired: Desired) -> Edits:
    """The next phase, from ``intent.started`` on. Raises BadArgument when it is not the next one, NothingToDo in the
    last phase."""
    learning, following = desired.risk.learning, desired.risk.learning.following
    if following is None:
        raise NothingToDo(f"phase {learning.number} ({learning.phase.name}) is the last", "gt risk learning phase show")
    number = learning.number + 1
    if intent.number != number:
        message = f"phase {intent.number} is not the next: the account is in phase {learning.number}"
        raise BadArgument(message, "gt risk learning phase show")
    edits = (
        SetValue(path=_RISK, pointer=("learning", "number"), value=str(number)),
        SetValue(path=_RISK, pointer=("learning", "started"), value=f'"{intent.started.isoformat()}"'),
    )
    before, after = (f"phase {at} ({phase.name})" for at, phase in ((number - 1, learning.phase), (number, following)))
    trailers = tuple(f"{DESPITE}: {warning}" for warning in intent.despite)
    return Edits(edits, f"risk: advance to {after}", before, after, _notes(learning.phase, following), trailers)


def _notes(before: Phase, after: Phase) -> tuple[str, ...]:
    """What acts otherwise from then on."""
    sizes = [f"{size_ppm(phase) / 10_000:g}%" for phase in (before, after)]
    soft = [percent_text(100 + phase.soft_limit_tolerance) for phase in (before, after)]
    notes = []
    if sizes[0] != sizes[1]:
        notes.append(f"Position limits act as {sizes[1]} of what is written ({sizes[0]} until now)")
    if soft[0] != soft[1]:
        notes.append(f"Sector and volatility limits act as {soft[1]} of what is written ({soft[0]} until now)")
    return (*notes, "Begin the phase on the market's day of today")
