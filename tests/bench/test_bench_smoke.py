"""The bench runs and says something; what it says is never judged here, nor timed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.figures import Figure, Goal, percentiles, table

ROOT = Path(__file__).parents[2]


@pytest.mark.process
@pytest.mark.timeout(180)
def test_bench_when_run_quickly_then_every_row_has_positive_figures() -> None:
    argv = [sys.executable, "-m", "tests.bench", "--quick", "--json", "--only", "status", "--only", "halt-alone"]
    done = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    found = json.loads(done.stdout)
    assert (done.returncode, found["failed"]) == (0, [])
    assert len(found["figures"]) == 4
    for row in found["figures"]:
        assert 0 < row["p50"] <= row["p99"], row
        assert row["n"] == 5


def test_figure_when_over_its_goal_then_is_a_miss_in_the_table() -> None:
    figure = Figure.of("x", "ms", [30.0, 40.0], Goal(p50=50, ratio50=3), [10.0])
    assert figure.verdict == "MISSED (p50 ratio)"
    assert "MISSED (p50 ratio)" in table([figure])[2]
    assert Figure.of("x", "ms", [30.0], Goal(p50=50, ratio50=3), [10.0]).verdict == "met"


def test_figure_when_below_its_least_or_above_its_largest_then_is_a_miss() -> None:
    assert Figure.of("x", "/min", [999.0], Goal(least=1_000)).misses == ("too few",)
    assert Figure.of("x", "ms", [1.0] * 200 + [9.0], Goal(largest=8)).misses == ("largest",)


def test_figure_when_no_goal_then_no_verdict() -> None:
    assert Figure.of("x", "ms", [1.0], Goal()).verdict == "-"


def test_percentiles_when_few_samples_then_p99_is_the_largest() -> None:
    assert percentiles([3.0, 1.0, 2.0]) == (2.0, 3.0)
    assert percentiles([float(value) for value in range(101)]) == (50.0, 99.0)
