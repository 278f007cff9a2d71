"""A small venue in memory: bars on demand, orders that the test fills, and the answers that a bad day gives."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from controller.gate.venue import (
    Bar,
    Closed,
    Event,
    Fill,
    Holding,
    LoggedFill,
    LoggedShadow,
    Shadow,
    VenueBook,
    VenueOrder,
    VenueRejected,
    VenueUnknown,
)

BOOK = "b" * 32


class MemoryVenue:
    """``answers`` is consumed one a submit: ``reject``, ``lost`` (never arrived) or ``unknown`` (arrived, no answer).

    ``record``: each acceptance is appended there as ``<CLOCK_MONOTONIC ns> <client id> <reduce only>``, after
    ``delay`` seconds of work. ``stalled`` orders do not confirm their cancel.
    """

    def __init__(self, cash: int, marks: Mapping[str, int], *, record: Path | None = None, delay: float = 0.0) -> None:
        self._book = VenueBook(cash=cash, marks=dict(marks), market_time="2008-06-02", id=BOOK)
        self._known: dict[tuple[str, str], VenueOrder] = {}
        self._events: list[Event] = []
        self._seq = 0
        self._delay = delay
        self._record = os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if record else -1
        self.answers: list[str] = []
        self.stalled: set[str] = set()
        self.submitted: list[VenueOrder] = []
        self.age = 0.0
        self.closed = False

    def book(self) -> VenueBook:
        return self._book

    def due(self) -> float | None:
        return 0.0 if self._events else None

    def advance(self, now: float) -> Sequence[Event]:
        events, self._events = self._events, []
        return events

    def submit(self, order: VenueOrder, keeps: Mapping[str, int] | None = None) -> VenueOrder:
        known = self._known.get((order.uid, order.client_id))
        if known is not None:
            return known
        answer = self.answers.pop(0) if self.answers else ""
        if answer == "reject":
            raise VenueRejected("not today")
        if answer == "lost":
            raise VenueUnknown("no answer")
        for name, kept in (keeps or {}).items():
            self._give_way(name, kept)
        self._accept(order)
        if answer == "unknown":
            raise VenueUnknown("no answer")
        return order

    def _accept(self, order: VenueOrder) -> None:
        if self._delay:
            time.sleep(self._delay)
        if self._record >= 0:
            line = f"{time.clock_gettime_ns(time.CLOCK_MONOTONIC)} {order.client_id} {int(order.reduce_only)}\n"
            os.write(self._record, line.encode())
        self._book.orders[order.order] = order
        self._book.accepted += 1
        self._known[order.uid, order.client_id] = order
        self.submitted.append(order)

    def lookup(self, uid: str, client_id: str) -> VenueOrder | None:
        return self._known.get((uid, client_id))

    def cancel(self, order: str) -> bool:
        if order in self.stalled:
            raise VenueUnknown("no answer to the cancel")
        return self._close(order, "cancelled")

    def set_mode(self, mode: str) -> None:
        self._book.mode = mode

    def set_status(self, uid: str, status: str) -> None:
        self._book.statuses[uid] = status

    def mark_liquidation(self, id: str, state: str) -> None:
        self._book.liquidations[id] = state

    def note_shadow(self, shadow: Shadow) -> None:
        seq = self._book.durable_shadow = len(self._book.shadows) + 1
        self._book.shadows.append(LoggedShadow(seq, shadow))
        first, _ = self._book.spans.get(shadow[:3], (shadow.market_time, ""))
        self._book.spans[shadow[:3]] = (first, shadow.market_time)

    def history(self, symbols: Sequence[str], n: int) -> Mapping[str, Sequence[tuple[str, int]]]:
        return {name: [("2008-06-02", self._book.marks[name])][:n] for name in symbols if name in self._book.marks}

    def feed(self) -> tuple[str, float]:
        return "live", self.age

    def close(self) -> None:
        self.closed = True

    def hold(self, uid: str, symbol: str, quantity: int) -> None:
        """Put a position into the book, at the mark, out of cash."""
        mark = self._book.marks[symbol]
        self._book.holdings[uid, symbol] = Holding(quantity, mark, 0, "2008-06-02")
        self._book.cash -= quantity * mark

    def bar(self, date: str, volatility: Mapping[str, int] | None = None, **closes: int) -> None:
        """Queue a session."""
        self._book.marks.update(closes)
        self._book.volatility.update(volatility or {})
        self._book.market_time, self._book.session = date, self._book.session + 1
        self._events.append(Bar(date, self._book.session, closes, self._book.volatility))

    def fill(self, name: str, quantity: int = 0, *, repeat: bool = False) -> None:
        """Execute ``quantity`` (default: all) of an open order at the mark and queue the event (twice: a duplicate)."""
        order = self._book.orders[name]
        quantity = quantity or order.quantity - order.filled
        price = self._book.marks[order.symbol]
        order.filled += quantity
        holding = self._book.holdings.setdefault((order.uid, order.symbol), Holding(label=order.label))
        holding.quantity += order.side * quantity
        holding.entry = price
        self._book.cash -= order.side * quantity * price
        self._seq += 1
        fill = Fill(self._seq, name, order.uid, order.symbol, order.side, quantity, price, 0, self._book.market_time)
        self._book.fills.append(LoggedFill(fill, holding.quantity, time.time_ns(), holding.label))
        self._book.durable = self._seq
        self._events += [fill, fill] if repeat else [fill]
        if order.filled == order.quantity:
            self._close(name, "filled")
            self._events.append(Closed(name, "filled"))

    def _give_way(self, name: str, kept: int) -> None:
        if kept:
            self._book.orders[name].quantity = self._book.orders[name].filled + kept
        else:
            self._close(name, "cancelled")

    def _close(self, name: str, state: str) -> bool:
        order = self._book.orders.pop(name, None)
        if order is None:
            return False
        order.state = state
        self._book.closed = [*self._book.closed[-199:], order]
        return True
