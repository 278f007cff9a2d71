import os
import signal
import subprocess
import sys
from collections import deque
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.adapters.venues import paper as paper_module
from controller.adapters.venues.durability import Journal, JournalBusy, JournalDamaged
from controller.adapters.venues.paper import PaperVenue
from controller.gate.venue import VenueBook
from tests.support.opened import until_the_end
from tests.support.paper import COSTLY, UID, feed_of, next_session, open_paper, order

FEED = feed_of({"AAA": [10.0, 11.0, 9.0, 12.0, 8.0, 10.0, 11.0], "BBB": [20.0, 18.0, 21.0, 19.0, 22.0, 20.0, 20.0]})


def act(venue: PaperVenue, step: int) -> None:
    """A little story, one action a step; the same story for the same steps."""
    match step % 5:
        case 0:
            next_session(venue)
        case 1:
            venue.submit(order(step, 1, 150, "AAA"))
        case 2:
            venue.submit(order(step, 1, 50, "BBB", type="limit", limit=19_500_000))
        case 3:
            venue.submit(order(step, -1, 20, "AAA"))
        case _:
            venue.set_status(UID, "active") if step % 2 else venue.cancel(f"g{step - 2}")


def story(folder: Path, steps: int = 24) -> list[VenueBook]:
    """The books after each journal record of the story, the empty folder's first."""
    venue = open_paper(folder, FEED, COSTLY)
    books = [deepcopy(venue.book())]
    for step in range(steps):
        act(venue, step)
        books.append(deepcopy(venue.book()))
    venue.close()
    return books


def test_second_opening_while_the_first_lives_then_refuses_and_changes_nothing(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FEED, COSTLY)
    next_session(venue)
    with pytest.raises(JournalBusy, match="another gate"):
        open_paper(tmp_path, FEED, COSTLY)
    next_session(venue)
    venue.close()
    assert open_paper(tmp_path, FEED, COSTLY).book() == venue.book()


def test_restart_when_clean_then_book_is_the_same(tmp_path: Path) -> None:
    books = story(tmp_path)
    assert open_paper(tmp_path, FEED, COSTLY).book() == books[-1]


def test_crash_at_any_byte_of_the_journal_then_book_of_the_last_whole_record(tmp_path: Path) -> None:
    books = story(tmp_path / "whole", 14)
    data = (tmp_path / "whole" / "journal-0").read_bytes()
    ends = [index + 1 for index, byte in enumerate(data) if byte == 10]
    cut_at = tmp_path / "cut"
    expected = _books_by_record(tmp_path / "records", data, ends)
    assert all(book in books for book in expected)
    assert expected[-1] == books[-1]
    for size in range(ends[0], len(data) + 1):
        _write(cut_at, data[:size])
        venue = open_paper(cut_at, FEED, COSTLY)
        whole = sum(end <= size for end in ends)
        assert venue.book() == expected[whole - 1], size
        venue.close()


def test_crash_at_every_record_then_the_rest_of_the_story_ends_in_the_same_book(tmp_path: Path) -> None:
    steps = 24
    final = story(tmp_path / "whole", steps)[-1]
    for crash in range(steps):
        folder = tmp_path / f"crash{crash}"
        venue = open_paper(folder, FEED, COSTLY)
        for step in range(crash):
            act(venue, step)
        venue.close()
        venue = open_paper(folder, FEED, COSTLY)
        for step in range(crash, steps):
            act(venue, step)
        assert _timeless(venue.book()) == _timeless(final)


def test_snapshot_when_taken_then_recovers_the_same_and_drops_older_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = story(tmp_path / "plain")[-1]
    monkeypatch.setattr(paper_module, "SNAPSHOT_RECORDS", 4)
    assert story(tmp_path / "snap")[-1] == plain
    names = sorted(path.name for path in (tmp_path / "snap").iterdir() if path.name != "lock")
    assert len(names) == 2
    assert names[0].startswith("journal-")
    assert names[1].startswith("snapshot-")
    again = open_paper(tmp_path / "snap", FEED, COSTLY)
    assert again.book() == plain
    assert again.lookup(UID, "c1") is not None


