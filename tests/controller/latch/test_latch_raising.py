"""Raising halts and creating the pair."""

import os
from pathlib import Path

import pytest

from controller.latch.layout import OVERFLOW, SIZE, SLOTS, LatchError, LatchMissing, seq_of
from controller.latch.mend import mend, problems
from controller.latch.permit import PermitFile
from controller.latch.raising import RaiseFile, create_pair, create_raise_holding, try_lock
from controller.latch.reader import LatchReader
from tests.support.opened import until_the_end

UID = "ab" * 16
HALT_ID = bytes(range(16))


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    paths = f"{tmp_path}/raise", f"{tmp_path}/permit"
    create_pair(*paths, b"b" * 16)
    return paths


def test_create_pair_when_new_then_zeros_written_out_and_private(pair: tuple[str, str]) -> None:
    for path in map(Path, pair):
        status = path.stat()
        assert (status.st_size, status.st_nlink, status.st_mode & 0o777) == (SIZE, 1, 0o600)
        assert status.st_blocks * 512 >= SIZE
        assert not any(path.read_bytes()[64:])
    assert sorted(path.name for path in Path(pair[0]).parent.iterdir()) == ["permit", "raise"]


def test_create_pair_when_it_exists_then_untouched(pair: tuple[str, str]) -> None:
    file = until_the_end(RaiseFile.open(pair[0]))
    file.raise_halt(HALT_ID, "account", 3, 0, 1)
    before = Path(pair[0]).read_bytes()
    create_pair(*pair, b"b" * 16)
    assert Path(pair[0]).read_bytes() == before


def test_create_pair_when_of_another_book_then_refuses(pair: tuple[str, str]) -> None:
    with pytest.raises(LatchError, match="another book"):
        create_pair(*pair, b"c" * 16)


def test_create_pair_when_file_system_forgets_at_restart_then_refuses() -> None:
    with pytest.raises(LatchError, match="does not survive"):
        create_pair("/dev/shm/raise", "/dev/shm/permit", bytes(16))


def test_create_pair_when_one_half_is_missing_then_it_joins_the_other(pair: tuple[str, str]) -> None:
    Path(pair[1]).unlink()
    create_pair(*pair, b"b" * 16)
    assert until_the_end(LatchReader(*pair, b"b" * 16)).poll(1).anomaly == ""


def test_raise_halt_when_stored_then_slot_and_body_say_so(pair: tuple[str, str]) -> None:
    file = until_the_end(RaiseFile.open(pair[0]))
    raised = file.raise_halt(HALT_ID, f"strategy:{UID}", 3, 2, 99)
    (body,) = file.slots()
    assert (body.slot, body.word, body.open, body.ok) == (raised.slot, raised.word, True, True)
    assert (body.halt_id, body.wall_ns, body.pid, body.os_uid) == (HALT_ID.hex(), 99, os.getpid(), os.getuid())
    assert (body.mode, body.source, body.is_of(UID), body.is_of("cd" * 16)) == (3, 2, True, False)


def test_raise_halt_when_mode_or_scope_is_unknown_then_nothing_is_written(pair: tuple[str, str]) -> None:
    file = until_the_end(RaiseFile.open(pair[0]))
    before = Path(pair[0]).read_bytes()
    for scope, mode in (("account", 0), ("account", 4), ("everything", 3)):
        with pytest.raises(ValueError, match="no"):
            file.raise_halt(HALT_ID, scope, mode, 0, 1)
    assert Path(pair[0]).read_bytes() == before


def test_raise_halt_when_a_slot_is_locked_by_a_stopped_halter_then_takes_another(pair: tuple[str, str]) -> None:
    file, stopped = until_the_end(RaiseFile.open(pair[0])), os.open(pair[0], os.O_RDWR)
    for slot in range(SLOTS - 1):
        assert try_lock(stopped, 128 + 8 * slot, 8)
    assert file.raise_halt(HALT_ID, "account", 3, 0, 1).slot == SLOTS - 1
    os.close(stopped)


def test_raise_halt_when_every_slot_is_taken_then_overflow_halts_the_account(pair: tuple[str, str]) -> None:
    file = until_the_end(RaiseFile.open(pair[0]))
    for _ in range(SLOTS):
        file.raise_halt(os.urandom(16), f"strategy:{UID}", 1, 0, 1)
    first = file.raise_halt(HALT_ID, f"strategy:{UID}", 1, 0, 1)
    again = file.raise_halt(HALT_ID, "account", 1, 0, 1)
    assert (first.slot, again.slot, seq_of(again.word)) == (OVERFLOW, OVERFLOW, 2)
    assert until_the_end(LatchReader(*pair)).poll(1).mode == 3
    assert file.slots()[-1].slot == OVERFLOW
    assert not file.slots()[-1].ok


def test_raise_halt_when_slots_are_released_then_reused_with_the_next_sequence(pair: tuple[str, str]) -> None:
    file, permit = until_the_end(RaiseFile.open(pair[0])), until_the_end(PermitFile(pair[1]))
    permit.acquire()
    held = [file.raise_halt(os.urandom(16), "account", 1, 0, 1) for _ in range(SLOTS)]
    permit.release(held[7].slot, held[7].word)
    again = file.raise_halt(HALT_ID, "account", 3, 0, 1)
    assert (again.slot, seq_of(again.word)) == (held[7].slot, 2)
    overflow = file.raise_halt(HALT_ID, "account", 3, 0, 1)
    permit.release_overflow(overflow.word)
    for raised in [*held, again]:
        permit.release(raised.slot, raised.word)
    assert until_the_end(LatchReader(*pair)).poll(1).mode == 0
    permit.close()


def test_raise_halt_when_permit_is_gone_then_used_slots_are_not_touched(pair: tuple[str, str]) -> None:
    first, permit = until_the_end(RaiseFile.open(pair[0])), until_the_end(PermitFile(pair[1]))
    permit.acquire()
    held = [first.raise_halt(os.urandom(16), "account", 1, 0, 1) for _ in range(SLOTS)]
    permit.release(held[0].slot, held[0].word)
    Path(pair[1]).unlink()
    assert until_the_end(RaiseFile.open(pair[0])).raise_halt(HALT_ID, "account", 3, 0, 1).slot == OVERFLOW
    permit.close()


def test_open_when_raise_is_missing_then_says_missing(tmp_path: Path) -> None:
    with pytest.raises(LatchMissing, match="raise: missing"):
        RaiseFile.open(f"{tmp_path}/raise")


def test_create_raise_holding_when_missing_then_gates_read_the_halt_frozen_until_a_controller_has_halted(
    pair: tuple[str, str],
) -> None:
    Path(pair[0]).unlink()
    raised = create_raise_holding(*pair, HALT_ID, "account", 1, 0, 5)
    assert raised is not None
    reader = until_the_end(LatchReader(*pair, b"b" * 16))
    state = reader.poll(1)
    assert (state.mode, state.words) == (2, (raised.word,))
    assert "made anew" in state.anomaly
    assert until_the_end(RaiseFile.open(pair[0])).slots()[0].halt_id == HALT_ID.hex()
    assert create_raise_holding(*pair, HALT_ID, "account", 1, 0, 5) is None
    assert problems(*pair, b"b" * 16) == ["raise was lost and made anew by a halter"]
    mend(*pair, b"b" * 16, lambda nonce: nonce)
    state = reader.poll(10**12)
    assert (state.mode, len(state.words), state.anomaly) == (3, 2, "")
    assert problems(*pair, b"b" * 16) == []
    reader.close()
