"""A halt that races the clear of another one is never lost."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from controller.latch.layout import SLOTS
from controller.latch.permit import PermitFile
from controller.latch.raising import RaiseFile, create_pair
from controller.latch.reader import LatchReader
from tests.support.latch_race import DONE, GO, WORD, shared, wait_for

ROUNDS = 10_000


@pytest.mark.process
def test_raise_when_it_races_a_clear_ten_thousand_times_then_the_new_halt_always_binds(tmp_path: Path) -> None:
    raise_path, permit_path = str(tmp_path / "raise"), str(tmp_path / "permit")
    create_pair(raise_path, permit_path, b"b" * 16)
    permit, file = PermitFile(permit_path), RaiseFile.open(raise_path)
    permit.acquire()
    kept = {file.raise_halt(os.urandom(16), "account", 1, 0, 0).word for _ in range(SLOTS - 2)}
    old = file.raise_halt(os.urandom(16), "account", 3, 0, 0)
    gate, view = LatchReader(raise_path, permit_path), shared(tmp_path)
    child = subprocess.Popen([sys.executable, "-m", "tests.support.latch_race", str(tmp_path), str(ROUNDS)])
    try:
        for number in range(1, ROUNDS + 1):
            view[GO] = number
            permit.release(old.slot, old.word)
            wait_for(view, DONE, number)
            state = gate.poll(time.clock_gettime_ns(time.CLOCK_BOOTTIME))
            assert set(state.words) == kept | {view[WORD]}, f"round {number}"
            assert state.mode == 3
            old.slot, old.word = next((body.slot, body.word) for body in file.slots() if body.word == view[WORD])
        assert child.wait(10) == 0
    finally:
        child.kill()
        child.wait()
