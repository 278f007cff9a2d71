"""What a gate reads from the latch, also when the files are not as they should be."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.latch import filesystem, layout
from controller.latch.layout import LatchError, LeaseHeld, pack_word, scope24
from controller.latch.permit import PermitFile
from controller.latch.raising import RaiseFile, create_pair
from controller.latch.reader import LatchReader, LatchState, covers, passed

UID = "ab" * 16
BOOK = b"b" * 16
SECOND = 1_000_000_000
NOW = 1_000 * SECOND


@dataclass
class Latch:
    folder: Path
    permit: PermitFile
    raising: RaiseFile
    reader: LatchReader
    now: int = NOW

    def read(self) -> LatchState:
        return self.reader.poll(self.now)

    def later(self, ns: int = 50_000_000) -> LatchState:
        self.now += ns
        return self.read()

    def halt(self, scope: str = "account", mode: int = 3) -> tuple[int, int]:
        raised = self.raising.raise_halt(os.urandom(16), scope, mode, 0, 1)
        return raised.slot, raised.word

    def poke(self, slot: int, word: int) -> None:
        self.raising._raise.view[16 + slot] = word


def pair(folder: Path) -> tuple[str, str]:
    return f"{folder}/raise", f"{folder}/permit"


@pytest.fixture
def latch(tmp_path: Path) -> Iterator[Latch]:
    create_pair(*pair(tmp_path), BOOK)
    permit = PermitFile(f"{tmp_path}/permit")
    permit.acquire()
    permit.set_until(NOW + 20 * SECOND)
    raising = RaiseFile.open(f"{tmp_path}/raise")
    reader = LatchReader(*pair(tmp_path), BOOK)
    yield Latch(tmp_path, permit, raising, reader)
    reader.close()
    raising.close()
    permit.close()


def test_poll_when_nothing_changes_then_identical_object(latch: Latch) -> None:
    state = latch.read()
    assert (state.mode, state.permit, state.words, state.anomaly) == (0, "ok", (), "")
    latch.permit.set_until(NOW + 21 * SECOND)
    assert latch.later() is state


@pytest.mark.parametrize("mode", [1, 2, 3])
def test_poll_when_account_is_halted_then_that_mode(latch: Latch, mode: int) -> None:
    _, word = latch.halt(mode=mode)
    state = latch.read()
    assert (state.mode, state.strategy_modes, state.words) == (mode, {}, (word,))


def test_poll_when_several_halts_then_the_strictest_of_each_scope(latch: Latch) -> None:
    for scope, mode in (("account", 1), (f"strategy:{UID}", 3), (f"strategy:{UID}", 1)):
        latch.halt(scope, mode)
    state = latch.read()
    assert (state.mode, state.strategy_modes) == (1, {scope24(UID): 3})


def test_poll_when_released_then_gone_and_a_newer_halt_stays(latch: Latch) -> None:
    slot, word = latch.halt()
    newer = latch.halt(mode=2)
    latch.permit.release(slot, word)
    state = latch.read()
    assert (state.mode, state.words) == (2, (newer[1],))


def test_poll_when_policy_changes_then_named(latch: Latch) -> None:
    latch.permit.set_policy(9, 0xABCDEF)
    state = latch.read()
    assert (state.policy_version, state.policy_digest24, state.fence) == (9, 0xABCDEF, 1)


@pytest.mark.parametrize(
    ("until", "reason"),
    [(0, "never"), (NOW, "expired"), (NOW + 30 * SECOND, "ok"), (NOW + 30 * SECOND + 1, "too-far")],
)
def test_poll_when_permit_is_not_now_then_says_why(latch: Latch, until: int, reason: str) -> None:
    latch.permit.set_until(until)
    assert latch.read().permit == reason


def test_poll_when_permit_runs_out_by_time_alone_then_expired(latch: Latch) -> None:
    assert latch.read().permit == "ok"
    assert latch.later(20 * SECOND - 1).permit == "ok"
    assert latch.later(1).permit == "expired"


def test_poll_when_permit_is_of_another_boot_then_says_so(latch: Latch) -> None:
    latch.read()
    latch.permit._put(layout.BOOT_AT, 12345)
    assert latch.read().permit == "other-boot"


def test_poll_when_a_word_is_malformed_then_account_halt_all(latch: Latch) -> None:
    latch.poke(5, 0x1234)
    assert latch.read().mode == 3


def test_poll_when_a_seen_word_vanishes_then_it_binds_until_its_release(latch: Latch) -> None:
    slot, word = latch.halt()
    assert latch.read().mode == 3
    latch.poke(slot, 0)
    assert latch.read().words == (word,)
    latch.permit.release(slot, word)
    assert latch.read().mode == 0


def test_poll_when_a_slot_was_reused_between_polls_then_the_old_word_is_not_stuck(latch: Latch) -> None:
    slot, word = latch.halt()
    latch.read()
    latch.permit.release(slot, word)
    newer = pack_word(layout.seq_of(word) + 1, 7, 0, 3)
    latch.poke(slot, newer)
    latch.permit.release(slot, newer)
    assert latch.read().words == ()


def test_poll_when_a_seen_word_is_overwritten_unreleased_then_both_bind(latch: Latch) -> None:
    slot, word = latch.halt(mode=3)
    latch.read()
    other = pack_word(layout.seq_of(word) + 1, 7, 0, 1)
    latch.poke(slot, other)
    state = latch.read()
    assert (state.mode, set(state.words)) == (3, {word, other})


def test_poll_when_readings_never_agree_then_the_stricter_one(latch: Latch, monkeypatch: pytest.MonkeyPatch) -> None:
    latch.read()
    word = pack_word(1, 1, 0, 3)
    empty = [0] * (layout.SLOTS + 1)
    readings = iter([([word, *empty[1:]], empty), (empty, empty)] * 3)
    monkeypatch.setattr(LatchReader, "_read", lambda self: next(readings))
    latch.permit.set_policy(1, 1)
    assert latch.read().mode == 3


def replace(folder: Path, name: str) -> None:
    (folder / name).unlink()
    create_pair(*pair(folder), BOOK)


@pytest.mark.parametrize("name", ["raise", "permit"])
def test_poll_when_a_file_is_missing_then_freeze_and_halts_still_bind(latch: Latch, name: str) -> None:
    latch.halt(f"strategy:{UID}")
    latch.read()
    (latch.folder / name).unlink()
    state = latch.later()
    assert (state.mode, state.permit, state.anomaly) == (2, "missing", f"{name}: missing")
    assert state.strategy_modes == {scope24(UID): 3}
    assert latch.later() is state
    assert not (latch.folder / name).exists()


def test_poll_when_a_file_comes_back_then_reads_it_again(latch: Latch) -> None:
    state = latch.read()
    (latch.folder / "permit").rename(latch.folder / "away")
    assert latch.later().mode == 2
    (latch.folder / "away").rename(latch.folder / "permit")
    again = latch.later()
    assert (again.mode, again.anomaly, again.permit) == (0, "", state.permit)


def test_poll_when_raise_is_replaced_then_old_halts_bind_until_the_new_file_has_them(latch: Latch) -> None:
    _, word = latch.halt(f"strategy:{UID}")
    latch.read()
    replace(latch.folder, "raise")
    assert latch.later().words == (word,)
    anew = RaiseFile.open(f"{latch.folder}/raise")
    raised = anew.raise_halt(os.urandom(16), "account", 3, 0, 1)
    assert latch.read().words == (raised.word,)
    latch.permit.release(raised.slot, raised.word)
    assert latch.read().words == ()
    anew.close()


def copy_over(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data)


def cut_short(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:100])


def spoil_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(20)
        file.write(b"\xff")


def relink(path: Path) -> None:
    foreign = path.parent / "foreign"
    foreign.mkdir()
    create_pair(*pair(foreign), b"x" * 16)
    path.unlink()
    os.link(foreign / path.name, path)


@pytest.mark.parametrize("damage", [copy_over, cut_short, spoil_header, relink])
@pytest.mark.parametrize("name", ["raise", "permit"])
def test_poll_when_a_file_is_not_the_one_then_freeze(latch: Latch, name: str, damage: object) -> None:
    assert latch.read().mode == 0
    assert callable(damage)
    damage(latch.folder / name)
    state = latch.later()
    assert (state.mode, state.permit) == (2, "missing")
    assert state.anomaly


def test_poll_when_pair_is_of_another_book_then_freeze(latch: Latch) -> None:
    reader = LatchReader(*pair(latch.folder), b"z" * 16)
    assert (reader.poll(NOW).mode, reader.poll(NOW).anomaly) == (2, "latch: this pair belongs to another book")


def test_poll_when_there_was_never_a_latch_then_freeze(tmp_path: Path) -> None:
    state = LatchReader(*pair(tmp_path)).poll(NOW)
    assert (state.mode, state.permit, state.anomaly) == (2, "missing", "raise: missing")


def test_reread_when_raise_was_just_replaced_then_sees_it_at_once(latch: Latch) -> None:
    latch.read()
    (latch.folder / "raise").unlink()
    assert latch.read().anomaly == ""
    assert latch.reader.reread(latch.now).anomaly == "raise: missing"


def test_acquire_when_lease_is_held_then_lease_held_and_the_fence_rises(latch: Latch) -> None:
    other = PermitFile(f"{latch.folder}/permit")
    with pytest.raises(LeaseHeld):
        other.acquire()
    with pytest.raises(LatchError, match="without the lease"):
        other.set_until(1)
    latch.permit.close()
    assert other.acquire() == 2
    assert other.until == 0
    other.close()


@given(st.integers(0, 0xFFFF), st.integers(0, 0x7FFF))
def test_passed_when_release_is_at_or_beyond_then_true_also_over_the_wrap(seq: int, ahead: int) -> None:
    word, released = pack_word(seq, 1, 0, 3), pack_word(seq + ahead, 2, 0, 3)
    assert passed(word, released)
    assert passed(released, word) == (ahead == 0)
    assert not passed(word, 0)


WORDS = st.builds(pack_word, st.just(1), st.just(1), st.integers(0, 3), st.integers(1, 3))


@given(WORDS, WORDS)
def test_covers_when_true_then_newer_alone_is_no_looser(newer: int, older: int) -> None:
    alone, both = (LatchState(words, "ok", 0, 0, "") for words in ((newer,), (newer, older)))
    if covers(newer, older) and alone.mode < 3:
        assert (alone.mode, alone.strategy_modes) == (both.mode, both.strategy_modes)


MOUNTS = [
    "1 0 8:1 / / rw - ext4 /dev/a rw",
    "2 1 0:5 / /mnt/far rw - nfs4 host:/x rw",
    "3 1 0:6 / /mnt/fu\\040se rw shared:1 - fuse.sshfs x rw",
]


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/home/x", "ext4"), ("/mnt/far/x", "nfs4"), ("/mnt/farther", "ext4"), ("/mnt/fu se/x", "fuse.sshfs")],
)
def test_type_of_mount_when_mounts_nest_then_the_nearest(path: str, kind: str) -> None:
    assert filesystem.type_of_mount(MOUNTS, path) == kind


@pytest.mark.parametrize("kind", ["nfs4", "fuse.sshfs", "fuse", "9p", "virtiofs", "cifs"])
def test_check_filesystem_when_remote_then_refuses(kind: str, monkeypatch: pytest.MonkeyPatch, latch: Latch) -> None:
    monkeypatch.setattr(filesystem, "mount_type", lambda real: kind)
    with pytest.raises(LatchError, match=kind):
        filesystem.check_filesystem("/home/x")
    reader = LatchReader(*pair(latch.folder), BOOK)
    assert reader.poll(NOW).mode == 2


@pytest.mark.parametrize("path", ["/dev/shm/x", "/run/user/0/x"])
def test_check_filesystem_when_it_forgets_at_restart_then_refuses(path: str) -> None:
    with pytest.raises(LatchError, match="does not survive"):
        filesystem.check_filesystem(path)
