"""The running controller: its parts wired, its boot, its rounds. Heavy: imported last."""

import logging
import os
import random
import time
from collections.abc import Callable

from controller.adapters.engines.gate import GateEngine
from controller.adapters.git.polled import PolledTip
from controller.adapters.signatures import kinds
from controller.adapters.signatures.sshsig import verify
from controller.audit import close_open_intents
from controller.common import Common
from controller.control import ControllerControl
from controller.core.change.freeze import seconds_to
from controller.core.policy.compile import compile_policy
from controller.core.policy.text import text_of
from controller.errors import GtRiskError
from controller.latch import journal
from controller.quant.client import QuantProcess
from controller.reconcile.analyst import Analyst
from controller.reconcile.boot import Booted
from controller.reconcile.checkpoints import Checkpoints
from controller.reconcile.evidence import Heads
from controller.reconcile.exits import Exits
from controller.reconcile.experiments import Experiments
from controller.reconcile.expiries import NAME as EXPIRIES
from controller.reconcile.goal import GoalMaker
from controller.reconcile.handlers import Backoff, PlanStale
from controller.reconcile.latch_guard import LatchGuard
from controller.reconcile.liquidation import Liquidations
from controller.reconcile.liquidation_steps import Parts as LiquidationParts
from controller.reconcile.loop import Loop, Work
from controller.reconcile.monitor import Monitor
from controller.reconcile.observation import Observer, Origin
from controller.reconcile.permit_keeper import ClockWatch, PermitKeeper
from controller.reconcile.reconciler import Parts, Reconciler
from controller.reconcile.record import pins_entry, pins_text
from controller.reconcile.rescue import Rescue
from controller.reconcile.restore import restore
from controller.reconcile.signers import Signers
from controller.rpc.picture import Picture
from controller.rpc.timings import Timings
from controller.settings import Pins, Settings
from schemas.audit import AuditRecord
from schemas.desired import Desired
from schemas.policy import Policy

AGAIN_SECONDS = 0.01
RETRY_SECONDS = 0.25
_log = logging.getLogger(__name__)


