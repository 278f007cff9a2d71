"""The gate service of one account: the only way to its venue. It stays up when everything else is down."""

import fcntl
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


class GateRunning(Exception):
    """Another gate serves this account; the message names the pid file."""


class PidFile:
    """``path`` with this process's pid, locked while it lives. Raises GateRunning."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._fd)
            raise GateRunning(f"another gate holds {path}; see: gt risk service status") from error
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Empty the file and let it go; idempotent."""
        if self._fd >= 0:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = -1


class GateService:
    """Wires venue, latch, policy and socket together. Raises GateRunning; owns ``venue`` from then on."""

    def __init__(
        self,
        venue: Venue,
        *,
        raise_path: Path,
        permit_path: Path,
        policy_dir: Path,
        socket_path: Path,
        pid_path: Path,
        environment: str,
        book16: bytes | None = None,
        raiser: Raiser | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        clocks = clocks or Clocks()
        self._venue = venue
        self._pid = PidFile(pid_path)
        self._latch = LatchReader(str(raise_path), str(permit_path), book16)
        desk = Desk(venue, Authority(self._latch, PolicyKeeper(policy_dir, environment)), clocks)
        raiser = raiser or latch_raiser(str(raise_path), str(permit_path), clocks.wall_ns)
        self.sentinel = Sentinel(desk, raiser)
        self.sentinel.refresh(force=True)
        self._server = Server(socket_path, self.sentinel)

    def serve(self, stop: Stop) -> None:
        """Answer until ``stop`` is set (noticed within 50 ms), then close everything.

        What stands by now stays: the collector need not look at it again between orders.
        """
        log("started", pid=os.getpid())
        gc.collect()
        gc.freeze()
        try:
            self._server.serve(stop)
        finally:
            gc.unfreeze()
            self.close()
            log("stopped", pid=os.getpid())

    def close(self) -> None:
        """Release socket, latch, venue and pid file; idempotent."""
        self._server.close()
        self._latch.close()
        self._venue.close()
        self._pid.close()


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; for the main thread of the gate's process."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return stop
