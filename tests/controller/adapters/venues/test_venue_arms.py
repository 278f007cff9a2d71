"""Arms of A/B tests in the paper venue's books: through its journal, its snapshot, and books from before."""

import json
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from controller.adapters.venues import codec
from controller.adapters.venues.paper import PaperVenue
from controller.gate.label import UNLABELLED, Label
from controller.gate.venue import LoggedShadow, Shadow
from tests.support.paper import UID, Clock, feed_of, next_session, open_paper, order

FLAT = feed_of({"AAA": [10.0] * 12, "BBB": [20.0] * 12, "SPX": [1_000.0] * 12})
A, B = Label("A", "t-1", 0), Label("B", "t-1", 2)
SHADOW = Shadow(UID, "t-1", 0, "2020-01-01", 5, -7)


def labels(venue: PaperVenue) -> list[tuple[int, Label]]:
    return [(item.position, item.label) for item in venue.book().fills]


def test_fill_of_an_order_in_no_arm_then_is_of_the_arm_whose_position_it_changes(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FLAT)
    next_session(venue)
    venue.submit(order(1, quantity=10, label=B))
    next_session(venue)
    venue.submit(order(2, quantity=5, label=A))
    venue.submit(order(3, -1, quantity=6))
    next_session(venue)
    assert venue.book().holdings[UID, "AAA"].label == B
    venue.submit(order(4, -1, quantity=9, label=A))
    next_session(venue)
    assert labels(venue) == [(10, B), (15, B), (9, B), (0, B)]
    venue.submit(order(5, quantity=1))
    next_session(venue)
    assert labels(venue)[-1] == (1, UNLABELLED)


@pytest.mark.parametrize("records", [3, 4_096], ids=["snapshot", "journal"])
def test_book_with_arms_when_reopened_then_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, records: int
) -> None:
    monkeypatch.setattr("controller.adapters.venues.paper.SNAPSHOT_RECORDS", records)
    venue = open_paper(tmp_path, FLAT)
    next_session(venue)
    venue.submit(order(1, label=B))
    venue.note_shadow(SHADOW)
    next_session(venue)
    venue.note_shadow(SHADOW._replace(market_time="2020-01-02"))
    venue.submit(order(2, symbol="BBB", label=A))
    before = venue.book()
    venue.close()
    after = open_paper(tmp_path, FLAT).book()
    assert after == before
    assert after.holdings[UID, "AAA"].label == B
    assert [item.label for item in after.orders.values()] == [A]
    assert after.shadows[0] == LoggedShadow(1, SHADOW)
    assert after.spans == {(UID, "t-1", 0): ("2020-01-01", "2020-01-02")}
    assert after.durable_shadow == 2


def test_shadow_session_when_not_synced_then_is_not_durable_before_the_next_sync(tmp_path: Path) -> None:
    clock = Clock()
    venue = open_paper(tmp_path, FLAT, clock=clock)
    venue.note_shadow(SHADOW)
    assert venue.book().durable_shadow == 0
    next_session(venue)
    clock.now += 2.0
    next_session(venue)
    assert venue.book().durable_shadow == 1


def as_before(folder: Path, change: Any) -> None:
    """Rewrite the journal as a release without arms wrote it."""
    (path,) = folder.glob("journal-*")
    crc, lines = int(path.name.rpartition("-")[2]), []
    for line in path.read_bytes().splitlines():
        text = json.dumps(change(json.loads(line[9:])), separators=(",", ":")).encode()
        crc = crc32(text, crc)
        lines.append(b"%08x %s\n" % (crc, text))
    path.write_bytes(b"".join(lines))


def test_journal_from_before_there_were_arms_then_reads_as_unlabelled(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FLAT)
    next_session(venue)
    venue.submit(order(1))
    next_session(venue)
    before = venue.book()
    venue.close()
    as_before(tmp_path, lambda record: {**record, "o": record["o"][:-1]} if record["k"] == "new" else record)
    after = open_paper(tmp_path, FLAT).book()
    assert after == before
    assert after.closed[0].label is not None
    assert labels(open_again(tmp_path)) == [(10, UNLABELLED)]


def open_again(folder: Path) -> PaperVenue:
    (folder / "lock").unlink()
    return open_paper(folder, FLAT)


def test_snapshot_from_before_there_were_arms_then_reads_as_unlabelled(tmp_path: Path) -> None:
    venue = open_paper(tmp_path, FLAT)
    next_session(venue)
    venue.submit(order(1))
    next_session(venue)
    values = json.loads(json.dumps(codec.books_out(venue._books)))
    for name in ("shadows", "spans"):
        del values[name]
    values["fills"] = [[*fill, position, at_ns] for fill, position, at_ns, _ in values["fills"]]
    values["holdings"] = [held[:-1] for held in values["holdings"]]
    values["closed"] = [item[:-1] for item in values["closed"]]
    book = codec.books_in(values).book
    expected = venue.book()
    assert (book.holdings, book.fills, book.closed) == (expected.holdings, expected.fills, expected.closed)
    assert (book.spans, list(book.shadows)) == ({}, [])
