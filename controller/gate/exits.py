"""Orders that only ever end a position: those that a person asks for, and a liquidation's under its ticket."""

from typing import Any

from controller.gate.answer import Answer
from controller.gate.claim import BEGIN_RULES, BEGUN, ENDED, ORDER_RULES, refusal
from controller.gate.desk import Desk
from controller.gate.orders import OrderRequest, reserve_price
from controller.gate.protection import beside, give_way, is_stop, sent
from controller.gate.verdicts import Allow, Code, Deny


def submit_exit(desk: Desk, source: object) -> Answer:
    """Put a person's order through every check; it must reduce a position besides. A stop takes the place of people's
    earlier stops, any other exit that of every order on its side."""
    keeps: dict[str, int] = {}

    def check(order: OrderRequest, now: int) -> Allow | Deny:
        give_way(desk, [item for item in beside(desk, order) if order.type != "stop" or is_stop(item)], 0, keeps)
        verdict = desk.check(order, now)
        if isinstance(verdict, Deny) or verdict.reducing:
            return verdict
        return Deny(Code.REDUCE_ONLY, message=f"{order.symbol}: there is no such position to reduce")

    return sent(desk, source, check, keeps)


def begin(desk: Desk, id: str) -> Deny | None:
    """Begin liquidation ``id``, once for ever and durably, and cancel what works; or the refusal.

    Raises VenueUnknown when the venue cannot write it down: then it has not begun.
    """
    refused = refusal(BEGIN_RULES, desk.claim(id))
    if refused is None:
        desk.venue.mark_liquidation(id, BEGUN)
        desk.cancel_scope("account")
    return refused


def liquidate(desk: Desk, id: str, source: object) -> Answer:
    """Put one order of liquidation ``id`` to the venue, whatever mode and status say, if its ticket holds and it
    reduces a position by no more than is open."""

    def check(order: OrderRequest, _now: int) -> Allow | Deny:
        return refusal(ORDER_RULES, desk.claim(id)) or _reducing(desk, order)

    return desk.submit(source, check, id)


def end(desk: Desk, id: str) -> dict[str, int]:
    """End liquidation ``id`` for ever and cancel what is left of it; number cancelled by uid. Repeats are harmless."""
    if desk.venue.book().liquidations.get(id) == BEGUN:
        desk.venue.mark_liquidation(id, ENDED)
    return desk.enforce()


def look(desk: Desk) -> dict[str, Any]:
    """The permit's ticket, and what the venue's journal says of each liquidation."""
    ticket = desk.authority.seen.ticket if desk.authority.seen is not None else None
    return {"ticket": ticket._asdict() if ticket else None, "liquidations": dict(desk.venue.book().liquidations)}


def _reducing(desk: Desk, order: OrderRequest) -> Allow | Deny:
    if order.type != "market":
        return Deny(Code.INVALID_ORDER, message="a liquidation takes market orders only")
    room = max(0, desk.book.exit_room(order.uid, order.symbol, order.side))
    if order.quantity > room:
        message = f"{order.symbol}: at most {room} shares are left to reduce"
        return Deny(Code.REDUCE_ONLY, "", room, order.quantity, room, room, message=message)
    mark = desk.book.marks.get(order.symbol, 0)
    return Allow(order.quantity, True, reserve_price(order.side, order.type, 0, 0, mark))
