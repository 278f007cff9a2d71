"""Keeps gate and runner alive as detached processes of their own, and starts and stops the whole service.

Standard library only: the supervision begins before the controller has imported anything heavy. Who lives is told by
the locks of :mod:`controller.host.pidfile`, so a controller that comes back adopts what still runs; when the controller
dies, gate and runner go on.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from controller.home import Home
from controller.host import pidfile
from controller.host.allocator import giving_back
from controller.latch.layout import LatchError
from controller.latch.permit import PermitFile
from controller.reconcile.publisher import LAST_KNOWN_GOOD

SERVICES = ("controller", "gate", "runner")
SUPERVISED = ("gate", "runner")
STOP_ORDER = ("runner", "controller", "gate")
"""No new orders first; then the controller, which takes its permission back; the gate last."""
HOOKS = "hooks"
"""The webhook: started only where settings name its secret."""
DASHBOARD = "dashboard"
"""Started with the service only where settings say where it listens."""
TICK = 0.1
FIRST_BACKOFF = 0.2
MAX_BACKOFF = 10.0
STEADY_SECONDS = 10.0
STOP_SECONDS = 5.0
_log = logging.getLogger(__name__)


def pid_file(home: Home, service: str) -> Path:
    """The pid file of a service."""
    return home.run / f"{service}.pid"


def pid_of(home: Home, service: str) -> int | None:
    """Pid of the running service, None when it is down."""
    return pidfile.holder(pid_file(home, service))


def known(home: Home) -> tuple[str, ...]:
    """The services of a home: with webhook and dashboard where they were started."""
    return (*SERVICES, *(name for name in (HOOKS, DASHBOARD) if pid_file(home, name).exists()))


def launch(home: Home) -> subprocess.Popen[bytes] | None:
    """Start the controller and return it; None when it is up.

    Where a policy was in force before, the gate starts beside it. That one waits for a policy above the one named
    before anybody looked who is up, so for the boot of a controller that lives now: until then it is no gate at all.
    """
    named = _policy_in_force(home)
    if pid_of(home, "controller") is not None:
        return None
    process = spawn(home, "controller")
    if named is not None and pid_of(home, "gate") is None:
        let_go(spawn(home, "gate", str(named)))
    return process


def let_go(process: subprocess.Popen[bytes]) -> None:
    """Whoever started it ends before it: nobody waits for it, and that is no leak to warn of."""
    process.returncode = 0


def _policy_in_force(home: Home) -> int | None:
    """Version of the policy that the permit names; None without a last-known-good, or when the permit is unreadable."""
    if not (home.policy / LAST_KNOWN_GOOD).exists():
        return None
    try:
        permit = PermitFile(str(home.permit_file))
    except LatchError:
        return None
    try:
        return permit.policy[0]
    finally:
        permit.close()


def spawn(home: Home, service: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start ``python -m controller <service>`` detached: own session, log in the home, umask 077."""
    for folder in (home.run, home.logs):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    environ = {**giving_back(os.environ), "GT_RISK_HOME": str(home.root)}
    descriptor = os.open(home.logs / f"{service}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "controller", service, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=home.root,
            env=environ,
            umask=0o077,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)


@dataclass(slots=True)
class _Child:
    """What the supervision remembers of one service. Times in seconds of the monotonic clock."""

    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    backoff: float = FIRST_BACKOFF
    not_before: float = 0.0
    seen: int | None = None


@dataclass(slots=True)
class Supervisor:
    """Starts what is down, adopts what is up, waits longer each time a service dies at once."""

    home: Home
    services: tuple[str, ...] = SUPERVISED
    begin: Callable[[Home, str], subprocess.Popen[bytes]] = spawn
    _children: dict[str, _Child] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self, services: tuple[str, ...] = SUPERVISED) -> None:
        """Supervise ``services`` in a background thread, these from now on."""
        self.services = services
        if self._thread is not None:
            return
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._thread.start()

    def hold(self) -> None:
        """Supervise no longer; what runs goes on. Idempotent."""
        self._stopping.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(STOP_SECONDS)

    def tick(self, now: float) -> None:
        """Look once at each service; ``now`` in seconds of the monotonic clock."""
        for service in self.services:
            self._look(service, self._children.setdefault(service, _Child()), now)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.tick(time.monotonic())
            except OSError:
                _log.exception("supervision failed, trying again")
            self._stopping.wait(TICK)

    def _look(self, service: str, child: _Child, now: float) -> None:
        pid = pid_of(self.home, service)
        code = child.process.poll() if child.process is not None else None
        if pid is not None:
            if pid != child.seen:
                _log.info("%s is up, pid %d", service, pid)
                child.seen, child.started = pid, now
            return
        starting = child.process is not None and code is None
        if starting or now < child.not_before:
            return
        if child.process is not None or child.seen is not None:
            self._count_death(service, child, code, now)
            if now < child.not_before:
                return
        child.process, child.started = self.begin(self.home, service), now

    def _count_death(self, service: str, child: _Child, code: int | None, now: float) -> None:
        _log.warning("%s is down (exit code %s), starting it again", service, code)
        steady = now - child.started >= STEADY_SECONDS
        child.backoff = FIRST_BACKOFF if steady else min(MAX_BACKOFF, child.backoff * 2)
        child.not_before = now if steady else now + child.backoff
        child.process, child.seen = None, None


def stop_service(home: Home, service: str) -> str:
    """SIGTERM, and SIGKILL after five seconds, to the process that holds the service's pid lock.

    ``stopped``, ``killed`` or ``was not running``. The caller has asked the controller to supervise no longer.
    """
    path = pid_file(home, service)
    if pidfile.signal_holder(path, signal.SIGTERM) is None:
        return "was not running"
    if pidfile.wait_released(path, STOP_SECONDS):
        return "stopped"
    pidfile.signal_holder(path, signal.SIGKILL)
    pidfile.wait_released(path, STOP_SECONDS)
    return "killed"
