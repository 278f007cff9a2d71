"""What a store makes of a newer reading of the same thing: pure, shared by every store."""

from typing import NamedTuple

from schemas.halts import Halt
from schemas.live import FillView, OrderView


class Progress(NamedTuple):
    """How far an order has come; what changes of it."""

    filled: int
    average: int
    price: int
    state: str


UNSEEN = Progress(0, 0, 0, "")


def progress(order: OrderView) -> Progress:
    """How far ``order`` has come."""
    return Progress(order.filled, order.average, order.price, order.state)


def gained(before: Progress, now: OrderView, at_ns: int) -> FillView | None:
    """The fill that took ``before`` (UNSEEN: the order is new) to ``now``; None when nothing was filled.

    The price is the gain's own average in micro-dollars; rounding of the two averages moves it by at most a
    few micro-dollars.
    """
    quantity = now.filled - before.filled
    if quantity <= 0:
        return None
    price = (now.filled * now.average - before.filled * before.average) // quantity
    return FillView(
        order=now.order,
        uid=now.uid,
        symbol=now.symbol,
        side=now.side,
        quantity=quantity,
        price=price,
        market_time=now.market_time,
        at_ns=at_ns,
    )


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
