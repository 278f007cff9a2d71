"""Whatever is done to the audit table or its head behind the store's back is found by verify."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.adapters.store.chain import Head
from controller.adapters.store.head import SIZE, HeadFile, write_head
from controller.adapters.store.sql import SqlStore
from schemas.audit import GENESIS, AuditEntry, chain_hash
from tests.support.stores import entry, sqlite

RECORDS = 8
COLUMNS = [*AuditEntry.model_fields, "seq", "previous", "hash"]
NUMBERS = {"seq", "at_ns", "intent"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    opened = sqlite(tmp_path)
    for number in range(1, RECORDS + 1):
        kind = "intent" if number == 3 else "fact"
        opened.append_audit(entry(number, reason=f"because {number}", before="15%", after="20%", kind=kind))
    yield opened
    opened.close()


@contextmanager
def tampering(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection without the triggers; what it did is undone afterwards, so that examples do not add up."""
    with closing(sqlite3.connect(folder / "store.db", isolation_level=None)) as connection:
        before = connection.execute("SELECT * FROM audit").fetchall()
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        try:
            yield connection
        finally:
            connection.execute("DELETE FROM audit")
            marks = ",".join("?" * len(before[0]))
            connection.executemany(f"INSERT INTO audit VALUES ({marks})", before)
            for _, sql in triggers:
                connection.execute(sql)


