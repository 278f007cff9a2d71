"""Halts that the journal could not take come back into it, and nothing of them is lost on the way."""

import os
from pathlib import Path

import pytest

from controller.adapters.store.memory import MemoryStore
from controller.errors import StoreUnavailable
from controller.latch import journal
from controller.latch.journal import create, fold, read
from controller.latch.journal_record import HALT, RECORD, Entry
from controller.reconcile.rescue import Rescue
from schemas.audit import AuditEntry, AuditRecord
from tests.support.rig import Rig, desired, make_rig

ID = "ab" * 16
REASON = "a long reason " * 40


def rescued(rig: Rig, *, quiet: bool = True) -> Path:
    """A halt recorded while the journal could not be written."""
    away = rig.home.root / "away"
    rig.home.journal.rename(away)
    rig.home.journal.mkdir()
    entry = Entry(HALT, ID, 5, scope="account", mode=3, source=1, actor="ann", text=REASON)
    written, _ = journal.record(str(rig.home.root), entry)
    assert written is not None
    written.close()
    rig.home.journal.rmdir()
    away.rename(rig.home.journal)
    (path,) = map(Path, journal.rescue_files(str(rig.home.root)))
    if quiet:
        os.utime(path, (0, 0))
    return path


def audited(rig: Rig) -> list[str]:
    return [item.entry.reason for item in reversed(rig.store.audit()) if ID in item.entry.audit_id]


def test_rescue_file_when_quiet_then_in_journal_and_audit_once_and_gone(rig: Rig) -> None:
    path = rescued(rig)
    before = journal.read_home(str(rig.home.root))[1]
    Rescue(rig.home, rig.desk).take_in()
    assert before == [f"{path.name}: {journal.RESCUED}"]
    assert not path.exists()
    entries, problems = journal.read_home(str(rig.home.root))
    assert problems == [] and fold(entries)[ID].reason == REASON
    assert "".join(audited(rig)) == REASON
    Rescue(rig.home, rig.desk).take_in()
    assert len(journal.read_home(str(rig.home.root))[0]) == len(entries)


def test_rescue_file_when_a_halter_may_still_write_then_left(rig: Rig) -> None:
    path = rescued(rig, quiet=False)
    Rescue(rig.home, rig.desk).take_in()
    assert path.exists() and ID not in fold(read(str(rig.home.journal))[0])


def test_rescue_file_when_damaged_then_left_for_the_doctor(rig: Rig) -> None:
    path = rescued(rig)
    with path.open("r+b") as file:
        file.seek(RECORD + 30)
        file.write(b"\xff")
    os.utime(path, (0, 0))
    Rescue(rig.home, rig.desk).take_in()
    assert path.exists()


def test_rescue_file_when_the_journal_is_gone_then_left_and_told_once(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    path = rescued(rig)
    rig.home.journal.unlink()
    rescue = Rescue(rig.home, rig.desk)
    rescue.take_in()
    rescue.take_in()
    assert path.exists()
    assert len([text for text in caplog.messages if "rescue files of the journal wait" in text]) == 1
    create(str(rig.home.journal), 16)
    rescue.take_in()
    assert not path.exists()


class Broken(MemoryStore):
    """A store without an audit log."""

    def append_audit(self, entry: AuditEntry) -> AuditRecord:
        raise StoreUnavailable("away")


def test_rescue_file_when_the_audit_log_is_away_then_left_until_it_is_back(tmp_path: Path) -> None:
    rig = make_rig(tmp_path, desired(1), store=Broken())
    path = rescued(rig)
    Rescue(rig.home, rig.desk).take_in()
    assert path.exists()
    rig.store = MemoryStore()
    rig.restart()
    Rescue(rig.home, rig.desk).take_in()
    assert not path.exists() and "".join(audited(rig)) == REASON
    rig.close()
