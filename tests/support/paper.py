"""A paper venue on a handful of made-up sessions, with a clock that the test moves."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from controller.adapters.venues.paper import PaperVenue
from controller.gate.venue import Bar, Event, Fill, VenueOrder
from controller.marketdata.feed import Column, Feed
from controller.settings import PaperSettings
from tests.support.opened import until_the_end

CASH = 100_000_000_000
DOLLAR = 1_000_000
UID = "a" * 32
OTHER = "b" * 32
FREE = PaperSettings(start="2020-01-01", bar_seconds=1.0, slippage_bps=0, fee_bps=0, volume_cap_shares=100)
COSTLY = replace(FREE, slippage_bps=5, fee_bps=1)


def feed_of(closes: Mapping[str, Sequence[float]], **bars: Mapping[str, Sequence[float]]) -> Feed:
    """A feed from 2020-01-01 on, in dollars; ``bars``: open, high, low, volume where given. SPX is an index."""
    count = max(len(values) for values in closes.values())
    sessions = [(date(2020, 1, 1) + timedelta(days=day)).isoformat() for day in range(count)]
    columns = {
        symbol: Column(
            _cells(values),
            **{name: _cells(given.get(symbol, ()), 1 if name == "volume" else DOLLAR) for name, given in bars.items()},
        )
        for symbol, values in closes.items()
    }
    return Feed(sessions, columns, frozenset({"SPX"} & set(columns)))


def _cells(values: Sequence[float], unit: int = DOLLAR) -> "array[int]":
    return array("q", (round(value * unit) for value in values))


class Clock:
    """Boot seconds and wall nanoseconds of a test."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def boot(self) -> float:
        return self.now

    def wall_ns(self) -> int:
        return int(self.now * 1e9)


def open_paper(
    folder: Path, feed: Feed, paper: PaperSettings = FREE, clock: Clock | None = None, book: str = "b" * 32
) -> PaperVenue:
    clock = clock or Clock()
    return until_the_end(PaperVenue(feed, paper, folder, CASH, clock.boot, clock.wall_ns, lambda: book))


def next_session(venue: PaperVenue) -> Sequence[Event]:
    due = venue.due()
    assert due is not None
    return venue.advance(due)


def order(number: int, side: int = 1, quantity: int = 10, symbol: str = "AAA", **fields: object) -> VenueOrder:
    values: dict[str, object] = {
        "order": f"g{number}",
        "client_id": f"c{number}",
        "uid": UID,
        "symbol": symbol,
        "side": side,
        "quantity": quantity,
        **fields,
    }
    return VenueOrder(**values)  # type: ignore[arg-type]  # the names above are the fields of a VenueOrder


def fills(events: Sequence[Event]) -> list[Fill]:
    return [event for event in events if isinstance(event, Fill)]


def bar(events: Sequence[Event]) -> Bar:
    return next(event for event in events if isinstance(event, Bar))