@given(seq=st.integers(1, RECORDS), column=st.sampled_from(COLUMNS), data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_verify_when_any_field_is_changed_then_finds_the_record(
    store: SqlStore, tmp_path: Path, seq: int, column: str, data: st.DataObject
) -> None:
    with tampering(tmp_path) as connection:
        old = connection.execute(f'SELECT "{column}" FROM audit WHERE seq = ?', (seq,)).fetchone()[0]
        new = data.draw(_other(old))
        connection.execute(f'UPDATE OR REPLACE audit SET "{column}" = ? WHERE seq = ?', (new, seq))
        report = store.verify_audit()
    assert not report.ok
    first = min(seq, new) if column == "seq" and isinstance(new, int) and new > 0 else seq
    assert 1 <= report.bad_seq <= first
    assert column == "seq" or report.bad_seq == seq
    assert report.problem


def _other(old: object) -> st.SearchStrategy[object]:
    """Another value: one byte of a text changed, added or taken away, its type changed; any other number."""
    if isinstance(old, int):
        return st.one_of(st.integers(-(2**62), 2**62), st.integers(-3, 12)).filter(lambda value: value != old)
    assert isinstance(old, str)
    ends = st.sampled_from([old + "0", old[:-1], old.upper() + " ", old.encode(), f" {old}"])
    flips = [old[:place] + chr(ord(old[place]) ^ 1) + old[place + 1 :] for place in range(len(old))]
    return st.one_of(ends, st.sampled_from(flips) if flips else ends).filter(lambda value: value != old)


@given(gone=st.sets(st.integers(1, RECORDS), min_size=1))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_verify_when_records_are_deleted_then_names_the_first(store: SqlStore, tmp_path: Path, gone: set[int]) -> None:
    with tampering(tmp_path) as connection:
        connection.executemany("DELETE FROM audit WHERE seq = ?", [(seq,) for seq in gone])
        report = store.verify_audit()
    assert (report.ok, report.bad_seq) == (False, min(gone))


@given(order=st.permutations(range(1, RECORDS + 1)))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_verify_when_records_change_places_then_names_the_first(
    store: SqlStore, tmp_path: Path, order: list[int]
) -> None:
    with tampering(tmp_path) as connection:
        connection.execute("UPDATE audit SET seq = seq + 1000")
        connection.executemany(
            "UPDATE audit SET seq = ? WHERE seq = ?", [(n, o + 1000) for n, o in enumerate(order, 1)]
        )
        report = store.verify_audit()
    first = next((new for new, old in enumerate(order, 1) if new != old), 0)
    assert (report.ok, report.bad_seq) == (not first, first)


def test_verify_when_a_forged_record_is_added_then_found(store: SqlStore, tmp_path: Path) -> None:
    with tampering(tmp_path) as connection:
        columns = ", ".join(f'"{name}"' for name in COLUMNS if name != "seq")
        connection.execute(
            f"INSERT INTO audit (seq, {columns}) SELECT {RECORDS + 1}, {columns} FROM audit WHERE seq = 2"
        )
        assert store.verify_audit().bad_seq == RECORDS + 1


def _forge(connection: sqlite3.Connection, seq: int, actor: str, place: int, previous: str) -> str:
    """Rewrite record ``seq`` as a consistent record at ``place`` behind ``previous``; its new hash."""
    names = ", ".join(f'"{name}"' for name in AuditEntry.model_fields)
    values = connection.execute(f"SELECT {names} FROM audit WHERE seq = ?", (seq,)).fetchone()
    forged = AuditEntry.model_validate({**dict(zip(AuditEntry.model_fields, values, strict=True)), "actor": actor})
    digest = chain_hash(place, previous, forged)
    change = "UPDATE audit SET seq = ?, actor = ?, previous = ?, hash = ? WHERE seq = ?"
    connection.execute(change, (place, actor, previous, digest, seq))
    return digest


def _hash(connection: sqlite3.Connection, seq: int) -> str:
    return str(connection.execute("SELECT hash FROM audit WHERE seq = ?", (seq,)).fetchone()[0])


@pytest.mark.parametrize("seq", [1, 4, RECORDS])
def test_verify_when_a_record_is_replaced_by_a_consistent_one_then_found(
    store: SqlStore, tmp_path: Path, seq: int
) -> None:
    with tampering(tmp_path) as connection:
        _forge(connection, seq, "Eve", seq, _hash(connection, seq - 1) if seq > 1 else GENESIS)
        report = store.verify_audit()
    assert (report.ok, report.bad_seq) == (False, min(seq + 1, RECORDS))


def test_verify_when_chain_and_head_are_rewritten_around_a_gap_then_found(store: SqlStore, tmp_path: Path) -> None:
    with tampering(tmp_path) as connection:
        connection.execute("DELETE FROM audit WHERE seq = 4")
        digest = _hash(connection, 3)
        for seq in range(5, RECORDS + 1):
            digest = _forge(connection, seq, "Ada", seq, digest)
        with HeadFile(tmp_path / "audit.head", 1.0).locked() as descriptor:
            write_head(descriptor, Head(RECORDS, digest))
        report = store.verify_audit()
    assert (report.ok, report.bad_seq) == (False, 4)


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'Eve'", "DELETE FROM audit WHERE seq = 8"])
def test_audit_table_when_changed_by_sql_then_the_database_refuses(
    store: SqlStore, tmp_path: Path, statement: str
) -> None:
    with (
        closing(sqlite3.connect(tmp_path / "store.db")) as connection,
        pytest.raises(sqlite3.IntegrityError, match="audit is append-only"),
    ):
        connection.execute(statement)
    assert store.verify_audit().ok


@given(place=st.integers(0, SIZE - 1), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_verify_when_one_bit_of_the_head_is_changed_then_found(
    store: SqlStore, tmp_path: Path, place: int, bit: int
) -> None:
    head = tmp_path / "audit.head"
    before = head.read_bytes()
    changed = bytearray(before)
    changed[place] ^= 1 << bit
    head.write_bytes(changed)
    report = store.verify_audit()
    head.write_bytes(before)
    assert not report.ok
    assert report.bad_seq > 0


def _cut_tail(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "store.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER audit_no_delete")
        connection.execute("DELETE FROM audit WHERE seq > 5")


def _cut_all(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "store.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER audit_no_delete")
        connection.execute("DELETE FROM audit")


def _replace_newest(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "store.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute(f"UPDATE audit SET actor = 'Eve', hash = ? WHERE seq = {RECORDS}", ("e" * 64,))


@pytest.mark.parametrize(("tamper", "bad"), [(_cut_tail, 6), (_cut_all, 1), (_replace_newest, RECORDS)])
def test_append_after_tampering_then_the_proof_stays(
    store: SqlStore, tmp_path: Path, tamper: Callable[[Path], None], bad: int
) -> None:
    tamper(tmp_path)
    assert store.verify_audit().bad_seq == bad
    for number in range(9, 12):
        store.append_audit(entry(number))
        report = store.verify_audit()
        assert (report.ok, report.bad_seq) == (False, bad)


def test_append_when_the_head_is_lost_then_a_critical_record_says_so(store: SqlStore, tmp_path: Path) -> None:
    (tmp_path / "audit.head").unlink()
    assert not store.verify_audit().ok
    store.append_audit(entry(9))
    newest, lost, *_ = store.audit()
    assert (newest.entry, lost.entry.event, lost.entry.level) == (entry(9), "audit.head_lost", "critical")
    assert store.verify_audit().ok


def test_append_when_the_head_is_one_behind_then_repaired(store: SqlStore, tmp_path: Path) -> None:
    head = tmp_path / "audit.head"
    before = head.read_bytes()
    store.append_audit(entry(9))
    head.write_bytes(before)
    assert store.verify_audit().ok
    store.append_audit(entry(10))
    assert store.verify_audit().ok
    assert len(store.audit()) == RECORDS + 2


def test_verify_when_the_head_is_two_behind_then_reported_and_repaired_by_the_next(
    store: SqlStore, tmp_path: Path
) -> None:
    head = tmp_path / "audit.head"
    before = head.read_bytes()
    store.append_audit(entry(9))
    store.append_audit(entry(10))
    head.write_bytes(before)
    assert "2 records behind" in store.verify_audit().problem
    store.append_audit(entry(11))
    assert store.verify_audit().ok


def test_head_then_44_bytes_that_only_the_owner_can_read(store: SqlStore, tmp_path: Path) -> None:
    status = (tmp_path / "audit.head").stat()
    assert (status.st_size, status.st_mode & 0o777) == (SIZE, 0o600)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
