"""Liquidation (safety section 3): asked for, halted, signed, granted, flattened, told. Each at most once.

``prepare`` halts, cancels and says what to sign; ``start`` takes the signature, and only then is there a ticket. What
proves that one is under way stands in three places: the audit chain (request and signer), the permit (ticket), the
venue's journal (begun). After a crash it goes on only while all three agree.
"""

import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Literal

from controller.audit import Action, control_action
from controller.core.trust.grant import MOST_NS
from controller.errors import EngineUnavailable, GtRiskError, Permanent, Temporary
from controller.latch.ticket import Ticket, book_digest
from controller.reconcile.flatten import flattened
from controller.reconcile.flattening import Flattening
from controller.reconcile.liquidation_record import grant_entry, intent_entry, interrupted, residual, standing_of
from controller.reconcile.liquidation_steps import HINT, NotGranted, Parts, Prepared, Steps, book_of
from schemas.liquidation import Flattened, LiquidationRequest, LiquidationScope, LiquidationState, Stage

STEP_SECONDS = 0.1
STOP_SECONDS = 5.0
KEPT = 8
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Case:
    """One liquidation with its audit intent, which closes with it."""

    prepared: Prepared
    action: Action
    stack: ExitStack


class Liquidations:
    """Safe for several threads; at most one liquidation is prepared or under way at a time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._steps = Steps(parts)
        self._lock = threading.RLock()
        self._case: _Case | None = None
        self._worker: threading.Thread | None = None
        self._states: dict[str, LiquidationState] = {}
        self._interrupted = ""

    def prepare(self, scope: LiquidationScope, actor: str, reason: str) -> Prepared:
        """Audit the intent, open the account halt, cancel what works; the request to sign for what is held then.

        Raises Temporary while another one is under way or when no gate acknowledges the halt, StoreUnavailable before
        anything has happened, and EngineUnavailable with the halt raised: then nothing can be ordered.
        """
        with self._lock:
            self._drop("another one was prepared")
            book, id = book_of(self._parts.pins, self._steps.applied()), secrets.token_hex(16)
            with self._intent(id, scope, actor, reason) as wait:
                why = f"{reason or 'no reason given'} (liquidation {id[:12]})"
                opened, cancelled = self._steps.freeze(scope, actor, why)
                live = self._parts.engine.read()
                digest = book_digest((item.uid, item.symbol, item.quantity) for item in live.positions)
                expires = self._parts.clock.wall_ns() + MOST_NS
                request = LiquidationRequest(book=book, digest=digest, expires_ns=expires, id=id, scope=scope)
                return wait(Prepared(request, flattened(live, id), cancelled, halt=opened))

    def prepare_again(self, id: str, actor: str, reason: str) -> Prepared:
        """The same request once more, for one that was interrupted: begun, not ended, its ticket still good.

        Raises NotGranted saying which proof is missing.
        """
        with self._lock:
            self._drop("another one was prepared")
            request, _ = self._steps.agreed(id)
            with self._intent(id, request.scope, actor, reason) as wait:
                return wait(Prepared(request, flattened(self._parts.engine.read(), id), {}, goes_on=True))

    def start(self, text: str, signature: bytes) -> LiquidationState:
        """Begin what was prepared as ``text``, if the signature grants it; it then runs by itself.

        Raises NotGranted (refused for good), Raced (the book has changed: prepare again).
        """
        with self._lock:
            case = self._case
            if case is None or self._running() or case.prepared.request.text() != text:
                raise NotGranted("no such request waits for a signature", HINT)
            request = case.prepared.request
            try:
                signer = self._grant(case.prepared, signature)
            except GtRiskError as error:
                self._drop(error.message)
                raise
            self._tell(request, "running", by=signer, positions=case.prepared.positions)
            self._begin(lambda: self._work(case))
            return self.state(request.id)

    def state(self, id: str) -> LiquidationState:
        """What is known of one liquidation. Raises Permanent for an id that this controller has not seen."""
        known = self._states.get(id)
        if known is None:
            raise Permanent(f"no liquidation {id}", "gt risk audit log --type emergency")
        ticket = self._parts.permit.ticket
        good = ticket is not None and ticket.id == id and self._parts.clock.boot_ns() < ticket.expires_ns
        return known.model_copy(update={"resumable": good and known.stage == "partial"})

    def notes(self) -> tuple[str, ...]:
        """What people should know under the halt: one that is under way, or that has left something open."""
        newest = list(self._states)[-1:]
        found = [text for id in newest if (text := standing_of(self.state(id)))]
        found += [self._interrupted] if self._interrupted else []
        return tuple(found) if found and self._steps.halted() else ()

    def tick(self) -> None:
        """Now and then: a request that nobody signed in time is refused, a ticket without use is taken back.

        It waits for nothing: the emergency lane calls it.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._running():
                return
            if self._case is not None and self._parts.clock.wall_ns() >= self._case.prepared.request.expires_ns:
                self._drop("nobody signed it in time")
            ticket = self._parts.permit.ticket
            if ticket is not None and (self._parts.clock.boot_ns() >= ticket.expires_ns or not self._steps.halted()):
                self._steps.end(ticket.id)
        finally:
            self._lock.release()

    def recover(self) -> None:
        """At boot, open intents closed: go on with what was under way if journal, store and permit agree; else its
        ticket ends here, and people are told."""
        ticket = self._parts.permit.ticket
        if ticket is not None:
            self._begin(lambda: self._recover(ticket))
        elif id := interrupted(self._parts.store):
            self._interrupted = f"liquidation {id[:12]} was interrupted and its ticket is gone: ask for a new one"

    def close(self) -> None:
        """Stop where it is, as a crash would: what works goes on under its ticket, and so may the next controller."""
        self._steps.stop.set()
        if self._worker is not None and self._running():
            self._worker.join(STOP_SECONDS)
        else:
            self._drop("the controller stopped")

    def _grant(self, prepared: Prepared, signature: bytes) -> str:
        """Judge, write down, issue; the signer."""
        signer = self._steps.judge(prepared.request, signature)
        revision, now = self._steps.applied().commit, self._parts.clock.wall_ns()
        self._parts.store.append_audit(grant_entry(prepared.request, signer, revision, now))
        self._steps.issue(prepared)
        return signer

    def _begin(self, work: Callable[[], None]) -> None:
        self._worker = threading.Thread(target=work, name="liquidation", daemon=True)
        self._worker.start()

    def _running(self) -> bool:
        return self._worker is not None and self._worker.is_alive()

    def _drop(self, why: str) -> None:
        """Refuse a request that waits for its signature. Raises Temporary while one is under way."""
        if self._running():
            raise Temporary("a liquidation is under way", hint="gt risk emergency status")
        self._interrupted = ""
        if self._case is not None:
            case, self._case = self._case, None
            self._tell(case.prepared.request, "refused", problem=why)
            case.action.result("refused", details=why)
            case.stack.close()

    @contextmanager
    def _intent(
        self, id: str, scope: LiquidationScope, actor: str, reason: str, channel: Literal["cli", "controller"] = "cli"
    ) -> Iterator[Callable[[Prepared], Prepared]]:
        """The intent in the chain. What it yields leaves it open until the liquidation ends; an error closes it."""
        entry = intent_entry(id, scope, actor, reason, self._parts.clock.wall_ns(), channel)
        with ExitStack() as stack:
            action = stack.enter_context(control_action(self._parts.store, self._parts.clock, entry))

            def wait(prepared: Prepared) -> Prepared:
                self._case = _Case(prepared, action, stack.pop_all())
                self._tell(prepared.request, "prepared", positions=prepared.positions)
                return prepared

            yield wait

    def _recover(self, ticket: Ticket) -> None:
        while not self._steps.stop.wait(STEP_SECONDS):
            try:
                request, signer = self._steps.agreed(ticket.id)
                why = "goes on after a restart"
                with self._intent(ticket.id, request.scope, signer, why, "controller") as wait:
                    wait(Prepared(request, flattened(self._parts.engine.read(), ticket.id), {}, goes_on=True))
            except EngineUnavailable:
                continue
            except GtRiskError as error:
                _log.critical("%s", error)
                self._interrupted = error.message
                self._steps.end(ticket.id)
                return
            assert self._case is not None
            self._tell(request, "running", by=signer)
            self._work(self._case)
            return

    def _work(self, case: _Case) -> None:
        """Step by step to the end. A stop of the controller leaves it as a crash would: the next one may go on."""
        request = case.prepared.request

        def told(positions: tuple[Flattened, ...], cash: int) -> None:
            self._tell(request, "running", positions=positions, cash=cash)

        flow = Flattening(self._parts.engine, self._parts.clock, request.id, told)
        try:
            while (problem := flow.step()) is None:
                if self._steps.stop.wait(STEP_SECONDS):
                    case.action.result("unknown", details="the controller stopped in the middle; its ticket stays")
                    case.stack.close()
                    return
            with self._lock:
                self._finish(case, problem, ended=flow.ended)
        except Exception as error:  # noqa: BLE001  # the thread's edge: whatever it is, people are told, the halt stays
            _log.exception("liquidation %s", request.id)
            self._tell(request, "partial", problem=f"{type(error).__name__}: {error}")

    def _finish(self, case: _Case, problem: str, *, ended: bool) -> None:
        """Its end in gate and permit, then in the chain; the halt stays in any case."""
        request = case.prepared.request
        self._case = None
        if ended or not problem:
            self._steps.end(request.id)
        self._tell(request, "partial" if problem else "done", problem=problem)
        if problem:
            left = residual(self._states[request.id])
            case.action.result("partial", after="not flat", details=f"{problem}; left: {left or 'not known'}")
        else:
            case.action.result("done", after="flat")
        case.stack.close()

    def _tell(self, request: LiquidationRequest, stage: Stage, **facts: object) -> None:
        known = self._states.pop(request.id, None)
        known = known or LiquidationState(id=request.id, scope=request.scope, stage=stage)
        self._states[request.id] = known.model_copy(update={"stage": stage, **facts})
        while len(self._states) > KEPT:
            del self._states[next(iter(self._states))]
