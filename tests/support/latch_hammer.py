"""Processes that hammer one latch pair, and the judge of what they recorded.

Roles: ``halter`` raises and records each acknowledgement; ``clearer`` holds the lease, records and releases; ``gate``
polls as fast as it can and records every state with the first and the last poll that gave it. Times are CLOCK_MONOTONIC
nanoseconds, which all processes share. A variant breaks one rule, so that a test can prove that the judge notices.
"""

import os
import random
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from controller.latch import layout, reader
from controller.latch.permit import PermitFile
from controller.latch.raising import Raised, RaiseFile, create_pair

ACK = struct.Struct("<QQ")
STATE = struct.Struct("<QQQQBI")
FREE_SLOTS = 8
OUTSTANDING = 2
ENOUGH = 100
FINAL, BASELINE_LOST = 1, 2
VARIANTS = ("no-slot-lock", "one-word-per-scope", "equality")


class Full(Exception):
    """No slot is free; the hammer tests slots, so the halt is tried again instead of going to the overflow word."""


class Stop:
    """Set by SIGTERM."""

    def __init__(self) -> None:
        self.set = False
        signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.set = True


def paths(folder: Path) -> tuple[str, str]:
    return str(folder / "raise"), str(folder / "permit")


def break_rule(variant: str) -> None:
    if variant == "no-slot-lock":
        RaiseFile._lock = lambda self, slot: True  # type: ignore[method-assign]  # the broken variant
        RaiseFile._unlock = lambda self, slot: None  # type: ignore[method-assign]  # the broken variant
    elif variant == "one-word-per-scope":
        RaiseFile.raise_halt = _raise_in_cell  # type: ignore[method-assign]  # the broken variant
    elif variant == "equality":
        reader.passed = lambda word, released: word == released


def _raise_in_cell(self: RaiseFile, halt_id: bytes, scope: str, mode: int, source: int, wall_ns: int) -> Raised:
    """One cell per scope, the last free one for every scope of the hammer."""
    slot = layout.SLOTS - 1
    random16 = int.from_bytes(os.urandom(2), "little")
    word = layout.pack_word(self._next_seq(slot), random16, layout.scope_bits(scope)[0], mode)
    self._store(slot, word, bytes(layout.BODY_SIZE))
    return Raised(slot, word)


def _full(self: RaiseFile, random16: int) -> Raised:
    raise Full


def halter(folder: Path, log: int) -> None:
    RaiseFile._overflow = _full  # type: ignore[method-assign]  # see Full
    file = RaiseFile.open(*paths(folder))
    stop, mine = Stop(), list[Raised]()
    while not stop.set:
        mine = [held for held in mine if file._raise.view[16 + held.slot] == held.word != file._released(held.slot)]
        if len(mine) >= OUTSTANDING:
            os.sched_yield()
            continue
        try:
            raised = file.raise_halt(os.urandom(16), "strategy:" + "ab" * 16, random.randint(1, 3), 0, time.time_ns())
        except Full:
            os.sched_yield()
            continue
        os.write(log, ACK.pack(raised.word, time.monotonic_ns()))
        mine.append(raised)


def clearer(folder: Path, log: int, baseline: frozenset[int]) -> None:
    permit = _acquire(folder)
    file = RaiseFile.open(*paths(folder))
    stop = Stop()
    while not stop.set:
        for body in file.slots():
            if body.open and body.word not in baseline and random.random() < 0.5:
                os.write(log, ACK.pack(body.word, time.monotonic_ns()))
                permit.release(body.slot, body.word)
        time.sleep(0.0005)


def _acquire(folder: Path) -> PermitFile:
    permit = PermitFile(paths(folder)[1])
    while True:
        try:
            permit.acquire()
        except layout.LeaseHeld:
            time.sleep(0.001)
        else:
            return permit


def gate(folder: Path, log: int, baseline: frozenset[int]) -> None:
    latch, stop = reader.LatchReader(*paths(folder)), Stop()
    state, seen = None, (0, 0, 0, 0)
    while not stop.set:
        start = time.monotonic_ns()
        now = latch.poll(time.clock_gettime_ns(time.CLOCK_BOOTTIME))
        end = time.monotonic_ns()
        if now is state:
            seen = (*seen[:2], start, end)
            continue
        if state is not None:
            _record(log, seen, state.words, baseline, 0)
        state, seen = now, (start, end, start, end)
    time_now = time.monotonic_ns()
    final = latch.reread(time.clock_gettime_ns(time.CLOCK_BOOTTIME))
    _record(log, (time_now,) * 4, final.words, baseline, FINAL)


def _record(log: int, times: tuple[int, ...], words: tuple[int, ...], baseline: frozenset[int], flags: int) -> None:
    shown = [word for word in words if word not in baseline]
    flags |= BASELINE_LOST if len(shown) != len(words) - len(baseline) else 0
    os.write(log, STATE.pack(*times, flags, len(shown)) + struct.pack(f"<{len(shown)}Q", *shown))


@dataclass
class Verdict:
    """``acknowledged`` halts, gate ``states``, and what went wrong."""

    acknowledged: int = 0
    states: int = 0
    polls_judged: int = 0
    lost: list[str] = field(default_factory=list)
    stuck: list[int] = field(default_factory=list)
    kills: int = 0
    stops: int = 0

    @property
    def clean(self) -> bool:
        return not self.lost and not self.stuck


