"""Daily prices as columns of integers: what the paper venue replays.

One column per symbol, one cell per session, in micro-dollars; 0 means that the source has no value.
"""

import gzip
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import sqrt
from pathlib import Path
from typing import NamedTuple

from controller.marketdata.instruments import INDEX, load_instruments
from controller.marketdata.prices import micro_dollars

CLOSES = Path(__file__).parent / "data" / "closes.csv.gz"
PACK = "prices.csv.gz"
VOLATILITY_SESSIONS = 20
SESSIONS_A_YEAR = 252
_COLUMNS = ("open", "high", "low", "close", "volume")


class Quote(NamedTuple):
    """What is known of one session. ``volume`` is -1 when the source has none; without an open ``open`` is 0."""

    open: int
    high: int
    low: int
    close: int
    volume: int


@dataclass(slots=True)
class Column:
    """One symbol's cells by session. Closes only: the other arrays are empty."""

    close: "array[int]"
    open: "array[int]" = field(default_factory=lambda: array("q"))
    high: "array[int]" = field(default_factory=lambda: array("q"))
    low: "array[int]" = field(default_factory=lambda: array("q"))
    volume: "array[int]" = field(default_factory=lambda: array("q"))


@dataclass(frozen=True, slots=True)
class Feed:
    """Sessions (ISO dates, ascending) and the columns. ``indices`` have a history but cannot be traded: they are
    in no quote, mark or volatility."""

    sessions: Sequence[str]
    columns: Mapping[str, Column]
    indices: frozenset[str]

    @property
    def tradable(self) -> Sequence[str]:
        """The symbols that can be traded, in the order of the source."""
        return [symbol for symbol in self.columns if symbol not in self.indices]

    def first(self, date: str) -> int:
        """Index of the first session on or after ``date``; the number of sessions when there is none."""
        low, high = 0, len(self.sessions)
        while low < high:
            middle = (low + high) // 2
            if self.sessions[middle] < date:
                low = middle + 1
            else:
                high = middle
        return low

    def quote(self, symbol: str, session: int) -> Quote | None:
        """The bar of ``symbol`` in ``session``; None when it did not trade (no close, or no volume).

        Without a full bar (closes only, an empty field, or a high and low that do not enclose open and
        close) only the close is believed: open, high and low are 0 and orders fill at the close.
        """
        column = self.columns[symbol]
        close = column.close[session]
        if not column.volume:
            return Quote(0, 0, 0, close, -1) if close else None
        volume = column.volume[session]
        if not close or not volume:
            return None
        start, high, low = column.open[session], column.high[session], column.low[session]
        if not 0 < low <= min(start, close) <= max(start, close) <= high:
            return Quote(0, 0, 0, close, volume)
        return Quote(start, high, low, close, volume)

    def closes(self, session: int) -> dict[str, int]:
        """Closes of the tradable symbols that have one in ``session``."""
        found = {symbol: self.columns[symbol].close[session] for symbol in self.tradable}
        return {symbol: close for symbol, close in found.items() if close}

    def marks(self, session: int) -> dict[str, int]:
        """The last known close of every tradable symbol up to and including ``session``."""
        known = {symbol: self.history(symbol, session, 1) for symbol in self.tradable}
        return {symbol: closes[-1][1] for symbol, closes in known.items() if closes}

    def history(self, symbol: str, session: int, n: int) -> list[tuple[str, int]]:
        """The last ``n`` (date, close) up to and including ``session``, oldest first, of sessions that have a close."""
        column = self.columns[symbol].close
        found: list[tuple[str, int]] = []
        while session >= 0 and len(found) < n:
            if column[session]:
                found.append((self.sessions[session], column[session]))
            session -= 1
        found.reverse()
        return found

    def volatility(self, session: int) -> dict[str, int]:
        """Annualised volatility in ppm: sample deviation (ddof 1) of the last 20 simple returns, times sqrt(252).

        Absent for a symbol with fewer than 21 closes.
        """
        result: dict[str, int] = {}
        for symbol in self.tradable:
            closes = [close for _, close in self.history(symbol, session, VOLATILITY_SESSIONS + 1)]
            if len(closes) > VOLATILITY_SESSIONS:
                result[symbol] = _annualised_ppm(closes)
        return result


