"""Processes as the benches start, time and end them. Instants are CLOCK_MONOTONIC nanoseconds, the same in every
process of the machine; a start is stamped before the fork."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from controller.home import Home
from controller.host.supervisor import SERVICES
from tests.support.service import Service, running_service, until

SCRIPT = str(Path(sys.executable).parent / "gt-risk")
BARE = (sys.executable, "-I", "-S", "-c", "pass")
_READY = (0, 3)


@dataclass(frozen=True, slots=True)
class Run:
    """One process from before its fork until it was reaped."""

    started: int
    ended: int
    code: int
    out: bytes

    @property
    def ms(self) -> float:
        """Milliseconds from start to end."""
        return (self.ended - self.started) / 1e6


def run(argv: tuple[str, ...], env: Mapping[str, str] | None = None) -> Run:
    """Run ``argv`` to its end, standard output captured; raises CalledProcessError for exit codes above 3."""
    started = time.monotonic_ns()
    done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    ended = time.monotonic_ns()
    if done.returncode > max(_READY):
        raise subprocess.CalledProcessError(done.returncode, argv, done.stdout)
    return Run(started, ended, done.returncode, done.stdout)


def bare_ms() -> float:
    """One bare start of the interpreter, milliseconds; taken between the samples that it is compared with."""
    return run(BARE).ms


def environment(home: Path, **more: str) -> dict[str, str]:
    """This process's environment with ``home``."""
    return {**os.environ, "GT_RISK_HOME": str(home), **more}


def gt(service: Service, *argv: str) -> Run:
    """The installed ``gt-risk`` as people start it."""
    return run((SCRIPT, *argv), environment(service.home))


@contextmanager
def ready_service() -> Iterator[Service]:
    """A service of its own whose ``status`` has nothing to say against it."""
    with running_service() as service:
        until(lambda: service.gt("status").code == 0, "the service is well")
        yield service


def everything_down(service: Service) -> None:
    """SIGKILL to every process of the service."""
    service.kill(*(name for name in SERVICES if service.pid(name) is not None))


def processes_of(home: Path) -> dict[int, str]:
    """Pids and names of the processes whose environment names ``home``: the service, its helpers, its foreground."""
    wanted = f"GT_RISK_HOME={home}".encode()
    names = {Service(home).pid(name): name for name in SERVICES}
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            values = (folder / "environ").read_bytes().split(b"\0")
            if wanted in values and int(folder.name) != os.getpid():
                found[int(folder.name)] = names.get(int(folder.name)) or (folder / "comm").read_text().strip()
        except OSError:
            continue
    return found


def rss_mib(pid: int) -> float:
    """Resident memory of a process in MiB, 0 when it has just ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def gate_socket(service: Service) -> Path:
    """The socket of the service's gate."""
    return Home(service.home).gate_socket
