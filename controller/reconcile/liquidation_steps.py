"""The single steps of a liquidation, each with what it may refuse: halt, cancel, judge, issue, agree, end."""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from controller.core.trust.case import Pinned
from controller.core.trust.grant import Grant, problems
from controller.core.trust.keys import SignatureError, Signed
from controller.engine_ports import Engine
from controller.errors import EngineUnavailable, Permanent, Raced, Temporary
from controller.gate.claim import BEGUN, DIGEST_DIGITS
from controller.gate.verdicts import Code
from controller.halt import CLI, halt
from controller.latch.permit import PermitFile
from controller.latch.ticket import NAMESPACE, Ticket
from controller.ports import Clock, Store
from controller.reconcile.halt_desk import HaltDesk
from controller.reconcile.liquidation_record import grant_of
from schemas.desired import Desired
from schemas.halts import ACCOUNT
from schemas.liquidation import Flattened, LiquidationRequest, LiquidationScope

CANCEL_LOOKS, CANCEL_SECONDS = 40, 0.05
HINT = "gt risk portfolio liquidate"
_log = logging.getLogger(__name__)


class NotGranted(Permanent):
    """The request is not granted: nothing was ordered, and a halt that it opened stays."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a liquidation works with. ``applied`` gives the applied tree; ``verify`` checks a signature in a namespace;
    ``poke`` wakes the reconcile loop after a new halt."""

    home: str
    permit: PermitFile
    engine: Engine
    store: Store
    desk: HaltDesk
    clock: Clock
    pins: Pinned
    applied: Callable[[], Desired | None]
    verify: Callable[[bytes, bytes, bytes], Signed]
    poke: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that waits for its signature. ``cancelled`` by uid; ``goes_on``: begun already, asked for again;
    ``halt``: the id of the halt that it opened, empty when one was open."""

    request: LiquidationRequest
    positions: tuple[Flattened, ...]
    cancelled: dict[str, int]
    goes_on: bool = False
    halt: str = ""


@dataclass(frozen=True, slots=True)
class Steps:
    """``stop`` ends every wait."""

    parts: Parts
    stop: threading.Event = field(default_factory=threading.Event)

    def applied(self) -> Desired:
        """The applied tree. Raises Temporary before the first apply."""
        applied = self.parts.applied()
        if applied is None:
            raise Temporary("nothing verified is applied yet", hint="gt risk status")
        return applied

    def halted(self) -> bool:
        """Whether an account halt is open."""
        return any(item.scope == ACCOUNT for item in self.parts.desk.open_halts(self.parts.applied()))

    def freeze(self, scope: LiquidationScope, actor: str, reason: str) -> tuple[str, dict[str, int]]:
        """Open the account halt, then cancel what works and wait a little until it is gone; the halt's id (empty when
        one was open), and the number cancelled by uid.

        Raises Temporary when no gate acknowledges the halt, EngineUnavailable with the halt raised.
        """
        try:
            before = self._working()
        except EngineUnavailable:
            before = Counter()
        opened = self._halt(scope, actor, reason)
        self.parts.engine.cancel(ACCOUNT)
        left = self._working()
        for _ in range(CANCEL_LOOKS):
            if not left or self.stop.wait(CANCEL_SECONDS):
                break
            left = self._working()
        return opened, dict(before - left)

    def judge(self, request: LiquidationRequest, signature: bytes) -> str:
        """The principal whose signature grants ``request`` under the applied trust.yaml. Raises NotGranted."""
        parts, applied, signed, why = self.parts, self.applied(), None, ""
        try:
            signed = parts.verify(request.text().encode(), signature, NAMESPACE)
        except SignatureError as error:
            why = str(error)
        book = book_of(parts.pins, applied)
        grant = Grant(request, signed, why, applied.trust, parts.pins.denied_keys, book, parts.clock.wall_ns())
        found = problems(grant)
        if found or grant.signer is None:
            raise NotGranted(f"not granted: {'; '.join(found)}", "gt risk config show")
        return grant.signer.principal

    def issue(self, prepared: Prepared) -> None:
        """The ticket, then the one begin. Raises Raced when the gate holds another book, NotGranted."""
        request, permit = prepared.request, self.parts.permit
        if prepared.goes_on:
            self.agreed(request.id)
            return
        left = request.expires_ns - self.parts.clock.wall_ns()
        permit.set_ticket(Ticket(request.id, request.digest[:DIGEST_DIGITS], self.parts.clock.boot_ns() + left))
        try:
            answer = self.parts.engine.begin_liquidation(request.id)
            begun = answer.ok or self.parts.engine.liquidations().get(request.id) == BEGUN
        except EngineUnavailable:
            permit.set_ticket(None)
            raise
        if not begun:
            permit.set_ticket(None)
            kind = Raced if answer.code == Code.BOOK_CHANGED else NotGranted
            raise kind(f"{answer.code}: {answer.message}", HINT)

    def agreed(self, id: str) -> tuple[LiquidationRequest, str]:
        """(request, signer) when permit, store and journal agree that it is under way. Raises NotGranted."""
        ticket = self.parts.permit.ticket
        granted = grant_of(self.parts.store, id)
        if ticket is None or ticket.id != id or self.parts.clock.boot_ns() >= ticket.expires_ns:
            why = "its ticket has run out"
        elif granted is None or granted[0].digest[:DIGEST_DIGITS] != ticket.digest:
            why = "the audit chain does not know it as under way"
        elif self.parts.engine.liquidations().get(id) != BEGUN:
            why = "the venue's journal does not know it as under way"
        else:
            return granted
        raise NotGranted(f"liquidation {id[:12]} cannot go on: {why}; ask for a new one", HINT)

    def end(self, id: str) -> None:
        """No more of it passes: the ticket goes, and the gate notes the end when it answers."""
        try:
            self.parts.engine.end_liquidation(id)
        except EngineUnavailable as error:
            _log.warning("liquidation %s: its ticket is taken back; %s", id, error)
        self.parts.permit.set_ticket(None)

    def _halt(self, scope: LiquidationScope, actor: str, reason: str) -> str:
        """Raise it unless one at least as strict is open; its id."""
        known = self.parts.desk.open_halts(self.parts.applied())
        if any(item.scope == ACCOUNT and item.mode.rank >= scope.mode.rank for item in known):
            return ""
        outcome = halt(self.parts.home, ACCOUNT, scope.mode.rank, actor, reason, CLI, notify=False)
        self.parts.desk.adopt()
        self.parts.poke(f"halt {outcome.halt_id}")
        if not outcome.in_force:
            what = "raised and not acknowledged" if outcome.confirmed else "not confirmed"
            raise Temporary(f"the halt is {what}: {'; '.join(outcome.problems)}", hint="gt risk emergency halt-all")
        return outcome.halt_id

    def _working(self) -> Counter[str]:
        """Working orders by uid."""
        orders = self.parts.engine.read().orders
        return Counter(order.uid for order in orders if order.state in ("pending", "working", "unknown"))


def book_of(pins: Pinned, applied: Desired) -> str:
    """The book as a request names it: repo, environment, account."""
    return f"{pins.repo}/{pins.environment}/{applied.risk.account.name}"
