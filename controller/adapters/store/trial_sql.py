"""A/B tests in SQL: where each stands, its looks, and the sessions of paired ones."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from controller.adapters.store import merge, rows
from controller.adapters.store.database import Database
from controller.adapters.store.tables import looks, shadows, trials
from schemas.live import ShadowView
from schemas.trials import Look, Trial


class SqlTrials:
    """:class:`controller.trial_ports.TrialStore` beside everything else in the store's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def trials(self) -> Mapping[str, Trial]:
        """Every test that was ever seen, by id."""
        with self._database.read() as connection:
            found = connection.execute(select(trials).order_by(trials.c.test)).mappings()
            return {row["test"]: rows.as_trial(row) for row in found}

    def save_trial(self, trial: Trial, new: Sequence[Look] = ()) -> None:
        """Replace it and add its new looks, in one transaction."""
        upsert = self._database.dialect.upsert
        with self._database.write() as connection:
            found = connection.execute(select(trials).where(trials.c.test == trial.test)).mappings().first()
            merged = merge.trials(rows.as_trial(found), trial) if found else trial
            connection.execute(upsert(trials, "state", "decided_ns", "document"), rows.from_trial(merged))
            if new:
                connection.execute(upsert(looks), [rows.from_look(trial.test, look) for look in new])

    def looks(self, test: str) -> Sequence[Look]:
        """Looks of a test, oldest first."""
        with self._database.read() as connection:
            found = connection.execute(select(looks).where(looks.c.test == test).order_by(looks.c.n)).mappings()
            return [rows.as_look(row) for row in found]

    def add_shadows(self, book: str, logged: Sequence[ShadowView]) -> None:
        """Keep sessions of paired tests."""
        if logged:
            with self._database.write() as connection:
                connection.execute(
                    self._database.dialect.upsert(shadows), [rows.from_shadow(book, item) for item in logged]
                )

    def shadows(self, book: str, test: str) -> Sequence[ShadowView]:
        """Sessions of a paired test, oldest first."""
        statement = select(shadows).where(shadows.c.book == book, shadows.c.test == test).order_by(shadows.c.seq)
        with self._database.read() as connection:
            return [rows.as_shadow(row) for row in connection.execute(statement).mappings()]

    def last_shadow(self, book: str) -> int:
        """Number of the newest session of any test; 0 without one."""
        statement = select(shadows.c.seq).where(shadows.c.book == book).order_by(shadows.c.seq.desc()).limit(1)
        with self._database.read() as connection:
            return connection.scalar(statement) or 0
