"""What the light boot raises again and what it leaves closed; and when in force may be said."""

import sys
import time
from pathlib import Path

import pytest

from controller.adapters.clock import ManualClock
from controller.core.policy.text import text_of
from controller.errors import LeaseLost
from controller.halt import CLI, halt
from controller.home import Home
from controller.latch.journal import create, read
from controller.latch.layout import FENCE_AT, LatchError
from controller.latch.permit import PermitFile
from controller.latch.raising import RaiseFile
from controller.reconcile.boot import boot
from controller.reconcile.lease import Lease
from controller.reconcile.permit_keeper import PermitKeeper
from controller.reconcile.restore import furthest
from schemas.desired import TradingMode
from tests.support.homes import BOOK, latched_home
from tests.support.policies import policy
from tests.support.rig import commit_id, desired, make_rig


@pytest.fixture
def home(tmp_path: Path) -> Home:
    place = latched_home(tmp_path)
    place.store.write_text("stands for the store\n")
    return place


def open_ids(home: Home) -> set[str]:
    latch = RaiseFile.open(str(home.raise_file))
    try:
        return {slot.halt_id for slot in latch.slots() if slot.open}
    finally:
        latch.close()


def halted(home: Home) -> str:
    return halt(str(home.root), "account", 3, "ada", "x", CLI, notify=False).halt_id


def wipe(home: Home) -> None:
    """Zero every slot word, as a write over the file would."""
    with home.raise_file.open("r+b") as file:
        file.seek(64)
        file.write(bytes(576))


def test_boot_when_words_were_wiped_then_raised_again_but_what_was_cleared(home: Home) -> None:
    cleared, still = halted(home), halted(home)
    first = boot(home, BOOK, "paper")
    first.publisher.publish([text_of(policy())])
    first.publisher.remember([text_of(policy())], {cleared}, "1" * 40)
    first.permit.close()
    wipe(home)
    second = boot(home, BOOK, "paper")
    assert open_ids(home) == {still}
    assert second.raised == [still]
    second.permit.close()


def ran_before(home: Home) -> None:
    """A home whose controller has applied something once."""
    booted = boot(home, BOOK, "paper")
    booted.publisher.publish([text_of(policy())])
    booted.publisher.remember([text_of(policy())], (), "1" * 40)
    booted.permit.close()


@pytest.mark.parametrize("emptied", [False, True])
def test_boot_when_the_store_is_gone_then_halted_once_for_each_loss(home: Home, emptied: bool) -> None:
    ran_before(home)
    if emptied:
        home.store.write_text("")
    else:
        home.store.unlink()
    first = boot(home, BOOK, "paper")
    (halt_id,) = first.raised
    first.permit.close()
    again = boot(home, BOOK, "paper")
    assert not again.raised and open_ids(home) == {halt_id}
    again.publisher.remember([text_of(policy())], {halt_id}, "1" * 40)
    again.permit.close()
    anew = boot(home, BOOK, "paper")
    assert len(anew.raised) == 1 and halt_id not in anew.raised
    anew.permit.close()


def test_boot_when_a_new_home_has_no_store_yet_then_no_halt(home: Home) -> None:
    home.store.unlink()
    booted = boot(home, BOOK, "paper")
    assert not booted.raised and not open_ids(home)
    booted.permit.close()


def test_boot_when_a_halter_remade_the_lost_raise_file_while_all_were_down_then_latch_lost_once(home: Home) -> None:
    ran_before(home)
    lost = halt(str(home.root), "account", 3, "ada", "known to the raise file alone", CLI, notify=False).halt_id
    home.journal.unlink()
    create(str(home.journal), 16)
    home.raise_file.unlink()
    known = halted(home)
    booted = boot(home, BOOK, "paper")
    (synthetic,) = open_ids(home) - {known}
    assert synthetic != lost and any("raise was lost and made anew by a halter" in text for text in booted.problems)
    booted.permit.close()
    boot(home, BOOK, "paper").permit.close()
    assert open_ids(home) == {known, synthetic}


def test_boot_when_the_journal_was_lost_and_a_halter_came_by_then_halted_once_and_made_anew(home: Home) -> None:
    ran_before(home)
    home.journal.unlink()
    known = halted(home)
    booted = boot(home, BOOK, "paper")
    assert len(booted.raised) == 1 and open_ids(home) == {known, *booted.raised}
    assert any(entry.halt_id == booted.raised[0] for entry in read(str(home.journal))[0])
    booted.permit.close()
    again = boot(home, BOOK, "paper")
    assert not again.raised
    again.permit.close()


@pytest.mark.parametrize(("silent", "halts"), [(3.0, 1), (1.0, 0)])
def test_boot_when_the_permit_had_run_out_for_long_then_halted_once(
    home: Home, monkeypatch: pytest.MonkeyPatch, silent: float, halts: int
) -> None:
    monkeypatch.setattr("controller.reconcile.boot.LONG_EXPIRY_NS", 2 * 10**9)
    permit = PermitFile(str(home.permit_file))
    permit.acquire()
    permit.set_until(time.clock_gettime_ns(time.CLOCK_BOOTTIME) - int(silent * 1e9))
    permit.close()
    for _ in range(2):
        boot(home, BOOK, "paper").permit.close()
        assert len(open_ids(home)) == halts


def test_in_force_when_the_gate_is_looser_than_what_was_applied_then_not(tmp_path: Path) -> None:
    rig = make_rig(tmp_path, desired(1, TradingMode.PAUSE_NEW_ORDERS))
    rig.reconciler.reconcile_once()
    live = rig.engine.read()
    assert rig.reconciler.in_force(live)
    loose = live.gate.model_copy(update={"mode": TradingMode.NORMAL})
    assert not rig.reconciler.in_force(live.model_copy(update={"gate": loose}))
    assert not rig.reconciler.in_force(None)
    rig.close()


def test_verified_commit_then_named_in_the_permit_for_the_next_boot(tmp_path: Path) -> None:
    named: list[str] = []
    rig = make_rig(tmp_path, desired(1))
    rig.reconciler._parts.verified = named.append
    overview = rig.reconciler.reconcile_once()
    assert named == [overview.revision.last_verified]
    rig.close()


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_restore_when_several_know_a_verified_commit_then_the_furthest(tmp_path: Path, order: tuple[int, ...]) -> None:
    rig = make_rig(tmp_path, desired(1), desired(2), desired(3))
    assert furthest(rig.history, [commit_id(number) for number in order]) == commit_id(3)
    assert furthest(rig.history, ["", commit_id(2)]) == commit_id(2)
    rig.close()


def keeper_of(home: Home) -> tuple[Lease, PermitKeeper]:
    lease = Lease(str(home.permit_file))
    lease.take()
    return lease, PermitKeeper(lease, ManualClock(), bounds={"monitor": 5.0})


def test_keeper_when_another_fence_is_in_the_permit_then_lost_even_before_any_progress(home: Home) -> None:
    lease, keeper = keeper_of(home)
    with home.permit_file.open("r+b") as file:
        file.seek(FENCE_AT)
        file.write((lease.fence + 1).to_bytes(8, sys.byteorder))
    with pytest.raises(LeaseLost):
        keeper.tick()
    keeper.progress("monitor")
    with pytest.raises(LeaseLost):
        keeper.tick()
    assert lease.until == 0


def test_keeper_when_the_permit_file_was_replaced_then_nothing_is_renewed(home: Home) -> None:
    lease, keeper = keeper_of(home)
    keeper.progress("monitor")
    home.permit_file.unlink()
    with pytest.raises(LatchError, match="missing"):
        keeper.tick()
    assert lease.until == 0
