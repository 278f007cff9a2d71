"""The latch pair gone or replaced under a running controller, on the real files."""

import os
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import LeaseLost
from controller.halt import CLI, halt
from controller.latch.journal import create, fold, read
from controller.latch.journal_record import RECORD
from controller.latch.layout import PERMIT_MAGIC, RAISE_MAGIC, SIZE, LatchError, pack_header, scope24
from controller.latch.raising import RaiseFile, create_pair
from controller.latch.reader import LatchReader
from controller.reconcile.boot import JOURNAL_LOST, book16
from controller.reconcile.latch_guard import LatchGuard
from controller.reconcile.lease import Lease
from tests.support.opened import until_the_end
from tests.support.rig import UID_A, Rig, commit_id

BOOK = "0" * 32


def guard_of(rig: Rig, stopped: list[str], fences: list[int]) -> LatchGuard:
    return LatchGuard(
        rig.home,
        BOOK,
        rig.booted.permit,
        rig.desk,
        rig.store,
        rig.clock,
        desired=lambda: rig.reconciler.memory.applied_desired,
        stop=lambda: stopped.append("stop"),
        restored=fences.append,
    )


def new_pair(rig: Rig) -> None:
    rig.home.raise_file.unlink()
    rig.home.permit_file.unlink()
    create_pair(str(rig.home.raise_file), str(rig.home.permit_file), book16(BOOK))


def raise_gone(rig: Rig) -> None:
    rig.home.raise_file.unlink()


def permit_gone(rig: Rig) -> None:
    rig.home.permit_file.unlink()


def both_gone(rig: Rig) -> None:
    raise_gone(rig)
    permit_gone(rig)


def raise_made_anew(rig: Rig) -> None:
    rig.home.raise_file.unlink()
    create_pair(str(rig.home.raise_file), str(rig.home.permit_file), book16(BOOK))


@pytest.mark.parametrize("lose", [raise_gone, permit_gone, both_gone, new_pair, raise_made_anew])
def test_pair_when_gone_or_replaced_then_halted_raised_again_told_and_led(
    rig: Rig, lose: Callable[[Rig], None]
) -> None:
    halt_id = halt(str(rig.home.root), "account", 1, "ada", "test", CLI, notify=False).halt_id
    rig.desk.adopt()
    stopped, fences = list[str](), list[int]()
    guard = guard_of(rig, stopped, fences)
    assert not guard.check()
    before = rig.booted.permit.fence
    lose(rig)
    assert guard.check() and stopped == ["stop"] and len(fences) == 1
    assert not guard.check()
    rig.desk.adopt()
    found = {item.id: item for item in rig.desk.open_halts(None) if item.word}
    assert len(found) == 2 and halt_id in found
    (lost,) = [item for item in found.values() if item.id != halt_id]
    assert lost.mode.value == "halt-all" and lost.source.value == "synthetic" and "latch-lost" in lost.reason
    assert rig.store.audit(event="latch.lost")[0].entry.level == "critical"
    assert rig.booted.permit.fence >= before and rig.booted.permit.problem() == ""
    rig.booted.permit.set_until(0)
    reader = until_the_end(LatchReader(str(rig.home.raise_file), str(rig.home.permit_file), book16(BOOK)))
    assert reader.poll(0).mode == 3 and not reader.poll(0).anomaly


def test_permit_when_replaced_then_the_fence_is_above_the_one_before(rig: Rig) -> None:
    fences = list[int]()
    guard = guard_of(rig, [], fences)
    before = rig.booted.permit.fence
    permit_gone(rig)
    guard.check()
    assert fences == [before + 1] == [rig.booted.permit.fence]


def test_permit_when_another_controller_has_the_new_one_then_lease_lost(rig: Rig) -> None:
    guard = guard_of(rig, [], [])
    new_pair(rig)
    other = Lease(str(rig.home.permit_file))
    other.take()
    with pytest.raises(LeaseLost):
        guard.check()
    with pytest.raises(LatchError):
        rig.booted.permit.set_until(1)
    other.close()


def shortened(path: Path) -> None:
    os.truncate(path, 200)


def scribbled(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"not a latch any more")


def zeroed(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(SIZE))


def copied(path: Path) -> None:
    other = path.with_name("copy")
    shutil.copy(path, other)
    other.rename(path)


def copied_and_short(path: Path) -> None:
    copied(path)
    shortened(path)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


