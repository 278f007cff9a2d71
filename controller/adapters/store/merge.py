"""What a store makes of a newer reading of the same thing: pure, shared by every store."""

from typing import NamedTuple

from controller.core.experiments.standing import DECIDED, later
from schemas.halts import Halt
from schemas.live import OrderView
from schemas.trials import Trial


class Progress(NamedTuple):
    """How far an order has come; what changes of it."""

    filled: int
    average: int
    price: int
    state: str


def progress(order: OrderView) -> Progress:
    """How far ``order`` has come."""
    return Progress(order.filled, order.average, order.price, order.state)


def halts(known: Halt, new: Halt) -> Halt:
    """``known`` with the facts of ``new``: identity stays, facts only grow, a reason is never emptied."""
    return known.model_copy(
        update={
            "reason": new.reason or known.reason,
            "word": new.word or known.word,
            "slot": new.slot if new.word else known.slot,
            "durable": known.durable or new.durable,
            "adopted": known.adopted or new.adopted,
            "evidenced": known.evidenced or new.evidenced,
        }
    )


def trials(known: Trial, new: Trial) -> Trial:
    """``new``; where a test stands stays as it was decided, and since when, whoever writes."""
    state = later(known.state, new.state)
    if state == new.state and known.state not in DECIDED:
        return new
    decided = known if state == known.state else new
    return new.model_copy(
        update={
            "state": state,
            "reason": decided.reason,
            "decided_ns": decided.decided_ns,
            "decided_market": decided.decided_market,
        }
    )
