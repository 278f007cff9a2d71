"""Every command that only looks, as a whole process, and what watching costs (spec 7.1)."""

import subprocess
import time
from pathlib import Path

from cli.reads import READS
from tests.bench.figures import Figure, Goal
from tests.bench.processes import SCRIPT, bare_ms, environment, gt, ready_service

READ = Goal(p50=100, p99=500)
WATCH = Goal(p50=2)
OTHERS = (
    ("status", "-v"),
    ("limits", "get", "position.max_position_pct"),
    ("strategy", "show", "ml-momentum-v2"),
    ("strategy", "metrics", "ml-momentum-v2"),
    ("config", "history"),
    ("config", "diff"),
    ("audit", "log"),
    ("audit", "interventions"),
    ("audit", "config-changes"),
    ("audit", "export"),
    ("health",),
    ("health", "--metrics"),
)


def reads(rounds: int) -> list[Figure]:
    """Each read in turn, round by round, so that all of them meet the same moments of the machine."""
    commands = (*READS, *OTHERS)
    times: dict[tuple[str, ...], list[float]] = {words: [] for words in commands}
    bare = []
    with ready_service() as service:
        for _ in range(rounds):
            bare.append(bare_ms())
            for words in commands:
                times[words].append(gt(service, *words).ms)
    return [Figure.of(f"gt risk {' '.join(words)}", "ms", found, READ, bare) for words, found in times.items()]


def watch(seconds: int) -> list[Figure]:
    """CPU time of ``status -w`` between two frames, as a share of the wall time that passed."""
    with ready_service() as service:
        argv = (SCRIPT, "status", "--watch")
        process = subprocess.Popen(argv, env=environment(service.home), stdout=subprocess.PIPE)
        try:
            _frame(process)
            before, started = _cpu_seconds(process.pid), time.monotonic()
            while time.monotonic() - started < seconds:
                _frame(process)
            share = (_cpu_seconds(process.pid) - before) / (time.monotonic() - started)
        finally:
            process.kill()
            process.communicate()
    note = f"{seconds} s of the process's own user and system time, its start left out; a frame every 2 s"
    return [Figure.of("status --watch, share of a core", "%", [100 * share], WATCH, note=note)]


def _frame(process: "subprocess.Popen[bytes]") -> None:
    """Read up to the end of the next frame."""
    assert process.stdout is not None
    while not process.stdout.readline().startswith(b"As of:"):
        assert process.poll() is None


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process with one thread."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
