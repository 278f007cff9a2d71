"""The controller as a whole: its parts wired, its rounds, and its offline stand-in. Heavy: imported last."""

import logging
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

from controller.adapters.clock import SystemClock
from controller.adapters.engines.gate import GateEngine
from controller.adapters.git.polled import PolledTip
from controller.adapters.git.source import GitSource
from controller.adapters.signatures.keys import KeyFile
from controller.adapters.signatures.sshsig import check_key, verify
from controller.adapters.store.sql import SqlStore
from controller.audit import close_open_intents
from controller.control import ControllerControl
from controller.control import Parts as ControlParts
from controller.core.policy.compile import compile_policy
from controller.errors import EngineUnavailable, GtRiskError
from controller.home import Home
from controller.latch import journal
from controller.latch.permit import PermitFile
from controller.marketdata.instruments import load_instruments, sectors
from controller.ports import RawCommit
from controller.reconcile.analyst import Analyst, analyse
from controller.reconcile.boot import Booted
from controller.reconcile.bots import Bots
from controller.reconcile.exits import Exits
from controller.reconcile.expiries import NAME as EXPIRIES
from controller.reconcile.goal import GoalMaker, Memory
from controller.reconcile.halt_desk import HaltDesk
from controller.reconcile.handlers import Backoff, PlanStale
from controller.reconcile.latch_guard import LatchGuard
from controller.reconcile.liquidation import Liquidations
from controller.reconcile.liquidation_steps import Parts as LiquidationParts
from controller.reconcile.loop import Loop, Work
from controller.reconcile.monitor import Monitor
from controller.reconcile.observation import Observer, Origin
from controller.reconcile.permit_keeper import ClockWatch, PermitKeeper
from controller.reconcile.publisher import load_last_known_good
from controller.reconcile.reconciler import Parts, Reconciler
from controller.reconcile.restore import restore
from controller.reconcile.verifier import Verifier
from controller.settings import Settings
from schemas.audit import AuditRecord
from schemas.desired import Desired
from schemas.live import LiveState
from schemas.overview import Overview
from schemas.policy import Policy
from schemas.risk import Analysis

AGAIN_SECONDS = 0.01
RETRY_SECONDS = 0.25
GATE_SECONDS = 0.5
_log = logging.getLogger(__name__)


