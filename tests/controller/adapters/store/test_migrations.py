"""A store of the first schema with rows in it, brought up to date."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from controller.adapters.store import migrations
from controller.adapters.store.database import Database
from controller.adapters.store.dialect import SqliteDialect, sqlite_url
from controller.adapters.store.sql import SqlStore
from controller.errors import SettingsError
from schemas.live import FillView

ROWS = (
    "INSERT INTO peaks VALUES ('account', 7)",
    "INSERT INTO releases VALUES ('11', 5, 'c0ffee')",
    "INSERT INTO orders VALUES ('o1', 'c1', 'u', 'AAPL', 'buy', 'market', 9, 9, 0, 'filled', 3, '2008-06-02', 100)",
    "INSERT INTO fills VALUES ('o1', 9, 'u', 'AAPL', 'buy', 9, 100, '2008-06-02', 4)",
)


def first_schema(path: Path) -> None:
    engine = create_engine(sqlite_url(path))
    SqliteDialect().prepare(engine)
    config = Config()
    config.set_main_option("script_location", str(migrations.FOLDER))
    config.set_main_option("path_separator", "os")
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in ROWS:
            connection.execute(text(statement))
    engine.dispose()


def test_store_of_the_first_schema_when_migrated_then_only_its_derived_fills_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    first_schema(path)
    with pytest.raises(SettingsError, match="schema 0001"):
        Database(path)
    Database(path, upgrade=True).close()
    store = SqlStore(path, tmp_path / "audit.head")
    assert store.peaks() == {"account": 7}
    assert store.released() == frozenset({"11"})
    assert [(order.order, order.arm, order.test, order.epoch) for order in store.orders()] == [("o1", "", "", 0)]
    assert store.fills("") == []
    fill = FillView(
        seq=1, order="o1", uid="u", symbol="AAPL", side="buy", quantity=9, price=100, fee=1, position=9,
        market_time="2008-06-02", at_ns=4,
    )  # fmt: skip
    store.add_fills("b" * 32, [fill])
    assert store.fills("b" * 32) == [fill]
    store.close()
