"""Rules of the latch that only odd files and odd moments show."""

import os
from pathlib import Path

import pytest

from controller.latch import journal, reader
from controller.latch.journal import Journal
from controller.latch.journal_record import HALT, RECORD, Entry
from controller.latch.layout import (
    HEADER_SIZE,
    PERMIT_MAGIC,
    RAISE_MAGIC,
    SIZE,
    SLOTS,
    UNTIL_AT,
    LatchError,
    SlotBody,
    is_open,
    pack_body,
    pack_header,
    pack_word,
    parse_header,
)
from controller.latch.mapped import MappedFile
from controller.latch.permit import PermitFile
from controller.latch.raising import RaiseFile, create_pair
from controller.latch.reader import LatchReader
from tests.support.opened import until_the_end

NOW = 10**12
BOOK = b"b" * 16


def make_pair(folder: Path) -> tuple[str, str]:
    folder.mkdir(exist_ok=True)
    paths = (f"{folder}/raise", f"{folder}/permit")
    create_pair(*paths, BOOK)
    return paths


def test_permit_when_no_boot_is_known_then_never_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_BOOT_ID", f"{tmp_path}/none")
    paths = make_pair(tmp_path)
    view = until_the_end(MappedFile(paths[1], PERMIT_MAGIC, writable=True)).view
    view[UNTIL_AT // 8] = NOW + 10**9
    assert until_the_end(LatchReader(*paths)).poll(NOW).permit == "other-boot"


def test_open_when_the_halves_are_of_two_pairs_then_anomaly(tmp_path: Path) -> None:
    one, two = make_pair(tmp_path / "one"), make_pair(tmp_path / "two")
    state = until_the_end(LatchReader(one[0], two[1], BOOK)).poll(NOW)
    assert "not of one pair" in state.anomaly
    assert state.mode >= 2


def test_free_slots_when_the_permit_is_of_another_pair_then_its_releases_free_none(tmp_path: Path) -> None:
    one, two = make_pair(tmp_path / "one"), make_pair(tmp_path / "two")
    file = until_the_end(RaiseFile.open(*one))
    words = [file.raise_halt(os.urandom(16), "account", 3, 0, 0) for _ in range(SLOTS)]
    other = until_the_end(PermitFile(two[1]))
    other.acquire()
    for raised in words:
        other.release(raised.slot, raised.word)
    assert until_the_end(RaiseFile.open(one[0], two[1])).raise_halt(os.urandom(16), "account", 1, 0, 0).slot == SLOTS


ODD = pack_word(7, 7, 0, 2)


class Unsteady(LatchReader):
    """Every other look, up to ``odd`` times, shows a word more, as if others wrote between two looks."""

    looks = 0
    odd = 0

    def _read(self) -> tuple[list[int], list[int]]:
        words, released = super()._read()
        self.looks += 1
        if self.looks % 2 and self.looks < 2 * self.odd:
            words[5] = ODD
        return words, released


@pytest.mark.parametrize(("odd", "binds"), [(1, False), (3, True)])
def test_poll_when_two_looks_differ_then_looks_again_and_at_last_takes_the_stricter(
    tmp_path: Path, odd: int, binds: bool
) -> None:
    paths = make_pair(tmp_path)
    unsteady = Unsteady(*paths)
    unsteady.odd = odd
    assert (ODD in unsteady.poll(NOW).words) is binds


def test_problem_when_the_file_was_cut_then_short(tmp_path: Path) -> None:
    path = make_pair(tmp_path)[0]
    mapped = until_the_end(MappedFile(path, RAISE_MAGIC, writable=False))
    os.truncate(path, SIZE - 8)
    assert "short file" in mapped.problem()
    with pytest.raises(LatchError, match="short file"):
        MappedFile(path, RAISE_MAGIC, writable=False)


@pytest.mark.parametrize("at", range(HEADER_SIZE))
def test_header_when_any_byte_differs_then_refused(at: int) -> None:
    data = bytearray(pack_header(RAISE_MAGIC, 7, BOOK, b"n" * 16))
    parse_header(bytes(data), RAISE_MAGIC, "raise")
    data[at] ^= 1
    with pytest.raises(LatchError):
        parse_header(bytes(data), RAISE_MAGIC, "raise")


def test_slot_when_raised_again_after_a_release_then_open(tmp_path: Path) -> None:
    first, second = pack_word(1, 1, 0, 3), pack_word(2, 2, 0, 3)
    assert [is_open(first, 0), is_open(first, first), is_open(second, first), is_open(0, first)] == [
        True,
        False,
        True,
        False,
    ]


class Stale(Journal):
    """Looks for a free record with eyes of before another process wrote it."""

    blind = True

    def _first_free(self, start: int, size: int) -> int:
        if self.blind:
            self.blind = False
            return 1
        return super()._first_free(start, size)


def test_write_when_another_was_quicker_then_both_records_stand(tmp_path: Path) -> None:
    path = f"{tmp_path}/journal"
    journal.create(path, 8)
    quick, slow = Journal(path), Stale(path)
    for book, halt_id in ((quick, "a" * 32), (slow, "b" * 32)):
        book.append(Entry(HALT, halt_id, 5, scope="account", mode=3, source=1, actor="ann", word=9, slot=4))
        book.close()
    assert [entry.halt_id for entry in journal.read(path)[0]] == ["a" * 32, "b" * 32]
    assert Path(path).stat().st_size % RECORD == 0


def test_body_when_the_slot_has_another_word_by_now_then_unreadable() -> None:
    word, later = pack_word(1, 1, 0, 3), pack_word(2, 1, 0, 3)
    body = pack_body(word, b"i" * 16, 5, 1, 0, 0, 3, 0)
    assert SlotBody(4, word, 0, body).halt_id == (b"i" * 16).hex()
    assert (SlotBody(4, later, 0, body).ok, SlotBody(4, later, 0, body).halt_id) == (False, "")