def test_crash_between_snapshot_and_cleanup_then_newest_snapshot_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal, "_drop_older", lambda self: None)
    monkeypatch.setattr(paper_module, "SNAPSHOT_RECORDS", 4)
    book = story(tmp_path)[-1]
    assert len(list(tmp_path.glob("snapshot-*"))) > 1
    assert open_paper(tmp_path, FEED, COSTLY).book() == book


def test_crash_while_writing_a_snapshot_then_the_old_one_counts(tmp_path: Path) -> None:
    book = story(tmp_path)[-1]
    (tmp_path / "snapshot.new").write_bytes(b"0000")
    (tmp_path / "journal-1").write_bytes(b"")
    assert open_paper(tmp_path, FEED, COSTLY).book() == book


def test_damage_before_the_last_record_then_refuses_and_changes_no_file(tmp_path: Path) -> None:
    story(tmp_path)
    path = tmp_path / "journal-0"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(JournalDamaged, match=r"journal-0: byte \d+: .*gt risk doctor"):
        open_paper(tmp_path, FEED, COSTLY)
    assert path.read_bytes() == data


def test_damaged_snapshot_then_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_module, "SNAPSHOT_RECORDS", 4)
    story(tmp_path)
    path = next(tmp_path.glob("snapshot-*"))
    path.write_bytes(path.read_bytes().replace(b'"cash":', b'"cash":1'))
    with pytest.raises(JournalDamaged, match="damaged snapshot"):
        open_paper(tmp_path, FEED, COSTLY)


def test_record_moved_within_the_journal_then_refuses(tmp_path: Path) -> None:
    story(tmp_path)
    path = tmp_path / "journal-0"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2], lines[3] = lines[3], lines[2]
    path.write_bytes(b"".join(lines))
    with pytest.raises(JournalDamaged):
        open_paper(tmp_path, FEED, COSTLY)


def test_other_prices_under_the_same_book_then_refuses(tmp_path: Path) -> None:
    story(tmp_path)
    with pytest.raises(ValueError, match="GT_RISK_DATA_DIR"):
        open_paper(tmp_path, feed_of({"CCC": [1.0] * 7}), COSTLY)


def test_initial_cash_when_book_exists_then_is_not_rebased(tmp_path: Path) -> None:
    book = story(tmp_path)[-1]
    assert until_the_end(PaperVenue(FEED, COSTLY, tmp_path, 7)).book().cash == book.cash


def test_no_cash_when_there_is_no_book_then_none_is_begun_and_when_there_is_one_then_read(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="holds a journal without a book"):
            PaperVenue(FEED, COSTLY, tmp_path / "none", 0)
    assert (tmp_path / "none" / "journal-0").read_bytes() == b""
    book = story(tmp_path / "kept")[-1]
    assert until_the_end(PaperVenue(FEED, COSTLY, tmp_path / "kept", 0)).book().cash == book.cash


