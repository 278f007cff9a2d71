"""The Store port on SQL: SQLite in one file, or any database that has a dialect."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from sqlalchemy import Connection, delete, func, select

from controller.adapters.store import merge, rows, tables
from controller.adapters.store.alert_sql import SqlAlerts
from controller.adapters.store.audit_log import AuditLog
from controller.adapters.store.database import Database
from controller.adapters.store.series import SeriesLog
from controller.adapters.store.trial_sql import SqlTrials
from schemas.audit import AuditEntry, AuditRecord, ChainReport
from schemas.halts import Halt
from schemas.live import Decision, FillView, LiveState, OrderView, PositionView
from schemas.plan import Plan
from schemas.status import Revision


class SqlStore:
    """The store at ``location`` (a path for SQLite, or an SQLAlchemy URL) with its audit head beside it.

    Opening an empty one makes its tables. Threads and processes may share one; every method is one transaction,
    durable when it returns. Raises StoreUnavailable with a hint; SettingsError when another release wrote it.
    """

    def __init__(self, location: str | Path, audit_head: Path) -> None:
        self._database = Database(location)
        self._audit = AuditLog(self._database, audit_head)
        self._series = SeriesLog(self._database)
        self.alerts = SqlAlerts(self._database)
        self.tests = SqlTrials(self._database)

    def note_times(self, noted: Callable[[float, str], None]) -> None:
        """Tell ``noted`` the seconds of each transaction from now on, and whether it was a ``read`` or a ``write``."""
        self._database.noted = noted

    def append_audit(self, entry: AuditEntry) -> AuditRecord:
        """Append to the chain."""
        return self._audit.append(entry)

    def audit(
        self, *, event: str = "", actor: str = "", level: str = "", since_ns: int = 0, limit: int = 50
    ) -> Sequence[AuditRecord]:
        """Newest first; ``event`` is a prefix."""
        return self._audit.find(event, actor, level, since_ns, limit)

    def audit_after(self, seq: int, limit: int) -> Sequence[AuditRecord]:
        """Records behind ``seq``, oldest first."""
        return self._audit.after(seq, limit)

    def verify_audit(self) -> ChainReport:
        """Recompute the whole chain against its head."""
        return self._audit.verify()

    def open_intents(self) -> Sequence[AuditRecord]:
        """Intents without an outcome, oldest first."""
        return self._audit.open_intents()

    def audited(self, audit_ids: Collection[str]) -> frozenset[str]:
        """Those of ``audit_ids`` that some record carries."""
        return self._audit.audited(audit_ids)

    def revision(self) -> Revision:
        """The last saved revision."""
        with self._database.read() as connection:
            found = connection.execute(select(tables.revisions.c.name, tables.revisions.c.commit_id))
            return rows.as_revision({name: commit for name, commit in found})

    def save_revision(self, revision: Revision) -> None:
        """Replace it."""
        statement = self._database.dialect.upsert(tables.revisions, "commit_id")
        with self._database.write() as connection:
            connection.execute(statement, rows.from_revision(revision))

    def save_plan(self, plan: Plan, at_ns: int, outcome: str) -> None:
        """Keep a plan under its digest."""
        statement = self._database.dialect.upsert(tables.plans, "at_ns", "outcome", "document")
        with self._database.write() as connection:
            connection.execute(statement, rows.from_plan(plan, at_ns, outcome))

    def plan(self, digest: str) -> Plan | None:
        """The plan kept under ``digest``."""
        with self._database.read() as connection:
            document = connection.scalar(select(tables.plans.c.document).where(tables.plans.c.digest == digest))
            return rows.as_plan(document) if document is not None else None

    def halts(self, *, only_open: bool = True) -> Sequence[Halt]:
        """Halts known to the store, oldest first."""
        statement = select(tables.halts).order_by(tables.halts.c.opened_ns, tables.halts.c.id)
        if only_open:
            statement = statement.where(tables.halts.c.id.not_in(select(tables.releases.c.halt_id)))
        with self._database.read() as connection:
            return [rows.as_halt(row) for row in connection.execute(statement).mappings()]

    def save_halt(self, halt: Halt) -> None:
        """Insert, or update the facts and the reason."""
        statement = self._database.dialect.upsert(
            tables.halts, "reason", "word", "slot", "durable", "adopted", "evidenced"
        )
        with self._database.write() as connection:
            found = connection.execute(select(tables.halts).where(tables.halts.c.id == halt.id)).mappings().first()
            merged = merge.halts(rows.as_halt(found), halt) if found else halt
            connection.execute(statement, rows.from_halt(merged))

    def release_halt(self, halt_id: str, at_ns: int, commit: str) -> None:
        """Mark released; the first release stays."""
        statement = self._database.dialect.upsert(tables.releases)
        with self._database.write() as connection:
            connection.execute(statement, {"halt_id": halt_id, "at_ns": at_ns, "commit_id": commit})

    def released(self) -> frozenset[str]:
        """Ids of all released halts."""
        with self._database.read() as connection:
            return frozenset(connection.scalars(select(tables.releases.c.halt_id)))

    def peaks(self) -> Mapping[str, int]:
        """High-water mark by scope."""
        with self._database.read() as connection:
            return {
                scope: value for scope, value in connection.execute(select(tables.peaks.c.scope, tables.peaks.c.value))
            }

    def save_peaks(self, peaks: Mapping[str, int]) -> None:
        """Upsert."""
        values = [{"scope": scope, "value": value} for scope, value in peaks.items()]
        if values:
            with self._database.write() as connection:
                connection.execute(self._database.dialect.upsert(tables.peaks, "value"), values)

    def add_samples(self, series: str, at_ns: int, market_time: str, values: Mapping[str, int]) -> None:
        """Append one row per key."""
        self._series.add(series, at_ns, market_time, values)

    def samples(self, series: str, key: str, since_ns: int, until_ns: int) -> Sequence[tuple[int, int]]:
        """(at_ns, value) oldest first, both ends included."""
        return self._series.read(series, key, since_ns, until_ns)

    def retain(self, now_ns: int) -> None:
        """Age a batch of each series; call it every minute."""
        self._series.retain(now_ns)

    def save_book(self, live: LiveState) -> None:
        """Keep the book as read."""
        with self._database.write() as connection:
            connection.execute(delete(tables.positions))
            if live.positions:
                held = [rows.from_position(position) for position in live.positions]
                connection.execute(tables.positions.insert(), held)
            known = _progress(connection, [order.order for order in live.orders])
            moved = [order for order in live.orders if known.get(order.order) != merge.progress(order)]
            if moved:
                upsert = self._database.dialect.upsert
                connection.execute(
                    upsert(tables.orders, *merge.Progress._fields), [rows.from_order(order) for order in moved]
                )

    def positions(self) -> Sequence[PositionView]:
        """Positions of the last book kept."""
        with self._database.read() as connection:
            statement = select(tables.positions).order_by(tables.positions.c.uid, tables.positions.c.symbol)
            return [rows.as_position(row) for row in connection.execute(statement).mappings()]

    def orders(self, uid: str = "", limit: int = 50) -> Sequence[OrderView]:
        """Orders, newest first."""
        statement = (
            select(tables.orders)
            .order_by(tables.orders.c.submitted_ns.desc(), tables.orders.c.order.desc())
            .limit(limit)
        )
        statement = statement.where(tables.orders.c.uid == uid) if uid else statement
        with self._database.read() as connection:
            return [rows.as_order(row) for row in connection.execute(statement).mappings()]

    def add_fills(self, book: str, logged: Iterable[FillView]) -> None:
        """Keep fills."""
        values = [rows.from_fill(book, fill) for fill in logged]
        if values:
            with self._database.write() as connection:
                connection.execute(self._database.dialect.upsert(tables.fills), values)

    def fills(self, book: str, uid: str = "", limit: int = 50, test: str = "") -> Sequence[FillView]:
        """Fills, newest first."""
        statement = select(tables.fills).where(tables.fills.c.book == book)
        statement = statement.order_by(tables.fills.c.seq.desc()).limit(limit)
        statement = statement.where(tables.fills.c.uid == uid) if uid else statement
        statement = statement.where(tables.fills.c.test == test) if test else statement
        with self._database.read() as connection:
            return [rows.as_fill(row) for row in connection.execute(statement).mappings()]

    def add_decisions(self, decided: Iterable[Decision]) -> None:
        """Keep gate decisions."""
        values = [rows.from_decision(decision) for decision in decided]
        if values:
            with self._database.write() as connection:
                connection.execute(self._database.dialect.upsert(tables.decisions), values)

    def decisions(self, limit: int = 50) -> Sequence[Decision]:
        """Newest first."""
        statement = (
            select(tables.decisions)
            .order_by(tables.decisions.c.at_ns.desc(), tables.decisions.c.seq.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [rows.as_decision(row) for row in connection.execute(statement).mappings()]

    def decided(self, since_ns: int) -> Mapping[str, int]:
        """Decisions about a limit by kind."""
        known = tables.decisions.c
        statement = (
            select(known.kind, func.count()).where(known.at_ns >= since_ns, known.limit != "").group_by(known.kind)
        )
        with self._database.read() as connection:
            return {kind: count for kind, count in connection.execute(statement)}

    def close(self) -> None:
        """Release connections; idempotent."""
        self._database.close()


def _progress(connection: Connection, ids: Sequence[str]) -> dict[str, merge.Progress]:
    columns = [tables.orders.c[name] for name in merge.Progress._fields]
    statement = select(tables.orders.c.order, *columns).where(tables.orders.c.order.in_(ids))
    return {order: merge.Progress(*values) for order, *values in connection.execute(statement)}
