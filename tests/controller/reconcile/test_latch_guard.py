"""The latch pair gone or replaced under a running controller, on the real files."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.errors import LeaseLost
from controller.halt import CLI, halt
from controller.latch.layout import LatchError
from controller.latch.raising import create_pair
from controller.latch.reader import LatchReader
from controller.reconcile.boot import book16
from controller.reconcile.latch_guard import LatchGuard
from controller.reconcile.lease import Lease
from tests.support.rig import Rig, desired, make_rig

BOOK = "0" * 32


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = make_rig(tmp_path, desired(1))
    made.reconciler.reconcile_once()
    yield made
    made.close()


def guard_of(rig: Rig, stopped: list[str], fences: list[int]) -> LatchGuard:
    return LatchGuard(
        rig.home,
        BOOK,
        rig.booted.permit,
        rig.desk,
        rig.store,
        rig.clock,
        desired=lambda: rig.reconciler.memory.applied_desired,
        stop=lambda: stopped.append("stop"),
        restored=fences.append,
    )


def new_pair(rig: Rig) -> None:
    rig.home.raise_file.unlink()
    rig.home.permit_file.unlink()
    create_pair(str(rig.home.raise_file), str(rig.home.permit_file), book16(BOOK))


def raise_gone(rig: Rig) -> None:
    rig.home.raise_file.unlink()


def permit_gone(rig: Rig) -> None:
    rig.home.permit_file.unlink()


def both_gone(rig: Rig) -> None:
    raise_gone(rig)
    permit_gone(rig)


def raise_made_anew(rig: Rig) -> None:
    rig.home.raise_file.unlink()
    create_pair(str(rig.home.raise_file), str(rig.home.permit_file), book16(BOOK))


@pytest.mark.parametrize("lose", [raise_gone, permit_gone, both_gone, new_pair, raise_made_anew])
def test_pair_when_gone_or_replaced_then_halted_raised_again_told_and_led(
    rig: Rig, lose: Callable[[Rig], None]
) -> None:
    halt_id = halt(str(rig.home.root), "account", 1, "ada", "test", CLI, notify=False).halt_id
    rig.desk.adopt()
    stopped, fences = list[str](), list[int]()
    guard = guard_of(rig, stopped, fences)
    assert not guard.check()
    before = rig.booted.permit.fence
    lose(rig)
    assert guard.check() and stopped == ["stop"] and len(fences) == 1
    assert not guard.check()
    rig.desk.adopt()
    found = {item.id: item for item in rig.desk.open_halts(None) if item.word}
    assert len(found) == 2 and halt_id in found
    (lost,) = [item for item in found.values() if item.id != halt_id]
    assert lost.mode.value == "halt-all" and lost.source.value == "synthetic" and "latch-lost" in lost.reason
    assert rig.store.audit(event="latch.lost")[0].entry.level == "critical"
    assert rig.booted.permit.fence >= before and rig.booted.permit.problem() == ""
    rig.booted.permit.set_until(0)
    reader = LatchReader(str(rig.home.raise_file), str(rig.home.permit_file), book16(BOOK))
    assert reader.poll(0).mode == 3 and not reader.poll(0).anomaly


def test_permit_when_replaced_then_the_fence_is_above_the_one_before(rig: Rig) -> None:
    fences = list[int]()
    guard = guard_of(rig, [], fences)
    before = rig.booted.permit.fence
    permit_gone(rig)
    guard.check()
    assert fences == [before + 1] == [rig.booted.permit.fence]


def test_permit_when_another_controller_has_the_new_one_then_lease_lost(rig: Rig) -> None:
    guard = guard_of(rig, [], [])
    new_pair(rig)
    other = Lease(str(rig.home.permit_file))
    other.take()
    with pytest.raises(LeaseLost):
        guard.check()
    with pytest.raises(LatchError):
        rig.booted.permit.set_until(1)
    other.close()


def test_half_when_damaged_then_not_repaired_not_renewed_and_told_once(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    stopped = list[str]()
    guard = guard_of(rig, stopped, [])
    os.truncate(rig.home.permit_file, 0)
    assert not guard.check() and not guard.check()
    assert stopped == ["stop", "stop"]
    assert len([record for record in caplog.records if "cannot be repaired" in record.message]) == 1
