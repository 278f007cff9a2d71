"""The halt journal: durable, shared, and readable whatever happened to its end."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.latch import journal
from controller.latch.journal import Journal, fold, read, read_home
from controller.latch.journal_record import HALT, REASON, RECORD, RELEASED, Entry, pack, parse
from controller.latch.raising import try_lock
from tests.support.opened import until_the_end

ID, OTHER = "ab" * 16, "cd" * 16
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=900)


def halt_entry(halt_id: str = ID, text: str = "") -> Entry:
    return Entry(HALT, halt_id, 5, scope="account", mode=3, source=1, actor="ann", text=text, word=9, slot=4)


@pytest.fixture
def path(tmp_path: Path) -> str:
    journal.create(f"{tmp_path}/journal", 8)
    return f"{tmp_path}/journal"


@given(TEXT, st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12))
def test_pack_when_any_text_then_the_pieces_make_it_again(text: str, actor: str) -> None:
    entry = halt_entry(text=text)
    entry.actor = actor
    records = pack(entry)
    parsed = [parse(record) for record in records]
    assert all(len(record) == RECORD for record in records)
    assert "".join(item.text for item in parsed if item is not None) == text
    first = parsed[0]
    assert first is not None
    shown = (first.kind, first.halt_id, first.wall_ns, first.scope, first.mode, first.source, first.word, first.slot)
    assert shown == (HALT, ID, 5, "account", 3, 1, 9, 4)
    assert first.actor == actor


@given(st.integers(0, RECORD - 1), st.integers(1, 255))
def test_parse_when_a_byte_changes_then_damaged(at: int, flip: int) -> None:
    record = bytearray(pack(halt_entry())[0])
    record[at] ^= flip
    assert parse(bytes(record)) is None


def test_read_when_written_then_folded_with_the_last_reason_and_releases(path: str) -> None:
    book = until_the_end(Journal(path))
    book.append(halt_entry(text="first"))
    book.append(Entry(REASON, ID, 6, text="better " * 100))
    book.append(halt_entry(OTHER))
    book.append(Entry(RELEASED, OTHER, 8, text="c" * 40))
    book.close()
    entries, problems = read(path)
    halts = fold(entries)
    assert problems == []
    assert (halts[ID].reason, halts[ID].released, halts[ID].opened_ns) == ("better " * 100, False, 5)
    assert (halts[OTHER].reason, halts[OTHER].released) == ("", True)


def test_write_when_full_then_it_grows(path: str) -> None:
    book = until_the_end(Journal(path))
    for number in range(20):
        book.write(halt_entry(f"{number:032x}"))
    assert len(fold(read(path)[0])) == 20


def test_write_when_a_record_is_locked_by_a_stopped_halter_then_takes_the_next(path: str) -> None:
    stopped = os.open(path, os.O_RDWR)
    assert try_lock(stopped, RECORD, RECORD)
    until_the_end(Journal(path)).append(halt_entry())
    assert Path(path).read_bytes()[RECORD : 2 * RECORD] == bytes(RECORD)
    assert list(fold(read(path)[0])) == [ID]
    os.close(stopped)


def test_reserve_when_little_is_left_then_allocates_and_keeps_what_is_there(path: str) -> None:
    book = until_the_end(Journal(path))
    book.append(halt_entry())
    book.reserve(100)
    assert Path(path).stat().st_size // RECORD >= 101
    assert Path(path).stat().st_blocks * 512 >= 100 * RECORD
    assert list(fold(read(path)[0])) == [ID]
    journal.probe(path, 77)
    assert read(path)[1] == []


def tear_tail(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"half")


def spoil_record(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(2 * RECORD + 100)
        file.write(b"\xff\xff")


def spoil_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"????")


@pytest.mark.parametrize(
    ("damage", "problem", "left"),
    [
        (tear_tail, "journal: damaged in its torn end (", 3),
        (spoil_record, "journal: damaged in record 2 (", 2),
        (spoil_header, "journal: damaged in its header (", 3),
        (Path.unlink, "journal: missing", 0),
    ],
)
def test_read_when_damaged_then_says_so_and_keeps_the_rest(
    path: str, damage: Callable[[Path], None], problem: str, left: int
) -> None:
    book = until_the_end(Journal(path))
    for number in range(3):
        book.append(halt_entry(f"{number:032x}"))
    damage(Path(path))
    entries, problems = read(path)
    assert len(entries) == left
    assert len(problems) == 1
    assert problem in problems[0]


def test_record_when_the_journal_cannot_be_written_then_boot_finds_it_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    written, problem = journal.record(str(tmp_path), halt_entry())
    assert written is not None
    written.close()
    (tmp_path / "journal").rmdir()
    journal.create(f"{tmp_path}/journal")
    entries, problems = read_home(str(tmp_path))
    assert list(fold(entries)) == [ID]
    assert "recorded in" in problem
    assert len(problems) == 1


WRITER = """
import sys
from controller.latch.journal import Journal
from controller.latch.journal_record import HALT, Entry
book = Journal(sys.argv[1])
for number in range(200):
    book.write(Entry(HALT, f"{int(sys.argv[2]) * 1000 + number:032x}", 1, scope="account", mode=3))
"""


@pytest.mark.process
def test_write_when_several_processes_write_then_every_record_is_there(path: str) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path, str(number)]) for number in range(4)]
    assert [writer.wait(30) for writer in writers] == [0] * 4
    entries, problems = read(path)
    assert problems == []
    assert len({entry.halt_id for entry in entries}) == 800
