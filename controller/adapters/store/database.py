"""Connections, transactions, schema version, and what their errors mean to an operator."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, exc, inspect, text

from controller.adapters.store import migrations
from controller.adapters.store.dialect import dialect_of, sqlite_url
from controller.errors import SettingsError, StoreUnavailable

_HINTS = (
    ("no space", "df -h {place}"),
    ("readonly", "ls -l {place}"),
    ("unable to open", "ls -ld {place}"),
    ("locked", "gt risk service status"),
)
_FEW_PAGES = 64 << 10


class Database:
    """One database. ``location`` is a path (SQLite) or an SQLAlchemy URL; an empty one gets its tables.

    ``noted`` is told how many seconds each transaction took, and whether it was a ``read`` or a ``write``.

    Threads may share it: readers go in parallel, writers of this process one after the other without spinning on
    the database's own lock. Raises StoreUnavailable; SettingsError when another release wrote it, an older one's only
    without ``upgrade`` (the caller has made a backup).
    """

    def __init__(self, location: str | Path, *, upgrade: bool = False) -> None:
        self.place = str(location)
        self.noted: Callable[[float, str], None] = lambda *_: None
        self._writer = threading.Lock()
        with self._translated():
            url = str(location) if "://" in str(location) else sqlite_url(Path(location))
            self.engine = create_engine(url)
            self.dialect = dialect_of(self.engine.dialect.name)
            self.dialect.prepare(self.engine)
            self._file: tuple[int, int] | None = None
            try:
                migrate(self, upgrade=upgrade)
            except BaseException:
                self.close()
                raise
        self._file = self._found()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent snapshot."""
        self._same()
        with self._timed("read"), self._translated(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """The only writer; durable when the block has ended, nothing has happened when it raises."""
        self._same()
        with (
            self._timed("write"),
            self._translated(),
            self._writer,
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """Close pooled connections; idempotent."""
        self.engine.dispose()

    def _found(self) -> tuple[int, int] | None:
        """(device, inode) of the database's file, None for a server's; (0, 0) when it is gone or empty."""
        if "://" in self.place:
            return None
        try:
            status = Path(self.place).stat()
        except FileNotFoundError:
            return 0, 0
        return (status.st_dev, status.st_ino) if status.st_size else (0, 0)

    def _same(self) -> None:
        """SQLite goes on in a file that nobody finds again: what it holds would be gone with this process."""
        if self._file is not None and self._found() != self._file:
            problem = f"{self.place} was removed, emptied or replaced while it was open"
            raise StoreUnavailable(problem, hint="gt risk service stop, then gt risk service start")

    @contextmanager
    def _timed(self, kind: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.noted(time.perf_counter() - began, kind)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (exc.IntegrityError, exc.ProgrammingError):
            raise
        except exc.DBAPIError as error:
            raise unavailable(self.place, str(error.orig)) from error
        except (exc.TimeoutError, OSError) as error:
            raise unavailable(self.place, str(error)) from error


def unavailable(place: str, problem: str) -> StoreUnavailable:
    """The error for ``problem`` at ``place``, with the command that helps. SQLite has several names for a full disk."""
    if "full" in problem or ("disk I/O error" in problem and _is_full(place)):
        problem = f"no space left on the disk ({problem})"
    hints = [hint for word, hint in _HINTS if word in problem]
    return StoreUnavailable(f"{place}: {problem}", hint=(hints or ["gt risk doctor"])[0].format(place=place))


def _is_full(place: str) -> bool:
    """Whether the file's disk has no room for another few pages."""
    try:
        return "://" not in place and shutil.disk_usage(Path(place).parent).free < _FEW_PAGES
    except OSError:
        return False


def migrate(database: Database, *, upgrade: bool) -> None:
    """Make the tables, or with ``upgrade`` bring them up to date; Alembic is imported only then. SettingsError."""
    with database.read() as connection:
        current = schema_version(connection)
    if current == migrations.HEAD:
        return
    if migrations.is_older(current, database.place) and not upgrade:
        message = f"{database.place} has schema {current}, this release needs {migrations.HEAD}"
        raise SettingsError(message, "gt risk db migrate")
    with database.write() as connection:
        migrations.upgrade(connection)


def schema_version(connection: Connection) -> str:
    """The schema's revision; empty for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""
