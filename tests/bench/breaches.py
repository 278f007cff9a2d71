"""From prices that take the account below its drawdown limit to the halt in the latch, on a whole service."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from controller.gate.client import GateClient
from controller.home import Home
from controller.latch.reader import LatchReader
from tests.bench.figures import Figure, Goal
from tests.bench.processes import gate_socket
from tests.support.service import FAST, Service, running_service, until

PACE = {**FAST, "GT_RISK_PAPER__BAR_SECONDS": "1.07"}
"""Prices stand for a little longer than a sample lasts: each is sampled, at every phase of the second."""
LIMITS = {"account_emergency_pct": "0.2%", "strategy_halt_pct": "60%"}
"""The account falls by so much from its peak every few sessions; no strategy is halted beside it."""
_LOOK_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Mark:
    """Equity of the account in micro-dollars under new prices; when, by the monotonic and by the wall clock."""

    at: int
    wall_ns: int
    equity: int


@dataclass(slots=True)
class Watch:
    """Marks of the service's gate as they come, in a thread of its own."""

    service: Service
    marks: list[Mark] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def follow(self) -> None:
        """Until :meth:`stop`. The gate tells of new prices when they are in force."""
        path = gate_socket(self.service)
        with GateClient(path) as telling, GateClient(path) as asked:
            for event in telling.events(poll=0.2):
                at, wall_ns = time.monotonic_ns(), time.time_ns()
                if event is not None and event["event"] == "bar":
                    self.marks.append(Mark(at, wall_ns, asked.request("state")["account"]["equity"]))
                if self._stop.is_set():
                    return

    def stop(self) -> None:
        """End it with the next event, or soon."""
        self._stop.set()


def breaches(rounds: int) -> list[Figure]:
    """Each round one halt of the account by the monitor, lifted by ``emergency resume --peak rebase``.

    Marks that were sampled more than once before the halt are counted by the store's rows of the same equity.
    """
    took, samples = [], []
    with running_service(env=PACE) as service, _watched(service) as watch, _latch(service) as latch:
        until(lambda: len(service.read("portfolio", "positions")["positions"]) > 3, "a book is held", 120)
        _tighten(service)
        for number in range(rounds + 1):
            at, wall_ns = _halted(latch)
            mark = _breach(service, watch.marks)
            if number:
                took.append((at - mark.at) / 1e6)
                samples.append(1.0 + _samples(service, mark, wall_ns))
            _resume(service, latch)
    return [
        Figure.of("mark that breaches a drawdown limit → halt in the latch", "ms", took, Goal(p99=1_000)),
        Figure.of("samples of that mark until the halt", "samples", samples, Goal(largest=1)),
    ]


@contextmanager
def _watched(service: Service) -> Iterator[Watch]:
    watch = Watch(service)
    thread = threading.Thread(target=watch.follow, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.stop()
        thread.join(30)


@contextmanager
def _latch(service: Service) -> Iterator[LatchReader]:
    home = Home(service.home)
    with closing(LatchReader(str(home.raise_file), str(home.permit_file))) as latch:
        yield latch


def _tighten(service: Service) -> None:
    path = service.clone / "risk_config.yaml"
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        name = line.strip().partition(":")[0]
        if name in LIMITS:
            lines[number] = f"{line.partition(':')[0]}: {LIMITS[name]}"
    path.write_text("\n".join(lines) + "\n")
    done = service.git("commit", "-q", "-a", "-S", "-m", "risk: an account that halts soon")
    assert done.returncode == 0, done


def _words(latch: LatchReader) -> tuple[int, ...]:
    return latch.poll(time.clock_gettime_ns(time.CLOCK_BOOTTIME)).words


def _halted(latch: LatchReader) -> tuple[int, int]:
    """When a word binds: monotonic and wall clock."""
    deadline = time.monotonic() + 300
    while not _words(latch):
        assert time.monotonic() < deadline, "no drawdown within 300 s"
        time.sleep(_LOOK_SECONDS)
    return time.monotonic_ns(), time.time_ns()


def _breach(service: Service, marks: list[Mark]) -> Mark:
    """The mark of which the halt speaks: the newest with its equity."""
    halt = service.read("emergency", "status")["halts"][0]
    found = [mark for mark in marks if f"(equity ${mark.equity / 1e6:,.2f}," in halt["reason"]]
    assert found and halt["source"] == "monitor", (halt, marks[-5:])
    return found[-1]


def _samples(service: Service, mark: Mark, until_ns: int) -> int:
    """How many samples had the mark and did not halt."""
    query = "select count(*) from samples where series = 'equity' and key = 'account' and value = ? and resolution = 0"
    with closing(sqlite3.connect(f"file:{Home(service.home).store}?mode=ro", uri=True, timeout=10)) as store:
        bounds = (mark.equity, mark.wall_ns, until_ns)
        return int(store.execute(f"{query} and at_ns between ? and ?", bounds).fetchone()[0])


def _resume(service: Service, latch: LatchReader) -> None:
    ran = service.gt("emergency", "resume", "--peak", "rebase", "--yes", "--json")
    assert ran.code in (0, 3), ran
    until(lambda: not _words(latch), "the halt is lifted")
