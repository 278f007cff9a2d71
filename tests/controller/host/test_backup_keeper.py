"""When the running controller makes a backup, and what a large change waits for."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from controller.home import Home
from controller.host import backup, backups
from controller.host.backup_keeper import RETRY_SECONDS, BackupKeeper, begin
from controller.settings import BackupSettings
from tests.support.homes import made_home
from tests.support.service import until

HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
COMMIT = "ab" * 20


class Runs:
    """Starts, instead of a backup, a process that ends at once with ``code``; ``makes`` has it made first."""

    def __init__(self, *, makes: bool = True, code: int = 0) -> None:
        self.whys: list[str] = []
        self.makes, self.code = makes, code
        self.processes: list[subprocess.Popen[bytes]] = []

    def __call__(self, home: Home, why: str) -> subprocess.Popen[bytes]:
        self.whys.append(why)
        if self.makes:
            backup.make(home, why, 0.0)
        self.processes.append(subprocess.Popen([sys.executable, "-S", "-c", f"raise SystemExit({self.code})"]))
        self.processes[-1].wait()
        return self.processes[-1]


@pytest.fixture
def home() -> Iterator[Home]:
    with made_home() as place:
        yield place


def keeper(home: Home, runs: Runs, **more: object) -> BackupKeeper:
    return BackupKeeper(home, BackupSettings(), start_process=runs, **more)  # type: ignore[arg-type]  # done alone


def now_of(home: Home) -> int:
    return backups.listed(home)[0][0].at_ns


def test_tick_when_there_is_none_then_one_is_made_and_no_other_before_a_day(home: Home) -> None:
    runs, made = Runs(), []
    one = keeper(home, runs, done=lambda: made.append(1))
    one.tick(0.0, 1)
    one.tick(0.1, 1)
    taken = now_of(home)
    for hours in (1, 23):
        one.tick(1.0 + hours, taken + hours * HOUR_NS)
    assert (runs.whys, made) == (["daily"], [1])
    one.tick(99.0, taken + DAY_NS)
    assert runs.whys == ["daily", "daily"]


def test_tick_when_a_person_made_one_meanwhile_then_it_counts(home: Home) -> None:
    runs = Runs()
    one = keeper(home, runs)
    one.tick(0.0, 1)
    one.tick(0.1, 1)
    backup.make(home, "by hand", 0.0)
    one.tick(1.0, now_of(home) + DAY_NS - 1)
    assert runs.whys == ["daily"]


def test_tick_when_it_fails_then_told_and_tried_again_later(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    runs = Runs(makes=False, code=1)
    one = keeper(home, runs)
    for now in (0.0, 1.0, 2.0, RETRY_SECONDS):
        one.tick(now, 1)
    assert runs.whys == ["daily"]
    assert "backup failed (daily), exit code 1" in caplog.text
    one.tick(1.0 + RETRY_SECONDS, 1)
    assert runs.whys == ["daily", "daily"]


def test_missing_when_asked_then_made_next_and_nothing_is_missing_after(home: Home) -> None:
    runs, made = Runs(), []
    one = keeper(home, runs, done=lambda: made.append(1))
    backup.make(home, "by hand", 0.0)
    assert one.missing(COMMIT) == "a backup is made before this large change"
    assert one.missing(COMMIT) != ""
    one.tick(0.0, now_of(home))
    one.tick(0.1, now_of(home))
    assert runs.whys == [f"before {COMMIT[:12]}"]
    assert (one.missing(COMMIT), made) == ("", [1])
    one.tick(0.2, now_of(home))
    assert len(runs.whys) == 1


def test_missing_when_it_cannot_be_made_then_says_so_and_asks_for_another_commit_all_the_same(home: Home) -> None:
    runs = Runs(makes=False, code=1)
    one = keeper(home, runs)
    one.missing(COMMIT)
    one.tick(0.0, 1)
    one.tick(0.1, 1)
    assert "failed; see " in one.missing(COMMIT)
    assert "failed" not in one.missing("cd" * 20)


@pytest.mark.process
def test_stop_when_a_backup_is_under_way_then_it_ends_and_the_next_one_cleans_up(home: Home) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def real(place: Home, why: str) -> subprocess.Popen[bytes]:
        started.append(begin(place, why))
        return started[-1]

    one = BackupKeeper(home, BackupSettings(), start_process=real)
    one.missing(COMMIT)
    one.start()
    until(lambda: bool(started), "a backup has begun")
    one.stop()
    assert started[0].poll() is not None
    backup.make(home, "after", 0.0)
    assert not list(home.backups.glob(".new-*"))
