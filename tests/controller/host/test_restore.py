"""A restored store takes nothing back: not a halt, not a peak, not an audit record; and what it replaces is kept."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from controller.adapters.clock import SystemClock
from controller.adapters.store import snapshot, sqlite_file
from controller.audit import close_open_intents
from controller.errors import Permanent, StoreUnavailable
from controller.halt import CLI, halt
from controller.home import Home
from controller.host import backup, backups, pidfile
from controller.host.backups import Backup
from controller.host.restore import Restored, checked, restore
from controller.host.supervisor import pid_file
from controller.latch.journal import Journal
from controller.latch.journal_record import RELEASED, Entry
from controller.latch.raising import RaiseFile
from controller.reconcile.publisher import digest_of_policies, write_durably
from schemas.desired import TradingMode
from schemas.halts import Halt, HaltSource
from schemas.status import Revision
from schemas.trials import Look, Trial
from tests.support.homes import made_home, opened
from tests.support.stores import NOW, entry

OLD, NEW = "0" * 31 + "1", "0" * 31 + "2"


@pytest.fixture
def home() -> Iterator[Home]:
    with made_home() as place:
        yield place


def a_halt(halt_id: str, **more: object) -> Halt:
    fields = {"id": halt_id, "scope": "account", "mode": TradingMode.HALT_ALL, "opened_ns": NOW, "actor": "Ada"}
    return Halt.model_validate({**fields, "source": HaltSource.CLI, **more})


def backed_up(home: Home) -> Backup:
    return backup.make(home, "daily", 0.0)


def back(home: Home, chosen: Backup) -> Restored:
    return restore(home, checked(home, chosen.name), "Op", "a test")


def test_restore_when_the_book_went_on_then_the_store_is_that_of_the_backup_and_the_log_goes_on(home: Home) -> None:
    made = backed_up(home)
    store = opened(home)
    store.add_samples("equity", NOW + 1, "2012-03-02", {"account": 2})
    newer = store.append_audit(entry(9))
    store.close()
    done = back(home, made)
    store = opened(home)
    records = store.audit()
    report = store.verify_audit()
    assert store.samples("equity", "account", 0, 2 * NOW) == [(NOW, 1)]
    store.close()
    assert (report.ok, report.records, report.open_intents) == (True, 6, ())
    assert [item.entry.event for item in records[:3]] == ["db.restore", "db.restore", "config.change"]
    assert (records[0].entry.kind, records[1].entry.kind, records[0].entry.intent) == ("outcome", "intent", 5)
    assert records[2].hash == newer.hash
    assert records[0].entry.reason == "a test"
    assert (done.carried.records, done.carried.lost) == (1, [])


def test_restore_when_done_then_the_replaced_store_is_aside_whole_and_private(home: Home) -> None:
    made = backed_up(home)
    store = opened(home)
    store.append_audit(entry(9))
    store.close()
    done = back(home, made)
    assert sorted(path.name for path in done.aside.iterdir()) == ["audit.head", "store.db"]
    report = snapshot.chain_of(done.aside / "store.db", done.aside / "audit.head")
    assert (report.ok, report.records) == (True, 4)
    assert {path.stat().st_mode & 0o777 for path in (home.store, *done.aside.iterdir())} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (home.replaced, done.aside)} == {0o700}


def test_restore_when_a_halt_was_opened_since_then_it_stays_open(home: Home) -> None:
    made = backed_up(home)
    store = opened(home)
    store.save_halt(a_halt(NEW))
    store.close()
    back(home, made)
    store = opened(home)
    assert [item.id for item in store.halts()] == [NEW]
    store.close()


def test_restore_when_a_halt_was_released_since_then_the_store_says_open_and_git_decides(home: Home) -> None:
    store = opened(home)
    store.save_halt(a_halt(OLD))
    made = backed_up(home)
    store.release_halt(OLD, NOW, "c" * 40)
    store.close()
    back(home, made)
    store = opened(home)
    assert [item.id for item in store.halts()] == [OLD]
    store.close()


def known_to_journal(home: Home) -> None:
    journal = Journal(str(home.journal))
    journal.append(Entry(RELEASED, OLD, NOW, actor="op", text="c" * 40))
    journal.close()


def known_to_git(home: Home) -> None:
    known_good(home, [OLD], "")


def known_good(home: Home, cleared: list[str], commit: str) -> None:
    document = {"version": 1, "digest": digest_of_policies([]), "policies": [], "cleared": cleared, "commit": commit}
    write_durably(home.policy / "last-known-good.json", json.dumps(document))


def known_to_store(home: Home) -> None:
    with closing(sqlite3.connect(home.store)) as connection, connection:
        connection.execute("INSERT INTO releases VALUES (?, ?, ?)", (OLD, NOW, "c" * 40))


def known_to_nobody(_: Home) -> None:
    pass


@pytest.mark.parametrize(
    ("knows", "still_open"),
    [(known_to_journal, False), (known_to_git, False), (known_to_store, False), (known_to_nobody, True)],
)
def test_restore_when_the_backup_says_released_then_only_another_witness_makes_it_so(
    home: Home, knows: Callable[[Home], None], still_open: bool
) -> None:
    store = opened(home)
    store.save_halt(a_halt(OLD))
    store.release_halt(OLD, NOW, "c" * 40)
    store.close()
    made = backed_up(home)
    with closing(sqlite3.connect(home.store)) as connection, connection:
        connection.execute("DELETE FROM releases")
    knows(home)
    back(home, made)
    store = opened(home)
    assert [item.id for item in store.halts()] == ([OLD] if still_open else [])
    store.close()


def test_restore_when_done_then_latch_and_journal_are_as_they_were(home: Home) -> None:
    made = backed_up(home)
    outcome = halt(str(home.root), "account", 3, "Ada", "stop", CLI, notify=False)
    before = (home.raise_file.read_bytes(), home.permit_file.read_bytes(), home.journal.read_bytes())
    inodes = (home.raise_file.stat().st_ino, home.permit_file.stat().st_ino)
    back(home, made)
    assert (home.raise_file.read_bytes(), home.permit_file.read_bytes(), home.journal.read_bytes()) == before
    assert (home.raise_file.stat().st_ino, home.permit_file.stat().st_ino) == inodes
    latch = RaiseFile.open(str(home.raise_file), str(home.permit_file))
    assert [slot.halt_id for slot in latch.slots() if slot.open] == [outcome.halt_id]
    latch.close()


@pytest.mark.parametrize(("since", "kept"), [({"account": 150, "s": 7}, 150), ({"account": 50, "s": 7}, 100)])
def test_restore_when_peaks_moved_then_the_higher_ones_hold(home: Home, since: dict[str, int], kept: int) -> None:
    made = backed_up(home)
    store = opened(home)
    store.save_peaks(since)
    store.close()
    back(home, made)
    store = opened(home)
    assert dict(store.peaks()) == {"account": kept, "s": 7}
    store.close()


def test_restore_when_a_test_was_decided_since_then_it_stays_decided(home: Home) -> None:
    store = opened(home)
    before = Trial(test="t-1", strategy="s", book="b", plan="p", state="running")
    store.tests.save_trial(before)
    store.close()
    made = backed_up(home)
    store = opened(home)
    look = Look(n=34, information=0.5, z=1, boundary=2, spent=0.01, p=0.3, shown=0.4)
    store.tests.save_trial(before.model_copy(update={"state": "stopped_by_guardrail"}), [look])
    store.close()
    back(home, made)
    store = opened(home)
    assert store.tests.trials()["t-1"].state == "stopped_by_guardrail"
    assert list(store.tests.looks("t-1")) == [look]
    store.close()


def test_restore_when_the_configuration_moved_on_then_the_store_says_what_is_applied_now(home: Home) -> None:
    store = opened(home)
    store.save_revision(Revision(last_verified="a" * 40, last_applied="a" * 40))
    made = backed_up(home)
    store.save_revision(Revision(last_verified="b" * 40, last_applied="b" * 40))
    store.close()
    back(home, made)
    store = opened(home)
    assert (store.revision().last_verified, store.revision().last_applied) == ("b" * 40, "b" * 40)
    store.close()


def test_restore_when_only_the_last_known_good_knows_what_is_applied_then_that(home: Home) -> None:
    store = opened(home)
    store.save_revision(Revision(last_verified="a" * 40, last_applied="a" * 40))
    store.close()
    made = backed_up(home)
    known_good(home, [], "b" * 40)
    no_database(home)
    back(home, made)
    store = opened(home)
    assert (store.revision().last_verified, store.revision().last_applied) == ("a" * 40, "b" * 40)
    store.close()


def no_database(home: Home) -> None:
    home.store.write_bytes(b"not a database" * 1000)


def gone(home: Home) -> None:
    home.store.unlink()


def changed_record(home: Home) -> None:
    with closing(sqlite3.connect(home.store)) as connection, connection:
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute("UPDATE audit SET actor = 'other' WHERE seq = 5")


def cut_log(home: Home) -> None:
    with closing(sqlite3.connect(home.store)) as connection, connection:
        connection.execute("DROP TRIGGER audit_no_delete")
        connection.execute("DELETE FROM audit WHERE seq > 4")


def other_log(home: Home) -> None:
    home.store.unlink()
    home.audit_head.unlink()
    store = opened(home)
    for number in range(6):
        store.append_audit(entry(number, actor="somebody"))
    store.close()


@pytest.mark.parametrize(
    ("fault", "carried", "told"),
    [
        (no_database, 0, "not a database"),
        (gone, 0, "was missing"),
        (changed_record, 1, "audit records from 5 on: record 5 was changed"),
        (cut_log, 1, "the log was cut: its head is record 6"),
        (other_log, 0, "has another record 3 than the backup"),
    ],
)
def test_restore_when_the_store_is_damaged_then_it_works_again_and_says_what_is_lost(
    home: Home, fault: Callable[[Home], None], carried: int, told: str
) -> None:
    made = backed_up(home)
    store = opened(home)
    for number in range(3):
        store.append_audit(entry(10 + number))
    store.close()
    fault(home)
    done = back(home, made)
    assert done.carried.records == carried
    assert told in "; ".join(done.carried.lost)
    store = opened(home)
    report, newest = store.verify_audit(), store.audit(limit=1)[0]
    store.close()
    assert (report.ok, report.records) == (True, 3 + carried + 2)
    assert (newest.entry.level, told in newest.entry.details) == ("critical", True)


def test_restore_when_a_service_runs_then_refused_with_the_next_command(home: Home) -> None:
    made = backed_up(home)
    held = pidfile.hold(pid_file(home, "gate"))
    assert held is not None
    before = home.store.read_bytes()
    with pytest.raises(Permanent, match="gate must not run") as caught:
        back(home, made)
    assert caught.value.hint == "gt risk service stop"
    assert (home.store.read_bytes(), home.replaced.exists()) == (before, False)


def test_restore_when_the_backup_is_damaged_then_refused_and_the_store_stays(home: Home) -> None:
    made = backed_up(home)
    with (made.folder / "store.db").open("r+b") as file:
        file.seek(5_000)
        file.write(b"\xff" * 64)
    with pytest.raises(Permanent, match=r"store\.db: its SHA-256"):
        back(home, made)
    assert sqlite_file.problem(home.store) == ""


def test_restore_when_there_is_no_room_then_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    made = backed_up(home)
    monkeypatch.setattr("controller.host.restore._SPARE", 1 << 60)
    with pytest.raises(StoreUnavailable, match="MiB are free"):
        back(home, made)


KILLED = """
import os, sys
from pathlib import Path
from controller.home import Home
from controller.host.restore import checked, restore
home, name, steps = Home(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
seen = 0
def count(event, arguments):
    global seen
    if event in ("os.rename", "os.link", "os.mkdir", "sqlite3.connect", "os.remove", "os.chmod") or (
        event == "open" and str(home.root) in str(arguments)
    ):
        seen += 1
        if seen > steps:
            os._exit(9)
chosen = checked(home, name)
sys.addaudithook(count)
restore(home, chosen, "Op", "a test")
"""


@pytest.mark.process
def test_restore_when_killed_at_any_step_then_the_next_one_completes_and_loses_nothing(home: Home) -> None:
    made = backed_up(home)
    store = opened(home)
    store.save_halt(a_halt(NEW))
    store.append_audit(entry(9))
    store.close()
    steps, killed = 0, True
    while killed:
        argv = [sys.executable, "-c", KILLED, str(home.root), made.name, str(steps)]
        done = subprocess.run(argv, capture_output=True, check=False)
        assert done.returncode in (0, 9), done.stderr
        killed = done.returncode == 9
        store = opened(home)
        close_open_intents(store, SystemClock(), lambda _: "as it is")
        assert store.verify_audit().ok, steps
        assert [item.id for item in store.halts()] == [NEW], steps
        assert "aud-9" in {item.entry.audit_id for item in store.audit(limit=500)}, steps
        store.close()
        steps += 4
    assert steps > 20
    assert backups.listed(home)[0] == [made]