def test_loss_of_power_at_any_byte_after_a_sync_then_no_number_that_was_told_is_used_for_another_fill(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "whole"
    venue = open_paper(folder, FEED, COSTLY)
    told = [(0, (folder / "journal-0").stat().st_size)]
    for step in range(14):
        act(venue, step)
        told.append((venue.book().durable, (folder / "journal-0").stat().st_size))
    data, log = (folder / "journal-0").read_bytes(), list(venue.book().fills)
    assert [number for number, _ in told[1:]] == sorted(number for number, _ in told[1:])
    assert 0 < told[-1][0] <= log[-1].fill.seq
    for size in range(told[0][1], len(data) + 1):
        (folder / "cut").mkdir(exist_ok=True)
        durable = max(number for number, written in told if written <= size)
        _write(folder / "cut", data[:size])
        again = open_paper(folder / "cut", FEED, COSTLY)
        book = again.book()
        assert list(book.fills) == log[: len(book.fills)], size
        assert durable <= book.durable == len(book.fills), size
        again.close()


def test_fills_when_the_disk_cannot_sync_then_are_not_told_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = open_paper(tmp_path, FEED, COSTLY)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", _broken_disk)
        for step in range(3):
            act(venue, step)
        next_session(venue)
        assert (venue.book().fills[-1].fill.seq, venue.book().durable) == (2, 0)
    next_session(venue)
    assert venue.book().durable == venue.book().fills[-1].fill.seq


def test_new_book_in_an_empty_folder_then_another_id_and_a_kept_one_keeps_its_own(tmp_path: Path) -> None:
    books = [until_the_end(PaperVenue(FEED, COSTLY, tmp_path / name, 7)).book().id for name in ("one", "two")]
    assert len({*books}) == 2
    assert {len(book) for book in books} == {32}
    venue = open_paper(tmp_path / "three", FEED, book="d" * 32)
    venue.close()
    assert open_paper(tmp_path / "three", FEED).book().id == "d" * 32


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), records=st.lists(st.dictionaries(st.text(max_size=5), st.integers()), max_size=12))
def test_journal_when_cut_anywhere_and_continued_then_keeps_a_prefix_and_the_new_records(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, records: list[dict[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal = _opened(folder)[0]
    for record in records:
        journal.append(record)
    journal.close()
    path = folder / "journal-0"
    size = data.draw(st.integers(0, path.stat().st_size))
    os.truncate(path, size)
    journal, kept = _opened(folder)
    assert kept == records[: len(kept)]
    journal.append({"new": 1})
    journal.close()
    assert _opened(folder)[1] == [*kept, {"new": 1}]


KILLED = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[3:]
from tests.controller.adapters.venues.test_venue_durability import FEED, act, COSTLY
from tests.support.paper import open_paper
from dataclasses import replace
venue = open_paper(Path(sys.argv[1]), FEED, replace(COSTLY, faults=(f"crash@{sys.argv[2]}",)))
for step in range(24):
    act(venue, step)
"""


@pytest.mark.process
@pytest.mark.parametrize("record", [1, 2, 7, 13])
def test_sigkill_right_after_a_record_then_the_record_is_kept(tmp_path: Path, record: int) -> None:
    root = str(Path(__file__).parents[4])
    command = [sys.executable, "-c", KILLED, str(tmp_path / "killed"), str(record), root]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    story(tmp_path / "whole")
    whole = (tmp_path / "whole" / "journal-0").read_bytes().splitlines(keepends=True)
    killed = (tmp_path / "killed" / "journal-0").read_bytes()
    assert killed == b"".join(whole[:record])
    _write(tmp_path / "prefix", killed)
    assert open_paper(tmp_path / "killed", FEED, COSTLY).book() == open_paper(tmp_path / "prefix", FEED, COSTLY).book()


def _broken_disk(_: int) -> None:
    raise OSError("input/output error")


def _opened(folder: Path) -> tuple[Journal, list[object]]:
    journal, kept = until_the_end(Journal(folder)), list[object]()
    journal.recover(kept.append, kept.append)
    return journal, kept


def _books_by_record(folder: Path, data: bytes, ends: list[int]) -> list[VenueBook]:
    books = []
    for end in ends:
        _write(folder, data[:end])
        venue = open_paper(folder, FEED, COSTLY)
        books.append(deepcopy(venue.book()))
        venue.close()
    return books


def _write(folder: Path, data: bytes) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "journal-0").write_bytes(data)


def _timeless(book: VenueBook) -> VenueBook:
    """Without wall times: the made-up clock of a reopened venue starts over."""
    ledgers = {uid: replace(ledger, last_trade_ns=0) for uid, ledger in book.ledgers.items()}
    fills = deque((item._replace(at_ns=0) for item in book.fills), book.fills.maxlen)
    return replace(book, ledgers=ledgers, fills=fills)
