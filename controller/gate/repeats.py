"""What makes two orders the same order. A label is no part of it: nothing passes or fails for an A/B test's sake."""

from controller.gate.label import UNLABELLED
from controller.gate.orders import OrderRequest
from controller.gate.venue import VenueOrder


def fingerprint(request: OrderRequest) -> tuple[object, ...]:
    """Everything but client id and label."""
    return request[:4] + request[5:8]


def same(order: OrderRequest, first: OrderRequest, sent: int) -> bool:
    """Whether a repeat is the same order; after a restart only the quantity that was sent is known."""
    asked, known = order._replace(label=UNLABELLED), first._replace(label=UNLABELLED)
    return asked == known or (asked._replace(quantity=sent) == known._replace(quantity=sent) and order.quantity >= sent)


def request_of(order: VenueOrder) -> OrderRequest:
    """The request that became ``order``, as far as the venue knows it."""
    return OrderRequest(
        order.uid,
        order.symbol,
        order.side,
        order.quantity,
        order.client_id,
        order.type,
        order.limit,
        order.stop,
        order.label,
    )