class Common:
    """What the running controller and its offline stand-in share."""

    def __init__(self, settings: Settings, permit: PermitFile, objects: Path | None = None) -> None:
        self.settings = settings
        self.home = home = Home(settings.home)
        self.clock = SystemClock()
        self.store = SqlStore(home.store, home.audit_head)
        self.source = GitSource(
            home.bare,
            settings.pins.branch,
            self.clock,
            sign=lambda payload: KeyFile(home.keys / "bot")(payload),
            remote=settings.source.remote,
            timeout=settings.source.timeout_seconds,
            extra={"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects)} if objects else None,
        )
        self.sectors = sectors(load_instruments())
        self.verifier = Verifier(self.source, settings.pins, verify, check_key, self.sectors)
        self.desk = HaltDesk(home, permit, self.store, self.source, self.clock)

    def control_parts(self, memory: Memory, maker: GoalMaker) -> ControlParts:
        """The parts of a control over these."""
        return ControlParts(
            source=self.source,
            verifier=self.verifier,
            store=self.store,
            clock=self.clock,
            desk=self.desk,
            maker=maker,
            memory=memory,
            pins=self.settings.pins,
            sectors=self.sectors,
        )

    def own(self, desired: Desired) -> Callable[[RawCommit], bool]:
        """Whether a commit on the bot's branch counts, by the trust of ``desired``."""
        denied = self.settings.pins.denied_keys
        return Bots(desired.trust, verify, denied, lambda: self.verifier.trusts(desired.commit)).own

    def close(self) -> None:
        """Release git and store."""
        self.source.close()
        self.store.close()


class Controller(Common):
    """The running controller: made and settled by the heavy boot, run until SIGTERM."""

    def __init__(self, settings: Settings, booted: Booted, unsaved: Callable[[str], str] = lambda _: "") -> None:
        super().__init__(settings, booted.permit)
        self._booted = booted
        home = self.home
        known, verified = booted.known_good, booted.permit.last_verified
        self.memory = restore(known, verified, self.store, self.source, self.verifier)
        self.memory.published = booted.published
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
        self.maker = GoalMaker(self.store, self.desk, self.sectors, self.memory, unsaved)
        self.backoff = Backoff(random.random)
        remote = settings.source
        self.polled = (
            PolledTip(self.source, self.clock, remote.poll_seconds, remote.timeout_seconds, random.random)
            if remote.remote
            else None
        )
        self.reconciler = Reconciler(self._parts(), self.memory)
        self.monitor = Monitor(
            store=self.store,
            engine=self.engine,
            desk=self.desk,
            clock=self.clock,
            desired=self._applied,
            progress=self.keeper.progress,
            halted=lambda halt: self.loop.poke(f"halt {halt.id}"),
        )
        parts = self.control_parts(self.memory, self.maker)
        parts.live = self._live
        self.analyst = Analyst(self.store, self.engine, self.clock, self._live, self._applied)
        parts.analysis = lambda: self.analyst.analysis
        parts.last = lambda: self.reconciler.last
        self.control = ControllerControl(
            parts, poke=self._poke, refetch=lambda reason: self.loop.refetch(reason), scan=lambda: self.loop.scan()
        )
        self.exits = Exits(self.engine, self.store, self.clock)
        self.liquidations = Liquidations(self._liquidation_parts())
        parts.notes = self.liquidations.notes
        fetch = self.polled.fetch if self.polled is not None else None
        work = Work(
            self._reconcile,
            self._adopt,
            self.monitor.sample,
            self._probe,
            self._evidence,
            fetch,
            self.analyst.work,
        )
        refs = None if settings.source.remote else home.bare / "refs" / "heads"
        self.loop = Loop(work, settings.loop, self.clock, refs, random.random)

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
        )

    def _liquidation_parts(self) -> LiquidationParts:
        return LiquidationParts(
            home=str(self.home.root),
            permit=self._booted.permit,
            engine=self.engine,
            store=self.store,
            desk=self.desk,
            clock=self.clock,
            pins=self.settings.pins,
            applied=lambda: self.memory.applied_desired,
            verify=verify,
            poke=self._poke,
        )

    def settle(self) -> None:
        """Boot steps 3 to 5 with everything loaded: open intents closed, every known halt raised again. Repeatable."""
        for problem in self._booted.problems:
            _log.error("boot: %s", problem)
        close_open_intents(self.store, self.clock, self._read_back)
        if self.memory.applied_desired is not None:
            self.desk.load_evidence(self.own(self.memory.applied_desired))
        self.desk.reraise_open(self.memory.applied_desired)
        self.desk.adopt()
        _log.info("booted: fence %d, policy %d", self._booted.permit.fence, self._booted.publisher.version)

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
        goal = self.maker.goal(reached.desired, None, Origin())
        self.memory.published = self._booted.publisher.publish([goal.target.model_dump(mode="json")])

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
            return AGAIN_SECONDS if jumped else RETRY_SECONDS if found.waiting else 0.0
        if any(isinstance(error, PlanStale) for error in found.errors):
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
            self.memory.published = publisher.publish([self.memory.applied.model_dump(mode="json")])

    def _evidence(self) -> bool:
        """Nothing is read or written on the bot's branch before a tree is applied that says who the bot is."""
        if self.memory.applied_desired is None:
            return False
        own = self.own(self.memory.applied_desired)
        self.desk.load_evidence(own)
        return self.desk.publish_evidence(own)

    def _probe(self) -> None:
        journal.probe(str(self.home.journal), time.time_ns())
        self.keeper.progress("journal")

    def _poke(self, reason: str) -> None:
        self.loop.poke(reason)

    def _excessive(self, reason: str) -> None:
        self.desk.raise_own(reason)

    def _live(self) -> LiveState | None:
        return self.monitor.live

    def _applied(self) -> tuple[Desired, Policy] | None:
        desired = self.memory.applied_desired
        return None if desired is None else (desired, compile_policy(desired, self.sectors))


def offline(settings: Settings, objects: Path | None = None) -> ControllerControl:
    """Control over git and store alone. Raises GtRiskError; changes nothing but what is landed through it.

    ``objects``: a folder of git objects that are read beside those of the config repo.
    """
    permit = PermitFile(str(Home(settings.home).permit_file))
    common = Common(settings, permit, objects)
    known = load_last_known_good(common.home.policy)
    memory = restore(known, permit.last_verified, common.store, common.source, common.verifier)
    if memory.applied_desired is not None:
        common.desk.load_evidence(common.own(memory.applied_desired))
    maker = GoalMaker(common.store, common.desk, common.sectors, memory)
    return ControllerControl(
        common.control_parts(memory, maker), make_overview=lambda: _offline_overview(common, memory)
    )


def _offline_overview(common: Common, memory: Memory) -> Overview:
    """Git and store as they are, and the live book from the gate when it goes on without its controller."""
    live, error, analysis = _from_gate(common, memory)
    return Overview(
        pid=0,
        as_of_ns=common.clock.wall_ns(),
        revision=memory.revision,
        desired=memory.applied_desired,
        effective=memory.applied,
        live=live,
        live_error=error,
        halts=common.desk.open_halts(memory.applied_desired),
        peaks=dict(common.store.peaks()),
        decisions=tuple(common.store.decisions()),
        analysis=analysis,
    )


def _from_gate(common: Common, memory: Memory) -> tuple[LiveState | None, str, Analysis | None]:
    """Its reading, or why there is none, and what the past says of it."""
    engine = GateEngine(common.home.gate_socket, GATE_SECONDS)
    policy, desired = memory.applied, memory.applied_desired
    try:
        live = engine.read()
        if policy is None or desired is None:
            return live, "", None
        return live, "", analyse(common.store, engine, live, policy, desired.risk.account.benchmark)
    except EngineUnavailable:
        return None, "service down", None
    finally:
        engine.close()