def load_feed(data_dir: str = "") -> Feed:
    """The data pack's bars when ``data_dir`` holds them, else the shipped closes.

    Raises FileNotFoundError when ``data_dir`` is given without ``prices.csv.gz``; ValueError names file and line.
    """
    indices = frozenset(item.symbol for item in load_instruments().values() if item.sector == INDEX)
    shipped = read_closes(CLOSES, indices)
    if not data_dir:
        return shipped
    return _with_indices(read_bars(Path(data_dir) / PACK), shipped)


def read_closes(path: Path, indices: frozenset[str]) -> Feed:
    """Read ``date,SYMBOL,…`` lines of closes."""
    lines = _lines(path)
    _, header = next(lines)
    symbols = header.split(",")[1:]
    columns = [array("q") for _ in symbols]
    sessions: list[str] = []
    for number, line in lines:
        date, *cells = line.split(",")
        try:
            for column, cell in zip(columns, cells, strict=True):
                column.append(micro_dollars(cell))
        except ValueError as error:
            raise ValueError(f"{path}:{number}: {error}") from None
        _append_session(sessions, date, path, number)
    return Feed(sessions, {s: Column(c) for s, c in zip(symbols, columns, strict=True)}, indices & set(symbols))


def read_bars(path: Path) -> Feed:
    """Read ``date,symbol,open,high,low,close,volume`` lines, sorted by date; a missing bar leaves zeros."""
    lines = _lines(path)
    next(lines)
    sessions: list[str] = []
    columns: dict[str, Column] = {}
    for number, line in lines:
        try:
            date, symbol, *cells = line.split(",")
            *prices, volume = cells
            values = [*map(micro_dollars, prices), int(volume or 0)]
            column = columns.setdefault(symbol, Column(array("q")))
            if not sessions or date != sessions[-1]:
                _append_session(sessions, date, path, number)
            for name, value in zip(_COLUMNS, values, strict=True):
                _put(getattr(column, name), len(sessions), value)
        except ValueError as error:
            raise ValueError(f"{path}:{number}: {error}") from None
    for column in columns.values():
        for name in _COLUMNS:
            _pad(getattr(column, name), len(sessions))
    return Feed(sessions, columns, frozenset())


def _with_indices(pack: Feed, shipped: Feed) -> Feed:
    """The pack's sessions and columns, with the shipped index closes of the same dates for the benchmark."""
    place = {date: index for index, date in enumerate(shipped.sessions)}
    columns = dict(pack.columns)
    for symbol in shipped.indices:
        source = shipped.columns[symbol].close
        columns[symbol] = Column(array("q", (source[place[d]] if d in place else 0 for d in pack.sessions)))
    return Feed(pack.sessions, columns, shipped.indices)


def _annualised_ppm(closes: Sequence[int]) -> int:
    returns = [after / before - 1 for before, after in pairwise(closes)]
    mean = sum(returns) / len(returns)
    variance = sum((value - mean) ** 2 for value in returns) / (len(returns) - 1)
    return round(sqrt(variance * SESSIONS_A_YEAR) * 1_000_000)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with gzip.open(path, "rt", encoding="ascii") as file:
        yield from _stripped(file)


def _stripped(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        yield number, line.rstrip("\n")


def _append_session(sessions: list[str], date: str, path: Path, number: int) -> None:
    if sessions and date <= sessions[-1]:
        raise ValueError(f"{path}:{number}: session {date} does not follow {sessions[-1]}")
    sessions.append(date)


def _put(cells: "array[int]", count: int, value: int) -> None:
    """Write the cell of session number ``count`` (from 1)."""
    _pad(cells, count - 1)
    if len(cells) >= count:
        raise ValueError("a second bar for the same symbol and session")
    cells.append(value)


def _pad(cells: "array[int]", count: int) -> None:
    cells.extend([0] * (count - len(cells)))
