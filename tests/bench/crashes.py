"""Random plans, each with a controller that dies by SIGKILL at one of its port calls: none may be looser meanwhile."""

import os
import time
from pathlib import Path
from random import Random
from shutil import rmtree
from tempfile import TemporaryDirectory

import pytest

from tests.bench.figures import Figure, Goal
from tests.support.crashes import crashed


def plans(count: int) -> list[Figure]:
    """So many random plans. Raises AssertionError, with its seed, for the first that breaks a promise."""
    took = []
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        # A crash of the process keeps what was written; flushing to disk only costs time here.
        patch.setattr(os, "fsync", lambda _: None)
        patch.setattr(os, "fdatasync", lambda _: None)
        for seed in range(count):
            chosen, begun = Random(-seed - 1), time.perf_counter()
            crashed(Path(folder, "plan"), seed, chosen.randint(1, 40), chosen.random() < 0.5)
            took.append((time.perf_counter() - begun) * 1e3)
            rmtree(Path(folder, "plan"))
    note = "each was finished after the crash, and no order passed on the way that neither side allows"
    return [Figure.of("random plan with a crash, and what follows", "ms", took, Goal(), note=note)]
