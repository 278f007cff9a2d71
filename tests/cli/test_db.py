"""``gt risk db``: its documents, texts and exit codes on a home without a service."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.store import migrations
from controller.home import Home
from controller.host import backups, pidfile
from controller.host.supervisor import pid_file
from tests.support.cli import gt_risk
from tests.support.documents import assert_described
from tests.support.homes import made_home, opened
from tests.support.stores import entry

IMPORTED = """
import sys
from cli.tree import root
code = root.main(sys.argv[1:], "gt risk", standalone_mode=False)
heavy = {"pydantic", "sqlalchemy", "git", "ruamel"} & sys.modules.keys()
sys.exit(f"imported {sorted(heavy)}" if heavy else 0)
"""


@pytest.fixture
def home() -> Iterator[Home]:
    with made_home() as place:
        yield place


def test_ping_when_the_store_answers_then_says_how_fast(home: Home) -> None:
    ran = gt_risk(home.root, "db", "ping")
    assert (ran.code, ran.out.startswith("✓ The store answers: read ")) == (0, True)
    document = gt_risk(home.root, "db", "ping", "--json").document
    assert (document["ok"], document["schema"], document["read_ms"] > 0) == (True, migrations.HEAD, True)


def test_ping_when_the_store_is_damaged_then_an_error_with_the_next_command(home: Home) -> None:
    home.store.write_bytes(b"not a database" * 1000)
    ran = gt_risk(home.root, "db", "ping", "--json")
    assert (ran.code, ran.document["ok"]) == (1, False)
    assert "not a database" in ran.document["error"]["message"]
    assert ran.document["error"]["hint"]


@pytest.mark.parametrize("words", [("db", "ping"), ("db", "status")])
def test_reads_then_nothing_heavy_is_imported(home: Home, words: tuple[str, ...]) -> None:
    environ = {**os.environ, "GT_RISK_HOME": str(home.root)}
    argv = [sys.executable, "-c", IMPORTED, *words]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_status_when_an_old_home_has_no_backup_then_attention_until_there_is_one(home: Home) -> None:
    assert gt_risk(home.root, "db", "status", "--json").document["attention"] == []
    os.utime(home.keys / "bot", (0, 0))
    before = gt_risk(home.root, "db", "status", "--json")
    assert (before.code, before.document["ok"], before.document["backups"]["count"]) == (3, True, 0)
    assert before.document["attention"] == ["there is no backup (next: gt risk db backup)"]
    made = gt_risk(home.root, "db", "backup", "-r", "by the test", "--json").document["backup"]
    after = gt_risk(home.root, "db", "status", "--json")
    assert (after.code, after.document["attention"]) == (0, [])
    assert after.document["backups"]["backups"] == [made]
    text = gt_risk(home.root, "db", "status").out
    assert "by the test" in text
    assert "  Kept:      1 (" in text


def test_status_when_a_manifest_is_damaged_then_named(home: Home) -> None:
    gt_risk(home.root, "db", "backup")
    (newest,), _ = backups.listed(home)
    (newest.folder / "manifest.json").write_text("{")
    ran = gt_risk(home.root, "db", "status", "--json")
    assert ran.code == 3
    assert any("manifest.json" in text for text in ran.document["attention"])


def test_backup_when_dry_then_says_what_and_makes_nothing(home: Home) -> None:
    ran = gt_risk(home.root, "db", "backup", "--dry-run")
    assert ran.code == 0
    assert "Would back up to:" in ran.out
    assert "private keys" in ran.out
    assert not home.backups.exists()


def test_restore_when_nobody_confirms_then_declined_and_nothing_changes(home: Home) -> None:
    gt_risk(home.root, "db", "backup")
    before = home.store.read_bytes()
    date = backups.listed(home)[0][0].name[:10]
    ran = gt_risk(home.root, "db", "restore", "--date", date, "--json")
    assert (ran.code, ran.document["error"]["hint"]) == (4, f"gt risk db restore --date {date} --yes")
    assert "Stays as it is: halts" in ran.err
    assert (home.store.read_bytes(), home.replaced.exists()) == (before, False)


def test_restore_when_confirmed_then_told_and_in_the_audit_with_reason_and_person(home: Home) -> None:
    date = gt_risk(home.root, "db", "backup", "--json").document["backup"]["name"][:10]
    ran = gt_risk(home.root, "db", "restore", "--date", date, "--yes", "-r", "a drill", "--json")
    assert (ran.code, ran.document["lost"], ran.document["next"]) == (0, [], "gt risk service start")
    assert_described(("db", "restore"), ran.document)
    store = opened(home)
    found = store.audit(event="db.restore")
    store.close()
    assert [(item.entry.kind, item.entry.actor, item.entry.reason) for item in found] == [
        ("outcome", "Op", "a drill"),
        ("intent", "Op", "a drill"),
    ]
    assert found[0].entry.audit_id == ran.document["audit_id"]


def test_restore_when_something_cannot_be_carried_over_then_partly(home: Home) -> None:
    date = gt_risk(home.root, "db", "backup", "--json").document["backup"]["name"][:10]
    store = opened(home)
    store.append_audit(entry(9))
    store.close()
    home.store.write_bytes(b"not a database" * 1000)
    ran = gt_risk(home.root, "db", "restore", "--date", date, "--yes")
    assert ran.code == 5
    assert "⚠️  not carried over: " in ran.out


def test_restore_when_a_service_runs_then_refused_before_any_question(home: Home) -> None:
    date = gt_risk(home.root, "db", "backup", "--json").document["backup"]["name"][:10]
    held = pidfile.hold(pid_file(home, "runner"))
    assert held is not None
    ran = gt_risk(home.root, "db", "restore", "--date", date, "--yes")
    os.close(held)
    assert (ran.code, "next: gt risk service stop" in ran.err) == (1, True)


def test_restore_when_the_date_has_no_backup_then_the_nearest_is_named(home: Home) -> None:
    name = gt_risk(home.root, "db", "backup", "--json").document["backup"]["name"]
    ran = gt_risk(home.root, "db", "restore", "--date", "2020-01-01", "--yes")
    assert ran.code == 1
    assert f"the nearest is {name}" in ran.err
    assert f"next: gt risk db restore --date {name[:10]}" in ran.err


def test_migrate_when_up_to_date_then_says_so(home: Home) -> None:
    ran = gt_risk(home.root, "db", "migrate")
    assert (ran.code, ran.out) == (0, "✓ The home is up to date; nothing was changed\n")


def test_migrate_when_older_then_asked_for_and_done(home: Home) -> None:
    text = home.settings.read_text()
    home.settings.write_text(text.replace("home_version = 1\n", ""))
    assert gt_risk(home.root, "db", "migrate").code == 4
    dry = gt_risk(home.root, "db", "migrate", "--dry-run", "--json").document
    assert (dry["steps"], dry["done"]) == (["settings: home_version 0 → 1"], [])
    done = gt_risk(home.root, "db", "migrate", "--yes", "--json").document["done"]
    assert done[0] == "settings: home_version 0 → 1"
    assert done[1].startswith("backup: 20")


@pytest.mark.parametrize(
    "words", [("ping",), ("status",), ("backup",), ("migrate",), ("restore", "--date", "2026-01-18")]
)
def test_db_when_there_is_no_home_then_says_init(tmp_path: Path, words: tuple[str, ...]) -> None:
    ran = gt_risk(tmp_path / "none", "db", *words, "--json")
    assert (ran.code, ran.document["error"]["hint"]) == (1, "gt risk init")
