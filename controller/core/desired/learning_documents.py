"""Rules about the learning phases of risk_config.yaml. One function for each rule."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Protocol

from controller.core.desired.experiment_documents import Written
from controller.core.learning.phases import size_ppm
from schemas.limits import BY_NAME
from schemas.scalars import MICROS
from schemas.status import Problem

_RISK = "risk_config.yaml"
_FACTORS = {
    "position_size_multiplier": (Decimal(10), 6),
    "exploration_bonus": (Decimal(1_000), 4),
    "soft_limit_tolerance": (Decimal(100), 4),
}
"""The most that may be written, and the decimals that the gate's integers hold."""


class Measured(Written, Protocol):
    """A snapshot as far as these rules need it."""

    def named(self, name: str) -> Decimal:
        """The written value of a limit."""
        ...


def phase_exists(snapshot: Measured) -> Iterator[Problem]:
    """The account is in one of the phases."""
    learning = snapshot.desired.risk.learning
    if learning.number > len(learning.phases):
        message = f"there is no phase {learning.number}: learning.phases has {len(learning.phases)}"
        yield snapshot.problem(_RISK, ("learning", "number"), message, f"write 1 to {len(learning.phases)}")


def phases_in_range(snapshot: Measured) -> Iterator[Problem]:
    """Multiplier, bonus and tolerance within what has a meaning, and exact."""
    for index, phase in enumerate(snapshot.desired.risk.learning.phases):
        for field, (most, places) in _FACTORS.items():
            value: Decimal = getattr(phase, field)
            if not 0 <= value <= most or value != round(value, places):
                message = f"{field} {value:f} of {phase.name} is not 0 to {most} with at most {places} decimals"
                pointer = ("learning", "phases", str(index), field)
                yield snapshot.problem(_RISK, pointer, message, f"write 0 to {most}")


def phase_leaves_room(snapshot: Measured) -> Iterator[Problem]:
    """The largest position of each phase is at least the smallest one worth opening."""
    least, most = (snapshot.named(f"position.{key}_position_dollars") for key in ("min", "max"))
    for index, phase in enumerate(snapshot.desired.risk.learning.phases):
        acting = most * size_ppm(phase) / MICROS
        if acting < least:
            text = BY_NAME["position.max_position_dollars"].text
            message = (
                f"in {phase.name} position.max_position_dollars acts as {text(acting.quantize(Decimal('0.01')))}, below"
                f" position.min_position_dollars {text(least)}: nothing could be opened"
            )
            pointer = ("learning", "phases", str(index), "position_size_multiplier")
            yield snapshot.problem(_RISK, pointer, message, f"write at least {least / most:.2f}, or lower the minimum")


LEARNING_RULES: tuple[Callable[[Measured], Iterator[Problem]], ...] = (phase_exists, phases_in_range, phase_leaves_room)
