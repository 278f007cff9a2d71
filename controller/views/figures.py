"""Numbers and times as the documents carry them. Presentation only: nothing computes with these floats."""

from collections.abc import Iterable
from datetime import UTC, datetime

from schemas.scalars import MICROS

UNITS = {"money": "USD", "percent": "percent", "quantity": "shares", "time": "ISO 8601, UTC"}


def dollars(value: int) -> float:
    """Micro-dollars as dollars, rounded half even to cents; the shortest decimal of the float is exact."""
    return round(value / 10_000) / 100


def percent(part: int, whole: int) -> float | None:
    """``part`` of ``whole`` in percent with four decimals; None when there is no whole."""
    return round(part * 1_000_000 / whole) / 10_000 if whole > 0 else None


def percent_of_share(share: float | None) -> float | None:
    """A share as percent with four decimals; None stays None."""
    return None if share is None else round(share * 100, 4)


def percent_of_ppm(value: int) -> float:
    """Parts per million as percent."""
    return value / 10_000


def instant(at_ns: int) -> str | None:
    """Unix nanoseconds as ISO 8601 in UTC with milliseconds; None for 0 (never)."""
    if at_ns == 0:
        return None
    moment = datetime.fromtimestamp(at_ns // 1_000_000_000, UTC).replace(microsecond=at_ns // 1_000 % MICROS)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_since(at_ns: int, now_ns: int) -> int | None:
    """Whole seconds from ``at_ns`` to ``now_ns``, None for 0 (never)."""
    return max(0, (now_ns - at_ns) // 1_000_000_000) if at_ns else None


def total(values: Iterable[int]) -> int:
    """Sum of micro-dollars."""
    return sum(values)
