"""Publishing snapshots, light boot and the permit's keeper, on real files."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from controller.adapters.clock import ManualClock, SystemClock
from controller.errors import LeaseLost, Temporary
from controller.halt import CLI, halt
from controller.home import Home
from controller.latch.layout import FENCE_AT, LeaseHeld
from controller.latch.raising import RaiseFile
from controller.reconcile.boot import boot
from controller.reconcile.handlers import Backoff
from controller.reconcile.permit_keeper import BOUNDS, ClockWatch, PermitKeeper, permit_until
from controller.reconcile.publisher import KEEP, Publisher, canonical, digest_of_policies, load_last_known_good
from schemas import policy as schema
from tests.support.homes import BOOK, latched_home
from tests.support.policies import policy

POLICY = policy().model_dump(mode="json")
TEXT = canonical(POLICY)
SECOND = 1_000_000_000


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return latched_home(tmp_path)


def words(home: Home) -> list[str]:
    latch = RaiseFile.open(str(home.raise_file))
    try:
        return [slot.halt_id for slot in latch.slots() if slot.open]
    finally:
        latch.close()


def test_canonical_and_digest_then_as_the_schema_has_them() -> None:
    snapshot = schema.Snapshot(version=1, fence=1, book=BOOK, environment="paper", policies=(policy(),))
    assert canonical({"b": "é", "a": 1}) == schema.canonical({"b": "é", "a": 1})
    assert digest_of_policies([TEXT]) == snapshot.digest()


def test_publish_then_file_is_there_before_the_permit_names_it(tmp_path: Path) -> None:
    named: list[tuple[int, str, bool]] = []

    def set_policy(version: int, digest: str) -> None:
        named.append((version, digest, (tmp_path / f"{version}.json").exists()))

    publisher = Publisher(tmp_path, BOOK, "paper", 7, set_policy)
    published = publisher.publish([TEXT], at_least=40)
    assert named == [(41, published.digest, True)]
    document = json.loads((tmp_path / "41.json").read_text())
    assert document["fence"] == 7 and document.pop("digest") == published.digest
    assert schema.Snapshot.model_validate(document).digest() == published.digest


def test_publish_often_then_newest_are_kept_and_versions_rise_over_a_restart(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path, BOOK, "paper", 1, lambda *_: None)
    versions = [publisher.publish([TEXT]).version for _ in range(KEEP + 3)]
    assert versions == sorted(set(versions)) and len(list(tmp_path.glob("*.json"))) == KEEP
    assert Publisher(tmp_path, BOOK, "paper", 2, lambda *_: None).publish([TEXT]).version > versions[-1]


def test_last_known_good_when_damaged_then_says_so(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path, BOOK, "paper", 1, lambda *_: None)
    publisher.publish([TEXT])
    publisher.remember([TEXT], ["x"], "1" * 40)
    known = load_last_known_good(tmp_path)
    assert known is not None and known.cleared == {"x"} and known.commit == "1" * 40
    path = tmp_path / "last-known-good.json"
    path.write_text(path.read_text().replace("momentum", "momentun"))
    with pytest.raises(ValueError, match="digest"):
        load_last_known_good(tmp_path)


def test_boot_then_lease_fence_and_last_known_good_in_the_permit(home: Home) -> None:
    first = boot(home, BOOK, "paper")
    first.publisher.publish([TEXT])
    first.publisher.remember([TEXT], (), "1" * 40)
    first.permit.set_until(5)
    fence = first.permit.fence
    with pytest.raises(LeaseHeld):
        boot(home, BOOK, "paper")
    first.permit.close()
    again = boot(home, BOOK, "paper")
    assert again.permit.fence == fence + 1 and again.permit.until == 0
    assert again.published is not None and again.permit.policy[0] == again.published.version > 1
    again.permit.close()


def test_boot_when_the_raise_file_is_lost_then_halted_until_cleared_and_old_halts_are_back(home: Home) -> None:
    halt_id = halt(str(home.root), "account", 1, "ada", "x", CLI, notify=False).halt_id
    home.raise_file.unlink()
    booted = boot(home, BOOK, "paper")
    assert halt_id in words(home) and len(words(home)) == 2
    assert any("was missing" in text for text in booted.problems)
    booted.permit.close()
    boot(home, BOOK, "paper").permit.close()
    assert len(words(home)) == 2


def test_boot_when_the_permit_is_lost_then_halted(home: Home) -> None:
    home.permit_file.unlink()
    boot(home, BOOK, "paper").permit.close()
    assert len(words(home)) == 1


def test_boot_when_a_journal_record_is_damaged_then_one_deterministic_halt(home: Home) -> None:
    halt(str(home.root), "strategy:" + "a" * 32, 1, "ada", "x", CLI, notify=False)
    with home.journal.open("r+b") as file:
        file.seek(512 + 100)
        file.write(b"\xff\xff")
    for _ in range(2):
        boot(home, BOOK, "paper").permit.close()
        assert len(words(home)) == 2


def test_boot_when_all_is_well_then_no_halt(home: Home) -> None:
    booted = boot(home, BOOK, "paper")
    assert words(home) == [] and booted.raised == [] and booted.problems == []
    booted.permit.close()


def test_permit_then_ends_with_whoever_stops_first() -> None:
    progress = dict.fromkeys(BOUNDS, 100 * SECOND)
    assert permit_until(progress, BOUNDS, 100 * SECOND) == 105 * SECOND
    assert permit_until({**progress, "reconcile": 70 * SECOND}, BOUNDS, 100 * SECOND) == 100 * SECOND
    assert permit_until({**progress, "monitor": 0}, BOUNDS, 100 * SECOND) == 5 * SECOND
    assert permit_until({}, BOUNDS, 100 * SECOND) == 0
    for name in BOUNDS:
        rest = {key: value for key, value in progress.items() if key != name}
        assert permit_until(rest, BOUNDS, 100 * SECOND) == 0


def test_permit_then_never_more_than_thirty_seconds_ahead() -> None:
    assert permit_until({"a": 0}, {"a": 3_600.0}, 0) == 30 * SECOND


def test_keeper_when_nobody_progresses_then_lets_it_run_out_and_stop_ends_it(home: Home) -> None:
    clock = ManualClock()
    booted = boot(home, BOOK, "paper")
    keeper = PermitKeeper(booted.permit, clock, bounds={"monitor": 5.0})
    keeper.tick()
    assert booted.permit.until == 0
    keeper.progress("monitor")
    keeper.tick()
    assert booted.permit.until == clock.boot_ns() + 5 * SECOND
    clock.advance(4)
    keeper.tick()
    assert booted.permit.until == clock.boot_ns() + SECOND
    keeper.stop()
    assert booted.permit.until == 0
    booted.permit.close()


def test_keeper_when_it_ran_out_three_times_then_a_halt_is_due(home: Home) -> None:
    clock, reasons = ManualClock(), list[str]()
    booted = boot(home, BOOK, "paper")
    keeper = PermitKeeper(booted.permit, clock, bounds={"monitor": 5.0}, excessive=reasons.append)
    for expected in (0, 0, 0, 1):
        keeper.progress("monitor")
        keeper.tick()
        assert len(reasons) == expected
        clock.advance(10)
    booted.permit.close()


def test_keeper_when_the_due_halt_cannot_be_raised_then_renews_nothing(home: Home) -> None:
    def refuse(reason: str) -> None:
        raise Temporary(reason)

    clock = ManualClock()
    booted = boot(home, BOOK, "paper")
    ended = clock.boot_ns() - 601 * SECOND
    keeper = PermitKeeper(booted.permit, clock, bounds={"monitor": 5.0}, excessive=refuse, expired_at=ended)
    keeper.progress("monitor")
    with pytest.raises(Temporary):
        keeper.tick()
    assert booted.permit.until == 0 and not keeper.started
    booted.permit.close()


def test_boot_when_a_crash_left_a_permit_that_ran_out_then_it_counts(home: Home) -> None:
    first = boot(home, BOOK, "paper")
    first.permit.set_until(1)
    first.permit.close()
    again = boot(home, BOOK, "paper")
    assert again.expired_at == 1
    again.permit.set_until(2**62)
    again.permit.close()
    last = boot(home, BOOK, "paper")
    assert last.expired_at == 0, "ended by the boot itself, not run out"
    last.permit.close()


def test_boot_when_a_power_loss_emptied_the_newest_snapshot_then_last_known_good_above_it(home: Home) -> None:
    first = boot(home, BOOK, "paper")
    first.publisher.publish([TEXT])
    first.publisher.remember([TEXT], (), "1" * 40)
    newest = first.publisher.publish([TEXT])
    first.permit.close()
    path = home.policy / f"{newest.version}.json"
    path.write_bytes(b"")
    again = boot(home, BOOK, "paper")
    assert again.published is not None and again.published.version > newest.version
    assert again.published.digest == digest_of_policies([TEXT]) and again.permit.until == 0
    again.permit.close()


def test_boot_when_the_permit_is_lost_then_the_fence_still_rises(home: Home) -> None:
    for _ in range(3):
        booted = boot(home, BOOK, "paper")
        booted.publisher.publish([TEXT])
        fence = booted.permit.fence
        booted.permit.close()
    home.permit_file.unlink()
    booted = boot(home, BOOK, "paper")
    assert booted.permit.fence > fence
    booted.permit.close()


def test_keeper_when_another_fence_is_in_the_permit_then_stops_and_writes_nothing(home: Home) -> None:
    lost: list[LeaseLost] = []
    told = threading.Event()

    def tell(error: LeaseLost) -> None:
        lost.append(error)
        told.set()

    booted = boot(home, BOOK, "paper")
    keeper = PermitKeeper(booted.permit, SystemClock(), bounds={"monitor": 5.0}, lost_lease=tell)
    keeper.progress("monitor")
    keeper.start()
    with home.permit_file.open("r+b") as file:
        file.seek(FENCE_AT)
        file.write((99).to_bytes(8, sys.byteorder))
    assert told.wait(30.0) and "fence" in str(lost[0]) and lost[0].hint
    until = booted.permit.until
    keeper.stop()
    assert booted.permit.until == until
    with pytest.raises(LeaseLost):
        booted.permit.release(0, 1)
    booted.permit.close()


def test_clock_when_moved_then_jumped_until_a_full_pass() -> None:
    clock = ManualClock()
    watch = ClockWatch(clock)
    clock.advance(3_600)
    assert not watch.jumped()
    clock.jump_wall(-6)
    assert watch.jumped()
    watch.passed()
    assert not watch.jumped()


def test_backoff_then_capped_jittered_and_forgotten_by_success_and_new_revision() -> None:
    backoff = Backoff(lambda: 0.0, base=1.0, cap=4.0)
    backoff.start("one")
    assert [backoff.failed("a", 0, 0.0) for _ in range(4)] == [0.5, 1.0, 2.0, 2.0]
    assert Backoff(lambda: 0.5, base=1.0).failed("a", 0, 0.0) == 0.75
    assert backoff.waiting("a", SECOND) and not backoff.waiting("b", SECOND)
    backoff.start("two")
    assert not backoff.waiting("a", SECOND)
    backoff.failed("a", 0, 9.0)
    assert backoff.next_ns() == 9 * SECOND
    backoff.succeeded("a")
    assert backoff.next_ns() == 0


def _loaded(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_light_boot_then_nothing_heavy_is_imported() -> None:
    loaded = _loaded(
        "import controller.app, controller.reconcile.boot, controller.host.supervisor, controller.host.logs"
    )
    assert not loaded & {"pydantic", "sqlalchemy", "git", "numpy", "scipy", "anyio"}


def test_controller_then_no_scipy_and_no_numpy() -> None:
    assert not _loaded("import controller.service, controller.rpc.server") & {"numpy", "scipy", "pandas"}
