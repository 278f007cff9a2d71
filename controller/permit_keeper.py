"""The dead-man's permit: a thread that writes how long the gate may let entries through.

It renews nothing by itself: ``until`` is the earliest of (last progress + bound) over everything that
must be alive, so the permit runs out when any of them stops.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from controller.latch.layout import PERMIT_LIMIT_NS, LatchError
from controller.latch.permit import PermitFile
from controller.ports import Clock

TICK_SECONDS = 0.1
BOUNDS: Mapping[str, float] = {"reconcile": 30.0, "monitor": 5.0, "journal": 5.0, "market": 10.0}
JUMP_NS = 5_000_000_000
EXPIRY_WINDOW_NS = 600_000_000_000
MAX_EXPIRIES = 3
_log = logging.getLogger(__name__)


def permit_until(progress: Mapping[str, int], bounds: Mapping[str, float], now_ns: int) -> int:
    """End of the permit in boot nanoseconds: 0 while anything has not progressed yet, at most 30 s ahead."""
    if any(name not in progress for name in bounds):
        return 0
    earliest = min(progress[name] + round(bound * 1e9) for name, bound in bounds.items())
    return min(earliest, now_ns + PERMIT_LIMIT_NS)


@dataclass(slots=True)
class Expiries:
    """Counts how often and how long the permit had run out; ``demands_halt`` says when that is too much."""

    _ends: list[int] = field(default_factory=list)
    _expired_at: int = 0

    def renewed(self, before: int, now_ns: int) -> bool:
        """The permit that ended at ``before`` is about to be renewed at ``now_ns``; whether a halt is due instead."""
        if not before or before > now_ns:
            return False
        self._ends = [end for end in self._ends if now_ns - end < EXPIRY_WINDOW_NS] + [now_ns]
        return len(self._ends) >= MAX_EXPIRIES or now_ns - before > EXPIRY_WINDOW_NS


class PermitKeeper:
    """Writes ``until`` every 100 ms from the progress of the others; safe for several threads.

    ``excessive`` is called when the permit had run out too often or too long: a real halt is due.
    """

    def __init__(
        self,
        permit: PermitFile,
        clock: Clock,
        *,
        bounds: Mapping[str, float] = BOUNDS,
        excessive: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._permit = permit
        self._clock = clock
        self._bounds = bounds
        self._excessive = excessive
        self._progress: dict[str, int] = {}
        self._expiries = Expiries()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._last = 0
        self.lost = ""

    def progress(self, name: str) -> None:
        """``name`` has just completed a round. Raises KeyError for a name without a bound."""
        self._bounds[name]
        self._progress[name] = self._clock.boot_ns()

    def tick(self) -> int:
        """Write the permit once; what was written. Raises LatchError when the lease is lost."""
        now = self._clock.boot_ns()
        until = permit_until(self._progress, self._bounds, now)
        if until <= now:
            return self._last
        if self._expiries.renewed(self._last, now):
            self._excessive("the permit ran out too often or for too long")
        problem = self._permit.problem()
        if problem:
            raise LatchError(problem)
        self._permit.set_until(until)
        self._last = until
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
        if not self.lost:
            self._permit.set_until(0)

    def _run(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            try:
                self.tick()
            except (LatchError, OSError) as error:
                self.lost = str(error)
                _log.critical("the permit is not renewed any more: %s", error)
                return


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
