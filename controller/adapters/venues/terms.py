"""What an order asks for, on its face."""

from controller.gate.venue import VenueOrder


def malformed(order: VenueOrder) -> str:
    """What is wrong with the order in itself; empty when nothing is."""
    if order.side not in (1, -1) or order.quantity < 1:
        return f"side {order.side}, quantity {order.quantity}: side must be 1 or -1, quantity at least 1"
    match order.type:
        case "market":
            return ""
        case "limit":
            return "" if order.limit > 0 else "a limit order needs a limit above 0"
        case "stop":
            return "" if order.stop > 0 else "a stop order needs a stop above 0"
        case _:
            return f"order type {order.type!r} is not known: market, limit or stop"


def same(known: VenueOrder, order: VenueOrder) -> bool:
    """Whether a repeat asks for the same as the order that is known."""
    names = ("symbol", "side", "quantity", "type", "limit", "stop")
    return all(getattr(known, name) == getattr(order, name) for name in names)
