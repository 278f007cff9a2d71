"""What becomes of samples as they age: pure, shared by every store.

Raw samples live for 24 hours, then become one row a minute for 90 days, then one row a day (UTC) for ever.
A row of a bucket stands at the bucket's start and holds the last value in it, its lowest and its highest.
"""

from collections.abc import Iterable
from typing import NamedTuple

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
RAW_KEPT = DAY
MINUTE_KEPT = 90 * DAY
DECISIONS_KEPT = 90 * DAY
SERIES = ("equity", "positions", "metrics", "prices", "sessions")
BATCH = 1_000


class Level(NamedTuple):
    """One resolution: ``width`` of a bucket in nanoseconds (0: as sampled), ``kept`` for how long."""

    number: int
    width: int
    kept: int


RAW = Level(0, 0, RAW_KEPT)
MINUTES = Level(1, MINUTE, MINUTE_KEPT)
DAYS = Level(2, DAY, 0)
AGING = ((RAW, MINUTES), (MINUTES, DAYS))


class Sample(NamedTuple):
    """One stored row of a series."""

    at_ns: int
    key: str
    market_time: str
    value: int
    low: int
    high: int


def cutoff(level: Level, into: Level, now_ns: int) -> int:
    """Rows of ``level`` before this time have aged: the last whole bucket of ``into`` that is past keeping."""
    return (now_ns - level.kept) // into.width * into.width


def roll(rows: Iterable[Sample], into: Level) -> list[Sample]:
    """One row per bucket of ``into`` and key; ``rows`` ascend in time, a later one gives the value."""
    buckets: dict[tuple[int, str], Sample] = {}
    for row in rows:
        place = (row.at_ns // into.width * into.width, row.key)
        known = buckets.get(place)
        low, high = (row.low, row.high) if known is None else (min(known.low, row.low), max(known.high, row.high))
        buckets[place] = Sample(place[0], row.key, row.market_time, row.value, low, high)
    return list(buckets.values())


def check_series(series: str) -> None:
    """Raise ValueError for a series that is not kept."""
    if series not in SERIES:
        raise ValueError(f"unknown series {series!r}; known: {', '.join(SERIES)}")
