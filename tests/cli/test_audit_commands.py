"""``gt risk audit`` over a served chain: filters, export, changes joined with git."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from cli.audit import _changes
from cli.since import Since
from controller.errors import StoreUnavailable
from schemas.audit import AuditEntry, AuditRecord, chain_hash
from tests.support.alert_desk import greenplace_alerts
from tests.support.cli import gt_risk, served
from tests.support.folders import short_folder
from tests.support.greenplace import GreenplaceControl, records

SECOND = 1_000_000_000


@pytest.fixture
def home() -> Iterator[Path]:
    with short_folder() as folder, served(GreenplaceControl(), folder, greenplace_alerts()):
        yield folder


def test_log_when_filtered_by_time_and_type_then_only_those(home: Path) -> None:
    found = gt_risk(home, "audit", "log", "--type", "strategy", "--since", "2026-01-18", "--json").document["events"]
    assert [item["seq"] for item in found] == [6, 3, 2]
    assert gt_risk(home, "audit", "log", "--since", "1s", "--json").document["events"] == []


def test_log_when_every_filter_is_all_then_everything(home: Path) -> None:
    ran = gt_risk(home, "audit", "log", "--type", "all", "--user", "all", "--level", "all", "--json")
    assert len(ran.document["events"]) == 8


@pytest.mark.parametrize("since", ["soon", "5x", "2026-13-01", "9999-01-01", "999999w"])
def test_log_when_since_says_nothing_then_usage_and_what_it_takes(home: Path, since: str) -> None:
    ran = gt_risk(home, "audit", "log", "--since", since)
    assert ran.code == 2
    assert since in ran.err and "next: gt risk audit log --help" in ran.err


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1_800), ("2h", 7_200), ("3d", 259_200), ("1w", 604_800)]
)
def test_since_when_a_span_then_that_long_ago(monkeypatch: pytest.MonkeyPatch, text: str, seconds: int) -> None:
    now = int(Since().convert("0s", None, None))
    assert abs(now - int(Since().convert(text, None, None)) - seconds * SECOND) <= 2 * SECOND


def test_since_when_a_date_then_midnight_utc_unless_it_names_another_zone() -> None:
    assert Since().convert("2026-01-19", None, None) == 1_768_780_800 * SECOND
    assert Since().convert("2026-01-19T01:00:00+01:00", None, None) == 1_768_780_800 * SECOND


def test_export_when_to_standard_output_then_every_record_and_the_verified_head_last(home: Path) -> None:
    ran = gt_risk(home, "audit", "export")
    *lines, last = map(json.loads, ran.out.splitlines())
    assert [line["seq"] for line in lines] == list(range(1, 9))
    assert last == {"chain_head": records()[-1].hash, "records": 8, "intact": True}
    assert ran.err == f"✓ 8 records, chain head {records()[-1].hash[:16]}\n"


def test_export_then_the_chain_can_be_recomputed_from_it_alone(home: Path) -> None:
    previous = "0" * 64
    for line in gt_risk(home, "audit", "export").out.splitlines()[:-1]:
        record = json.loads(line)
        entry = AuditEntry.model_validate({name: record[name] for name in AuditEntry.model_fields})
        assert record["previous"] == previous
        previous = chain_hash(record["seq"], previous, entry)
        assert record["hash"] == previous


def test_export_when_to_a_file_then_only_its_owner_reads_it_and_nothing_is_overwritten(
    home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "audit.csv"
    ran = gt_risk(home, "audit", "export", "--format", "csv", "--output", str(path), "--json")
    assert (ran.document["written"], ran.document["intact"], ran.document["head"]) == (8, True, records()[-1].hash)
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["hash"] for row in rows] == [record.hash for record in records()]
    before = path.read_bytes()
    again = gt_risk(home, "audit", "export", "--output", str(path))
    assert (again.code, path.read_bytes()) == (1, before)


def verified(path: Path) -> str:
    """What the exported script says of the export, run by a bare interpreter."""
    argv = [sys.executable, "-I", "-S", str(path.with_name("verify-audit.py")), str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == (0 if done.stdout.startswith("OK") else 1), done
    return done.stdout


def test_export_when_to_a_file_then_its_own_script_finds_each_change(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    ran = gt_risk(home, "audit", "export", "--output", str(path))
    assert f"check it anywhere: python3 {tmp_path}/verify-audit.py {path}" in ran.out
    assert verified(path) == f"OK: 8 records, head {records()[-1].hash}\n"
    lines = path.read_text().splitlines()
    changed = [*lines[:3], lines[3].replace('"actor": "', '"actor": "x'), *lines[4:]]
    for damaged, said in (
        (changed, "record 4 was changed"),
        ([*lines[:3], *lines[4:]], "record 4 is missing"),
        (lines[:-3] + lines[-1:], "record 7 is missing"),
        (lines[:-1], "record 9 is missing"),
    ):
        path.write_text("\n".join([*damaged, ""]))
        assert verified(path).startswith(f"BAD: {said}")


def test_export_when_a_page_cannot_be_read_then_no_file_is_left(tmp_path: Path) -> None:
    class Broken(GreenplaceControl):
        def audit_after(self, seq: int, limit: int) -> Sequence[AuditRecord]:
            raise StoreUnavailable("database is locked", hint="gt risk doctor")

    path = tmp_path / "audit.jsonl"
    with short_folder() as home, served(Broken(), home):
        ran = gt_risk(home, "audit", "export", "--output", str(path))
    assert "database is locked" in ran.err
    assert not path.exists()


def test_export_when_json_without_a_file_then_one_document_with_the_records(home: Path) -> None:
    document = gt_risk(home, "audit", "export", "--json").document
    assert [item["seq"] for item in document["events"]] == list(range(1, 9))


def test_export_when_the_chain_is_longer_than_a_page_then_all_of_it_once() -> None:
    first = records()[0]
    chain = [first.model_copy(update={"seq": number}) for number in range(1, 4_502)]
    with short_folder() as home, served(GreenplaceControl(chain), home):
        lines = gt_risk(home, "audit", "export").out.splitlines()
    assert [json.loads(line)["seq"] for line in lines[:-1]] == list(range(1, 4_502))


def test_interventions_when_asked_as_json_then_who_what_outcome_and_response_time(home: Path) -> None:
    found = gt_risk(home, "audit", "interventions", "--since", "2026-01-01", "--json").document
    newest = found["interventions"][0]
    assert (newest["actor"], newest["channel"], newest["event"]) == ("operator", "cli", "emergency.halt_all")
    assert (newest["result"], newest["lasted_seconds"], newest["response_seconds"]) == ("resumed", 600, 480)
    assert (found["total"], found["average_response_seconds"]) == (4, 480)


def test_config_changes_when_git_has_commits_then_each_with_its_record(home: Path) -> None:
    bare = home / "config.git"
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    env = {
        **os.environ,
        **quiet,
        **{f"GIT_{who}_{what}": "op" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }

    def git(*argv: str) -> str:
        done = subprocess.run(["git", "-C", str(home), *argv], env=env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "-q", "--bare", str(bare))
    tree = git("-C", str(bare), "mktree", "--missing")
    commit = git("-C", str(bare), "commit-tree", tree, "-m", "risk: more\n\nReason: ripe")
    git("-C", str(bare), "update-ref", "refs/heads/main", commit)
    (found,) = gt_risk(home, "audit", "config-changes", "--json").document["changes"]
    assert (found["revision"], found["actor"], found["reason"], found["subject"]) == (
        commit,
        "op",
        "ripe",
        "risk: more",
    )


def test_changes_when_a_commit_has_its_record_then_what_moved_else_how_it_stands() -> None:
    commits = [
        {
            "commit": letter * 40,
            "time": "t",
            "author": "op",
            "subject": "s",
            "reason": "",
            "state": state,
            "audit_id": "",
        }
        for letter, state in (("a", "applied"), ("b", ""))
    ]
    event = {
        "revision": "a" * 40,
        "kind": "intent",
        "channel": "cli",
        "reason": "ripe",
        "outcome": "done",
        "before": "order.max_dollars=$1",
        "after": "order.max_dollars=$2",
    }
    first, second = _changes(commits, [event])
    assert (first["moved"], first["reason"], first["outcome"]) == ([("order.max_dollars", "$1", "$2")], "ripe", "done")
    assert (second["moved"], second["outcome"]) == ([], "not recorded by itself")
