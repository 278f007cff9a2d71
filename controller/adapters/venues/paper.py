"""The paper venue: event-time replay of real daily bars, with a book that survives SIGKILL.

Decide (matching), record (durability), apply (ledger): each change is one journal record, so after a crash it has
happened whole or not at all, and no session is replayed twice or skipped. Fills are recorded, never recomputed.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controller.adapters.venues import codec, fence
from controller.adapters.venues.durability import Journal
from controller.adapters.venues.faults import Faults
from controller.adapters.venues.keyed import identity
from controller.adapters.venues.ledger import Books
from controller.adapters.venues.matching import Rules, match
from controller.adapters.venues.records import apply
from controller.adapters.venues.terms import malformed, same
from controller.gate.venue import Bar, Closed, Event, Fill, Shadow, VenueBook, VenueOrder, VenueRejected, VenueUnknown
from controller.marketdata.cache import cached_feed
from controller.marketdata.feed import Feed

if TYPE_CHECKING:
    from controller.settings import PaperSettings

SNAPSHOT_RECORDS = 4_096
WARM_UP_SESSIONS = 252
SYNC_SECONDS = 1.0
STALE_SECONDS = 5.0


def boot_seconds() -> float:
    """CLOCK_BOOTTIME in seconds: counts suspend, never jumps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def open_venue(paper: "PaperSettings", data_dir: str, folder: Path, initial_cash: int) -> "PaperVenue":
    """The venue of ``folder``: recovered, or new with ``initial_cash`` micro-dollars (ignored when a book exists).

    Raises JournalDamaged, FileNotFoundError (data pack), ValueError (settings, a book made on another feed, or no book
    and no cash to begin one with).
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return PaperVenue(cached_feed(data_dir, folder / "prices"), paper, folder, initial_cash)


class PaperVenue:
    """:class:`controller.gate.venue.Venue` on recorded prices. Clocks and new books' ids are arguments for tests."""

    def __init__(
        self,
        feed: Feed,
        paper: "PaperSettings",
        folder: Path,
        initial_cash: int,
        clock: Callable[[], float] = boot_seconds,
        wall_ns: Callable[[], int] = time.time_ns,
        new_id: Callable[[], str] = lambda: os.urandom(16).hex(),
    ) -> None:
        if paper.volume_cap_shares < 1 or paper.bar_seconds < 0:
            raise ValueError("paper.volume_cap_shares must be at least 1 and paper.bar_seconds at least 0")
        self._feed = feed
        self._rules = Rules(paper.seed, paper.slippage_bps, paper.fee_bps, paper.volume_cap_shares)
        self._bar_seconds = paper.bar_seconds
        self._faults = Faults(paper.faults, paper.seed)
        self._clock, self._wall_ns = clock, wall_ns
        self._stalled: set[str] = set()
        self._unwritten: list[dict[str, Any]] = []
        self._books = Books()
        self._identity = identity(feed.sessions[0], feed.sessions[-1], *sorted(feed.columns))
        self._journal = Journal(folder)
        self._journal.recover(self._restore, self._apply)
        if not self._books.initial:
            if initial_cash < 1:
                self._journal.close()
                raise ValueError(f"{folder} holds a journal without a book")
            start = _start(feed, paper.start) - 1
            self._record({"k": "init", "id": new_id(), "cash": initial_cash, "feed": self._identity, "s": start})
        self._due = self._last_bar = self._synced = clock()
        self._revive()
        with suppress(OSError):
            self._sync()

    def book(self) -> VenueBook:
        """The venue's own book."""
        return self._books.book

    def due(self) -> float | None:
        """When the next session is due; None when the feed has ended."""
        return None if self._ended else self._due

    def advance(self, now: float) -> Sequence[Event]:
        """Replay the next session if it is due by ``now``: its fills and closings, then its bar.

        While the journal cannot be written time stands still: nothing happens and the feed goes stale.
        """
        if self._ended or now < self._due:
            return ()
        self._due = max(self._due, now - self._bar_seconds) + self._bar_seconds
        session = self._books.book.session + 1
        try:
            done = self._trade(session)
        except OSError:
            return ()
        events: list[Event] = [again for event in done for again in self._repeated(event)]
        events += self._settle_stalled()
        self._last_bar = now
        self._keep(now)
        return [*events, self._mark(session)]

    def submit(self, order: VenueOrder, keeps: Mapping[str, int] | None = None) -> VenueOrder:
        """Accept the order, or return the one that has its (uid, client id) already. What gives way is one record
        with it."""
        known = self._books.clients.get((order.uid, order.client_id))
        if known is None:
            self._refuse(order, keeps or {})
            try:
                self._record({"k": "new", "o": codec.order_out(order), **({"keeps": dict(keeps)} if keeps else {})})
            except OSError as error:
                raise VenueRejected(f"order {order.order}: the venue's journal cannot be written: {error}") from error
            if self._faults.hits("drop-ack", order.uid, order.client_id):
                raise VenueUnknown(f"no answer to order {order.order}")
        elif not same(known, order):
            raise VenueRejected(f"client id {order.client_id} belongs to another order, {known.order}")
        if self._faults.hits("late-504", order.uid, order.client_id):
            raise VenueUnknown(f"504 to order {order.order}")
        return self._books.clients[order.uid, order.client_id]

    def lookup(self, uid: str, client_id: str) -> VenueOrder | None:
        """The order with this client id: open, or one of the last 200 closed."""
        return self._books.clients.get((uid, client_id))

    def cancel(self, order: str) -> bool:
        """Cancel an open order; False when it is not open. VenueUnknown when the answer stalls."""
        held = self._books.book.orders.get(order)
        if held is None:
            return False
        if order not in self._stalled and self._faults.hits("stall-cancel", held.uid, held.client_id):
            self._stalled.add(order)
            raise VenueUnknown(f"no answer to the cancel of order {order}")
        self._cancel(order)
        self._stalled.discard(order)
        return True

    def set_mode(self, mode: str) -> None:
        """The venue's own trading mode; ValueError when there is no such mode, VenueUnknown when it is not durable."""
        fence.mode_level(mode)
        self._set({"k": "mode", "v": mode})

    def set_status(self, uid: str, status: str) -> None:
        """The venue's own status of a strategy; errors as for :meth:`set_mode`."""
        fence.status_level(status)
        self._set({"k": "status", "u": uid, "v": status})

    def mark_liquidation(self, id: str, state: str) -> None:
        """Note a liquidation's begin or end; errors as for :meth:`set_mode`."""
        self._set({"k": "liquidation", "i": id, "v": state})

    def note_shadow(self, shadow: Shadow) -> None:
        """Keep a session of a paired test; errors as for :meth:`set_mode`."""
        self._set({"k": "shadow", "r": shadow})

    def history(self, symbols: Sequence[str], n: int) -> Mapping[str, Sequence[tuple[str, int]]]:
        """The last ``n`` closes up to the market clock."""
        session = self._books.book.session
        return {s: self._feed.history(s, session, n) for s in symbols if s in self._feed.columns}

    def feed(self) -> tuple[str, float]:
        """State of the feed and the age of the newest session in wall seconds."""
        age = self._clock() - self._last_bar
        if self._ended:
            return "ended", age
        return ("stale" if age > max(STALE_SECONDS, 3 * self._bar_seconds) else "live"), age

    def close(self) -> None:
        """Flush and release; idempotent."""
        self._journal.close()

    @property
    def _ended(self) -> bool:
        return self._books.book.session + 1 >= len(self._feed.sessions)

    def _trade(self, session: int) -> Sequence[Fill | Closed]:
        date, seq = self._feed.sessions[session], self._books.seq + 1
        quote = partial(self._feed.quote, session=session)
        done = tuple(match(self._books.book, quote, self._rules, date, session, seq))
        self._record({"k": "bar", "s": session, "w": self._wall_ns(), "e": [list(event) for event in done]})
        return done

    def _mark(self, session: int) -> Bar:
        book, closes = self._books.book, self._feed.closes(session)
        book.marks.update(closes)
        book.volatility = self._feed.volatility(session)
        return Bar(book.market_time, session, closes, book.volatility)

    def _record(self, record: dict[str, Any]) -> None:
        """Make a change durable, then make it. OSError: it has not happened."""
        while self._unwritten:
            self._journal.append(self._unwritten[0])
            self._unwritten.pop(0)
        self._journal.append(record)
        self._faults.recorded()
        self._apply(record)

    def _set(self, record: dict[str, Any]) -> None:
        try:
            self._record(record)
        except OSError as error:
            raise VenueUnknown(f"the venue's journal cannot be written: {error}") from error

    def _cancel(self, order: str) -> None:
        """Cancel even when the journal cannot be written: then it is written before the next record."""
        record = {"k": "cancel", "o": order}
        try:
            self._record(record)
        except OSError:
            self._unwritten.append(record)
            self._apply(record)

    def _apply(self, record: dict[str, Any]) -> None:
        """The change that a record stands for: the same now and when it is replayed."""
        if record["k"] == "init":
            self._check_feed(record["feed"])
        apply(self._books, record, self._feed.sessions)

    def _restore(self, values: dict[str, Any]) -> None:
        self._check_feed(values["feed"])
        self._books = codec.books_in(values)

    def _check_feed(self, made_on: int) -> None:
        if made_on != self._identity:
            raise ValueError(
                "the book in engine/ was made on other prices: set GT_RISK_DATA_DIR as it was then, or start a new home"
            )

    def _revive(self) -> None:
        """Marks of the recovered session; the next session comes one bar later, a new book's first at once."""
        book = self._books.book
        if book.market_time:
            book.marks = self._feed.marks(book.session)
            book.volatility = self._feed.volatility(book.session)
            self._due += self._bar_seconds

    def _refuse(self, order: VenueOrder, keeps: Mapping[str, int]) -> None:
        """Raise VenueRejected unless the order may be accepted now."""
        if (
            problem := malformed(order)
            or fence.no_room(self._books.book, order, keeps)
            or self._forbidden(order, keeps)
        ):
            raise VenueRejected(f"order {order.order}: {problem}")

    def _forbidden(self, order: VenueOrder, keeps: Mapping[str, int]) -> str:
        book = self._books.book
        if order.symbol not in self._feed.columns or order.symbol in self._feed.indices:
            return f"{order.symbol} is not traded here"
        if self._ended:
            return "the replay has ended"
        if order.order in book.orders or self._books.used_before(order.uid, order.client_id):
            return f"order id {order.order} or client id {order.client_id} was used before"
        level = fence.level_for(book, order)
        if level == fence.CLOSED:
            return f"mode {book.mode}, strategy {book.statuses.get(order.uid, 'active')}: nothing passes"
        room = fence.reducible(book, order.uid, order.symbol, order.side, keeps)
        if (order.reduce_only or level == fence.REDUCING) and order.quantity > room:
            return f"only {room} shares of {order.symbol} can be reduced, asked {order.quantity}"
        return ""

    def _repeated(self, event: Fill | Closed) -> list[Event]:
        """The event; twice when the fault says so."""
        twice = isinstance(event, Fill) and self._faults.hits("duplicate-fill", event.uid, event.order)
        return [event, event] if twice else [event]

    def _settle_stalled(self) -> list[Event]:
        """Cancels that stalled take effect after a session of their orders."""
        waiting = [order for order in self._stalled if order in self._books.book.orders]
        for order in sorted(waiting):
            self._cancel(order)
        self._stalled.clear()
        return [Closed(order, "cancelled") for order in sorted(waiting)]

    def _keep(self, now: float) -> None:
        """A snapshot now and then, a sync at most once a second and after the last session.

        What fails here loses nothing (the journal goes on) and is tried again after the next session.
        """
        with suppress(OSError):
            if self._journal.written >= SNAPSHOT_RECORDS:
                self._journal.snapshot({"feed": self._identity, **codec.books_out(self._books)})
            if self._ended or now - self._synced >= SYNC_SECONDS:
                self._sync()
                self._synced = now

    def _sync(self) -> None:
        """Everything recorded goes to the disk; only then are its fills told. OSError: they are not, yet."""
        self._journal.sync()
        book = self._books.book
        book.durable, book.durable_shadow = self._books.seq, book.shadows[-1].seq if book.shadows else 0


def _start(feed: Feed, date: str) -> int:
    """The first session to trade: ``date``; a year into the feed when it begins later, so that signals have a past."""
    if date < feed.sessions[0]:
        return min(WARM_UP_SESSIONS, len(feed.sessions) - 1)
    if date > feed.sessions[-1]:
        raise ValueError(f"paper.start = {date}: the prices end on {feed.sessions[-1]}")
    return feed.first(date)