DAMAGES = [shortened, scribbled, zeroed, copied, copied_and_short, emptied]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("half", ["raise", "permit"])
@pytest.mark.parametrize("running", [True, False])
def test_half_when_damaged_then_mended_in_place_halted_and_what_was_open_stays_open(
    rig: Rig, damage: Callable[[Path], None], half: str, running: bool
) -> None:
    halt_id = halt(str(rig.home.root), "account", 1, "ada", "test", CLI, notify=False).halt_id
    rig.desk.adopt()
    fences = list[int]()
    guard = guard_of(rig, [], fences)
    path = rig.home.raise_file.with_name(half)
    if running and (half, damage) != ("permit", emptied):
        damage(path)
        assert guard.check() and len(fences) == 1
    else:
        guard.close()
        rig.booted.permit.close()
        damage(path)
        rig.start()
        guard = guard_of(rig, [], fences)
    assert not guard.check()
    rig.desk.adopt()
    found = {item.id: item for item in rig.desk.open_halts(None) if item.word}
    assert halt_id in found, "a word whose body was cut off may stand beside it"
    (lost,) = [item for item in found.values() if f"latch-lost: {half}" in item.reason]
    assert lost.mode.value == "halt-all"
    rig.booted.permit.set_until(0)
    state = until_the_end(LatchReader(str(rig.home.raise_file), str(rig.home.permit_file), book16(BOOK))).poll(0)
    assert (state.mode, state.anomaly) == (3, "")
    guard.close()


@pytest.mark.parametrize("half", ["raise", "permit"])
def test_half_when_of_another_book_or_a_newer_release_then_left_alone_and_told_once(
    rig: Rig, half: str, caplog: pytest.LogCaptureFixture
) -> None:
    stopped = list[str]()
    guard = guard_of(rig, stopped, [])
    path = rig.home.raise_file.with_name(half)
    magic = {"raise": RAISE_MAGIC, "permit": PERMIT_MAGIC}[half]
    for header in (pack_header(magic, path.stat().st_ino, b"x" * 16, bytes(16)), newer(magic)):
        caplog.clear()
        with path.open("r+b") as file:
            file.write(header)
        before = path.read_bytes()
        assert not guard.check() and not guard.check()
        assert path.read_bytes() == before
        assert len([record for record in caplog.records if "cannot be repaired" in record.message]) == 1
    assert stopped == ["stop"] * 4


def test_permit_when_damaged_under_another_controllers_lease_then_left_to_it(rig: Rig) -> None:
    guard = guard_of(rig, [], [])
    new_pair(rig)
    other = Lease(str(rig.home.permit_file))
    other.take()
    scribbled(rig.home.permit_file)
    before = rig.home.permit_file.read_bytes()
    with pytest.raises(LeaseLost):
        guard.check()
    assert rig.home.permit_file.read_bytes() == before
    other.close()
    guard.close()


def newer(magic: bytes) -> bytes:
    """A header as another release would write it: sealed, and not of this version."""
    head = magic + (99).to_bytes(4, "little") + bytes(44)
    return head + zlib.crc32(head).to_bytes(8, "little")


def test_halter_when_it_made_the_raise_file_without_a_permit_then_joined_and_its_halt_binds(rig: Rig) -> None:
    guard = guard_of(rig, [], [])
    both_gone(rig)
    halt_id = halt(str(rig.home.root), "strategy:" + UID_A, 3, "ada", "test", CLI, notify=False).halt_id
    assert guard.check()
    latch = RaiseFile.open(str(rig.home.raise_file), str(rig.home.permit_file))
    assert halt_id in {slot.halt_id for slot in latch.slots() if slot.open}
    latch.close()
    rig.booted.permit.set_until(0)
    state = until_the_end(LatchReader(str(rig.home.raise_file), str(rig.home.permit_file), book16(BOOK))).poll(0)
    assert (state.anomaly, len(state.words), state.strategy_modes) == ("", 2, {scope24(UID_A): 3})
    guard.close()


def test_latch_when_lost_again_after_the_clear_then_another_halt_that_no_old_clear_lifts(rig: Rig) -> None:
    guard = guard_of(rig, [], [])
    ids = list[str]()
    for _ in range(2):
        scribbled(rig.home.raise_file)
        assert guard.check()
        (item,) = [found for found in rig.desk.open_halts(None) if found.word]
        ids.append(item.id)
        rig.desk.release(item.id, commit_id(2))
    assert len(set(ids)) == 2
    guard.close()


def test_latch_when_lost_again_while_its_halt_is_open_then_the_same_halt(rig: Rig) -> None:
    guard = guard_of(rig, [], [])
    for _ in range(2):
        scribbled(rig.home.raise_file)
        assert guard.check()
    assert len([found for found in rig.desk.open_halts(None) if found.word]) == 1
    guard.close()


def journal_gone(rig: Rig) -> None:
    rig.home.journal.unlink()


def journal_remade(rig: Rig) -> None:
    rig.home.journal.unlink()
    create(str(rig.home.journal), 16)


