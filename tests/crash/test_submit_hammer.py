"""Processes hammer the public submit path while another halts: after the acknowledgement nothing is accepted.

The venue's own record decides: every acceptance with its CLOCK_MONOTONIC time. GT_RISK_HAMMER_ROUNDS sets the rounds.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from controller.gate.client import GateClient, GateUnavailable
from controller.latch.raising import Raised
from tests.support.gates import ANN, BEA, Home, eventually, make_policy, short_home

ROUNDS = int(os.environ.get("GT_RISK_HAMMER_ROUNDS", "100"))
TEETH_ROUNDS = 60
DELAY = "0.0003"
TEETH_DELAY = "0.005"
"""Seconds of work in the venue: with teeth shown, longer than an early answer takes on a busy machine."""

pytestmark = [pytest.mark.process, pytest.mark.hammer, pytest.mark.timeout(60 + ROUNDS)]


class Acceptance(NamedTuple):
    at_ns: int
    client_id: str


class Hammer:
    """A gate, two submitters and a halter, each a process of its own."""

    def __init__(self, home: Home, how: str, delay: str) -> None:
        self.home, self.record = home, home.root / "accepted"
        self.offset = self.seen = 0
        home.publish(make_policy())
        self.gate = _start("gate", str(home.root), str(self.record), delay)
        eventually(lambda: home.socket.exists() and self.words() is not None)
        self.submitters = [_start("submit", str(home.root), uid) for uid in (ANN, BEA)]
        self.halter = _start("halt", str(home.root), how)

    def words(self) -> list[str] | None:
        """What binds the gate; None when it does not answer."""
        with suppress(GateUnavailable), GateClient(self.home.socket, 5.0) as client:
            words: list[str] = client.request("barrier")["words"]
            return words
        return None

    def denials(self) -> int:
        """How many denials the gate has told of since last asked."""
        with GateClient(self.home.socket, 5.0) as client:
            found = client.request("decisions", since=self.seen)["decisions"]
        self.seen = found[-1]["seq"] if found else self.seen
        return sum(item["kind"] == "denied" for item in found)

    def accepted(self) -> list[Acceptance]:
        """What the venue recorded since the round began."""
        with self.record.open() as file:
            file.seek(self.offset)
            lines = file.read().splitlines()
        return [Acceptance(int(line.split()[0]), line.split()[1]) for line in lines]

    def size(self) -> int:
        return self.record.stat().st_size if self.record.exists() else 0

    def round(self, scope: str, mode: int, stopped: Sequence["subprocess.Popen[str]"] = ()) -> list[Acceptance]:
        """Trade, halt, go on hammering, release: what was accepted after the acknowledgement of those it binds.

        ``stopped`` processes sleep amid the halt; submitters among them wake up only after it is acknowledged.
        """
        self.home.permit_for()
        self.offset = self.size()
        eventually(lambda: self.size() > self.offset)
        self._tell(self.halter, f"{scope} {mode}")
        for process in stopped:
            os.kill(process.pid, signal.SIGSTOP)
        threading.Event().wait(0.002 if stopped else 0)
        for process in stopped:
            if process not in self.submitters:
                os.kill(process.pid, signal.SIGCONT)
        assert self.halter.stdout is not None
        slot, word, at = map(int, self.halter.stdout.readline().split())
        assert at, "the halt was not acknowledged"
        for process in stopped:
            os.kill(process.pid, signal.SIGCONT)
        self.denials()
        eventually(lambda: self.denials() > 0)
        until = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        self.home.release(Raised(slot, word))
        eventually(lambda: self.words() == [])
        return [item for item in self.accepted() if at < item.at_ns < until and self._binds(scope, item)]

    def _binds(self, scope: str, item: Acceptance) -> bool:
        return scope == "account" or item.client_id.startswith(f"{self.submitters[0].pid}-")

    @staticmethod
    def _tell(process: "subprocess.Popen[str]", line: str) -> None:
        assert process.stdin is not None
        process.stdin.write(f"{line}\n")
        process.stdin.flush()

    def end(self) -> None:
        for process in (*self.submitters, self.halter, self.gate):
            if process.stdin is not None:
                process.stdin.close()
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(10)
            if process.stdout is not None:
                process.stdout.close()


@contextmanager
def hammering(how: str, delay: str = DELAY) -> Iterator[Hammer]:
    with short_home() as home:
        home.permit_for()
        hammer = Hammer(home, how, delay)
        try:
            yield hammer
        finally:
            hammer.end()


def test_submit_after_acknowledged_halt_then_venue_accepted_nothing() -> None:
    chosen = random.Random(7)
    with hammering("barrier") as hammer:
        for _ in range(ROUNDS):
            scope = chosen.choice(["account", f"strategy:{ANN}"])
            assert hammer.round(scope, chosen.choice([1, 2, 3])) == []


def test_submit_after_acknowledged_halt_when_processes_are_stopped_then_venue_accepted_nothing() -> None:
    chosen = random.Random(11)
    with hammering("barrier") as hammer:
        for _ in range(ROUNDS):
            stopped = chosen.sample([*hammer.submitters, hammer.halter, hammer.gate], 2)
            assert hammer.round("account", chosen.choice([1, 2, 3]), stopped) == []


@pytest.mark.parametrize("how", ["none", "early"])
def test_acknowledgement_that_does_not_wait_for_the_gate_then_the_hammer_notices(how: str) -> None:
    with hammering(how, TEETH_DELAY) as hammer:
        for _ in range(TEETH_ROUNDS):
            if hammer.round("account", 3):
                return
    pytest.fail(f"{TEETH_ROUNDS} rounds with acknowledgement {how!r} and no late acceptance was seen")


def _start(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.gate_process", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[2],
    )
