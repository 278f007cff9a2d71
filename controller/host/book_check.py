"""The store's book against the engine's: what each says of fills, positions and orders, and where they cannot both be
right. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

GRACE_NS = 3_000_000_000
"""Between an execution and the store's next reading of the book."""
Key = tuple[str, str]


class Deal(NamedTuple):
    """One fill. ``position``: what the strategy then held."""

    order: str
    uid: str
    symbol: str
    side: str
    quantity: int
    price: int
    position: int
    at_ns: int


class Ordered(NamedTuple):
    """One order, as far as both sides must agree on it."""

    uid: str
    symbol: str
    side: str
    quantity: int
    filled: int
    submitted_ns: int
    open: bool


@dataclass(slots=True)
class Book:
    """Fills by number, positions (without zeros) by (uid, symbol), orders by id. ``id``: the engine's for this book,
    whose fills are numbered from 1. ``read_ns``: when the store took its positions and orders from the engine; 0 for
    the engine itself. ``filled``: the last fill that the engine's positions know, 0 for the store."""

    fills: dict[int, Deal] = field(default_factory=dict)
    positions: dict[Key, int] = field(default_factory=dict)
    orders: dict[str, Ordered] = field(default_factory=dict)
    read_ns: int = 0
    id: str = ""
    filled: int = 0


def contradictions(store: Book, engine: Book) -> Iterator[str]:
    """What a store that merely lags cannot explain, in words."""
    yield from _fills(store.fills, engine.fills)
    newer = [deal for deal in engine.fills.values() if deal.at_ns > store.read_ns - GRACE_NS]
    yield from _positions(store, engine, {(deal.uid, deal.symbol) for deal in newer})
    yield from _orders(store, engine, {deal.order for deal in newer})


def _fills(store: Mapping[int, Deal], engine: Mapping[int, Deal]) -> Iterator[str]:
    if not store:
        return
    first, last = min(store), max(store)
    missing = [number for number in range(first, last + 1) if number not in store]
    if missing:
        yield f"{len(missing)} fills are missing in the store, the first is {missing[0]}"
    newest = max(engine, default=0)
    if last > newest:
        yield f"the store has fill {last}, the engine has made {newest}"
    for number in sorted(store.keys() & engine.keys()):
        if store[number] != engine[number]:
            yield f"fill {number} is {_deal(store[number])} in the store and {_deal(engine[number])} in the engine"


def _deal(deal: Deal) -> str:
    return f"{deal.side} {deal.quantity} {deal.symbol}, {deal.position} held after it"


def _positions(store: Book, engine: Book, moving: set[Key]) -> Iterator[str]:
    """By the fills, which lag for no one, and by the store's last reading, where nothing has moved since."""
    log = {**store.fills, **engine.fills}
    past = [log[number] for number in sorted(log) if number <= engine.filled]
    held = {(deal.uid, deal.symbol): deal.position for deal in past}
    for key, quantity in sorted(held.items()):
        real = engine.positions.get(key, 0)
        if real != quantity:
            yield f"{key[1]} of {key[0][:8]}: {quantity} by the fills, {real} in the engine"
    for key in sorted({*store.positions, *engine.positions} - moving):
        said, real = store.positions.get(key, 0), engine.positions.get(key, 0)
        if said != real:
            yield f"{key[1]} of {key[0][:8]}: {said} in the store, {real} in the engine"


def _orders(store: Book, engine: Book, moving: set[str]) -> Iterator[str]:
    for name in sorted(store.orders.keys() & engine.orders.keys()):
        said, real = store.orders[name], engine.orders[name]
        if said[:4] != real[:4]:
            yield f"order {name} is another one in the store than in the engine"
        elif said.filled > real.filled or (said.filled < real.filled and name not in moving):
            yield f"order {name}: {said.filled} filled in the store, {real.filled} in the engine"
    settled = store.read_ns - GRACE_NS
    for name, order in sorted(engine.orders.items()):
        if order.open and name not in store.orders and order.submitted_ns < settled:
            yield f"order {name} works in the engine, the store does not know it"
