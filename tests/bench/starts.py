"""Starting again after everything was killed: the halt, the last-known-good, and ready.

The start is that of ``gt-risk service start`` (before its fork). A halt and a policy are in force when the new gate
itself says so on its socket, which is asked every 2 ms; ready is when the command has returned with ``ready``.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable

from controller.gate.client import GateClient, GateUnavailable
from controller.home import Home
from controller.host.supervisor import SERVICES
from tests.bench.figures import Figure, Goal
from tests.bench.processes import SCRIPT, environment, everything_down, gate_socket, gt, ready_service
from tests.support.service import Service

IN_FORCE = Goal(p50=300)
READY = Goal(p50=1_000, p99=2_000)
_STEP = 0.002
_SECONDS = 20.0
Answer = dict[str, object]


def restarts(rounds: int) -> list[Figure]:
    """Halted and killed: when the halt is in force again. Then, without halt and with git, when it is ready."""
    with ready_service() as service:
        ready = [_round(service, lambda gate: bool(gate["revision"]))[1] for _ in range(rounds)]
        gt(service, "emergency", "halt-all")
        held = [_round(service, lambda gate: bool(gate["words"]) and gate["mode"] == "halt-all") for _ in range(rounds)]
    return [
        Figure.of("halt in force after kill -9 of all, restart", "ms", [first for first, _ in held], IN_FORCE),
        Figure.of("ready after kill -9 of all, restart", "ms", ready, READY, note="gt-risk service start, process"),
    ]


def without_git(rounds: int) -> list[Figure]:
    """The repo moved away, all killed: when the gate holds the last-known-good, and whether it was called ready."""
    with ready_service() as service:
        revision = str(_ask(service)["revision"])
        bare = Home(service.home).bare
        away = bare.with_name("config.away")
        bare.rename(away)
        try:
            found = [_round(service, lambda gate: gate["revision"] == revision, wait=False) for _ in range(rounds)]
        finally:
            away.rename(bare)
    note = "the gate's own answer about its policy; repo moved away"
    return [
        Figure.of("last-known-good in force, git down", "ms", [first for first, _ in found], IN_FORCE, note=note),
    ]


def _round(service: Service, holds: Callable[[Answer], bool], *, wait: bool = True) -> tuple[float, float]:
    """(milliseconds until the new gate ``holds``, until ``service start`` returned; 0 when that is not waited for)."""
    everything_down(service)
    started = time.monotonic_ns()
    process = subprocess.Popen(
        [SCRIPT, "service", "start", "--json"], env=environment(service.home), stdout=subprocess.PIPE
    )
    first = (_until(service, holds) - started) / 1e6
    if not wait:
        process.kill()
        process.communicate()
        _supervised(service)
        return first, 0.0
    out, _ = process.communicate()
    ended = (time.monotonic_ns() - started) / 1e6
    assert json.loads(out)["ready"], out
    _supervised(service)
    return first, ended


def _until(service: Service, holds: Callable[[Answer], bool]) -> int:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        try:
            gate = _ask(service)
        except GateUnavailable:
            time.sleep(_STEP)
            continue
        now = time.monotonic_ns()
        if holds(gate):
            return now
        time.sleep(_STEP)
    raise AssertionError(f"not in force within {_SECONDS} s\n{service.logs()}")


def _ask(service: Service) -> Answer:
    with GateClient(gate_socket(service), 1.0) as client:
        found: Answer = client.request("adopt")["gate"]
        return found


def _supervised(service: Service) -> None:
    """Wait until the whole service is there, so that the next round kills all of it."""
    deadline = time.monotonic() + _SECONDS
    while any(service.pid(name) is None for name in SERVICES):
        assert time.monotonic() < deadline, service.logs()
        os.sched_yield()
        time.sleep(_STEP)
