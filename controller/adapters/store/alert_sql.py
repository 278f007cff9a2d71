"""Alerts and their outbox in SQL."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, and_, case, delete, func, or_, select, update

from controller.adapters.store import alert_rows as rows
from controller.adapters.store.outbox_sql import SqlOutbox, by_id
from controller.adapters.store.tables import alert_channels, alert_marks, alerts, deliveries, silences
from controller.core.alerts.judge import REMIND_NS, Seen
from controller.core.alerts.machine import acknowledged
from controller.core.alerts.rules import PUSH
from schemas.alerting import SEVERITY, Alert, AlertState, Cursor, Load, Silence, Step

_STATES = {
    AlertState.OPEN: and_(alerts.c.resolved_ns == 0, alerts.c.acked_ns == 0),
    AlertState.ACKED: and_(alerts.c.resolved_ns == 0, alerts.c.acked_ns != 0),
    AlertState.RESOLVED: alerts.c.resolved_ns != 0,
}


class SqlAlerts(SqlOutbox):
    """:class:`controller.alert_ports.AlertStore` beside everything else in the store's database."""

    def cursor(self) -> Cursor:
        """How far the facts were judged."""
        with self._database.read() as connection:
            marks = _marks(connection)
            return Cursor(**{name: marks.get(name, 0) for name in Cursor.model_fields})

    def seen(self, fingerprints: Collection[str], now_ns: int, cooldown_ns: int) -> Seen:
        """Alerts by fingerprint and those that are due, silences, loads and failing channels."""
        with self._database.read() as connection:
            found = {item.id: item for item in _newest(connection, list(fingerprints))}
            found |= {item.id: item for item in _due(connection, now_ns, cooldown_ns)}
            newest = {item.fingerprint: item for item in sorted(found.values(), key=lambda item: item.id)}
            held = tuple(_silences(connection, now_ns))
            failing = connection.scalars(select(alert_channels.c.channel).where(alert_channels.c.failures > 0))
            return Seen(tuple(newest.values()), held, _load(connection, now_ns), frozenset(failing))

    def keep(self, steps: Sequence[Step], cursor: Cursor, now_ns: int) -> None:
        """Everything in one transaction."""
        with self._database.write() as connection:
            marks = _marks(connection)
            change = marks.get("change", 0)
            sends = []
            for step in steps:
                change += 1
                id = _put(connection, step.alert, change)
                sends += [rows.from_send(step.alert, id, send, now_ns) for send in step.sends]
            if sends:
                connection.execute(deliveries.insert(), sends)
            self._mark(connection, {**cursor.model_dump(), "change": change}, marks)

    def _mark(self, connection: Connection, values: Mapping[str, int], known: Mapping[str, int]) -> None:
        moved = [{"name": name, "value": value} for name, value in values.items() if known.get(name) != value]
        if moved:
            connection.execute(self._database.dialect.upsert(alert_marks, "value"), moved)

    def alerts(
        self, *, level: str = "", source: str = "", state: str = "", since_ns: int = 0, limit: int = 50
    ) -> Sequence[Alert]:
        """Newest first."""
        statement = select(alerts).where(alerts.c.first_ns >= since_ns).order_by(alerts.c.id.desc()).limit(limit)
        for column, value in ((alerts.c.level, level), (alerts.c.source, source)):
            statement = statement.where(column == value) if value else statement
        statement = statement.where(_STATES[AlertState(state)]) if state else statement
        with self._database.read() as connection:
            return [rows.as_alert(row) for row in connection.execute(statement).mappings()]

    def counts(self, since_ns: int) -> Mapping[tuple[str, AlertState], int]:
        """By level and state."""
        state = case(
            (alerts.c.acked_ns != 0, AlertState.ACKED.value),
            (alerts.c.resolved_ns != 0, AlertState.RESOLVED.value),
            else_=AlertState.OPEN.value,
        )
        statement = (
            select(alerts.c.level, state, func.count())
            .where(alerts.c.first_ns >= since_ns)
            .group_by(alerts.c.level, state)
        )
        with self._database.read() as connection:
            return {(level, AlertState(name)): count for level, name, count in connection.execute(statement)}

    def alert(self, id: int) -> Alert | None:
        """One alert."""
        with self._database.read() as connection:
            return next(iter(by_id(connection, [id])), None)

    def changed(self, after: int, limit: int) -> Sequence[tuple[int, Alert]]:
        """What changed since."""
        statement = select(alerts).where(alerts.c.change > after).order_by(alerts.c.change).limit(limit)
        with self._database.read() as connection:
            return [(row["change"], rows.as_alert(row)) for row in connection.execute(statement).mappings()]

    def newest_change(self) -> int:
        """Number of the newest change."""
        with self._database.read() as connection:
            return _marks(connection).get("change", 0)

    def acknowledge(self, id: int, now_ns: int, actor: str, note: str) -> Alert:
        """A person has seen it."""
        with self._database.write() as connection:
            known = next(iter(by_id(connection, [id])), None)
            if known is None:
                raise KeyError(id)
            alert = acknowledged(known, now_ns, actor, note)
            marks = _marks(connection)
            change = marks.get("change", 0) + 1
            _put(connection, alert, change)
            self._mark(connection, {"change": change}, marks)
            return alert

    def silences(self, now_ns: int) -> Sequence[Silence]:
        """Those in force."""
        with self._database.read() as connection:
            return _silences(connection, now_ns)

    def add_silence(self, silence: Silence) -> Silence:
        """Keep it."""
        with self._database.write() as connection:
            made = connection.execute(silences.insert(), silence.model_dump(exclude={"id"})).inserted_primary_key
            return silence.model_copy(update={"id": made[0] if made else 0})

    def end_silence(self, id: int, now_ns: int) -> bool:
        """End it."""
        with self._database.write() as connection:
            its = and_(silences.c.id == id, silences.c.until_ns > now_ns)
            return connection.execute(update(silences).where(its).values(until_ns=now_ns)).rowcount > 0

    def forget(self, now_ns: int) -> None:
        """A batch of old ones."""
        old = select(alerts.c.id).where(alerts.c.resolved_ns.between(1, now_ns - rows.KEPT)).limit(rows.BATCH)
        with self._database.read() as connection:
            ids = list(connection.scalars(old))
        with self._database.write() as connection:
            connection.execute(delete(deliveries).where(deliveries.c.alert.in_(ids)))
            connection.execute(delete(alerts).where(alerts.c.id.in_(ids)))
            digests = and_(deliveries.c.alert == 0, deliveries.c.state == "sent")
            connection.execute(delete(deliveries).where(digests, deliveries.c.made_ns < now_ns - rows.KEPT))