@pytest.mark.parametrize("lose", [journal_gone, journal_remade])
def test_journal_when_lost_then_halted_told_and_what_is_open_recorded_in_a_new_one(
    rig: Rig, lose: Callable[[Rig], None]
) -> None:
    halt_id = halt(str(rig.home.root), "account", 1, "ada", "test", CLI, notify=False).halt_id
    rig.desk.adopt()
    guard = guard_of(rig, [], [])
    lose(rig)
    assert guard.check() and not guard.check()
    rig.desk.adopt()
    (lost,) = [item for item in rig.desk.open_halts(None) if item.word and item.id != halt_id]
    assert (lost.mode.value, lost.source.value, lost.reason) == ("halt-all", "synthetic", ": ".join(JOURNAL_LOST))
    kept = fold(read(str(rig.home.journal))[0])
    assert {key: item.reason for key, item in kept.items()} == {halt_id: "test", lost.id: lost.reason}
    assert rig.store.audit(event="journal.lost")[0].entry.level == "critical"
    guard.close()


def spoil(rig: Rig, at: int) -> None:
    with rig.home.journal.open("r+b") as file:
        file.seek(at)
        file.write(b"\xfe\xff")


def lost_record(rig: Rig) -> None:
    spoil(rig, RECORD + 40)


def lost_header(rig: Rig) -> None:
    spoil(rig, 0)


@pytest.mark.parametrize("damage", [lost_record, lost_header])
def test_journal_when_damaged_while_running_then_halted_once_told_and_the_open_halt_recorded_again(
    rig: Rig, damage: Callable[[Rig], None]
) -> None:
    halt_id = halt(str(rig.home.root), "account", 1, "ada", "test", CLI, notify=False).halt_id
    rig.desk.adopt()
    guard = guard_of(rig, [], [])
    damage(rig)
    assert not guard.check(), "a halter may just be writing"
    assert guard.check() and not guard.check()
    rig.desk.adopt()
    (lost,) = [item for item in rig.desk.open_halts(None) if item.word and item.id != halt_id]
    assert (lost.mode.value, lost.source.value) == ("halt-all", "synthetic")
    assert lost.reason.startswith("journal-damaged: journal: damaged in ")
    assert halt_id in fold(read(str(rig.home.journal))[0])
    assert rig.store.audit(event="journal.damaged")[0].entry.level == "critical"
    guard.close()


def test_journal_damage_when_its_halt_is_cleared_then_not_again_but_another_damage_halts_anew(rig: Rig) -> None:
    guard = guard_of(rig, [], [])
    ids = list[str]()
    for at in (30 * RECORD + 40, 31 * RECORD + 40):
        spoil(rig, at)
        assert [guard.check() for _ in range(3)] == [False, True, False]
        (item,) = [found for found in rig.desk.open_halts(None) if found.word]
        ids.append(item.id)
        rig.desk.release(item.id, commit_id(2))
        assert not any(guard.check() for _ in range(3))
    assert len(set(ids)) == 2
    rig.booted.permit.close()
    rig.start()
    assert rig.booted.raised == []
    guard.close()


def test_journal_when_a_record_is_seen_half_written_then_no_halt(rig: Rig) -> None:
    guard = guard_of(rig, [], [])
    spoil(rig, RECORD)
    assert not guard.check()
    with rig.home.journal.open("r+b") as file:
        file.seek(RECORD)
        file.write(bytes(2))
    assert not guard.check() and not guard.check()
    assert rig.desk.open_halts(None) == ()
    guard.close()


def test_journal_when_lost_again_then_the_same_halt_while_open_and_another_after_its_clear(rig: Rig) -> None:
    guard = guard_of(rig, [], [])
    ids = list[set[str]]()
    for _ in range(3):
        journal_gone(rig)
        guard.check()
        ids.append({item.id for item in rig.desk.open_halts(None) if item.word})
        if len(ids) == 2:
            rig.desk.release(next(iter(ids[1])), commit_id(2))
    assert ids[0] == ids[1] != ids[2] and [len(found) for found in ids] == [1, 1, 1]
    guard.close()


def test_journal_when_lost_and_none_can_be_made_then_halted_and_told_once(
    rig: Rig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: str, records: int = 0) -> None:
        raise OSError(28, "No space left on device", path)

    caplog.set_level("INFO")
    guard = guard_of(rig, [], [])
    journal_gone(rig)
    monkeypatch.setattr("controller.latch.journal.create", full)
    assert guard.check() and not guard.check()
    assert len([record for record in caplog.records if "journal cannot be repaired" in record.message]) == 1
    monkeypatch.undo()
    guard.check()
    assert not guard.check() and rig.home.journal.exists()
    assert "the journal cannot be repaired: over" in caplog.messages
    assert len(fold(read(str(rig.home.journal))[0])) == 1
    guard.close()
