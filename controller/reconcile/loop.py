"""The controller's loop: two lanes in one anyio task group, and a clean end.

Normal lane: reconcile, woken by a ref change, an RPC, a new halt or the drift tick; a burst of wakes is one
pass. Emergency lane: the halt scan, which waits for nothing. Beside them: monitor, journal probe, evidence.
"""

import logging
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
from anyio import from_thread, to_thread
from anyio.abc import TaskGroup
from anyio.lowlevel import EventLoopToken, current_token
from watchfiles import awatch

from controller.errors import GtRiskError, LeaseLost, Temporary
from controller.ports import Clock
from controller.reconcile.troubles import Troubles
from controller.settings import LoopSettings

PROBE_SECONDS = 1.0
SOON_SECONDS = 0.025
EVIDENCE_SECONDS = 2.0
MAX_EVIDENCE_SECONDS = 300.0
_DEBOUNCE_MS = 20
_STEP_MS = 1
_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(slots=True)
class Work:
    """What the loop runs, each a bounded synchronous call.

    ``reconcile`` returns seconds until it wants to run again (0: no wish), ``adopt`` whether halts are new, ``sample``
    anything but None, ``evidence`` whether anything was published, ``fetch`` (of a remote; None without one) whether
    the source has changed and the seconds until it wants to run again. ``analyse`` keeps the figures that nothing
    waits for.
    """

    reconcile: Callable[[], float]
    adopt: Callable[[], bool]
    sample: Callable[[], object]
    probe: Callable[[], None]
    evidence: Callable[[], bool]
    fetch: Callable[[], tuple[bool, float]] | None = None
    analyse: Callable[[], None] | None = None


