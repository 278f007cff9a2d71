"""The wall clock is set back under a running controller: nothing is loosened before a full pass by the new time."""

from pathlib import Path

import pytest

from controller.adapters.clock import ManualClock
from controller.core.plan.guards import Hold
from controller.reconcile.permit_keeper import JUMP_NS, ClockWatch
from tests.support.rig import commit_id, desired, make_rig

HOUR = 3_600.0


@pytest.mark.parametrize("seconds", [-HOUR, HOUR])
def test_wall_clock_when_moved_then_loosening_waits_for_a_pass_and_tightening_does_not(
    tmp_path: Path, seconds: float
) -> None:
    rig = make_rig(tmp_path, desired(1))
    watch = ClockWatch(rig.clock)

    def held() -> Hold | None:
        rig.jumped = watch.jumped()
        rig.reconciler.reconcile_once()
        assert rig.reconciler.last is not None
        return rig.reconciler.last.hold

    assert held() is None
    rig.clock.jump_wall(seconds)
    rig.history.commit(desired(2, limits={"position.max_positions": "10"}))
    assert held() is None
    rig.history.commit(desired(3, limits={"position.max_positions": "30"}))
    hold = held()
    assert hold is not None and "ClockJump" in f"{hold.reason} {hold.message}"
    assert rig.reconciler.memory.revision.last_applied == commit_id(2)
    watch.passed()
    assert held() is None
    assert rig.reconciler.memory.revision.last_applied == commit_id(3)
    rig.close()


def test_watch_when_suspended_or_slewed_then_no_jump() -> None:
    clock = ManualClock()
    watch = ClockWatch(clock)
    clock.advance(HOUR)
    assert not watch.jumped()
    clock.jump_wall(-JUMP_NS / 1e9)
    assert not watch.jumped()
    clock.jump_wall(-1e-9)
    assert watch.jumped()
