"""The gate's own figures, from ``bench_gate`` in a process of its own."""

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench import bench_gate
from tests.bench.figures import Figure, Goal

ROWS = (
    ("inside_us", "gate, all checks + reservation, 50 positions: inside", "µs", Goal(p50=5, p99=15), "inside"),
    ("socket_us", "gate through its socket", "µs", Goal(p50=100, p99=300), "_submits"),
    ("echo_us", "the least that could take: a plain socket echo in Python, same run", "µs", Goal(), "echo"),
    ("acknowledged_ms", "halt raised → acknowledged, gate under full load", "ms", Goal(p50=1, p99=10), "_halts"),
)
_ROOT = Path(__file__).parents[2]


def gate(_rounds: int) -> list[Figure]:
    """The rows of ``bench_gate``; it has rounds of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.bench_gate", "--json"], stdout=subprocess.PIPE, check=False, cwd=_ROOT
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return [
        Figure(name, unit, found[key]["p50"], found[key]["p99"], _rounds_of(function), goal)
        for key, name, unit, goal, function in ROWS
    ]


def _rounds_of(function: str) -> int:
    return int(inspect.signature(getattr(bench_gate, function)).parameters["rounds"].default)
