"""An order as the gate takes it from the wire: every field checked for type and range before anything else."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from controller.gate.label import UNLABELLED, Label, parse_label
from controller.gate.verdicts import Code, Deny

BUY, SELL = 1, -1
SIDES = {"buy": BUY, "sell": SELL}
SIDE_NAMES = {BUY: "buy", SELL: "sell"}
TYPES = ("market", "limit", "stop")
PPM = 1_000_000
BUFFER_PPM = 10_000
"""An unpriced order counts at the mark plus 1 %: room for slippage, fees and the next bar's move."""
_BUFFER_PART = PPM // BUFFER_PPM
MAX_QUANTITY = 10**9
MAX_PRICE = 10**13
_NAMES = (
    ("uid", re.compile(r"[0-9a-f]{32}").fullmatch),
    ("symbol", re.compile(r"[A-Z][A-Z0-9.\-]{0,11}").fullmatch),
    ("client_id", re.compile(r"[\x21-\x7e]{1,64}").fullmatch),
)


class OrderRequest(NamedTuple):
    """A well-formed order; ``side`` is +1 or -1, prices in micro-dollars, 0 where the type has none."""

    uid: str
    symbol: str
    side: int
    quantity: int
    client_id: str
    type: str = "market"
    limit: int = 0
    stop: int = 0
    label: Label = UNLABELLED


_FIELDS = frozenset(OrderRequest._fields[:-1] + Label._fields)


def parse_order(source: object) -> OrderRequest | Deny:
    """The order in ``source`` (fields of ``engine_ports.Order``), or a denial naming the first field that is wrong."""
    if not isinstance(source, dict):
        return _invalid("order", source)
    if not source.keys() <= _FIELDS:
        return _invalid(min(map(str, source.keys() - _FIELDS)), "unknown field")
    for name, fits in _NAMES:
        value = source.get(name)
        if type(value) is not str or not fits(value):
            return _invalid(name, value)
    return _parse_terms(source)


def _parse_terms(source: Mapping[str, Any]) -> OrderRequest | Deny:
    side, kind = source.get("side"), source.get("type", "market")
    if type(side) is not str or side not in SIDES:
        return _invalid("side", side)
    if type(kind) is not str or kind not in TYPES:
        return _invalid("type", kind)
    quantity, limit, stop = source.get("quantity"), source.get("limit", 0), source.get("stop", 0)
    if type(quantity) is not int or not 0 < quantity <= MAX_QUANTITY:
        return _invalid("quantity", quantity)
    for name, price in (("limit", limit), ("stop", stop)):
        if type(price) is not int or not _price_fits(price, needed=kind == name):
            return _invalid(name, price)
    label = parse_label(source)
    if isinstance(label, str):
        return _invalid(label, source.get(label))
    return OrderRequest(
        source["uid"], source["symbol"], SIDES[side], quantity, source["client_id"], kind, limit, stop, label
    )


def _price_fits(price: int, needed: bool) -> bool:
    return 0 < price <= MAX_PRICE if needed else price == 0


def _invalid(name: str, value: object) -> Deny:
    return Deny(Code.INVALID_ORDER, message=f"{name}: {str(value)[:80]!r}")


def reserve_price(side: int, kind: str, limit: int, stop: int, mark: int) -> int:
    """The price at which an order counts until it is done, never below what it can bring about.

    A buy limit cannot pay more than its limit; a sell counts at the mark at least; what has no price gets the buffer.
    """
    if kind == "limit":
        return limit if side == BUY or limit > mark else mark
    base = stop if stop > mark else mark
    return base + base // _BUFFER_PART
