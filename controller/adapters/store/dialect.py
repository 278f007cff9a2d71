"""What differs between databases, and nothing else does: transactions, upserts, append-only tables.

PostgreSQL is a second class here (``LOCK TABLE``, a trigger function) and a line in :func:`dialect_of`.
"""

import os
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Table, case, event
from sqlalchemy.dialects import sqlite

BUSY_SECONDS = 5.0
_PRAGMAS = (
    f"PRAGMA busy_timeout={round(BUSY_SECONDS * 1000)}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)


class Dialect(Protocol):
    """One kind of database."""

    def prepare(self, engine: Engine) -> None:
        """Set up ``engine``'s connections so that a transaction opened with option ``writes`` is the only writer."""
        ...

    def upsert(self, table: Table, *changed: str, least: str = "", greatest: str = "") -> Any:
        """INSERT that updates the columns ``changed`` of a row that exists; without any it leaves the row alone.

        Column ``least`` takes the smaller of old and new, ``greatest`` the larger.
        """
        ...

    def append_only(self, table: str) -> tuple[str, ...]:
        """Statements that make the database refuse UPDATE and DELETE on ``table``."""
        ...


class SqliteDialect:
    """SQLite: WAL, every commit on disk when it returns, writers one after the other."""

    def prepare(self, engine: Engine) -> None:
        """Pragmas per connection; explicit BEGIN, IMMEDIATE for writers."""
        event.listen(engine, "connect", _connect)
        event.listen(engine, "begin", _begin)

    def upsert(self, table: Table, *changed: str, least: str = "", greatest: str = "") -> Any:
        """INSERT … ON CONFLICT on the primary key."""
        statement = sqlite.insert(table)
        if not changed:
            return statement.on_conflict_do_nothing()
        new, old = statement.excluded, table.c
        values: dict[str, Any] = {name: new[name] for name in changed}
        if least:
            values[least] = case((new[least] < old[least], new[least]), else_=old[least])
        if greatest:
            values[greatest] = case((new[greatest] > old[greatest], new[greatest]), else_=old[greatest])
        return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=values)

    def append_only(self, table: str) -> tuple[str, ...]:
        """Two triggers."""
        return tuple(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for verb in ("UPDATE", "DELETE")
        )


def dialect_of(name: str) -> Dialect:
    """The dialect for SQLAlchemy's backend ``name``. Raises ValueError for one that is not supported."""
    if name == "sqlite":
        return SqliteDialect()
    raise ValueError(f"no store on {name!r}: use a path or sqlite:///path")


def sqlite_url(path: Path) -> str:
    """URL of the file at ``path``, which is created with mode 0600 (``-wal`` and ``-shm`` take it over)."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    return f"sqlite:///{path}"


def _connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