class Hammer:
    """Starts, kills, stops and judges the processes of one round."""

    def __init__(self, folder: Path, seed: int, variant: str = "") -> None:
        self._folder = folder
        self._random = random.Random(seed)
        self._variant = variant
        self._logs = 0
        self._running: dict[subprocess.Popen[bytes], str] = {}
        create_pair(*paths(folder), b"b" * 16)
        file = RaiseFile.open(*paths(folder))
        while len(file.slots()) < layout.SLOTS - FREE_SLOTS:
            file.raise_halt(os.urandom(16), "account", 1, 0, 1)
        file.close()

    def run(self, seconds: float, halters: int = 4, gates: int = 2) -> Verdict:
        verdict = Verdict()
        try:
            for role in ["clearer"] + ["halter"] * halters + ["gate"] * gates:
                self._start(role)
            self._await_records()
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                self._disturb(verdict)
            self._finish()
        finally:
            self._end([process for process in self._running], signal.SIGKILL)
        self._judge(verdict)
        return verdict

    def _await_records(self, bound: float = 60.0) -> None:
        """On a busy machine starting takes longer than the round: wait until every process is at work."""
        deadline = time.monotonic() + bound
        while sum(log.stat().st_size > 0 for log in self._folder.glob("*.log")) < len(self._running):
            if time.monotonic() > deadline:
                raise TimeoutError("the hammer's processes do not come up")
            time.sleep(0.01)

    def _start(self, role: str) -> None:
        self._logs += 1
        log = self._folder / f"{role}-{self._logs}.log"
        command = [sys.executable, "-m", __name__, role, str(self._folder), str(log), self._variant]
        self._running[subprocess.Popen(command)] = role

    def _disturb(self, verdict: Verdict) -> None:
        process = self._random.choice(list(self._running))
        role = self._running[process]
        if role != "gate" and self._random.random() < 0.2:
            self._end([process], signal.SIGKILL)
            self._start(role)
            verdict.kills += 1
        else:
            process.send_signal(signal.SIGSTOP)
            time.sleep(self._random.uniform(0.001, 0.02))
            process.send_signal(signal.SIGCONT)
            verdict.stops += 1
        time.sleep(self._random.uniform(0.001, 0.02))

    def _finish(self) -> None:
        """All that was raised is cleared: then every gate must hold the baseline and nothing else."""
        self._end([process for process, role in self._running.items() if role != "gate"], signal.SIGKILL)
        permit, file = _acquire(self._folder), RaiseFile.open(*paths(self._folder))
        log = os.open(self._folder / "clearer-last.log", os.O_WRONLY | os.O_CREAT)
        for body in file.slots():
            if body.open and body.scope24:
                os.write(log, ACK.pack(body.word, time.monotonic_ns()))
                permit.release(body.slot, body.word)
        os.close(log)
        permit.close()
        file.close()
        self._end(list(self._running), signal.SIGTERM)

    def _end(self, processes: list[subprocess.Popen[bytes]], number: signal.Signals) -> None:
        for process in processes:
            process.send_signal(number)
        for process in processes:
            process.wait(10)
            del self._running[process]

    def _judge(self, verdict: Verdict) -> None:
        acknowledged = _pairs(self._folder.glob("halter-*.log"))
        released = _pairs(self._folder.glob("clearer-*.log"))
        verdict.acknowledged = len(acknowledged)
        windows = sorted((at, released.get(word, 1 << 63), word) for word, at in acknowledged.items())
        for log in self._folder.glob("gate-*.log"):
            _judge_gate(log.read_bytes(), windows, verdict)


def _pairs(logs: Iterable[Path]) -> dict[int, int]:
    """Word → its earliest time; a clearer that was killed before it could release is followed by one that can."""
    earliest: dict[int, int] = {}
    for log in logs:
        for word, at in _whole(log.read_bytes()):
            earliest[word] = min(at, earliest.get(word, at))
    return earliest


def _whole(data: bytes) -> Iterator[tuple[int, int]]:
    return ACK.iter_unpack(data[: len(data) // ACK.size * ACK.size])


def _judge_gate(data: bytes, windows: list[tuple[int, int, int]], verdict: Verdict) -> None:
    """A poll that began after an acknowledgement and ended before the release began must show the word."""
    live: list[tuple[int, int, int]] = []
    upcoming = iter([*windows, (1 << 63, 1 << 63, 0)])
    following = next(upcoming)
    for first, last, flags, words in _states(data):
        if len(verdict.lost) > ENOUGH:
            return
        verdict.states += 1
        if flags & BASELINE_LOST:
            verdict.lost.append("a word that nobody touched")
        if flags & FINAL:
            verdict.stuck += words
            continue
        for start, end in (first, last):
            while following[0] <= start:
                live.append(following)
                following = next(upcoming)
            live = [window for window in live if window[1] >= start]
            missing = [word for _, release, word in live if release >= end and word not in words]
            verdict.lost += [layout.word_hex(word) for word in missing]
            verdict.polls_judged += len(live)


def _states(data: bytes) -> Iterator[tuple[tuple[int, int], tuple[int, int], int, set[int]]]:
    at = 0
    while at + STATE.size <= len(data):
        a, b, c, d, flags, count = STATE.unpack_from(data, at)
        at += STATE.size
        if at + 8 * count > len(data):
            return
        yield (a, b), (c, d), flags, set(struct.unpack_from(f"<{count}Q", data, at))
        at += 8 * count


def main(role: str, folder: Path, log_path: str, variant: str) -> None:
    break_rule(variant)
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    if role == "halter":
        halter(folder, log)
        return
    file = RaiseFile.open(*paths(folder))
    baseline = frozenset(body.word for body in file.slots() if not body.scope24)
    file.close()
    (clearer if role == "clearer" else gate)(folder, log, baseline)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4])
