"""The audit chain in SQL."""

import threading
from collections.abc import Collection, Sequence
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import Connection, RowMapping, Select, select

from controller.adapters.store import chain, rows
from controller.adapters.store.chain import EMPTY, Head
from controller.adapters.store.database import Database
from controller.adapters.store.dialect import BUSY_SECONDS
from controller.adapters.store.head import HeadFile, read_head, write_head
from controller.adapters.store.tables import audit
from controller.errors import StoreUnavailable
from schemas.audit import AuditEntry, AuditRecord, ChainReport

_PAGE = 1_000


class AuditLog:
    """Appends under the head file's lock; the table's own triggers refuse any other change."""

    def __init__(self, database: Database, head_path: Path) -> None:
        self._database = database
        self._head = HeadFile(head_path, BUSY_SECONDS)
        self._appending = threading.Lock()

    def append(self, entry: AuditEntry) -> AuditRecord:
        """Append durably: table first, then head.

        A log that does not fit its head keeps the proof of that: what was cut or changed leaves a gap or a broken
        link in front of the new record, and a lost head gets a record of its own.
        """
        with self._appending, self._head.locked() as descriptor:
            with self._database.write() as connection:
                head = read_head(descriptor)
                last = _ground(connection, head)
                if head is None or (head == EMPTY and last.seq > 1):
                    last = _insert(connection, _head_lost(entry, last), last)
                record = rows.to_record(entry, last)
                connection.execute(audit.insert(), rows.from_record(record))
            write_head(descriptor, Head(record.seq, record.hash))
            return record

    def find(self, event: str, actor: str, level: str, since_ns: int, limit: int) -> Sequence[AuditRecord]:
        """Newest first."""
        statement = select(audit).order_by(audit.c.seq.desc()).limit(limit)
        if event:
            statement = statement.where(audit.c.event.startswith(event, autoescape=True))
        for column, value in ((audit.c.actor, actor), (audit.c.level, level)):
            statement = statement.where(column == value) if value else statement
        return self._records(statement.where(audit.c.at_ns >= since_ns))

    def after(self, seq: int, limit: int) -> Sequence[AuditRecord]:
        """Records behind ``seq``, oldest first."""
        return self._records(select(audit).where(audit.c.seq > seq).order_by(audit.c.seq).limit(limit))

    def open_intents(self) -> Sequence[AuditRecord]:
        """Intents without an outcome, oldest first."""
        closed = audit.alias()
        outcome = select(closed.c.seq).where(closed.c.kind == "outcome", closed.c.intent == audit.c.seq)
        statement = select(audit).where(audit.c.kind == "intent", ~outcome.exists()).order_by(audit.c.seq)
        return self._records(statement)

    def audited(self, audit_ids: Collection[str]) -> frozenset[str]:
        """Those of ``audit_ids`` that some record carries."""
        wanted, found = list(audit_ids), set[str]()
        with self._database.read() as connection:
            for start in range(0, len(wanted), _PAGE):
                some = audit.c.audit_id.in_(wanted[start : start + _PAGE])
                found.update(connection.scalars(select(audit.c.audit_id).where(some)))
        return frozenset(found)

    def verify(self) -> ChainReport:
        """Walk the chain against the head; appends go on meanwhile."""
        with self._database.read() as connection:
            with self._head.locked() as descriptor:
                head = read_head(descriptor)
                statement = select(audit).order_by(audit.c.seq).execution_options(yield_per=_PAGE)
                result = connection.execute(statement)
            return chain.verify_chain((rows.as_link(row) for row in result.mappings()), head)

    def _records(self, statement: Select[tuple[object, ...]]) -> Sequence[AuditRecord]:
        with self._database.read() as connection:
            return [_readable(row) for row in connection.execute(statement).mappings()]


def _readable(row: RowMapping) -> AuditRecord:
    try:
        return rows.as_record(row)
    except ValidationError as error:
        raise StoreUnavailable(f"audit record {row['seq']} is damaged", hint="gt risk audit verify") from error


def _ground(connection: Connection, head: Head | None) -> Head:
    """What the next record stands on: the newest record, or the head where the table does not fit it."""
    newest = select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
    found = connection.execute(newest).first()
    last = Head(found.seq, found.hash) if found else EMPTY
    if head is None or head in (last, EMPTY):
        return last
    at_head = connection.execute(select(audit.c.hash).where(audit.c.seq == head.seq)).scalar()
    return last if at_head == head.hash else Head(max(head.seq, last.seq), head.hash)


def _head_lost(entry: AuditEntry, last: Head) -> AuditEntry:
    return AuditEntry(
        at_ns=entry.at_ns,
        event="audit.head_lost",
        actor="gt-risk",
        channel="controller",
        level="critical",
        details=f"audit.head was missing or damaged behind record {last.seq}: records after it may have been cut",
    )


def _insert(connection: Connection, entry: AuditEntry, last: Head) -> Head:
    record = rows.to_record(entry, last)
    connection.execute(audit.insert(), rows.from_record(record))
    return Head(record.seq, record.hash)
