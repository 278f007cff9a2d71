"""Figures of the command line and of the service as whole processes; run as ``python -m tests.bench.bench_cli``.

Each figure is p50 and p99 in milliseconds with its ratio to a bare ``python -I -S -c pass`` of the same run.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tests.support.service import Service, running_service, until

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "40"))
SCRIPT = Path(sys.executable).parent / "gt-risk"


def timed(act: Callable[[], object]) -> float:
    """Milliseconds that ``act`` takes."""
    begun = time.perf_counter()
    act()
    return (time.perf_counter() - begun) * 1000


def report(name: str, times: Sequence[float], bare: float) -> None:
    """One line: p50, p99 (the largest below 100 samples) and the ratio to a bare start."""
    ordered = sorted(times)
    p50, p99 = statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    print(f"{name:<58} p50 {p50:8.1f} ms ({p50 / bare:5.1f} x)   p99 {p99:8.1f} ms   n {len(ordered)}", flush=True)


def command(service: Service, *argv: str) -> None:
    """Run the installed script."""
    env = {**os.environ, "GT_RISK_HOME": str(service.home)}
    done = subprocess.run([str(SCRIPT), *argv], env=env, capture_output=True, check=False)
    assert done.returncode in (0, 3), (argv, done)


def commits(service: Service) -> tuple[list[float], list[float]]:
    """``git commit`` as it returns, and from there until its value is in force."""
    returned, applied = [], []
    assert service.git("pull", "-q", "--rebase").returncode == 0
    for index in range(max(5, ROUNDS // 4)):
        value = 21 + index
        path = service.clone / "risk_config.yaml"
        lines = [
            f"    max_positions: {value}" if line.strip().startswith("max_positions:") else line
            for line in path.read_text().splitlines()
        ]
        path.write_text("\n".join(lines) + "\n")
        returned.append(timed(lambda: service.git("commit", "-q", "-a", "-S", "-m", "risk: bench")))
        applied.append(timed(partial(until, partial(_holds, service, value), "applied")))
    return returned, applied


def _holds(service: Service, value: int) -> bool:
    return _positions(service) == value


def _positions(service: Service) -> int:
    from controller.rpc_client import call

    found = call(str(service.home / "run" / "controller.sock"), "limits.get", {"name": "position.max_positions"})
    return int(found["limit"]["value"])


def restarts(service: Service) -> list[float]:
    """kill -9 of the controller, then ``service start`` until it is ready."""
    times = []
    for _ in range(5):
        service.kill("controller")
        times.append(timed(lambda: command(service, "service", "start")))
    return times


def main() -> None:
    """Measure and print."""
    bare_times = [timed(lambda: subprocess.run([sys.executable, "-I", "-S", "-c", "pass"])) for _ in range(ROUNDS)]
    bare = statistics.median(bare_times)
    report("python -I -S -c pass", bare_times, bare)
    with running_service() as service:
        until(lambda: service.gt("status").code == 0, "well")
        for words in (["status"], ["status", "--json"], ["limits", "list"], ["strategy", "show", "ml-momentum-v2"]):
            times = [timed(partial(command, service, *words)) for _ in range(ROUNDS)]
            report("gt risk " + " ".join(words), times, bare)
        times = []
        for index in range(ROUNDS):
            argv = ["limits", "set", "order.max_per_minute", str(121 + index), "--force"]
            times.append(timed(partial(command, service, *argv)))
        report("gt risk limits set --force: start to in force", times, bare)
        returned, applied = commits(service)
        report("git commit -S: until it returns (hooks verify)", returned, bare)
        report("git commit -S: returned to applied", applied, bare)
        report("service start after kill -9 of the controller", restarts(service), bare)
        rss = {name: _rss(service.pid(name)) for name in ("controller", "gate", "runner")}
        print(json.dumps({"rss_mib": rss}))


def _rss(pid: int | None) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS:"))


if __name__ == "__main__":
    main()
