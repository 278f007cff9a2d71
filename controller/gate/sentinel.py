"""Watches over the desk between requests: follows the latch, cancels under new halts, lets the venue go on, tells."""

import os
from collections.abc import Callable, Sequence
from typing import Any

from controller.gate.authority import Raiser
from controller.gate.desk import Desk
from controller.gate.log import log
from controller.gate.standing import mode_name, status_name
from controller.gate.venue import Bar, Event, Fill
from controller.gate.verdicts import Code
from controller.gate.views import fill_event, policy_event
from controller.latch.layout import LatchError
from controller.latch.raising import RaiseFile

TICK_NS = 50_000_000
RAISE_AGAIN_NS = 1_000_000_000
GATE_SOURCE = 3


def latch_raiser(raise_path: str, permit_path: str, wall_ns: Callable[[], int]) -> Raiser:
    """A :data:`Raiser` that stores into the latch pair at these paths."""

    def raise_halt(scope: str, mode: int, _reason: str) -> int:
        file = RaiseFile.open(raise_path, permit_path)
        try:
            return file.raise_halt(os.urandom(16), scope, mode, GATE_SOURCE, wall_ns()).word
        finally:
            file.close()

    return raise_halt


class Sentinel:
    """``outbox`` collects what subscribers should hear: event objects, and bars that each still filters.

    ``health`` is uid → (condition, message), as the runner reports it.
    """

    def __init__(self, desk: Desk, raiser: Raiser) -> None:
        self.desk = desk
        self.health: dict[str, tuple[str, str]] = {}
        self.outbox: list[Bar | dict[str, Any]] = []
        self._raiser = raiser
        self._raised: dict[str, tuple[int, int]] = {}
        self._next_tick = 0
        self._next_raise = 0
        self._followed: object = None
        self._noticed = False
        self._problem = ""
        self._told: dict[str, Any] = {}
        self._halts: dict[str, int] = {}

    def refresh(self, *, force: bool = False) -> None:
        """Read latch and permit; ``force`` reads their files and the policy anew as well."""
        self.desk.refresh(self.desk.clocks.boot_ns(), force=force)

    def begin(self) -> None:
        """Follow what was read before the first request comes."""
        self._follow(enforce=True)
        self.outbox.clear()

    def step(self) -> float:
        """Between two rounds of requests: follow the latch first, then let the venue go on.

        When something changed, one more round of requests comes first, so that no barrier waits for the cancels; the
        venue stands still until they are done. Returns the seconds until there is something to do by itself.
        """
        desk = self.desk
        now = desk.clocks.boot_ns()
        ticking = now >= self._next_tick
        if ticking:
            self._next_tick = now + TICK_NS
            desk.resolve()
            self._carry(now)
        self.refresh(force=ticking and bool(desk.authority.keeper.problem))
        self._noticed = not self._noticed and desk.authority.standing is not self._followed
        if self._noticed:
            return 0.0
        self._follow(enforce=ticking)
        events = desk.advance(now)
        if events:
            self._tell(events)
            desk.enforce()
        due, tick = desk.venue.due(), self._next_tick / 1e9
        return max(0.0, (tick if due is None else min(tick, due)) - now / 1e9)

    def halt(self, scope: str, mode: int, reason: str) -> bool:
        """Restrict ``scope`` at once and until the latch carries it; True when a slot of the latch holds it."""
        authority = self.desk.authority
        authority.sticky[scope] = max(mode, authority.sticky.get(scope, 0))
        authority.settle()
        log("halt-requested", "warn", scope=scope, mode=mode, reason=reason)
        self._next_raise = 0
        self._carry(self.desk.clocks.boot_ns(), reason)
        return scope not in authority.sticky

    def _carry(self, now: int, reason: str = "") -> None:
        """Move sticky halts into the latch; what it cannot take stays sticky and is tried again every second."""
        authority = self.desk.authority
        if not authority.sticky or now < self._next_raise:
            return
        self._next_raise = now + RAISE_AGAIN_NS
        for scope, mode in list(authority.sticky.items()):
            level, word = self._raised.get(scope, (0, 0))
            if level < mode or not self._binds(word):
                self._raise(scope, mode, reason)
        self.refresh(force=True)
        for scope, mode in list(authority.sticky.items()):
            level, word = self._raised.get(scope, (0, 0))
            if level >= mode and self._binds(word):
                del authority.sticky[scope]
        authority.settle()

    def _raise(self, scope: str, mode: int, reason: str) -> None:
        try:
            self._raised[scope] = (mode, self._raiser(scope, mode, reason))
        except (OSError, LatchError) as error:
            log("latch-not-raised", "critical", scope=scope, mode=mode, error=str(error))

    def _binds(self, word: int) -> bool:
        seen = self.desk.authority.seen
        return seen is not None and word in seen.words

    def _follow(self, *, enforce: bool) -> None:
        authority = self.desk.authority
        if authority.standing is self._followed:
            if enforce:
                self.desk.enforce()
            return
        self._followed = authority.standing
        self._note_halts()
        cancelled = self.desk.enforce()
        if cancelled:
            log("cancelled", "warn", orders=cancelled)
        if authority.keeper.problem != self._problem:
            self._problem = authority.keeper.problem
            log("policy", "error" if self._problem else "info", problem=self._problem)
        event = policy_event(self.desk)
        if event != self._told:
            self._told = event
            self.outbox.append(event)

    def _note_halts(self) -> None:
        """Record which scopes people, drawdown or policy have restricted since last time."""
        authority = self.desk.authority
        standing, policies = authority.standing, authority.policies
        ranks = {"": standing.halt_mode(policies)}
        for uid in {uid for policy in policies for uid in policy.strategies} | standing.statuses.keys():
            ranks[uid] = standing.status_under(uid, policies)
        clocks, market_time = self.desk.clocks, self.desk.venue.book().market_time
        for uid, rank in ranks.items():
            if rank > self._halts.get(uid, 0):
                name = status_name(rank) if uid else mode_name(rank)
                code = Code.STRATEGY_HALTED if uid else Code.TRADING_HALTED
                self.desk.decisions.halted(code, uid, clocks.wall_ns(), market_time, f"now {name}")
        if ranks != self._halts:
            level = "warn" if any(ranks.values()) else "info"
            log("standing", level, mode=mode_name(ranks[""]), frozen=standing.frozen, restricted=standing.reduce_only)
        self._halts = ranks

    def _tell(self, events: Sequence[Event]) -> None:
        book = self.desk.venue.book()
        names = {order.order: order.client_id for order in (*book.closed, *book.orders.values())}
        for event in events:
            if isinstance(event, Fill):
                self.outbox.append(fill_event(event, names.get(event.order, "")))
            elif isinstance(event, Bar):
                self.outbox.append(event)
