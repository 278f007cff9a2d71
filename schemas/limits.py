"""The one table of limits.

Each row declares everything that the schema, the plan's direction, the gate, the reference docs and
the tests need to know about a limit. A limit that is not declared here does not exist.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from schemas.scalars import (
    micros,
    money_text,
    parse_money,
    parse_percent,
    parse_ratio,
    percent_text,
    ppm_of_percent,
    ratio_text,
)


class Unit(StrEnum):
    """What a limit's number counts. The compiled integer is micro-dollars, ppm, or the count itself."""

    MONEY = "money"
    PERCENT = "percent"
    RATIO = "ratio"
    COUNT = "count"
    SECONDS = "seconds"


class Leaf(StrEnum):
    """How a compiled value is ordered. OPAQUE: any change of it counts as loosening."""

    CEILING = "ceiling"
    FLOOR = "floor"
    RANK = "rank"
    ALLOW_SET = "allow-set"
    DENY_SET = "deny-set"
    OPAQUE = "opaque"


@dataclass(frozen=True, slots=True)
class Limit:
    """One row: ``below`` names a limit that this one may not exceed; ``low``/``high`` bound its value."""

    name: str
    unit: Unit
    leaf: Leaf
    hard: bool
    default: str
    doc: str
    base: str = ""
    below: str = ""
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(1_000_000_000_000)

    @property
    def group(self) -> str:
        """The part before the dot: the section of risk_config.yaml that holds the limit."""
        return self.name.partition(".")[0]

    @property
    def key(self) -> str:
        """The part after the dot."""
        return self.name.partition(".")[2]

    def parse(self, value: object) -> Decimal:
        """Read a written value (``15%``, ``$25,000``, ``20``) in this limit's unit; ValueError with a fix."""
        number = _PARSE[self.unit](value)
        if self.unit in (Unit.COUNT, Unit.SECONDS) and number != number.to_integral_value():
            raise ValueError(f"{value!r} is not a whole number: write it like {int(number)}")
        if not self.low <= number <= self.high:
            raise ValueError(f"{self.text(number)} is out of range: {self.text(self.low)} to {self.text(self.high)}")
        return number

    def compile(self, value: Decimal) -> int:
        """The integer that the gate uses: micro-dollars, parts per million, or a count."""
        if self.unit is Unit.MONEY:
            return micros(value)
        if self.unit is Unit.PERCENT:
            return ppm_of_percent(value)
        return micros(value) if self.unit is Unit.RATIO else int(value)

    def text(self, value: Decimal) -> str:
        """The value as the spec prints it: ``$25,000``, ``15%``, ``1.0``, ``3``, ``60s``."""
        return _TEXT[self.unit](value)


def _plain(value: object) -> Decimal:
    """A number without a sign of its unit; the ``x`` of a ratio is a wrong one."""
    if str(value).rstrip().endswith("x"):
        raise ValueError(value)
    return parse_ratio(value)


