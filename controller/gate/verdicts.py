"""What a check answers, and the names of every code that it can answer with."""

from typing import NamedTuple


class Code:
    """Why an order is denied, reduced or warned about."""

    LATCH_ANOMALY = "LATCH_ANOMALY"
    NO_POLICY = "NO_POLICY"
    TRADING_HALTED = "TRADING_HALTED"
    STRATEGY_HALTED = "STRATEGY_HALTED"
    UNKNOWN_STRATEGY = "UNKNOWN_STRATEGY"
    INVALID_ORDER = "INVALID_ORDER"
    EXIT_TOO_LARGE = "EXIT_TOO_LARGE"
    REDUCE_ONLY = "REDUCE_ONLY"
    LIMIT_ABSENT = "LIMIT_ABSENT"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    UNIVERSE = "UNIVERSE"
    DUPLICATE_ORDER = "DUPLICATE_ORDER"
    CLIENT_ID_REUSED = "CLIENT_ID_REUSED"
    STALE_PRICE = "STALE_PRICE"
    ORDER_RATE = "ORDER_RATE"
    PRICE_COLLAR = "PRICE_COLLAR"
    ORDER_SIZE = "ORDER_SIZE"
    POSITION_PCT = "POSITION_PCT"
    POSITION_DOLLARS = "POSITION_DOLLARS"
    POSITION_MIN = "POSITION_MIN"
    MAX_POSITIONS = "MAX_POSITIONS"
    STRATEGY_ALLOCATION = "STRATEGY_ALLOCATION"
    STRATEGY_POSITIONS = "STRATEGY_POSITIONS"
    STRATEGIES_ACTIVE = "STRATEGIES_ACTIVE"
    SECTOR_WARNING = "SECTOR_WARNING"
    SECTOR_REDUCTION = "SECTOR_REDUCTION"
    GROSS_EXPOSURE = "GROSS_EXPOSURE"
    NET_EXPOSURE = "NET_EXPOSURE"
    CASH_RESERVE = "CASH_RESERVE"
    BUYING_POWER = "BUYING_POWER"
    VOLATILITY_WARNING = "VOLATILITY_WARNING"
    VOLATILITY_REDUCTION = "VOLATILITY_REDUCTION"
    CHECK_FAILED = "CHECK_FAILED"
    LATCH_CHANGED = "LATCH_CHANGED"
    VENUE_REJECTED = "VENUE_REJECTED"
    VENUE_UNKNOWN = "VENUE_UNKNOWN"
    NO_TICKET = "NO_TICKET"
    TICKET_EXPIRED = "TICKET_EXPIRED"
    TICKET_SPENT = "TICKET_SPENT"
    NOT_HALTED = "NOT_HALTED"
    BOOK_CHANGED = "BOOK_CHANGED"


class Deny(NamedTuple):
    """A refusal. ``observed`` holds now, ``projected`` would hold after, ``value`` is the limit's own number."""

    code: str
    limit: str = ""
    observed: int = 0
    projected: int = 0
    value: int = 0
    headroom: int = 0
    revision: str = ""
    message: str = ""


class Note(NamedTuple):
    """A soft limit that spoke: ``kind`` is ``warned`` or ``reduced``."""

    kind: str
    code: str
    limit: str
    observed: int
    projected: int
    value: int
    message: str


class Allow(NamedTuple):
    """Permission for ``quantity`` shares, reserved at ``price``; ``reducing`` orders only ever shrink a position."""

    quantity: int
    reducing: bool
    price: int
    notes: tuple[Note, ...] = ()
