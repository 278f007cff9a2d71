"""From a store that is being replaced into the one that replaces it: everything that must never go back."""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from controller.adapters.store.chain import EMPTY, HEAD_RULES, LINK_RULES, Head
from controller.adapters.store.snapshot import links

_MERGES = {
    "halts": "INSERT OR REPLACE INTO main.halts ({columns}) SELECT {columns} FROM old.halts",
    "peaks": "INSERT INTO main.peaks ({columns}) SELECT {columns} FROM old.peaks WHERE true"
    " ON CONFLICT (scope) DO UPDATE SET value = max(value, excluded.value)",
    **{
        table: f"INSERT OR REPLACE INTO main.{table} ({{columns}}) SELECT {{columns}} FROM old.{table}"
        for table in ("trials", "looks")
    },
    "revisions": "INSERT OR REPLACE INTO main.revisions ({columns}) SELECT {columns} FROM old.revisions",
}


@dataclass(slots=True)
class Carried:
    """``records``: audit records that came along; ``head``: the newest record then; ``lost``: what could not come,
    in words."""

    records: int = 0
    head: Head = EMPTY
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Witness:
    """What others than a store know: ``released`` halts, the commit that was ``applied`` last (empty: none is known),
    the ``head`` of the audit log (None: it is damaged)."""

    released: Collection[str]
    applied: str
    head: Head | None


def carry_over(into: Path, old: Path, witness: Witness) -> Carried:
    """Bring halts, peaks (the higher ones), revisions and the newer part of the audit log of ``old`` into the store
    ``into``.

    A release stays in ``into`` only when ``old`` has it too or the witness names it. What of ``old`` cannot be read is
    told, never guessed. Raises sqlite3.Error when ``into`` cannot be written.
    """
    carried = Carried()
    with closing(sqlite3.connect(f"file:{quote(str(into))}", uri=True, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        readable = _attach(connection, old, carried)
        connection.execute("BEGIN IMMEDIATE")
        if readable:
            for table in _MERGES:
                with _telling(carried, table):
                    columns = ", ".join(_shared(connection, table))
                    connection.execute(_MERGES[table].format(columns=columns))
        _drop_releases(connection, readable, witness.released, carried)
        _note_applied(connection, witness.applied)
        carried.head = _newest(connection)
        if readable:
            _carry_audit(connection, carried)
        connection.execute("COMMIT")
        at_head = _hash_at(connection, witness.head.seq if witness.head is not None else 0)
    found = next(filter(None, (rule(witness.head, carried.head, at_head) for rule in HEAD_RULES)), None)
    carried.lost += [found[1]] if found is not None else []
    return carried


def _attach(connection: sqlite3.Connection, old: Path, carried: Carried) -> bool:
    if not old.exists():
        carried.lost.append(f"{old} was missing")
        return False
    with _telling(carried, str(old)):
        connection.execute("ATTACH ? AS old", (f"file:{quote(str(old))}?mode=ro",))
        connection.execute("SELECT count(*) FROM old.sqlite_master").fetchone()
        return True
    return False


@contextmanager
def _telling(carried: Carried, what: str) -> Iterator[None]:
    """What is damaged in the old store ends the block and is told."""
    try:
        yield
    except sqlite3.Error as error:
        carried.lost.append(f"{what}: {error}")


def _shared(connection: sqlite3.Connection, table: str) -> list[str]:
    """Columns that both releases' table has."""
    old = {row["name"] for row in connection.execute(f"PRAGMA old.table_info({table})")}
    return [row["name"] for row in connection.execute(f"PRAGMA main.table_info({table})") if row["name"] in old]


def _drop_releases(connection: sqlite3.Connection, readable: bool, released: Collection[str], carried: Carried) -> None:
    known = set(released)
    if readable:
        with _telling(carried, "releases"):
            known |= {row[0] for row in connection.execute("SELECT halt_id FROM old.releases")}
    connection.execute("CREATE TEMP TABLE known (id TEXT PRIMARY KEY)")
    connection.executemany("INSERT INTO temp.known VALUES (?)", [(item,) for item in sorted(known)])
    connection.execute("DELETE FROM main.releases WHERE halt_id NOT IN (SELECT id FROM temp.known)")


def _note_applied(connection: sqlite3.Connection, commit: str) -> None:
    """Configuration is not restored: what was applied last stays what was applied last."""
    if commit:
        rows = [(name, commit) for name in ("last_applied", "last_known_good")]
        connection.executemany("INSERT OR REPLACE INTO main.revisions (name, commit_id) VALUES (?, ?)", rows)


def _newest(connection: sqlite3.Connection) -> Head:
    row = connection.execute("SELECT seq, hash FROM main.audit ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(row["seq"], row["hash"]) if row is not None else EMPTY


def _hash_at(connection: sqlite3.Connection, seq: int) -> str:
    row = connection.execute("SELECT hash FROM main.audit WHERE seq = ?", (seq,)).fetchone()
    return str(row["hash"]) if row is not None else EMPTY.hash


def _carry_audit(connection: sqlite3.Connection, carried: Carried) -> None:
    """Every record that continues the chain, up to the first that does not."""
    with _telling(carried, "audit"):
        last = carried.head
        same = connection.execute("SELECT hash FROM old.audit WHERE seq = ?", (last.seq,)).fetchone()
        if last != EMPTY and (same is None or same["hash"] != last.hash):
            carried.lost.append(f"the replaced audit log has another record {last.seq} than the backup")
            return
        for link in links(connection, last.seq, "old"):
            problem = next(filter(None, (rule(link, carried.head) for rule in LINK_RULES)), "")
            if problem:
                carried.lost.append(f"audit records from {carried.head.seq + 1} on: {problem}")
                return
            row = {"seq": link.seq, "previous": link.previous, "hash": link.hash, **link.fields}
            names, places = ", ".join(row), ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO main.audit ({names}) VALUES ({places})", tuple(row.values()))
            carried.head = Head(link.seq, link.hash)
            carried.records += 1
