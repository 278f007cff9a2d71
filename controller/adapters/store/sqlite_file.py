"""A SQLite store as a file, read without SQLAlchemy, migrations or pydantic: any schema, in milliseconds."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from controller.errors import StoreUnavailable

BUSY_SECONDS = 5.0


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection with rows by name, in one consistent snapshot.

    Raises StoreUnavailable for what is no store or is damaged, also out of the block.
    """
    try:
        uri = f"file:{quote(str(path))}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            yield connection
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{path}: {error}", hint="gt risk doctor") from error


def problem(store: Path) -> str:
    """Empty when SQLite finds the whole file in order, else what it says first."""
    try:
        with reading(store) as connection:
            found: str = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except StoreUnavailable as error:
        return error.message
    return "" if found == "ok" else f"{store}: {found}"


def schema_of(store: Path) -> str:
    """The schema's revision; empty for an empty database. Raises StoreUnavailable."""
    with reading(store) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "alembic_version" not in tables:
            return ""
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row is not None else ""


def check_writable(store: Path) -> None:
    """Take the writer's place and give it back, changing nothing. Raises StoreUnavailable."""
    try:
        uri = f"file:{quote(str(store))}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{store}: {error}", hint=f"ls -l {store}") from error
