"""The desk: takes orders, checks, reserves, sends; cancels what a halt forbids; follows the venue. No sockets here.

Everything runs on one thread, so whatever is answered is answered between two orders.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from controller.gate.answer import Answer, Clocks
from controller.gate.authority import Authority
from controller.gate.book import Book, Reservation
from controller.gate.check import check_all
from controller.gate.claim import ORDER_RULES, Claim, refusal
from controller.gate.decisions import Decisions
from controller.gate.label import UNLABELLED, Label
from controller.gate.orders import OrderRequest, parse_order
from controller.gate.repeats import request_of, same
from controller.gate.venue import Bar, Event, Fill, Venue, VenueOrder, VenueRejected, VenueUnknown
from controller.gate.verdicts import Allow, Code, Deny
from controller.latch.ticket import book_digest

TRIES = 3
Check = Callable[[OrderRequest, int], Allow | Deny]
"""Judges an order at a moment (boot nanoseconds)."""


class Desk:
    """One account's way to its venue."""

    def __init__(self, venue: Venue, authority: Authority, clocks: Clocks | None = None) -> None:
        self.venue = venue
        self.authority = authority
        self.clocks = clocks or Clocks()
        self.book = Book()
        first = self.clocks.wall_ns() // 1_000
        self.decisions = Decisions(first)
        self._last_order = first
        self._fill_seq = 0
        self._tables: tuple[str, ...] = ()
        self._recover()

    def submit(
        self, source: object, check: Check | None = None, ticket: str = "", keeps: Mapping[str, int] | None = None
    ) -> Answer:
        """Put one order through every check (or through ``check`` instead) and, if allowed, to the venue.

        ``ticket`` is the liquidation that it belongs to; ``keeps``, which ``check`` may fill, what the venue is to
        leave of the orders that give way to it.
        """
        check = check or self.check
        order = parse_order(source)
        if isinstance(order, Deny):
            return self._deny(order, source if isinstance(source, dict) else {})
        known = self.book.clients.get((order.uid, order.client_id))
        if known is not None:
            return self._repeat(order, *known)
        for _ in range(TRIES):
            now = self.clocks.boot_ns()
            self.refresh(now)
            verdict = check(order, now)
            if isinstance(verdict, Deny):
                return self._deny(verdict, order._asdict())
            item = self._reserve(order, verdict, ticket)
            now = self.clocks.boot_ns()
            if self.authority.unchanged(now):
                return self._send(order, verdict, item, now, keeps)
            self.book.release(item.order.order)
        return self._deny(Deny(Code.LATCH_CHANGED, message="the latch keeps changing"), order._asdict())

    def refresh(self, now: int, *, force: bool = False) -> bool:
        """Follow latch and policy; True when anything changed."""
        if not self.authority.refresh(now, force=force):
            return False
        tables = {policy.sectors_id: policy.sectors for policy in self.authority.policies}
        if tuple(tables) != self._tables:
            self._tables = tuple(tables)
            self.book.watch_sectors(tables.items())
        return True

    def advance(self, now: int) -> Sequence[Event]:
        """Let the venue do what is due; returns its events without repeats. The book follows the venue's own."""
        due = self.venue.due()
        if due is None or due * 1e9 > now:
            return ()
        events = self.venue.advance(now / 1e9)
        fresh: list[Event] = []
        for event in events:
            if isinstance(event, Fill):
                if event.seq <= self._fill_seq:
                    continue
                self._fill_seq = event.seq
            elif isinstance(event, Bar):
                self.book.price_ns = now
            fresh.append(event)
        if events:
            self.reload()
            self.trim_exits()
        return fresh

    def reload(self) -> None:
        """Project the venue's book anew."""
        self.book.load(self.venue.book())
        self.authority.uids.update(self.book.strands)

    def enforce(self) -> dict[str, int]:
        """Cancel what mode and statuses, or the end of its ticket, forbid to go on; number cancelled by uid.

        Repeats are harmless.
        """
        authority = self.authority
        mode = authority.standing.halt_mode(authority.policies)
        uids = self.book.strands if self.book.reservations else ()
        ranks = {uid: max(mode, authority.standing.status_under(uid, authority.policies)) for uid in uids}
        orders = [item.order for item in self.book.reservations.values()]
        return self._cancel([order.order for order in orders if not self._may_work(order, ranks[order.uid])])

    def trim_exits(self) -> None:
        """After fills: exits of a strategy never add up to more than what it still holds; the newest go first."""
        room: dict[tuple[str, str, int], int] = {}
        doomed = []
        for name, item in self.book.reservations.items():
            order = item.order
            if not order.reduce_only:
                continue
            key = (order.uid, order.symbol, order.side)
            if key not in room:
                line = self.book.strand(order.uid).lines.get(order.symbol)
                room[key] = max(0, -order.side * line.quantity) if line is not None else 0
            room[key] -= item.remaining
            if room[key] < 0:
                room[key] += item.remaining
                doomed.append(name)
        self._cancel(doomed)

    def resolve(self) -> None:
        """Ask the venue about orders whose outcome is unknown; what it knows is reserved no more than it is open."""
        for item in [item for item in self.book.reservations.values() if item.unknown]:
            found = self.venue.lookup(item.order.uid, item.order.client_id)
            if found is not None:
                self._settle(item, found)

    def cancel_scope(self, scope: str) -> dict[str, int]:
        """Cancel every working order of ``account`` or ``strategy:<uid>`` but a liquidation's; number cancelled by uid.

        A halt never stands in the way of its own flatten.
        """
        uid = "" if scope == "account" else scope.removeprefix("strategy:")
        orders = [item.order for item in self.book.reservations.values() if not uid or item.order.uid == uid]
        return self._cancel([order.order for order in orders if not self._ticket_holds(order)])

    def cancel_order(self, order: str) -> dict[str, int]:
        """Cancel one order; empty when it is not open."""
        return self._cancel([order])

    def claim(self, id: str) -> Claim:
        """What liquidation ``id`` rests on now."""
        seen, book = self.authority.seen, self.venue.book()
        ticket, mode = (seen.ticket, seen.mode) if seen is not None else (None, 0)
        frozen, state = self.authority.standing.frozen, book.liquidations.get(id, "")
        digest = book_digest((uid, symbol, item.quantity) for (uid, symbol), item in book.holdings.items())
        return Claim(id, ticket, mode, frozen, self.clocks.boot_ns(), state, digest)

    def check(self, order: OrderRequest, now: int) -> Allow | Deny:
        """Every check under every policy."""
        authority = self.authority
        standing = authority.standing
        if not authority.policies:
            return Deny(standing.frozen or Code.NO_POLICY, message=standing.reason)
        return check_all(authority.policies, self.book, order, now, standing)

    def _may_work(self, order: VenueOrder, rank: int) -> bool:
        if order.ticket:
            return self._ticket_holds(order)
        return rank == 0 or (rank == 1 and order.reduce_only)

    def _ticket_holds(self, order: VenueOrder) -> bool:
        return bool(order.ticket) and refusal(ORDER_RULES, self.claim(order.ticket)) is None

    def _recover(self) -> None:
        now, wall = self.clocks.boot_ns(), self.clocks.wall_ns()
        self.reload()
        _, age = self.venue.feed()
        self.book.price_ns = now - int(age * 1e9)
        book = self.venue.book()
        for order in sorted([*book.closed, *book.orders.values()], key=lambda item: item.submitted_ns):
            at = now - (wall - order.submitted_ns)
            self.book.count(at)
            self.book.remember(request_of(order), order.order, order.quantity, at)

    def _reserve(self, order: OrderRequest, verdict: Allow, ticket: str) -> Reservation:
        self._last_order += 1
        placed = VenueOrder(
            order=f"g{self._last_order:x}",
            client_id=order.client_id,
            uid=order.uid,
            symbol=order.symbol,
            side=order.side,
            quantity=verdict.quantity,
            type=order.type,
            limit=order.limit,
            stop=order.stop,
            submitted_ns=self.clocks.wall_ns(),
            market_time=self.venue.book().market_time,
            reduce_only=verdict.reducing,
            ticket=ticket,
            label=self._label(order) if order.label.arm else UNLABELLED,
        )
        item = Reservation(placed, verdict.price)
        self.book.reserve(item)
        return item

    def _label(self, order: OrderRequest) -> Label:
        """The order's label if its strategy is in that test, in that step; it passes unlabelled otherwise."""
        known = self.authority.policies[-1].strategies.get(order.uid)
        return order.label if known is not None and known.test == order.label[1:] else UNLABELLED

    def _send(
        self, order: OrderRequest, verdict: Allow, item: Reservation, now: int, keeps: Mapping[str, int] | None
    ) -> Answer:
        placed = item.order
        self.book.count(now)
        for note in verdict.notes:
            self.decisions.noted(
                note, order.uid, order.symbol, self._revision(), placed.submitted_ns, placed.market_time
            )
        try:
            done = self.venue.submit(placed, keeps)
        except VenueRejected as error:
            self.book.release(placed.order)
            return self._deny(Deny(Code.VENUE_REJECTED, message=str(error)), order._asdict())
        except Exception as error:  # noqa: BLE001  # VenueUnknown, or a venue that broke: it may have the order
            item.unknown = True
            self.book.remember(order, placed.order, placed.quantity, now)
            return self._unknown(placed, str(error))
        self.book.remember(order, done.order, done.quantity, now)
        if done.order != placed.order or done.state != "working" or done.filled:
            self._settle(item, done)
        return Answer(True, done.order, done.quantity, revision=self._revision())

    def _settle(self, item: Reservation, found: VenueOrder) -> None:
        item.unknown = False
        if found.order != item.order.order or found.state != "working":
            self.book.release(item.order.order)
        self.reload()

    def _repeat(self, order: OrderRequest, first: OrderRequest, name: str, quantity: int) -> Answer:
        if not same(order, first, quantity):
            message = f"client id {order.client_id} belongs to the different order {name}"
            return self._deny(Deny(Code.CLIENT_ID_REUSED, message=message), order._asdict())
        item = self.book.reservations.get(name)
        if item is not None and item.unknown:
            self.resolve()
            item = self.book.reservations.get(name)
            if item is not None and item.unknown:
                return self._unknown(item.order, "still not resolved")
        return Answer(True, name, quantity, revision=self._revision())

    def _unknown(self, placed: VenueOrder, why: str) -> Answer:
        message = f"the venue has not confirmed the order ({why}); it stays reserved: ask again with its client id"
        return Answer(False, placed.order, placed.quantity, Code.VENUE_UNKNOWN, message=message)

    def _deny(self, denial: Deny, source: dict[str, Any]) -> Answer:
        uid, symbol = str(source.get("uid", ""))[:64], str(source.get("symbol", ""))[:16]
        self.decisions.denied(denial, uid, symbol, self.clocks.wall_ns(), self.venue.book().market_time)
        code, limit, observed, projected, value, headroom, revision, message = denial
        return Answer(
            False, "", 0, code, limit, observed, projected, value, headroom, revision or self._revision(), message
        )

    def _cancel(self, names: Sequence[str]) -> dict[str, int]:
        cancelled: dict[str, int] = {}
        for name in names:
            item = self.book.reservations.get(name)
            try:
                done = self.venue.cancel(name)
            except VenueUnknown:
                continue
            if item is not None and (done or (item.unknown and self._absent(item.order))):
                self.book.release(name)
            if done:
                uid = item.order.uid if item is not None else ""
                cancelled[uid] = cancelled.get(uid, 0) + 1
        if names:
            self.reload()
        return cancelled

    def _absent(self, order: VenueOrder) -> bool:
        return self.venue.lookup(order.uid, order.client_id) is None

    def _revision(self) -> str:
        policies = self.authority.policies
        return policies[-1].revision if policies else ""
