"""A stop that a person put under a strategy's position never stands in the way of the strategy's own exit."""

import os

from controller.gate.answer import Answer
from controller.gate.book import Reservation
from controller.gate.desk import Desk
from controller.gate.orders import SIDE_NAMES, OrderRequest
from controller.gate.venue import VenueOrder
from controller.gate.verdicts import Allow, Code, Deny

STOP = "op-stop-"
"""How the client id of a person's stop begins."""


def submit(desk: Desk, source: object) -> Answer:
    """Put a strategy's order through every check. An exit for which only people's stops leave no room takes their
    place, and what it leaves of the position gets the stop back, through every check as well."""
    moved: list[tuple[VenueOrder, int]] = []

    def check(order: OrderRequest, now: int) -> Allow | Deny:
        verdict = desk.check(order, now)
        if isinstance(verdict, Allow) or verdict.code is not Code.EXIT_TOO_LARGE:
            return verdict
        stops = _in_the_way(desk, order)
        moved.extend((item.order, item.remaining) for item in stops if desk.cancel_order(item.order.order))
        return desk.check(order, now) if stops else verdict

    answer = desk.submit(source, check)
    for stop, remaining in moved:
        _put_back(desk, stop, remaining)
    return answer


def _in_the_way(desk: Desk, order: OrderRequest) -> list[Reservation]:
    """People's stops of the same exit, if the order would fit without them."""
    found = [item for item in desk.book.reservations.values() if _is_stop_beside(item.order, order)]
    room = desk.book.exit_room(order.uid, order.symbol, order.side) + sum(item.remaining for item in found)
    return found if order.quantity <= room else []


def _is_stop_beside(stop: VenueOrder, order: OrderRequest) -> bool:
    own = stop.type == "stop" and stop.client_id.startswith(STOP)
    return own and (stop.uid, stop.symbol, stop.side) == (order.uid, order.symbol, order.side)


def _put_back(desk: Desk, stop: VenueOrder, remaining: int) -> None:
    quantity = min(remaining, desk.book.exit_room(stop.uid, stop.symbol, stop.side))
    if quantity > 0:
        name = f"{STOP}{os.urandom(8).hex()}"
        order = OrderRequest(stop.uid, stop.symbol, stop.side, quantity, name, "stop", stop=stop.stop)
        desk.submit({**order._asdict(), "side": SIDE_NAMES[stop.side]})
