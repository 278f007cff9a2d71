"""Backups: whole, verified, without what may never go back, and never in the way of a writer."""

import json
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.store import migrations, snapshot, sqlite_file
from controller.errors import Permanent, StoreUnavailable, Temporary
from controller.home import Home
from controller.host import backup, backups
from controller.host.backups import Backup
from controller.latch.raising import RaiseFile
from tests.support.homes import made_home, opened
from tests.support.stores import NOW, entry

HOUR = 3_600_000_000_000


@pytest.fixture
def home() -> Iterator[Home]:
    with made_home() as place:
        yield place


def damage_store(home: Home) -> None:
    """Overwrite a page in the middle of the file."""
    with home.store.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096)


def test_make_when_done_then_every_file_is_there_private_and_named_by_the_manifest(home: Home) -> None:
    made = backup.make(home, "daily")
    files = {path.relative_to(made.folder).as_posix() for path in made.folder.rglob("*") if path.is_file()}
    assert files == {"store.db", "audit.head", "audit.jsonl", "config.bundle", "settings.toml", "manifest.json"}
    modes = {stat.S_IMODE(path.stat().st_mode) for path in made.folder.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o700
    assert backups.damage(made.folder) == []
    assert (made.records, made.schema, made.why) == (3, migrations.HEAD, "daily")
    assert backups.listed(home) == ([made], [])


def test_make_when_the_home_has_keys_latch_and_journal_then_none_of_them_is_in_it(home: Home) -> None:
    made = backup.make(home, "daily")
    private = (home.keys / "operator").read_text().splitlines()[1].encode()
    latch, journal = home.raise_file.read_bytes(), home.journal.read_bytes()[:512]
    for path in made.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert private not in content
            assert latch[:64] not in content
            assert journal[:16] not in content
    left_out = json.loads((made.folder / "manifest.json").read_text())["left_out"]
    assert any(line.startswith("latch/ and journal") for line in left_out)


def test_make_when_done_then_the_bundle_clones_and_the_export_holds_every_record(home: Home, tmp_path: Path) -> None:
    made = backup.make(home, "daily")
    clone = ["git", "clone", "--quiet", "--bare", str(made.folder / "config.bundle"), str(tmp_path / "c.git")]
    subprocess.run(clone, check=True, capture_output=True)
    tip = subprocess.run(["git", "rev-parse", "main"], cwd=tmp_path / "c.git", capture_output=True, text=True)
    assert tip.stdout.strip() == made.tip
    records = [json.loads(line) for line in (made.folder / "audit.jsonl").read_text().splitlines()]
    assert [item["seq"] for item in records] == [1, 2, 3]
    assert records[-1]["hash"] == made.head


def test_copy_when_another_writes_at_every_step_then_it_is_one_moment_and_never_begins_anew(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(home)
    steps: list[int] = []

    def write(_: float) -> None:
        steps.append(store.append_audit(entry(10 + len(steps))).seq)

    monkeypatch.setattr(snapshot, "STEP_PAGES", 4)
    monkeypatch.setattr("controller.adapters.store.snapshot.time.sleep", write)
    snapshot.copy(home.store, home.audit_head, tmp_path / "s.db", tmp_path / "head")
    store.close()
    report = snapshot.chain_of(tmp_path / "s.db", tmp_path / "head")
    assert (report.ok, report.records) == (True, 3)
    pages = (tmp_path / "s.db").stat().st_size // 4096
    assert len(steps) == -(-pages // 4)
    assert sqlite_file.problem(tmp_path / "s.db") == ""


def damage_index(home: Home) -> None:
    """Overwrite the entries of an index that no reading of the audit log uses."""
    with sqlite_file.reading(home.store) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'audit_by_id'").fetchone()[0]
    with home.store.open("r+b") as file:
        file.seek(4096 * page - 16)
        file.write(b"\x01" * 16)


@pytest.mark.parametrize("damage", [damage_store, damage_index])
def test_make_when_the_store_is_damaged_then_refused_and_nothing_stays(
    home: Home, damage: Callable[[Home], None]
) -> None:
    damage(home)
    with pytest.raises(StoreUnavailable, match=r"does not copy whole|malformed"):
        backup.make(home, "daily")
    assert [path.name for path in home.backups.iterdir()] == ["lock"]


def test_make_when_the_audit_log_was_changed_then_refused_with_the_record(home: Home) -> None:
    with closing(sqlite3.connect(home.store)) as connection, connection:
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute("UPDATE audit SET reason = 'other' WHERE seq = 2")
    with pytest.raises(StoreUnavailable, match="record 2") as caught:
        backup.make(home, "daily")
    assert caught.value.hint == "gt risk doctor --verify-data"


def test_make_when_there_is_no_room_then_refused_with_the_numbers(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "_SPARE", 1 << 60)
    with pytest.raises(StoreUnavailable, match="MiB are free") as caught:
        backup.make(home, "daily")
    assert caught.value.hint.startswith("df -h ")


def test_make_when_there_is_no_store_then_says_what_to_start(home: Home) -> None:
    home.store.unlink()
    with pytest.raises(StoreUnavailable, match="nothing to back up"):
        backup.make(home, "daily")


def test_make_when_another_is_under_way_then_refused(home: Home) -> None:
    home.backups.mkdir(mode=0o700)
    with backup._alone(home), pytest.raises(Temporary, match="another backup"):
        backup.make(home, "daily")


KILLED = """
import os, sys
from controller.home import Home
from controller.host import backup
from pathlib import Path
steps = int(sys.argv[2])
seen = 0
def count(event, arguments):
    global seen
    if event in ("open", "os.rename", "os.mkdir", "subprocess.Popen") and ".new-" in str(arguments):
        seen += 1
        if seen > steps:
            os._exit(9)
sys.addaudithook(count)
backup.make(Home(Path(sys.argv[1])), "daily", 0.0)
"""


@pytest.mark.process
def test_make_when_killed_at_any_step_then_the_next_one_is_whole_and_alone(home: Home) -> None:
    steps, killed = 0, True
    while killed:
        done = subprocess.run([sys.executable, "-c", KILLED, str(home.root), str(steps)], capture_output=True)
        assert done.returncode in (0, 9), done.stderr
        killed = done.returncode == 9
        assert all(backups.damage(item.folder) == [] for item in backups.listed(home)[0])
        steps += 5
    assert steps > 15
    made = backup.make(home, "after")
    assert not list(home.backups.glob(".new-*"))
    assert backups.listed(home)[0][0] == made


@pytest.mark.process
def test_main_when_run_as_the_controller_does_then_one_backup_with_its_reason(home: Home) -> None:
    environ = {**os.environ, "GT_RISK_HOME": str(home.root)}
    argv = [sys.executable, "-P", "-m", "controller.host.backup", "before 0123456789ab"]
    assert subprocess.run(argv, env=environ, capture_output=True, check=False).returncode == 0
    assert [item.why for item in backups.listed(home)[0]] == ["before 0123456789ab"]
    home.store.unlink()
    failed = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    assert (failed.returncode, failed.stderr.startswith("backup failed: ")) == (1, True)


@pytest.mark.parametrize("fault", ["changed", "missing", "added"])
def test_damage_when_a_file_is_not_the_manifests_then_named(home: Home, fault: str) -> None:
    made = backup.make(home, "daily")
    path = made.folder / "audit.jsonl"
    if fault == "changed":
        path.write_bytes(path.read_bytes()[:-2] + b"x\n")
    elif fault == "missing":
        path.unlink()
    else:
        (made.folder / "raise").write_bytes(b"")
    assert len(backups.damage(made.folder)) == 1


def test_of_date_when_several_then_the_newest_of_that_day_and_the_nearest_is_told(home: Home) -> None:
    first, second = backup.make(home, "one"), backup.make(home, "two")
    assert backups.of_date(home, second.name[:10]) == second
    assert backups.of_date(home, first.name) == first
    with pytest.raises(Permanent, match=r"the nearest is"):
        backups.of_date(home, "2020-01-01")
    with pytest.raises(Permanent, match="is no date"):
        backups.of_date(home, "yesterday")


def kept(at_ns: int) -> Backup:
    return Backup(Path(backups.name_of(at_ns)), at_ns, "daily", "0001", 1, "", "", 1)


@given(st.lists(st.integers(0, 400), min_size=1, unique=True), st.integers(1, 40))
def test_surplus_when_any_history_then_the_newest_days_stay_whole(hours: list[int], days: int) -> None:
    found = [kept(NOW + hour * 6 * HOUR) for hour in hours]
    gone = {item.name for item in backups.surplus(found, days)}
    left = [item.name for item in found if item.name not in gone]
    assert max(item.name for item in found) in left
    assert len({name[:10] for name in left}) <= days
    assert not {name[:10] for name in left} & {name[:10] for name in gone}
    assert all(name < min(left) for name in gone)


def test_is_due_when_old_or_from_the_future_or_absent_then_due() -> None:
    assert backups.is_due(None, NOW, 24)
    assert not backups.is_due(kept(NOW - 23 * HOUR), NOW, 24)
    assert backups.is_due(kept(NOW - 24 * HOUR), NOW, 24)
    assert backups.is_due(kept(NOW + HOUR), NOW, 24)


def test_make_when_the_days_are_full_then_the_oldest_goes(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.settings.write_text(home.settings.read_text().replace("# keep_days = 30", "keep_days = 2"))
    for day in range(3):
        monkeypatch.setattr("controller.host.backup.time.time_ns", lambda day=day: NOW + day * 24 * HOUR)
        backup.make(home, f"day {day}")
    assert [item.why for item in backups.listed(home)[0]] == ["day 2", "day 1"]


def test_latch_when_a_backup_runs_then_it_is_not_even_opened_for_writing(home: Home) -> None:
    before = home.raise_file.stat()
    backup.make(home, "daily")
    after = home.raise_file.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    RaiseFile.open(str(home.raise_file), str(home.permit_file)).close()
