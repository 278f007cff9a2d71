"""The halt as a whole process: ``python -m tests.bench.bench_halt``.

Measured from just before the process is started (CLOCK_MONOTONIC of this machine): until it has read the gate's answer
to the barrier (the process reports that instant in its ``--json`` document), and until it has ended. Interleaved with a
bare ``python -I -S -c pass``. Once with the real gate alone (controller, git and network down), once with the service.
"""

import compileall
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from controller.latch.permit import PermitFile
from controller.latch.raising import RaiseFile
from tests.support.gate_stub import home_folder
from tests.support.service import running_service

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "100"))
WITH_SERVICE = 40
SCRIPT = Path(sys.executable).parent / "gt-risk"
BARE = (sys.executable, "-I", "-S", "-c", "pass")


def report(name: str, times: Sequence[float], bare: float) -> None:
    ordered = sorted(times)
    p50, p99 = statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    ratios = f"({p50 / bare:4.2f} x)   p99 {p99:7.2f} ms ({p99 / bare:5.2f} x)"
    print(f"{name:<58} p50 {p50:7.2f} ms {ratios}   n {len(ordered)}", flush=True)


def rounds(title: str, home: Path, count: int, after: Callable[[], None]) -> None:
    """``count`` halts, each beside a bare start; ``after`` runs between them and is not measured."""
    env = {**os.environ, "GT_RISK_HOME": str(home)}
    bare, acknowledged, ended = [], [], []
    for _ in range(count):
        begun = time.monotonic_ns()
        subprocess.run(BARE, check=True)
        bare.append((time.monotonic_ns() - begun) / 1e6)
        begun = time.monotonic_ns()
        done = subprocess.run([SCRIPT, "emergency", "halt-all", "--json"], env=env, stdout=subprocess.PIPE, check=False)
        ended.append((time.monotonic_ns() - begun) / 1e6)
        document = json.loads(done.stdout)
        assert document["in_force"], document
        assert document["durable"], document
        acknowledged.append((document["acknowledged_ns"] - begun) / 1e6)
        after()
    base = statistics.median(bare)
    report(f"bare start, beside {title}", bare, base)
    report(f"halt, {title}: acknowledged (goal 2.5 x, p99 7 x)", acknowledged, base)
    report(f"halt, {title}: process ended (goal 3.3 x)", ended, base)


def gate_alone() -> None:
    """The real gate service; everything else is down."""
    with home_folder() as home:
        root = home / "gate"
        root.mkdir()
        (root / "policy").symlink_to(home / "policy")
        for name in ("raise", "permit"):
            (root / name).symlink_to(home / "latch" / name)
        (home / "run" / "gate.sock").symlink_to(root / "gate.sock")
        command = [sys.executable, "-m", "tests.support.gate_process", "gate", str(root), str(home / "record"), "0"]
        permit = PermitFile(f"{home}/latch/permit")
        permit.acquire()
        gate = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 30
            while not (root / "gate.sock").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            rounds("gate alone", home, ROUNDS, lambda: clear(home, permit))
        finally:
            gate.terminate()
            gate.wait()
            permit.close()


def clear(home: Path, permit: PermitFile) -> None:
    """Free the slots, so that every round finds the same latch."""
    file = RaiseFile.open(f"{home}/latch/raise")
    for body in file.slots():
        permit.release(body.slot, body.word)
    file.close()


def main() -> None:
    for package in ("controller", "cli", "schemas"):
        compileall.compile_dir(package, quiet=1)
    gate_alone()
    with running_service() as service:
        rounds("service up", service.home, min(ROUNDS, WITH_SERVICE), lambda: None)


if __name__ == "__main__":
    main()
