"""What a liquidation has come to, read from the book alone, and the orders that it takes next. Pure.

Everything follows from live state: its own orders carry its id, so after a crash nothing has to be remembered.
"""

from collections.abc import Mapping

from controller.engine_ports import Order
from schemas.liquidation import Flattened
from schemas.live import LiveState, OrderView

TRIES = 5
"""Orders for one position before it is given up as it is."""
_OPEN = ("pending", "working", "unknown")
_SIGNS = {"buy": 1, "sell": -1}
Place = tuple[str, str]


def flattened(live: LiveState, id: str) -> tuple[Flattened, ...]:
    """Each position of liquidation ``id``: those that are open, and those that its orders have closed."""
    own: dict[Place, list[OrderView]] = {}
    for order in live.orders:
        if order.ticket == id:
            own.setdefault((order.uid, order.symbol), []).append(order)
    held = {(item.uid, item.symbol): item.quantity for item in live.positions if item.quantity}
    return tuple(_flattened(place, held.get(place, 0), own.get(place, [])) for place in sorted({*held, *own}))


def _flattened(place: Place, quantity: int, orders: list[OrderView]) -> Flattened:
    filled = sum(order.filled for order in orders)
    spent = sum(order.filled * order.average for order in orders)
    return Flattened(
        uid=place[0],
        symbol=place[1],
        quantity=quantity - sum(_SIGNS[order.side] * order.filled for order in orders),
        left=abs(quantity),
        price=spent // filled if filled else 0,
        working=any(order.state in _OPEN for order in orders),
    )


def next_orders(positions: tuple[Flattened, ...], id: str, tries: Mapping[Place, int]) -> tuple[Order, ...]:
    """One market order for what is left of each position that has none working and has not been tried too often.

    The client id names liquidation, position and try: whoever sends it again sends the same order.
    """
    return tuple(
        Order(
            uid=item.uid,
            symbol=item.symbol,
            side="sell" if item.quantity > 0 else "buy",
            quantity=item.left,
            client_id=f"liq-{id[:12]}-{item.uid[:8]}-{item.symbol}-{tries.get((item.uid, item.symbol), 0) + 1}",
        )
        for item in positions
        if item.left and not item.working and tries.get((item.uid, item.symbol), 0) < TRIES
    )


def tried(live: LiveState, id: str) -> dict[Place, int]:
    """Orders that liquidation ``id`` has had so far, by position."""
    found: dict[Place, int] = {}
    for order in live.orders:
        if order.ticket == id:
            found[order.uid, order.symbol] = found.get((order.uid, order.symbol), 0) + 1
    return found
