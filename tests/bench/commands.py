"""Commands as whole processes, and changes until the gate says that it holds them."""

import json
import time

from controller.gate.client import GateClient
from controller.rpc.client import call
from tests.bench.figures import Figure, Goal
from tests.bench.processes import bare_ms, gate_socket, gt, ready_service
from tests.support.service import Service

STATUS = Goal(ratio50=8, p99=100)
LIMITS = Goal(p50=150, p99=1_000)
COMMIT = Goal(p50=60, p99=250)
START = 120
WAIT_SECONDS = 10.0


def status(rounds: int) -> list[Figure]:
    """``gt risk status`` against a running service."""
    with ready_service() as service:
        gt(service, "status")
        bare, times = [], []
        for _ in range(rounds):
            bare.append(bare_ms())
            times.append(gt(service, "status").ms)
    return [
        Figure.of("bare: python -I -S -c pass", "ms", bare, Goal(), bare),
        Figure.of("gt risk status, process", "ms", times, STATUS, bare),
    ]


def limits(rounds: int) -> list[Figure]:
    """``limits set --force``, loosening and tightening in turn; the command itself waits for the read-back."""
    with ready_service() as service:
        bare, times = [], []
        for index in range(rounds + 1):
            value = START + (index + 1) * (1 if index % 2 else -1)
            bare.append(bare_ms())
            ran = gt(service, "limits", "set", "order.max_per_minute", str(abs(value)), "--force", "--json")
            document = json.loads(ran.out)
            assert document["applied"]["in_force"], document
            _assert_enforced(service, document["commit"])
            times.append(ran.ms)
    note = "to the end of the process, a little after the read-back that it waits for; the first change is left out"
    return [Figure.of("limits set --force: start → applied", "ms", times[1:], LIMITS, bare, note)]


def commits(rounds: int) -> list[Figure]:
    """Plain ``git commit -S`` in the clone, whose hook pushes; then the controller's own ``wait`` for that commit."""
    with ready_service() as service:
        took, applied = [], []
        for index in range(rounds):
            _edit(service, 21 + index % 50)
            started = time.monotonic_ns()
            done = service.git("commit", "-q", "-a", "-S", "-m", "risk: bench")
            returned = time.monotonic_ns()
            assert done.returncode == 0, done
            commit = (service.clone / ".git/refs/heads/main").read_text().strip()
            applied.append((_waited(service, commit) - returned) / 1e6)
            took.append((returned - started) / 1e6)
            _assert_enforced(service, commit)
    return [
        Figure.of("git commit returned → applied", "ms", applied, COMMIT),
        Figure.of("git commit -S itself (hook verifies, pushes)", "ms", took, Goal()),
    ]


def _waited(service: Service, commit: str) -> int:
    path = str(service.home / "run" / "controller.sock")
    found = call(path, "wait", {"commit": commit, "timeout": WAIT_SECONDS}, WAIT_SECONDS)
    at = time.monotonic_ns()
    assert found["in_force"], found
    return at


def _assert_enforced(service: Service, commit: str) -> None:
    """The gate says by itself that ``commit`` alone is what it enforces."""
    with GateClient(gate_socket(service)) as client:
        gate = client.request("adopt")["gate"]
    assert (gate["revision"], gate["policy_count"]) == (commit, 1), gate


def _edit(service: Service, value: int) -> None:
    path = service.clone / "risk_config.yaml"
    lines = path.read_text().splitlines()
    found = [index for index, line in enumerate(lines) if line.strip().startswith("max_positions:")]
    lines[found[0]] = f"    max_positions: {value}"
    path.write_text("\n".join(lines) + "\n")
