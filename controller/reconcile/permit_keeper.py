"""The dead-man's permit: a thread that writes how long the gate may let entries through.

It renews nothing by itself: ``until`` is the earliest of (last progress + bound) over everything that
must be alive, so the permit runs out when any of them stops.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from controller.errors import GtRiskError, LeaseLost
from controller.latch.layout import PERMIT_LIMIT_NS, LatchError
from controller.ports import Clock
from controller.reconcile.expiries import Expiries
from controller.reconcile.lease import Lease

TICK_SECONDS = 0.1
BOUNDS: Mapping[str, float] = {"reconcile": 30.0, "monitor": 5.0, "journal": 5.0, "market": 10.0}
JUMP_NS = 5_000_000_000
_log = logging.getLogger(__name__)


def permit_until(progress: Mapping[str, int], bounds: Mapping[str, float], now_ns: int) -> int:
    """End of the permit in boot nanoseconds: 0 while anything has not progressed yet, at most 30 s ahead."""
    if any(name not in progress for name in bounds):
        return 0
    earliest = min(progress[name] + round(bound * 1e9) for name, bound in bounds.items())
    return min(earliest, now_ns + PERMIT_LIMIT_NS)


class PermitKeeper:
    """Writes ``until`` every 100 ms from the progress of the others; safe for several threads.

    ``excessive`` is called when the permit had run out too often or too long: a real halt is due, and nothing is
    renewed before it is raised. ``expired_at``: when the permit before this start had run out, 0 when it had not.
    ``lost_lease`` is told when another controller leads; nothing is written from then on.
    """

    def __init__(
        self,
        permit: Lease,
        clock: Clock,
        *,
        bounds: Mapping[str, float] = BOUNDS,
        excessive: Callable[[str], None] = lambda _: None,
        expiries: Path | None = None,
        expired_at: int = 0,
        lost_lease: Callable[[LeaseLost], None] = lambda _: None,
    ) -> None:
        self._permit = permit
        self._clock = clock
        self._bounds = bounds
        self._excessive = excessive
        self._progress: dict[str, int] = {}
        self._expiries = Expiries(expiries, clock.boot_ns(), clock.wall_ns())
        self._lost_lease = lost_lease
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._last = expired_at or self._expiries.due
        self._problem = ""
        self.started = False
        self.lost = ""

    def progress(self, name: str) -> None:
        """``name`` has just completed a round. Raises KeyError for a name without a bound."""
        self._bounds[name]
        self._progress[name] = self._clock.boot_ns()

    def forget(self, name: str) -> None:
        """``name`` must complete a round anew before the permit goes on."""
        self._progress.pop(name, None)

    def missing(self) -> tuple[str, ...]:
        """What has not completed a round yet or too long ago, sorted: what the permit waits for."""
        now = self._clock.boot_ns()
        late = {name for name, at in self._progress.items() if at + round(self._bounds[name] * 1e9) <= now}
        return tuple(sorted((self._bounds.keys() - self._progress.keys()) | late))

    def tick(self) -> int:
        """Write the permit once; what was written. Raises LatchError, LeaseLost when another controller leads,
        GtRiskError and OSError when a halt that is due cannot be raised or noted: then nothing is renewed."""
        problem = self._permit.lost()
        if problem:
            raise LeaseLost(problem, "gt-risk service status")
        now = self._clock.boot_ns()
        until = permit_until(dict(self._progress), self._bounds, now)
        if until <= now:
            return self._last
        problem = self._permit.problem()
        if problem:
            raise LatchError(problem)
        if 0 < self._last <= now:
            reason = self._expiries.excessive(self._last, now)
            if reason:
                self._excessive(reason)
            self._expiries.note(self._last, now, self._clock.wall_ns(), followed=True)
        self._permit.set_until(until)
        self._last, self.started = until, True
        return until

    def start(self) -> None:
        """Keep the permit in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="permit", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """A clean stop: no permit from now on, so the gate is reducing only at once. Idempotent."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5.0)
        if not self.lost and not self._permit.lost():
            self._permit.set_until(0)

    def _run(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            try:
                self.tick()
                self._problem = ""
            except LeaseLost as error:
                self.lost = str(error)
                _log.critical("the lease is lost, the permit is not renewed any more: %s", error)
                self._lost_lease(error)
                return
            except (LatchError, GtRiskError, OSError) as error:
                if str(error) != self._problem:
                    _log.critical("the permit is not renewed: %s", error)
                self._problem = str(error)


class ClockWatch:
    """Notices that the wall clock was moved: (wall − boottime) changed by more than 5 s since the last full pass."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = self._now()

    def jumped(self) -> bool:
        """Whether loosening must wait."""
        return abs(self._now() - self._offset) > JUMP_NS

    def passed(self) -> None:
        """A full pass was completed under the new time."""
        self._offset = self._now()

    def _now(self) -> int:
        return self._clock.wall_ns() - self._clock.boot_ns()
