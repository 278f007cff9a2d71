"""What ``gt risk db ping`` and ``db status`` tell, read from the files, service or not. Standard library only."""

import shutil
import time
from pathlib import Path
from typing import Any

from controller.adapters.store import migrations, sqlite_file
from controller.errors import GtRiskError, StoreUnavailable
from controller.home import Home
from controller.host import backups
from controller.settings import load

Document = dict[str, Any]


def ping(home: Home) -> Document:
    """Whether the store can be read and written now, and how fast (milliseconds). Raises StoreUnavailable."""
    if not home.store.exists():
        raise StoreUnavailable(f"{home.store} does not exist yet", hint="gt risk service start")
    begun = time.perf_counter()
    schema = sqlite_file.schema_of(home.store)
    read = time.perf_counter()
    sqlite_file.check_writable(home.store)
    ended = time.perf_counter()
    return {
        "store": str(home.store),
        "kind": "SQLite",
        "schema": schema,
        "read_ms": round((read - begun) * 1e3, 3),
        "write_ms": round((ended - read) * 1e3, 3),
    }


def status(home: Home, now_ns: int) -> Document:
    """Store, schema, backups, room; ``attention`` says what is not as it should be."""
    settings = load({"GT_RISK_HOME": str(home.root)}).backup
    found, broken = backups.listed(home)
    store, problems = _store(home)
    newest = found[0] if found else None
    saved = {
        "folder": str(home.backups),
        "every_hours": settings.every_hours,
        "keep_days": settings.keep_days,
        "count": len(found),
        "bytes": sum(item.bytes for item in found),
        "newest_age_seconds": None if newest is None else (now_ns - newest.at_ns) // 1_000_000_000,
        "backups": [item.document() for item in found],
    }
    late = backups.late(home, found, settings.every_hours, now_ns)
    return {
        "store": store,
        "backups": saved,
        "replaced": sorted(str(path) for path in home.replaced.glob("*")),
        "disk_free_bytes": shutil.disk_usage(home.root).free,
        "attention": [*problems, *([f"{late} (next: gt risk db backup)"] if late else []), *broken],
    }


def _store(home: Home) -> tuple[Document, list[str]]:
    document: Document = {"path": str(home.store), "bytes": _size(home.store), "wal_bytes": _size(_wal(home))}
    document |= {"schema": None, "schema_wanted": migrations.HEAD, "audit_records": None}
    if not home.store.exists():
        return document, [f"{home.store} does not exist yet (next: gt risk service start)"]
    try:
        document["schema"] = sqlite_file.schema_of(home.store)
        with sqlite_file.reading(home.store) as connection:
            document["audit_records"] = connection.execute("SELECT max(seq) FROM audit").fetchone()[0] or 0
        older = migrations.is_older(document["schema"], home.store)
    except GtRiskError as error:
        return document, [f"{error.message} (next: {error.hint})"]
    text = f"schema {document['schema']} is older than this release's {migrations.HEAD} (next: gt risk db migrate)"
    return document, [text] if older else []


def _wal(home: Home) -> Path:
    return home.store.with_name(f"{home.store.name}-wal")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
