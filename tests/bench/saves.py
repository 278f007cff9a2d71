"""A backup of a large store while the service samples: by how much the samples come late."""

import sqlite3
import time
from contextlib import closing

from controller.home import Home
from tests.bench.figures import Figure
from tests.bench.loads import LATE, lateness
from tests.bench.processes import gt, ready_service
from tests.support.service import Service, until

_ROW = 1 << 20


def backup(mebibytes: int) -> list[Figure]:
    """``gt risk db backup`` of a store of so many MiB, the service running."""
    with ready_service() as service:
        service.must("service", "stop")
        _fill(Home(service.home), mebibytes)
        service.must("service", "start")
        until(lambda: service.gt("status").code == 0, "the service is well again")
        since = time.time_ns()
        run = gt(service, "db", "backup", "--json")
        until_ns = time.time_ns()
        late = lateness(service, since, until_ns)
        size = _stored(service)
    note = f"whole backup {run.ms / 1e3:.0f} s, {size >> 20} MiB, most of it in rows of 1 MiB"
    name = f"backup of a {mebibytes} MiB store"
    return [Figure.of(f"{name}: sample late by", "ms", late, LATE, note=note)]


def _fill(home: Home, mebibytes: int) -> None:
    """Rows that no command reads, as large as the store is to become."""
    rows = (
        (f"{number:064x}", number, "", "bench", f"{number:x}" * (_ROW // len(f"{number:x}")))
        for number in range(mebibytes)
    )
    with closing(sqlite3.connect(home.store)) as connection, connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.executemany(
            "INSERT INTO plans (digest, at_ns, target, outcome, document) VALUES (?, ?, ?, ?, ?)", rows
        )
    with closing(sqlite3.connect(home.store)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _stored(service: Service) -> int:
    return sum(path.stat().st_size for path in Home(service.home).backups.rglob("store.db"))