class Controller(Common):
    """The running controller: made and settled by the heavy boot, run until SIGTERM."""

    def __init__(self, settings: Settings, booted: Booted, unsaved: Callable[[str], str] = lambda _: "") -> None:
        super().__init__(settings, booted.permit)
        self._booted = booted
        home = self.home
        known, verified = booted.known_good, booted.permit.last_verified
        self.memory = restore(known, verified, self.store, self.source, self.verifier)
        self.memory.published = booted.published
        self.picture, self.timings = Picture(), Timings()
        self.store.note_times(self.timings.stored)
        self.engine = GateEngine(home.gate_socket)
        self.watch = ClockWatch(self.clock)
        self.keeper = PermitKeeper(
            booted.permit,
            self.clock,
            excessive=self._excessive,
            expiries=home.policy / EXPIRIES,
            expired_at=booted.expired_at,
            lost_lease=lambda error: self.loop.lose(error),
        )
        self.guard = LatchGuard(
            home,
            settings.pins.repo,
            booted.permit,
            self.desk,
            self.store,
            self.clock,
            desired=lambda: self.memory.applied_desired,
            stop=lambda: self.keeper.forget("reconcile"),
            restored=self._latch_restored,
        )
        self.rescue = Rescue(home, self.desk)
        self.maker = GoalMaker(self.store, self.desk, self.sectors, self.memory, unsaved)
        self.changes = self.change_desk(self.memory)
        self.backoff = Backoff(random.random)
        self.polled = self._polled()
        self.reconciler = Reconciler(self._parts(), self.memory)
        self.monitor = self._monitor()
        self.quant = QuantProcess(home.logs / "quant.log")
        self.analyst = Analyst(self.store, self.engine, self.clock, self._applied, self.quant.compute)
        self.experiments = Experiments(self.store, self.engine, self.clock, self._applied, self.quant.look, self._poke)
        self.checkpoints = Checkpoints(self.store, self.engine, self.clock, self._applied)
        self.exits = Exits(self.engine, self.store, self.clock)
        self.liquidations = Liquidations(self._liquidation_parts())
        self.heads = Heads(self.store, self.notary, self.clock)
        self.control = self._control()
        self.loop = self._loop()

    def _monitor(self) -> Monitor:
        return Monitor(
            store=self.store,
            engine=self.engine,
            desk=self.desk,
            clock=self.clock,
            desired=self._applied,
            progress=self.keeper.progress,
            poke=self._poke,
            memory=self.memory,
            book=lambda: self.analyst.book,
        )

    def _control(self) -> ControllerControl:
        parts = self.control_parts(self.memory, self.maker)
        parts.reading = self.engine.newest
        parts.analysis = lambda: self.analyst.analysis
        parts.outlook = self.quant.outlook
        parts.last = lambda: self.reconciler.last
        parts.notes = self.liquidations.notes
        return ControllerControl(
            parts, poke=self._poke, refetch=lambda reason: self.loop.refetch(reason), scan=lambda: self.loop.scan()
        )

    def _loop(self) -> Loop:
        fetch = self.polled.fetch if self.polled is not None else None
        reconcile = self.picture.counts(self.timings.passes(self._reconcile, lambda: self.memory.revision.last_applied))
        sample = self.picture.counts(self.monitor.sample)
        work = Work(reconcile, self._adopt, sample, self._probe, self._evidence, fetch, self._analyse)
        refs = None if self.settings.source.remote else self.home.bare / "refs" / "heads"
        return Loop(work, self.settings.loop, self.clock, refs, random.random)

    def _polled(self) -> PolledTip | None:
        """The remote's tip as a lane of its own asks for it; None for the embedded repo."""
        remote = self.settings.source
        if not remote.remote:
            return None
        return PolledTip(self.source, self.clock, remote.poll_seconds, remote.timeout_seconds, random.random)

    def _parts(self) -> Parts:
        age = self.home.policy / "verified-at"
        return Parts(
            observer=Observer(self.polled or self.source, self.verifier, self.clock, age),
            source=self.source,
            store=self.store,
            engine=self.engine,
            clock=self.clock,
            publisher=self._booted.publisher,
            desk=self.desk,
            backoff=self.backoff,
            maker=self.maker,
            pid=os.getpid(),
            verified=self._booted.permit.set_last_verified,
            clock_jumped=self.watch.jumped,
            permitted=lambda: self.keeper.started,
            changes=self.changes,
            signers=Signers(self.source, self.verifier.desired, kinds.verify).of,
            troubles=self._troubles,
            speaks=self.verifier.speaks,
        )

    def _troubles(self) -> tuple[tuple[str, str], ...]:
        found = (("SettingsUnreadable", self.pins.problem), ("ChangeRecordLost", self.changes.problem))
        return tuple((reason, text) for reason, text in found if text)

    def _liquidation_parts(self) -> LiquidationParts:
        return LiquidationParts(
            home=str(self.home.root),
            permit=self._booted.permit,
            engine=self.engine,
            store=self.store,
            desk=self.desk,
            clock=self.clock,
            pins=self.pins,
            applied=lambda: self.memory.applied_desired,
            verify=verify,
            poke=self._poke,
        )

    def settle(self) -> None:
        """Boot steps 3 to 5 with everything loaded: open intents closed, every known halt raised again. Repeatable."""
        for problem in self._booted.problems:
            _log.error("boot: %s", problem)
        close_open_intents(self.store, self.clock, self._read_back)
        self._note_pins()
        if self.memory.applied_desired is not None:
            self.desk.evidence.load(self.own(self.memory.applied_desired))
        self.desk.reraise_open(self.memory.applied_desired)
        self.desk.adopt()
        _log.info("booted: fence %d, policy %d", self._booted.permit.fence, self._booted.publisher.version)

    def _note_pins(self) -> None:
        """What somebody has changed in settings.toml while no controller ran is recorded before it counts."""
        newest = next(iter(self.store.audit(event="trust.pins", limit=1)), None)
        before, now = newest.entry.after if newest else pins_text(Pins()), pins_text(self.pins)
        if before != now:
            self.store.append_audit(pins_entry(before, now, self.clock.wall_ns()))

    def _read_back(self, _: AuditRecord) -> str:
        try:
            gate = self.engine.read().gate
        except GtRiskError as error:
            return f"not read back: {error}"
        return f"gate: policy {gate.policy_version}, revision {gate.revision[:12]}, mode {gate.mode.value}"

    def publish_first(self) -> None:
        """A fresh home: publish what is verified before there is a gate, which takes its capital from it."""
        tip = self.source.tip()
        reached = self.verifier.advance(self.memory.revision.last_verified, tip)
        while reached.more:
            reached = self.verifier.advance(reached.commit, tip)
        goal = self.maker.goal(reached.desired, None, Origin())
        self.memory.published = self._booted.publisher.publish([text_of(goal.target)])

    def run(self) -> None:
        """Run until SIGTERM or SIGINT. Raises LeaseLost when another controller has taken over."""
        self.keeper.start()
        self.liquidations.recover()
        try:
            self.loop.run()
        finally:
            self.keeper.stop()

    def close(self) -> None:
        """Release everything; the lease last."""
        self.liquidations.close()
        self.quant.close()
        self.guard.close()
        self.engine.close()
        super().close()
        self._booted.permit.close()

    def _reconcile(self) -> float:
        try:
            self.reconciler.reconcile_once()
        finally:
            self.control.notify()
        found = self.reconciler.last
        if found is None:
            return 0.0
        if found.complete:
            self.keeper.progress("reconcile")
            jumped = self.watch.jumped()
            self.watch.passed()
            edge = seconds_to(found.hold, self.clock.wall_ns(), self.settings.loop.drift_seconds)
            return AGAIN_SECONDS if jumped else RETRY_SECONDS if found.waiting else edge
        if found.seen.more or any(isinstance(error, PlanStale) for error in found.errors):
            return AGAIN_SECONDS
        wait = (self.backoff.next_ns() - self.clock.boot_ns()) / 1e9
        return max(AGAIN_SECONDS, wait) if self.backoff.next_ns() else RETRY_SECONDS

    def _adopt(self) -> bool:
        repaired = self.guard.check()
        self.liquidations.tick()
        return bool(self.desk.adopt()) or repaired

    def _latch_restored(self, fence: int) -> None:
        """The pair was made anew: its permit names nothing yet."""
        publisher, lease = self._booted.publisher, self._booted.permit
        publisher.refence(fence)
        lease.set_last_verified(self.memory.revision.last_verified)
        if self.memory.applied is not None:
            self.memory.published = publisher.publish([text_of(self.memory.applied)])

    def _evidence(self) -> bool:
        """Nothing is read or written on the bot's branch before a tree is applied that says who the bot is."""
        if self.memory.applied_desired is None:
            return False
        own = self.own(self.memory.applied_desired)
        self.desk.evidence.load(own)
        published = self.desk.evidence.publish(own)
        return self.heads.publish(self.memory.revision.last_applied, own) or published

    def _probe(self) -> None:
        journal.probe(str(self.home.journal), time.time_ns())
        self.keeper.progress("journal")
        if self.pins.stale():
            self._poke("settings.toml has changed")
        self.rescue.take_in()

    def _analyse(self) -> None:
        self.analyst.work()
        self.experiments.work()
        self.checkpoints.work()

    def _poke(self, reason: str) -> None:
        self.loop.poke(reason)

    def _excessive(self, reason: str) -> None:
        self.desk.raise_own(reason)

    def _applied(self) -> tuple[Desired, Policy] | None:
        desired = self.memory.applied_desired
        return None if desired is None else (desired, compile_policy(desired, self.sectors))