def _count(value: object) -> Decimal:
    try:
        return _plain(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a count: write it like 20") from None


def _seconds(value: object) -> Decimal:
    try:
        return _plain(value.removesuffix("s") if isinstance(value, str) else value)
    except ValueError:
        raise ValueError(f"{value!r} is not a number of seconds: write it like 60") from None


_PARSE: dict[Unit, Callable[[object], Decimal]] = {
    Unit.MONEY: parse_money,
    Unit.PERCENT: parse_percent,
    Unit.RATIO: parse_ratio,
    Unit.COUNT: _count,
    Unit.SECONDS: _seconds,
}
_TEXT: dict[Unit, Callable[[Decimal], str]] = {
    Unit.MONEY: money_text,
    Unit.PERCENT: percent_text,
    Unit.RATIO: ratio_text,
    Unit.COUNT: lambda value: f"{value:.0f}",
    Unit.SECONDS: lambda value: f"{value:.0f}s",
}


def _hard(
    name: str,
    unit: Unit,
    leaf: Leaf,
    default: str,
    doc: str,
    base: str = "",
    below: str = "",
    high: int = 10**12,
) -> Limit:
    return Limit(name, unit, leaf, True, default, doc, base, below, Decimal(0), Decimal(high))


def _soft(name: str, unit: Unit, default: str, doc: str, base: str = "", below: str = "", high: int = 1_000) -> Limit:
    return Limit(name, unit, Leaf.CEILING, False, default, doc, base, below, Decimal(0), Decimal(high))


_M, _P, _R, _C, _S = Unit.MONEY, Unit.PERCENT, Unit.RATIO, Unit.COUNT, Unit.SECONDS
_CEIL, _FLOOR, _OPAQUE = Leaf.CEILING, Leaf.FLOOR, Leaf.OPAQUE

LIMITS: tuple[Limit, ...] = (
    _hard("account.initial_capital", _M, _OPAQUE, "$100,000", "Capital that the book starts with; the base of allocations."),
    _hard("account.margin_multiplier", _R, _CEIL, "1.0", "Buying power as a multiple of equity; 1.0 is a cash account.", "equity", high=4),
    _hard("account.cash_reserve_pct", _P, _FLOOR, "5%", "Cash that entries may not touch.", "equity", high=100),
    _hard("position.max_position_pct", _P, _CEIL, "15%", "Largest position in one instrument.", "equity", high=100),
    _hard("position.max_position_dollars", _M, _CEIL, "$25,000", "Largest position in one instrument, in dollars."),
    _hard("position.min_position_dollars", _M, _FLOOR, "$500", "Smallest position worth opening.", "", "position.max_position_dollars"),
    _hard("position.max_positions", _C, _CEIL, "20", "Instruments held at once, working entries included.", high=100_000),
    _hard("strategy.max_strategy_allocation_pct", _P, _CEIL, "40%", "Largest share of capital given to one strategy.", "initial_capital", high=400),
    _hard("strategy.max_strategies_active", _C, _CEIL, "3", "Strategies that may be active at once.", high=10_000),
    _hard("exposure.max_gross_pct", _P, _CEIL, "100%", "Longs plus shorts, working entries included.", "equity", high=1_000),
    _hard("exposure.max_net_pct", _P, _CEIL, "100%", "Longs minus shorts, in absolute value.", "equity", "exposure.max_gross_pct", high=1_000),
    _hard("order.max_dollars", _M, _CEIL, "$25,000", "Largest single order."),
    _hard("order.price_collar_pct", _P, _CEIL, "5%", "How far an order's price may stand from the mark.", "price", high=100),
    _hard("order.max_per_minute", _C, _CEIL, "120", "Orders of the account in any 60 seconds.", high=1_000_000),
    _hard("order.duplicate_seconds", _S, _FLOOR, "2", "The same order again within this time is a duplicate.", high=86_400),
    _hard("order.max_price_age", _S, _CEIL, "60", "An entry needs a price at most this old.", high=86_400),
    _soft("concentration.sector_warning_pct", _P, "40%", "Sector share that warns.", "equity", "concentration.sector_reduction_pct"),
    _soft("concentration.sector_reduction_pct", _P, "50%", "Sector share above which entries are scaled down to fit.", "equity"),
    _soft("volatility.position_warning", _P, "40%", "Annualised volatility of an instrument that warns.", "", "volatility.position_reduction"),
    _soft("volatility.position_reduction", _P, "60%", "Annualised volatility above which an entry is scaled down.", ""),
    _soft("volatility.portfolio_target", _P, "20%", "Annualised volatility that the whole book aims for.", ""),
    _soft("drawdown.strategy_halt_pct", _P, "20%", "Drawdown of a strategy from its peak that halts it.", "strategy peak", high=100),
    _soft("drawdown.account_emergency_pct", _P, "25%", "Drawdown of the account from its peak that halts everything.", "account peak", high=100),
)  # fmt: skip
BY_NAME: dict[str, Limit] = {limit.name: limit for limit in LIMITS}
HARD = tuple(limit for limit in LIMITS if limit.hard)
SOFT = tuple(limit for limit in LIMITS if not limit.hard)
