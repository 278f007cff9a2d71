"""A SQLite store copied while it is in use, and its audit chain walked without opening it for writing."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from controller.adapters.store.chain import Link, verify_chain
from controller.adapters.store.head import SIZE, HeadFile, read_head
from controller.adapters.store.sqlite_file import BUSY_SECONDS, reading
from schemas.audit import ChainReport

STEP_PAGES = 256
"""1 MiB at SQLite's page size: a few milliseconds of disk."""
REST_SECONDS = 0.005
_CHAIN = frozenset({"seq", "previous", "hash"})


def copy(store: Path, head: Path, target: Path, target_head: Path, rest: float = REST_SECONDS) -> None:
    """Copy the store as it is at one moment into one file, and the audit head of that moment, while writers go on.

    The read snapshot is held, so no writer makes the copy begin anew. Each megabyte is on disk before the next, with
    ``rest`` seconds between, so that no writer's own sync waits behind a heap of dirty pages.
    Raises StoreUnavailable, OSError.
    """
    with ExitStack() as stack:
        with HeadFile(head, BUSY_SECONDS).locked() as descriptor:
            source = stack.enter_context(reading(store))
            newest = os.pread(descriptor, SIZE, 0)
        target.touch(mode=0o600, exist_ok=False)
        made = stack.enter_context(closing(sqlite3.connect(target, isolation_level=None)))
        made.execute("PRAGMA synchronous=OFF")
        with target.open("rb") as file:

            def step(*_: int) -> None:
                os.fdatasync(file.fileno())
                time.sleep(rest)

            source.backup(made, pages=STEP_PAGES, progress=step)
        made.execute("PRAGMA journal_mode=DELETE")
    target_head.touch(mode=0o600, exist_ok=False)
    target_head.write_bytes(newest)


def chain_of(store: Path, head: Path) -> ChainReport:
    """Walk the audit chain of a store against a head file. Raises StoreUnavailable."""
    with reading(store) as connection, HeadFile(head, BUSY_SECONDS).locked() as descriptor:
        return verify_chain(links(connection), read_head(descriptor))


def links(connection: sqlite3.Connection, after: int = 0, schema: str = "main") -> Iterator[Link]:
    """Audit records after number ``after``, ascending, as they lie in the table."""
    for row in connection.execute(f"SELECT * FROM {schema}.audit WHERE seq > ? ORDER BY seq", (after,)):
        fields = {name: row[name] for name in row.keys() if name not in _CHAIN}  # noqa: SIM118  # a Row yields values
        yield Link(row["seq"], row["previous"], row["hash"], fields)
