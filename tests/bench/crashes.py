"""Random plans, each with a controller that dies by SIGKILL at one of its port calls: none may be looser meanwhile.

``python -m tests.bench.crashes FIRST LAST`` does the seeds from FIRST up to LAST and prints the mean CPU of a plan
in each home.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from tests.bench.figures import Figure, Goal
from tests.support.crashes import story

PER_HOME = 10
_ROOT = Path(__file__).parents[2]


def plans(count: int) -> list[Figure]:
    """So many random plans, in a small process, of which a fork is cheap. Raises CalledProcessError when one fails."""
    argv = [sys.executable, "-m", "tests.bench.crashes", "0", str(count)]
    found = json.loads(subprocess.run(argv, stdout=subprocess.PIPE, check=True, cwd=_ROOT).stdout)
    note = (
        f"{found['died']} of {count} died at a call, the rest ended before the one that was drawn; each was finished"
        f" after it, and no order passed on the way that neither side allows"
    )
    return [
        Figure.of(
            "random plan with a crash, and what follows: CPU, means of ten", "ms", found["cpu_ms"], Goal(), note=note
        )
    ]


def main(first: int, last: int) -> None:
    """Do the plans. Raises AssertionError, with its seed, for the first that breaks a promise."""
    took, died = [], 0
    # A crash of the process keeps what was written; flushing to disk only costs time here.
    with TemporaryDirectory() as folder, patch.multiple(os, fsync=_kept, fdatasync=_kept):
        for start in range(first - first % PER_HOME, last, PER_HOME):
            begun = _cpu_ms()
            died += story(Path(folder, str(start)), range(start, start + PER_HOME))
            took.append((_cpu_ms() - begun) / PER_HOME)
    print(json.dumps({"cpu_ms": took, "died": died}))


def _cpu_ms() -> float:
    """Processor time of this process and of its children that ended, in steps of 10 ms."""
    return sum(os.times()[:4]) * 1e3


def _kept(_: int) -> None:
    return None


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
