"""A real service in a home of its own: init, start, and everything that it started ended again."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from controller.home import Home
from controller.host.pidfile import signal_holder
from controller.host.provision import Wish, initialise
from controller.host.supervisor import known, pid_file, pid_of
from tests.support.cli import Ran, gt_risk
from tests.support.documents import assert_described
from tests.support.folders import short_folder

FAST = {"GT_RISK_PAPER__BAR_SECONDS": "0.2", "GT_RISK_PAPER__START": "2015-09-03"}
"""Five sessions a second, from a day after which no drawdown halts anything for 570 of them."""
CALM = {**FAST, "GT_RISK_PAPER__BAR_SECONDS": "2"}
"""For tests that need no moving book: so slow that no drawdown halts anything however long they take."""
SECONDS = 30.0
LATE = ("silent", "not done within")
TRIES = 10


class Service:
    """The service of one home, driven only by the command line, git and signals."""

    def __init__(self, home: Path, env: Mapping[str, str] = FAST) -> None:
        self.home = home
        self.clone = home / "config"
        self.env = dict(env)

    def gt(self, *argv: str) -> Ran:
        """Run ``gt-risk``."""
        return gt_risk(self.home, *argv, env=self.env)

    def must(self, *argv: str) -> Ran:
        """Run ``gt-risk``; the exit code must be 0, and a document as its schema says."""
        ran = self.gt(*argv)
        assert ran.code == 0, (argv, ran, self.logs())
        if "--json" in argv:
            assert_described(argv, ran.document)
        return ran

    def start(self) -> None:
        """Start and wait until it is ready, which takes longer than the command waits where much else runs."""
        until(lambda: self.gt("service", "start").code == 0, "the service is ready", 3 * SECONDS)

    def halt(self, *argv: str) -> Ran:
        """Run a halt, of which a gate that got no processor for a quarter second is told as late (exit code 5)."""
        ran = self.gt(*argv)
        assert ran.code == 0 or (ran.code == 5 and late(ran)), (argv, ran, self.logs())
        return ran

    def read(self, *argv: str) -> Any:
        """The document of a read, as its schema says."""
        document = self.gt(*argv, "--json").document
        assert_described(argv, document)
        return document

    def pid(self, name: str) -> int | None:
        """Pid of one process."""
        return pid_of(Home(self.home), name)

    def kill(self, *names: str) -> None:
        """SIGKILL, and wait until the kernel has let go of it."""
        for name in names:
            pid = self.pid(name)
            assert pid is not None, name
            os.kill(pid, signal.SIGKILL)
        until(lambda: all(self.pid(name) is None for name in names), f"{names} are gone")

    def signal(self, number: int) -> None:
        """Signal every process of the home that is up."""
        for name in known(Home(self.home)):
            signal_holder(pid_file(Home(self.home), name), number)

    def git(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run git in the clone, with nothing of this machine's own configuration."""
        env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(["git", *argv], cwd=self.clone, env=env, capture_output=True, text=True, check=False)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text in a document of the clone."""
        path = self.clone / name
        content = path.read_text()
        assert old in content
        path.write_text(content.replace(old, new))

    def logs(self) -> str:
        """The end of every log, for a failing test."""
        found = sorted((self.home / "logs").glob("*.log"))
        return "\n".join(f"{path.name}: {path.read_text()[-1500:]}" for path in found)


def late(ran: Ran) -> bool:
    """Whether somebody got no processor within the bounds of a halt, which says nothing against it."""
    return any(text in ran.out + ran.err for text in LATE)


def in_time(halt: Callable[[], Ran]) -> Ran:
    """Halt, again when somebody was late."""
    for _ in range(TRIES):
        ran = halt()
        if not late(ran):
            break
    return ran


def until(condition: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
    """Wait for another process, at most ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s: {what}"
        time.sleep(0.02)


@contextmanager
def initialised(*, remote: str = "", place: Path | None = None, env: Mapping[str, str] = FAST) -> Iterator[Service]:
    """A home as ``init`` makes it, at ``place``; what is started in it is ended at the end, asleep or not."""
    with short_folder() if place is None else nullcontext(place) as home:
        service = Service(home, env)
        mask = os.umask(0o077)
        try:
            initialise(Home(home), Wish(name="op", email="op@example.org", remote=remote))
        finally:
            os.umask(mask)
        try:
            yield service
        finally:
            service.signal(signal.SIGCONT)
            service.gt("service", "stop")
            service.signal(signal.SIGKILL)


@contextmanager
def running_service(*, remote: str = "", place: Path | None = None, env: Mapping[str, str] = FAST) -> Iterator[Service]:
    """An initialised home with the service started."""
    with initialised(remote=remote, place=place, env=env) as service:
        service.start()
        yield service
