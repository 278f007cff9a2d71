"""The outbox in SQL: what is on its way, what waits for a digest, how each channel does."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, select, update

from controller.adapters.store import alert_rows as rows
from controller.adapters.store.database import Database
from controller.adapters.store.tables import alert_channels, alerts, deliveries
from schemas.alerting import Alert, ChannelHealth, Delivery, Digest, Held, Parcel
from schemas.alerts import AlertLevel


class SqlOutbox:
    """The deliveries of :class:`controller.alert_ports.AlertStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def held(self, now_ns: int, most: int) -> Sequence[Held]:
        """By channel, what is due."""
        due = and_(deliveries.c.state == "held", _is_due(now_ns))
        over = alerts.c.resolved_ns != 0
        counted = (
            select(deliveries.c.channel, alerts.c.level, over, func.count(alerts.c.id.distinct()))
            .join(alerts, alerts.c.id == deliveries.c.alert)
            .where(due)
            .group_by(deliveries.c.channel, alerts.c.level, over)
        )
        with self._database.read() as connection:
            levels: dict[str, Counter[AlertLevel]] = {}
            unresolved: Counter[str] = Counter()
            for channel, level, is_over, count in connection.execute(counted):
                levels.setdefault(channel, Counter())[level] += count
                unresolved[channel] += 0 if is_over else count
            return [
                Held(
                    channel=channel,
                    count=counts.total(),
                    unresolved=unresolved[channel],
                    levels=counts,
                    alerts=_worst(connection, channel, now_ns, most),
                )
                for channel, counts in sorted(levels.items())
            ]

    def digested(self, digests: Sequence[Digest], now_ns: int) -> None:
        """One delivery for each, instead of what was held."""
        with self._database.write() as connection:
            for item in digests:
                row = rows.new_delivery(item.channel, "digest", now_ns, now_ns)
                words = {"title": item.title, "text": item.text, "critical": int(item.critical)}
                connection.execute(deliveries.insert(), {**row, **words})
                gone = and_(deliveries.c.state == "held", deliveries.c.channel == item.channel, _is_due(item.due_ns))
                connection.execute(update(deliveries).where(gone).values(state="digested"))

    def take(self, channel: str, now_ns: int, limit: int) -> Sequence[Parcel]:
        """Begin the next ones."""
        waiting = (
            select(deliveries)
            .where(deliveries.c.state == "waiting", deliveries.c.channel == channel, deliveries.c.begun_ns == 0)
            .order_by(deliveries.c.critical.desc(), deliveries.c.attempts, deliveries.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            if connection.execute(waiting.limit(1)).first() is None:
                return []
        with self._database.write() as connection:
            taken = connection.execute(waiting).mappings().all()
            known = {item.id: item for item in by_id(connection, [row["alert"] for row in taken])}
            begun = {"begun_ns": now_ns, "attempts": deliveries.c.attempts + 1}
            _set(connection, [row["id"] for row in taken], begun)
            return [rows.as_parcel(row, known.get(row["alert"])) for row in taken]

    def sent(self, channel: str, ids: Collection[int], now_ns: int) -> None:
        """They have arrived."""
        with self._database.write() as connection:
            _set(connection, list(ids), {"state": "sent", "sent_ns": now_ns, "begun_ns": 0, "error": ""})
            self._put_health(connection, rows.after_success(_health(connection, channel), now_ns))

    def failed(self, channel: str, ids: Collection[int], now_ns: int, error: str, *, lost: bool) -> None:
        """They have not."""
        with self._database.write() as connection:
            state = "lost" if lost else "waiting"
            known = rows.after_failure(_health(connection, channel), now_ns, error)
            _set(connection, list(ids), {"state": state, "begun_ns": 0, "error": known.error})
            self._put_health(connection, known)

    def _put_health(self, connection: Connection, health: ChannelHealth) -> None:
        statement = self._database.dialect.upsert(alert_channels, "ok_ns", "failed_ns", "failures", "error")
        connection.execute(statement, health.model_dump(include={column.name for column in alert_channels.columns}))

    def release(self) -> None:
        """What was begun waits again."""
        with self._database.write() as connection:
            begun = and_(deliveries.c.state == "waiting", deliveries.c.begun_ns != 0)
            connection.execute(update(deliveries).where(begun).values(begun_ns=0))

    def deliveries(self, alert: int, limit: int = 50) -> Sequence[Delivery]:
        """What was sent of one."""
        statement = select(deliveries).where(deliveries.c.alert == alert).order_by(deliveries.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            return [rows.as_delivery(row) for row in connection.execute(statement).mappings()]

    def health(self) -> Sequence[ChannelHealth]:
        """Every channel that has anything to say."""
        waits = select(deliveries.c.channel, deliveries.c.state, func.count())
        waits = waits.where(deliveries.c.state.in_(("waiting", "held", "lost")))
        with self._database.read() as connection:
            found = {row["channel"]: dict(row) for row in connection.execute(select(alert_channels)).mappings()}
            grouped = waits.group_by(deliveries.c.channel, deliveries.c.state)
            for channel, state, count in connection.execute(grouped):
                found.setdefault(channel, {"channel": channel})[state] = count
        return [ChannelHealth.model_validate(found[channel]) for channel in sorted(found)]


def _is_due(now_ns: int) -> ColumnElement[bool]:
    return ~deliveries.c.due_ns.between(now_ns + 1, now_ns + rows.FAR)


def _worst(connection: Connection, channel: str, now_ns: int, most: int) -> tuple[Alert, ...]:
    named = select(deliveries.c.alert).where(
        deliveries.c.state == "held", deliveries.c.channel == channel, _is_due(now_ns)
    )
    statement = select(alerts).where(alerts.c.id.in_(named))
    statement = statement.order_by(alerts.c.resolved_ns != 0, alerts.c.severity.desc(), alerts.c.id).limit(most)
    return tuple(rows.as_alert(row) for row in connection.execute(statement).mappings())


def by_id(connection: Connection, ids: Sequence[int]) -> list[Alert]:
    """Those of ``ids`` that there are."""
    statement = select(alerts).where(alerts.c.id.in_(ids))
    return [rows.as_alert(row) for row in connection.execute(statement).mappings()]


def _set(connection: Connection, ids: Sequence[int], values: Mapping[str, object]) -> None:
    statement = update(deliveries).where(deliveries.c.id == bindparam("its_id")).values(dict(values))
    if ids:
        connection.execute(statement, [{"its_id": id} for id in ids])


def _health(connection: Connection, channel: str) -> ChannelHealth:
    statement = select(alert_channels).where(alert_channels.c.channel == channel)
    row = connection.execute(statement).mappings().first()
    return ChannelHealth.model_validate(dict(row)) if row else ChannelHealth(channel=channel)
