"""SIGKILL at every line of the latch's repair: never a pair that gates read without its halt, and the next boot mends.

The repair runs at boot and under a running controller (latch_guard); each line is one killed child. Of every
GT_RISK_LINE_STEP lines one is tried, each case beginning at another.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.adapters.clock import ManualClock
from controller.adapters.store.memory import MemoryStore
from controller.halt import CLI, halt
from controller.home import Home
from controller.latch import journal, mend, raising
from controller.latch.raising import RaiseFile, create_pair
from controller.latch.reader import LatchReader
from controller.reconcile import boot as boot_module
from controller.reconcile import latch_guard, lease
from controller.reconcile.boot import Booted, book16, boot
from controller.reconcile.halt_desk import HaltDesk
from controller.reconcile.latch_guard import LatchGuard
from tests.support.dying import dies_at
from tests.support.rig import FakeHistory

BOOK = "0" * 32
STEP = int(os.environ.get("GT_RISK_LINE_STEP", "3"))
FAR_NS = 10**18
"""Later than any look at the files so far, so that each poll looks anew."""

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(autouse=True)
def _no_power_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed process keeps what was written; flushing to disk only costs time here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(os, "fdatasync", lambda _: None)


def made_home(root: Path) -> Home:
    home = Home(root)
    for folder in (home.raise_file.parent, home.policy, home.run):
        folder.mkdir(parents=True)
    create_pair(str(home.raise_file), str(home.permit_file), book16(BOOK))
    journal.create(str(home.journal), 16)
    return home


def raise_gone(home: Home) -> None:
    home.raise_file.unlink()


def permit_gone(home: Home) -> None:
    home.permit_file.unlink()


def both_gone(home: Home) -> None:
    raise_gone(home)
    permit_gone(home)


def made_by_a_halter(home: Home) -> None:
    both_gone(home)
    halt(str(home.root), "account", 1, "ada", "in between", CLI, notify=False)


def raise_remade_by_a_halter(home: Home) -> None:
    raise_gone(home)
    halt(str(home.root), "account", 1, "ada", "in between", CLI, notify=False)


def raise_scribbled(home: Home) -> None:
    scribble(home.raise_file)


def both_scribbled(home: Home) -> None:
    scribble(home.raise_file)
    scribble(home.permit_file)


def scribble(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"not a latch any more")


def at_boot(home: Home, spoil: Callable[[Home], None], arm: Callable[[], None]) -> None:
    spoil(home)
    arm()
    boot(home, BOOK, "paper")


def while_running(home: Home, spoil: Callable[[Home], None], arm: Callable[[], None]) -> None:
    guard = guard_of(home, boot(home, BOOK, "paper"))
    spoil(home)
    arm()
    assert guard.check()


def guard_of(home: Home, booted: Booted) -> LatchGuard:
    clock, store = ManualClock(), MemoryStore()
    desk = HaltDesk(home, booted.permit, store, FakeHistory(), clock)
    desk.adopt()
    return LatchGuard(home, BOOK, booted.permit, desk, store, clock, desired=lambda: None)


def open_ids(home: Home) -> set[str]:
    latch = RaiseFile.open(str(home.raise_file), str(home.permit_file))
    try:
        return {slot.halt_id for slot in latch.slots() if slot.open}
    finally:
        latch.close()


def gate_on(home: Home) -> LatchReader:
    return LatchReader(str(home.raise_file), str(home.permit_file), book16(BOOK))


REPAIRED = (mend, raising, boot_module, latch_guard, lease)


SPOILS = (
    raise_gone,
    permit_gone,
    both_gone,
    made_by_a_halter,
    raise_remade_by_a_halter,
    raise_scribbled,
    both_scribbled,
)
Repair = Callable[[Home, Callable[[Home], None], Callable[[], None]], None]
CASES: list[tuple[Repair, Callable[[Home], None]]] = [
    (repair, spoil) for repair in (at_boot, while_running) for spoil in SPOILS
]


@pytest.mark.parametrize(("repair", "spoil"), CASES)
def test_repair_when_killed_at_any_line_then_no_gate_passes_and_the_next_boot_ends_it(
    tmp_path: Path,
    repair: Repair,
    spoil: Callable[[Home], None],
) -> None:
    number, killed = CASES.index((repair, spoil)) % STEP + 1 - STEP, True
    while killed:
        number += STEP
        home = made_home(tmp_path / str(number))
        before = halt(str(home.root), "account", 1, "ada", "before", CLI, notify=False).halt_id
        old = gate_on(home)
        old.poll(0)
        killed = dies_at(number, REPAIRED, lambda arm, home=home: repair(home, spoil, arm))  # type: ignore[misc]
        for gate in (old, gate_on(home)):
            state = gate.poll(FAR_NS)
            assert state.mode == 3 or state.anomaly, f"killed at line {number}: {state.words}"
        booted = boot(home, BOOK, "paper")
        state = gate_on(home).poll(FAR_NS)
        assert (state.mode, state.anomaly) == (3, ""), f"killed at line {number}"
        recorded = {entry.halt_id: entry.text for entry in journal.read_home(str(home.root))[0]}
        lost = [key for key, text in recorded.items() if text.startswith("latch-lost")]
        assert {before, *lost} <= open_ids(home)
        booted.permit.close()
    assert number > 40
