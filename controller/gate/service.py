"""The gate service of one account: the only way to its venue. It stays up when everything else is down."""

import gc
import os
import signal
import threading
from pathlib import Path
from types import FrameType

from controller.gate.answer import Clocks
from controller.gate.authority import Authority, Raiser
from controller.gate.desk import Desk
from controller.gate.log import log
from controller.gate.policy import PolicyKeeper
from controller.gate.sentinel import Sentinel, latch_raiser
from controller.gate.server import Server, Stop
from controller.gate.venue import Venue
from controller.latch.reader import LatchReader

BOOT_NS = 10_000_000_000
BOOT_STEP = 0.002


class GateService:
    """Wires venue, latch, policy and socket together; owns ``venue``. The caller has seen to it that no other runs."""

    def __init__(
        self,
        venue: Venue,
        *,
        raise_path: Path,
        permit_path: Path,
        policy_dir: Path,
        socket_path: Path,
        environment: str,
        book16: bytes | None = None,
        raiser: Raiser | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        clocks = clocks or Clocks()
        self._venue = venue
        self._latch = LatchReader(str(raise_path), str(permit_path), book16)
        desk = Desk(venue, Authority(self._latch, PolicyKeeper(policy_dir, environment)), clocks)
        raiser = raiser or latch_raiser(str(raise_path), str(permit_path), clocks.wall_ns)
        self.sentinel = Sentinel(desk, raiser)
        self.sentinel.refresh(force=True)
        self._server = Server(socket_path, self.sentinel)

    def serve(self, stop: Stop) -> None:
        """Answer until ``stop`` is set (noticed within 50 ms), then close everything.

        The collector is off meanwhile: the gate makes no cycles (a test holds it to that), and one pass over what it
        remembers takes milliseconds.
        """
        log("started", pid=os.getpid())
        gc.collect()
        gc.disable()
        try:
            self._server.serve(stop)
        finally:
            gc.enable()
            self.close()
            log("stopped", pid=os.getpid())

    def close(self) -> None:
        """Release socket, latch and venue; idempotent."""
        self._server.close()
        self._latch.close()
        self._venue.close()


def boot_seen(raise_path: Path, permit_path: Path, after: int, stop: threading.Event) -> bool:
    """Wait until the permit names a policy above version ``after``: the controller's light boot has ended then.

    False when ``stop`` was set, or after ten seconds.
    """
    clocks, latch = Clocks(), LatchReader(str(raise_path), str(permit_path))
    deadline = clocks.boot_ns() + BOOT_NS
    try:
        while latch.poll(clocks.boot_ns()).policy_version <= after:
            if stop.wait(BOOT_STEP):
                return False
            if clocks.boot_ns() >= deadline:
                log("no-controller", "error", after=after)
                return False
        return True
    finally:
        latch.close()


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; for the main thread of the gate's process."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return stop
