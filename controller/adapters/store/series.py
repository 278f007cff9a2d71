"""Series of samples in SQL: append, read at the finest resolution kept, age."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Select, and_, delete, or_, select

from controller.adapters.store import retention, rows
from controller.adapters.store.database import Database
from controller.adapters.store.retention import Level, Sample
from controller.adapters.store.tables import decisions, samples


class SeriesLog:
    """One table of samples. A point in time is in exactly one resolution: ageing moves it in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, series: str, at_ns: int, market_time: str, values: Mapping[str, int]) -> None:
        """One transaction for all keys of a sample; the same time again replaces the value."""
        retention.check_series(series)
        if not values:
            return
        sampled = [Sample(at_ns, key, market_time, value, value, value) for key, value in values.items()]
        statement = self._database.dialect.upsert(samples, "market_time", "value", "low", "high")
        with self._database.write() as connection:
            connection.execute(statement, [rows.from_sample(series, retention.RAW, sample) for sample in sampled])

    def read(self, series: str, key: str, since_ns: int, until_ns: int) -> Sequence[tuple[int, int]]:
        """(at_ns, value) oldest first, both ends included."""
        retention.check_series(series)
        columns = samples.c
        levels = columns.resolution.in_([level.number for level in (retention.RAW, retention.MINUTES, retention.DAYS)])
        statement = select(columns.at_ns, columns.value).where(
            columns.series == series, levels, columns.at_ns.between(since_ns, until_ns), columns.key == key
        )
        with self._database.read() as connection:
            return sorted((at_ns, value) for at_ns, value in connection.execute(statement))

    def retain(self, now_ns: int) -> None:
        """Age at most one batch of each series and resolution, each in its own short transaction."""
        for series in retention.SERIES:
            for level, into in retention.AGING:
                self._age(series, level, into, retention.cutoff(level, into, now_ns))
        self._forget_decisions(now_ns - retention.DECISIONS_KEPT)

    def _age(self, series: str, level: Level, into: Level, before: int) -> None:
        aged = _aged(series, level, before)
        if not self._any(aged.limit(1)):
            return
        merge = self._database.dialect.upsert(samples, "market_time", "value", least="low", greatest="high")
        with self._database.write() as connection:
            batch = [rows.as_sample(row) for row in connection.execute(aged.limit(retention.BATCH)).mappings()]
            if batch:
                rolled = retention.roll(batch, into)
                connection.execute(merge, [rows.from_sample(series, into, sample) for sample in rolled])
                connection.execute(delete(samples).where(_of(series, level), _up_to(batch[-1])))

    def _forget_decisions(self, before: int) -> None:
        old = select(decisions.c.at_ns).where(decisions.c.at_ns < before).order_by(decisions.c.at_ns)
        if not self._any(old.limit(1)):
            return
        with self._database.write() as connection:
            newest = connection.scalars(old.limit(retention.BATCH)).all()[-1:]
            if newest:
                connection.execute(delete(decisions).where(decisions.c.at_ns <= newest[0]))

    def _any(self, statement: Select[tuple[int]] | Select[tuple[object, ...]]) -> bool:
        with self._database.read() as connection:
            return connection.execute(statement).first() is not None


def _aged(series: str, level: Level, before: int) -> Select[tuple[object, ...]]:
    rows_of = select(samples).where(_of(series, level), samples.c.at_ns < before)
    return rows_of.order_by(samples.c.at_ns, samples.c.key)


def _of(series: str, level: Level) -> ColumnElement[bool]:
    return and_(samples.c.series == series, samples.c.resolution == level.number)


def _up_to(last: Sample) -> ColumnElement[bool]:
    same = and_(samples.c.at_ns == last.at_ns, samples.c.key <= last.key)
    return or_(samples.c.at_ns < last.at_ns, same)
