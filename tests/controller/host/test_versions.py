"""A home that an older release made: migrated with a backup before, whole or not at all."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from controller.adapters.store import migrations, sqlite_file
from controller.errors import SettingsError, StoreUnavailable
from controller.home import Home
from controller.host import backup, backups
from controller.host.versions import migrate, outstanding
from controller.settings import HOME_VERSION, load
from tests.support.homes import made_home, opened

HEAD = migrations.HEAD
STEP = '''
import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One more table."""
    op.create_table("more", sa.Column("name", sa.Text, primary_key=True))
'''


@pytest.fixture
def home() -> Iterator[Home]:
    with made_home() as place:
        yield place


@pytest.fixture
def newer_release(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This release with one more migration than that which made ``home``."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrations.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "v9000_more.py").write_text(STEP.format(head=HEAD))
    monkeypatch.setattr(migrations, "FOLDER", folder)
    monkeypatch.setattr(migrations, "REVISIONS", (*migrations.REVISIONS, "9000"))
    monkeypatch.setattr(migrations, "HEAD", "9000")


def forget_version(home: Home) -> None:
    lines = [line for line in home.settings.read_text().splitlines() if not line.startswith("home_version")]
    home.settings.write_text("\n".join(lines) + "\n")


def test_migrate_when_up_to_date_then_nothing_is_done(home: Home) -> None:
    assert (outstanding(home), migrate(home, "op")) == ([], [])
    assert backups.listed(home) == ([], [])


@pytest.mark.usefixtures("newer_release")
def test_open_when_an_older_release_wrote_the_store_then_refused_untouched(home: Home) -> None:
    with pytest.raises(SettingsError, match=f"schema {HEAD}, this release needs 9000") as caught:
        opened(home)
    assert caught.value.hint == "gt risk db migrate"
    assert sqlite_file.schema_of(home.store) == HEAD


@pytest.mark.usefixtures("newer_release")
def test_migrate_when_the_store_is_older_then_backed_up_first_and_recorded(home: Home) -> None:
    assert migrate(home, "op")[0] == f"store: schema {HEAD} → 9000"
    (saved,), _ = backups.listed(home)
    assert (saved.why, saved.schema, saved.records) == ("before migration", HEAD, 3)
    store = opened(home)
    record = store.audit()[0]
    assert store.verify_audit().ok
    store.close()
    assert (record.entry.event, record.entry.actor, saved.name in record.entry.details) == ("home.migrate", "op", True)
    assert sqlite_file.schema_of(home.store) == "9000"
    assert outstanding(home) == []


def test_migrate_when_the_settings_name_no_version_then_only_that_line_is_new(home: Home) -> None:
    forget_version(home)
    before = home.settings.read_text()
    assert migrate(home, "op")[0] == f"settings: home_version 0 → {HOME_VERSION}"
    assert home.settings.read_text() == f"home_version = {HOME_VERSION}\n{before}"
    assert load({"GT_RISK_HOME": str(home.root)}).home_version == HOME_VERSION
    assert home.settings.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("newer_release")
def test_migrate_when_no_backup_can_be_made_then_nothing_is_changed(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "_SPARE", 1 << 60)
    with pytest.raises(StoreUnavailable, match="MiB are free"):
        migrate(home, "op")
    assert sqlite_file.schema_of(home.store) == HEAD


def test_outstanding_when_a_newer_release_wrote_the_store_then_refused_untouched(
    home: Home,
) -> None:
    with closing(sqlite3.connect(home.store)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SettingsError, match="newer than"):
        migrate(home, "op")
    assert sqlite_file.schema_of(home.store) == "9999"
    assert backups.listed(home) == ([], [])