def _marks(connection: Connection) -> dict[str, int]:
    return {name: value for name, value in connection.execute(select(alert_marks.c.name, alert_marks.c.value))}


def _put(connection: Connection, alert: Alert, change: int) -> int:
    """Insert or update; the id."""
    row = rows.from_alert(alert, change)
    if alert.id:
        connection.execute(update(alerts).where(alerts.c.id == alert.id).values(row))
        return alert.id
    made = connection.execute(alerts.insert(), row).inserted_primary_key
    return int(made[0]) if made else 0


def _newest(connection: Connection, fingerprints: Sequence[str]) -> list[Alert]:
    found = []
    for start in range(0, len(fingerprints), rows.BATCH):
        some = alerts.c.fingerprint.in_(fingerprints[start : start + rows.BATCH])
        newest = select(func.max(alerts.c.id)).where(some).group_by(alerts.c.fingerprint)
        statement = select(alerts).where(alerts.c.id.in_(newest))
        found += [rows.as_alert(row) for row in connection.execute(statement).mappings()]
    return found


def _due(connection: Connection, now_ns: int, cooldown_ns: int) -> list[Alert]:
    """Every alert that stands, and the worst of those that may have to be sent again."""
    remind = [
        and_(
            alerts.c.severity == SEVERITY[level],
            *([] if level == "CRITICAL" else [alerts.c.reminded == 0]),
            ~alerts.c.sent_ns.between(now_ns - wait + 1, now_ns),
        )
        for level, wait in REMIND_NS.items()
    ]
    withheld = and_(alerts.c.withheld > 0, ~alerts.c.sent_ns.between(now_ns - cooldown_ns + 1, now_ns))
    again = select(alerts).where(_STATES[AlertState.OPEN], or_(withheld, *remind))
    again = again.order_by(alerts.c.severity.desc(), alerts.c.id).limit(rows.MOST_DUE)
    standing = select(alerts).where(alerts.c.resolved_ns == 0, alerts.c.standing == 1)
    return [rows.as_alert(row) for part in (again, standing) for row in connection.execute(part).mappings()]


def _silences(connection: Connection, now_ns: int) -> list[Silence]:
    statement = select(silences).where(silences.c.until_ns > now_ns).order_by(silences.c.until_ns, silences.c.id)
    return [rows.as_silence(row) for row in connection.execute(statement).mappings()]


def _load(connection: Connection, now_ns: int) -> dict[str, Load]:
    near = deliveries.c.made_ns.between(now_ns - rows.HOUR + 1, now_ns + rows.HOUR)
    again = and_(deliveries.c.critical == 1, deliveries.c.kind.in_(rows.AGAIN))
    statement = (
        select(deliveries.c.channel, func.count(), func.sum(case((again, 1), else_=0)))
        .where(deliveries.c.channel.in_(PUSH), near, deliveries.c.state.in_(("waiting", "sent", "lost")))
        .group_by(deliveries.c.channel)
    )
    return {channel: Load(sent=sent, critical=again) for channel, sent, again in connection.execute(statement)}
