"""CONTROLLER ON ANOMALY (safety section 3), what is not about the pair itself: slots, bodies, the journal."""

import logging
import os

import pytest

from controller.adapters.clock import ManualClock
from controller.halt import CLI, halt
from controller.latch import journal
from controller.latch.layout import BODIES_AT, BODY_SIZE, SLOTS_AT
from controller.reconcile.boot import boot
from controller.reconcile.permit_keeper import BOUNDS, PermitKeeper
from tests.support.rig import UID_A, Rig, commit_id, desired

SECOND = 1_000_000_000


def raised(rig: Rig) -> str:
    return halt(str(rig.home.root), f"strategy:{UID_A}", 3, "ada", "test", CLI, notify=False).halt_id


def write(rig: Rig, at: int, data: bytes) -> None:
    with rig.home.raise_file.open("r+b") as file:
        file.seek(at)
        file.write(data)


def test_open_word_when_it_vanishes_then_raised_again_and_critical(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    halt_id = raised(rig)
    (item,) = rig.desk.adopt()
    write(rig, SLOTS_AT + 8 * item.slot, bytes(8))
    rig.desk.adopt()
    assert [found.id for found in rig.desk.open_halts(None) if found.word] == [halt_id]
    assert [record.levelno for record in caplog.records if "vanished" in record.message] == [logging.CRITICAL]


def test_body_when_unreadable_then_the_word_binds_under_one_synthetic_id_that_can_be_cleared(rig: Rig) -> None:
    raised(rig)
    (slot,) = [item.slot for item in rig.desk.open_halts(None)]
    write(rig, BODIES_AT + slot * BODY_SIZE, os.urandom(BODY_SIZE))
    seen = {item.id for _ in range(2) for item in rig.desk.open_halts(desired(1)) if item.word}
    (synthetic,) = seen
    (item,) = [found for found in rig.desk.open_halts(desired(1)) if found.id == synthetic]
    assert (item.scope, item.source.value) == (f"strategy:{UID_A}", "synthetic")
    rig.restart()
    assert synthetic in {found.id for found in rig.desk.open_halts(desired(1)) if found.word}
    rig.desk.release(synthetic, commit_id(1))
    assert synthetic not in {found.id for found in rig.desk.open_halts(desired(1))}


def test_journal_when_it_cannot_be_written_for_five_seconds_then_no_permit_is_renewed(rig: Rig) -> None:
    clock, lease = ManualClock(), rig.booted.permit
    keeper = PermitKeeper(lease, clock)
    for name in BOUNDS:
        keeper.progress(name)
    keeper.tick()
    assert lease.until == clock.boot_ns() + 5 * SECOND
    for _ in range(6):
        clock.advance(1)
        for name in BOUNDS.keys() - {"journal"}:
            keeper.progress(name)
        keeper.tick()
    assert lease.until < clock.boot_ns()
    assert keeper.missing() == ("journal",)


@pytest.mark.parametrize("what", ["a folder", "text"])
def test_boot_when_the_journal_is_no_journal_then_halted_once_and_goes_on(rig: Rig, what: str) -> None:
    rig.booted.permit.close()
    rig.home.journal.unlink()
    if what == "a folder":
        rig.home.journal.mkdir()
    else:
        rig.home.journal.write_text("not a journal\n" * 200)
    for _ in range(2):
        booted = boot(rig.home, "0" * 32, "paper")
        assert any("journal" in problem for problem in booted.problems)
        booted.permit.close()
    rig.start()
    found = [item for item in rig.desk.open_halts(None) if item.word]
    assert found and {item.mode.value for item in found} == {"halt-all"}
    assert len(found) == len({item.id for item in found}), "each raised once"


@pytest.mark.parametrize("what", ["gone", "a folder"])
def test_probe_when_the_journal_is_not_there_then_raises_and_makes_none(rig: Rig, what: str) -> None:
    journal.probe(str(rig.home.journal), 1)
    rig.home.journal.unlink()
    if what == "a folder":
        rig.home.journal.mkdir()
    with pytest.raises(OSError, match="journal"):
        journal.probe(str(rig.home.journal), 2)
    assert not rig.home.journal.is_file()
