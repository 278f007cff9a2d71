"""A stop that a person put under a strategy's position: never in the way of the strategy's own exit, never lost.

An order and what gives way to it are one record of the venue, so a crash leaves the one or the other.
"""

from collections.abc import Iterable

from controller.gate.answer import Answer
from controller.gate.book import Reservation
from controller.gate.desk import Check, Desk
from controller.gate.orders import OrderRequest
from controller.gate.verdicts import Allow, Code, Deny

STOP = "op-stop-"
"""How the client id of a person's stop begins."""


def submit(desk: Desk, source: object) -> Answer:
    """Put a strategy's order through every check. An exit for which only people's stops leave no room takes their
    place; they keep what it leaves of the position."""
    keeps: dict[str, int] = {}

    def check(order: OrderRequest, now: int) -> Allow | Deny:
        verdict = desk.check(order, now)
        if isinstance(verdict, Allow) or verdict.code is not Code.EXIT_TOO_LARGE:
            return verdict
        stops = [item for item in beside(desk, order) if is_stop(item)]
        room = desk.book.exit_room(order.uid, order.symbol, order.side) + sum(item.remaining for item in stops)
        if order.quantity > room:
            return verdict
        give_way(desk, stops, room - order.quantity, keeps)
        return desk.check(order, now)

    return sent(desk, source, check, keeps)


def beside(desk: Desk, order: OrderRequest) -> list[Reservation]:
    """Working orders of the same strategy, symbol and side, but for a liquidation's and those nobody knows of."""
    place = (order.uid, order.symbol, order.side)
    found = [item for item in desk.book.reservations.values() if not (item.unknown or item.order.ticket)]
    return [item for item in found if (item.order.uid, item.order.symbol, item.order.side) == place]


def is_stop(item: Reservation) -> bool:
    """Whether it is a stop that a person put there."""
    return item.order.type == "stop" and item.order.client_id.startswith(STOP)


def give_way(desk: Desk, items: Iterable[Reservation], rest: int, keeps: dict[str, int]) -> None:
    """Count of ``items`` only ``rest`` shares from here on, the first ones first; what changes goes into ``keeps``."""
    for item in items:
        kept = min(rest, item.remaining)
        rest -= kept
        if kept < item.remaining:
            keeps[item.order.order] = kept
            desk.book.give_way(item.order.order, kept)


def sent(desk: Desk, source: object, check: Check, keeps: dict[str, int]) -> Answer:
    """Submit; then the book holds again what the venue holds, whatever came of it."""
    try:
        return desk.submit(source, check, keeps=keeps)
    finally:
        if keeps:
            desk.reload()
