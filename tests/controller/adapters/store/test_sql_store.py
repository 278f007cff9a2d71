"""What is SQLite's own: schema and its history, files, and errors that say what to do."""

import fcntl
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event

from controller.adapters.store import document, migrations, tables
from controller.adapters.store.audit_log import AuditLog
from controller.adapters.store.database import Database, unavailable
from controller.adapters.store.dialect import dialect_of
from controller.adapters.store.head import HeadFile
from controller.errors import SettingsError, StoreUnavailable
from tests.support.stores import entry, sqlite

ROOT = Path(__file__).parents[4]


def test_open_when_new_then_schema_is_that_of_the_tables(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.db")
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
    database.close()


def test_note_times_then_told_of_each_transaction(tmp_path: Path) -> None:
    with closing(sqlite(tmp_path)) as store:
        told = list[tuple[float, str]]()
        store.note_times(lambda *found: told.append(found))
        store.append_audit(entry())
        store.audit()
        assert [kind for _, kind in told] == ["write", "read"] and all(seconds > 0 for seconds, _ in told)


def test_revisions_then_those_of_the_migrations() -> None:
    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert [item.revision for item in script.walk_revisions()] == list(reversed(migrations.REVISIONS))


def test_open_when_schema_is_current_then_alembic_is_not_imported(tmp_path: Path) -> None:
    sqlite(tmp_path).close()
    program = (
        "import sys; from tests.support.stores import sqlite; from pathlib import Path;"
        f"sqlite(Path({str(tmp_path)!r})).close(); print('alembic' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_open_when_a_newer_release_wrote_it_then_refused(tmp_path: Path) -> None:
    sqlite(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SettingsError, match="schema 9999, newer"):
        sqlite(tmp_path)


def test_open_then_every_commit_is_on_disk_and_files_are_private(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.db")
    with database.read() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    database.close()
    assert pragmas == ["wal", 2, 1, 5000]


def test_append_when_the_disk_is_full_then_unavailable_with_a_hint(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.db")
    database.close()

    def bound(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count=1")

    event.listen(database.engine, "connect", bound)
    log = AuditLog(database, tmp_path / "audit.head")
    with pytest.raises(StoreUnavailable, match="full") as caught:
        for number in range(1, 500):
            log.append(entry(number, details="x" * 4_000))
    assert caught.value.hint == f"df -h {tmp_path / 'store.db'}"
    assert log.verify().ok
    database.close()


def test_append_when_the_file_is_read_only_then_unavailable_with_a_hint(tmp_path: Path) -> None:
    sqlite(tmp_path).close()
    database = Database(f"sqlite:///file:{tmp_path / 'store.db'}?mode=ro&uri=true")
    with pytest.raises(StoreUnavailable, match="readonly") as caught:
        AuditLog(database, tmp_path / "audit.head").append(entry(1))
    assert caught.value.hint.startswith("ls -l ")
    database.close()


def test_open_when_the_file_is_no_database_then_unavailable(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"not a database" * 1_000)
    with pytest.raises(StoreUnavailable, match="not a database"):
        sqlite(tmp_path)


@pytest.mark.parametrize(("free", "said"), [(4096, True), (1 << 30, False)])
def test_unavailable_when_sqlite_blames_the_disk_then_no_space_is_told_only_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, said: bool
) -> None:
    monkeypatch.setattr("controller.adapters.store.database.shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    error = unavailable(str(tmp_path / "store.db"), "disk I/O error")
    assert ("no space left on the disk" in error.message, error.hint.startswith("df -h ")) == (said, said)
    assert str(tmp_path / "store.db") in error.message


def test_open_when_the_folder_is_missing_then_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="No such file"):
        sqlite(tmp_path / "missing")


def test_audit_when_a_record_is_unreadable_then_names_it_and_the_next_command(tmp_path: Path) -> None:
    store = sqlite(tmp_path)
    store.append_audit(entry(1))
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute("UPDATE audit SET level = 'loud'")
    with pytest.raises(StoreUnavailable, match="audit record 1 is damaged") as caught:
        store.audit()
    assert caught.value.hint == "gt risk audit verify"
    store.close()


def test_append_when_another_process_keeps_the_head_locked_then_gives_up_in_time(tmp_path: Path) -> None:
    path = tmp_path / "audit.head"
    with HeadFile(path, 0.05).locked() as holder:
        assert holder > 0
        with pytest.raises(StoreUnavailable, match=r"held the lock for 0\.05 s"), HeadFile(path, 0.05).locked():
            pytest.fail("the lock was taken twice")
    descriptor = os.open(path, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)


def test_dialect_when_unknown_then_says_what_is_known() -> None:
    with pytest.raises(ValueError, match="no store on 'mssql'"):
        dialect_of("mssql")


def test_schema_document_then_up_to_date() -> None:
    assert (ROOT / "docs" / "database" / "schema.md").read_text() == document.render()


def test_schema_document_then_every_column_has_a_meaning() -> None:
    columns = [column for table in tables.metadata.sorted_tables for column in table.columns]
    assert [column.name for column in columns if not column.comment] == []