@dataclass(slots=True)
class Loop:
    """Runs ``work`` until SIGTERM, SIGINT or :meth:`stop`. ``refs`` is the folder whose changes wake it; None: polling.

    ``random`` in [0, 1) spreads the polls.
    """

    work: Work
    settings: LoopSettings
    clock: Clock
    refs: Path | None
    random: Callable[[], float]
    lost: LeaseLost | None = None
    _wake: anyio.Event = field(init=False)
    _refetch: anyio.Event = field(init=False)
    _rescan: anyio.Event = field(init=False)
    _token: EventLoopToken | None = None
    _group: TaskGroup | None = None
    _limiter: anyio.CapacityLimiter = field(init=False)
    _troubles: Troubles = field(default_factory=partial(Troubles, _log))

    def run(self) -> None:
        """Block until the end. Raises LeaseLost when another controller has taken over."""
        anyio.run(self._main)
        if self.lost is not None:
            raise self.lost

    def stop(self) -> None:
        """End as on SIGTERM; from any other thread. Does nothing when the loop does not run."""
        token = self._token
        if token is not None:
            from_thread.run_sync(self._end, token=token)

    def lose(self, error: LeaseLost) -> None:
        """Another controller leads: stop at once; from another thread, at any time."""
        self._note_lost(error)
        self.stop()

    def poke(self, reason: str) -> None:
        """Reconcile as soon as the pass under way is over; from any thread, at any time."""
        _log.debug("woken: %s", reason)
        if self._token is not None:
            from_thread.run_sync(lambda: self._wake.set(), token=self._token)

    def scan(self) -> None:
        """Look at the halts now instead of at the next tick; from any thread, at any time."""
        if self._token is not None:
            from_thread.run_sync(lambda: self._rescan.set(), token=self._token)

    def refetch(self, reason: str) -> None:
        """Ask the remote now instead of at the next poll, and reconcile; from any thread, at any time."""
        if self._token is not None:
            from_thread.run_sync(lambda: self._refetch.set(), token=self._token)
        self.poke(reason)

    async def _main(self) -> None:
        self._wake = anyio.Event()
        self._refetch = anyio.Event()
        self._rescan = anyio.Event()
        self._limiter = anyio.CapacityLimiter(16)
        self._token = current_token()
        try:
            async with anyio.create_task_group() as group:
                self._group = group
                if self.lost is not None:
                    return
                group.start_soon(self._signals)
                group.start_soon(self._reconcile)
                group.start_soon(self._scan_halts)
                group.start_soon(self._samples)
                group.start_soon(self._every, PROBE_SECONDS, self._probe)
                group.start_soon(self._evidence)
                if self.work.analyse is not None:
                    group.start_soon(
                        self._every, self.settings.sample_seconds, partial(self._analyse, self.work.analyse)
                    )
                if self.work.fetch is not None:
                    group.start_soon(self._fetch, self.work.fetch)
                if self.refs is not None:
                    group.start_soon(self._watch, self.refs)
        finally:
            self._token = None

    async def _signals(self) -> None:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as received:
            async for number in received:
                _log.info("stopping on %s", signal.Signals(number).name)
                self._end()
                return

    def _lose(self, error: LeaseLost) -> None:
        self._note_lost(error)
        self._end()

    def _note_lost(self, error: LeaseLost) -> None:
        if self.lost is None:
            self.lost = error
            _log.critical("the lease is lost, stopping at once: %s", error)

    def _end(self) -> None:
        if self._group is not None:
            self._group.cancel_scope.cancel()

    async def _reconcile(self) -> None:
        while True:
            self._wake = anyio.Event()
            wish = await self._pass()
            tick = wish or self.settings.drift_seconds * (0.8 + 0.4 * self.random())
            with anyio.move_on_after(tick):
                await self._wake.wait()

    async def _pass(self) -> float:
        try:
            wish = await to_thread.run_sync(self.work.reconcile, limiter=self._limiter)
        except LeaseLost as error:
            self._lose(error)
            return self.settings.drift_seconds
        except GtRiskError as error:
            self._troubles.tell("reconcile", str(error), logging.ERROR)
            return error.retry_after if isinstance(error, Temporary) else self.settings.drift_seconds
        except Exception as error:  # noqa: BLE001  # the loop's edge: one failed pass must not end the controller
            self._troubles.tell("reconcile", f"failed, trying again: {error!r}", logging.ERROR, trace=error)
            return self.settings.drift_seconds
        self._troubles.tell("reconcile", "")
        return wish

    async def _every(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        """Call ``act`` on a fixed grid; a call that overruns skips the ticks that it missed."""
        due = anyio.current_time()
        while True:
            await act()
            due = max(due + seconds, anyio.current_time())
            await anyio.sleep_until(due)

    async def _scan_halts(self) -> None:
        """The emergency lane: a scan begins at most ``halt_scan_seconds`` after the one before, at once when asked."""
        while True:
            self._rescan = anyio.Event()
            due = anyio.current_time() + self.settings.halt_scan_seconds
            if await self._safely("halt scan", self.work.adopt):
                self._wake.set()
            with anyio.CancelScope(deadline=due):
                await self._rescan.wait()

    async def _samples(self) -> None:
        """Sample on a fixed grid; one that overruns skips the ticks that it missed.

        One that fails is tried again soon, the gate may just be starting, and less soon each time.
        """
        due, wait = anyio.current_time(), SOON_SECONDS
        while True:
            done = await self._safely("sample", self.work.sample) is not None
            wait = SOON_SECONDS if done else min(2 * wait, self.settings.sample_seconds)
            due = max(due + (self.settings.sample_seconds if done else wait), anyio.current_time())
            await anyio.sleep_until(due)

    async def _probe(self) -> None:
        await self._safely("journal probe", self.work.probe)

    async def _analyse(self, analyse: Callable[[], None]) -> None:
        await self._safely("analysis", analyse, abandon=True)

    async def _evidence(self) -> None:
        """Backfill to the bot's branch, for ever and off every lane, slower while it is refused."""
        delay = EVIDENCE_SECONDS
        while True:
            done = await self._safely("evidence", self.work.evidence, abandon=True)
            delay = EVIDENCE_SECONDS if done is not None else min(MAX_EVIDENCE_SECONDS, delay * 2)
            await anyio.sleep(delay)

    async def _fetch(self, fetch: Callable[[], tuple[bool, float]]) -> None:
        """Ask the remote in a lane of its own: one that hangs holds up nothing else, and no stop."""
        while True:
            self._refetch = anyio.Event()
            found = await self._safely("fetch", fetch, abandon=True)
            changed, delay = found if found is not None else (False, self.settings.drift_seconds)
            if changed:
                self._wake.set()
            with anyio.move_on_after(delay):
                await self._refetch.wait()

    async def _safely(self, name: str, call: Callable[[], T], *, abandon: bool = False) -> T | None:
        """The result, or None after an error, which is logged once while it lasts: one task's trouble is no other's.

        ``abandon``: the end of the loop does not wait for the call.
        """
        try:
            result = await to_thread.run_sync(call, limiter=self._limiter, abandon_on_cancel=abandon)
        except LeaseLost as error:
            self._lose(error)
        except GtRiskError as error:
            self._troubles.tell(name, str(error))
        except Exception as error:  # noqa: BLE001  # the loop's edge, as above
            self._troubles.tell(name, f"failed: {error!r}", logging.ERROR, trace=error)
        else:
            self._troubles.tell(name, "")
            return result
        return None

    async def _watch(self, refs: Path) -> None:
        """Wake on every change; while the folder is away the drift tick alone finds what is new."""
        while True:
            try:
                async for _ in awatch(refs, debounce=_DEBOUNCE_MS, step=_STEP_MS, rust_timeout=1_000):
                    self._wake.set()
            except FileNotFoundError as error:
                _log.warning("%s cannot be watched: %s", refs, error)
            await anyio.sleep(self.settings.drift_seconds)
