"""A halt that races a resume is never lost: transition 7 as the controller does it, halters in another process.

GT_RISK_RACE_ROUNDS sets the rounds. Journal and store are begun anew now and then: only
their length would slow the rounds down.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.store.memory import MemoryStore
from controller.latch.journal import create
from controller.latch.raising import RaiseFile
from controller.latch.reader import LatchReader
from controller.reconcile.halt_desk import HaltDesk
from tests.support.latch_race import DONE, GO, WORD, shared, wait_for
from tests.support.rig import Rig, commit_id, desired, started_rig

ROUNDS = int(os.environ.get("GT_RISK_RACE_ROUNDS", "10000"))
ANEW = 50

pytestmark = [pytest.mark.process, pytest.mark.timeout(60 + ROUNDS // 50)]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with started_rig(tmp_path, desired(1)) as made:
        yield made


def test_halt_when_it_races_a_release_then_it_binds_and_only_the_released_one_is_gone(rig: Rig) -> None:
    latch = rig.home.raise_file.parent
    gate = LatchReader(str(rig.home.raise_file), str(rig.home.permit_file))
    file, view = RaiseFile.open(str(rig.home.raise_file), str(rig.home.permit_file)), shared(latch)
    file.raise_halt(os.urandom(16), "account", 3, 0, 0)
    child = subprocess.Popen([sys.executable, "-m", "tests.support.latch_race", str(latch), str(ROUNDS)])
    desk = rig.desk
    try:
        for number in range(1, ROUNDS + 1):
            (old,) = [slot for slot in file.slots() if slot.open]
            view[GO] = number
            desk.release(old.halt_id, commit_id(1))
            wait_for(view, DONE, number)
            state = gate.poll(time.clock_gettime_ns(time.CLOCK_BOOTTIME))
            assert (state.words, state.mode) == ((view[WORD],), 3), f"round {number}"
            assert desk.words() == (view[WORD],)
            if number % ANEW == 0:
                rig.home.journal.unlink()
                create(str(rig.home.journal), 64)
                desk = HaltDesk(rig.home, rig.booted.permit, MemoryStore(), rig.history, rig.clock)
        assert child.wait(10) == 0
    finally:
        child.kill()
        child.wait()
