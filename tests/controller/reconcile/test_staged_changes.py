"""Rollout, schedule and what proved bad, in the loop: what the gate holds at each time."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.render import config as render
from controller.errors import Permanent
from controller.halt import CLI, halt
from controller.views.config import limit_view
from schemas.change import ChangeControl
from schemas.desired import StrategyStatus
from schemas.limits import BY_NAME
from schemas.overview import Overview
from tests.support.rig import UID_A, UID_B, Rig, commit_id, desired, started_rig

ACTIVE, PAUSED = StrategyStatus.ACTIVE, StrategyStatus.PAUSED
STAGED = ChangeControl.model_validate({"rollout": {"minutes": 10, "max_loss_pct": "2%"}})
BOTH_PAUSED = {UID_A: PAUSED, UID_B: PAUSED}
BOTH_ACTIVE = {UID_A: ACTIVE, UID_B: ACTIVE}
LIMIT = "position.max_position_pct"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with started_rig(tmp_path, desired(1, statuses=BOTH_PAUSED, change=STAGED)) as made:
        yield made


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Rig]:
    with started_rig(tmp_path, desired(1)) as made:
        yield made


def reason(overview: Overview) -> str:
    return next(item.reason for item in overview.conditions if item.type.value == "Ready")


def held(rig: Rig) -> list[dict[str, Any]]:
    """The policies that the gate must hold now, each of them."""
    paths = [path for path in rig.home.policy.glob("*.json") if path.stem.isdigit()]
    newest = max(paths, key=lambda path: int(path.stem))
    found: list[dict[str, Any]] = json.loads(newest.read_text())["policies"]
    return found


def limit(rig: Rig, name: str = LIMIT) -> int:
    return min(int(policy["limits"][name]) for policy in held(rig))


def trades(rig: Rig, uid: str) -> bool:
    """Whether gate and venue let orders of ``uid`` through."""
    by_gate = all(policy["strategies"][uid]["status"] == "active" for policy in held(rig))
    return by_gate and rig.engine.venue_statuses.get(uid, ACTIVE) is ACTIVE


def resume_both(rig: Rig, limits: dict[str, str] | None = None) -> None:
    rig.history.commit(desired(2, statuses=BOTH_ACTIVE, limits=limits, change=STAGED))


def later(rig: Rig, minutes: float = 10) -> Overview:
    rig.clock.advance(minutes * 60)
    return rig.reconciler.reconcile_once()


def test_rollout_when_it_goes_well_then_one_strategy_then_all(rig: Rig) -> None:
    resume_both(rig)
    overview = rig.reconciler.reconcile_once()
    assert reason(overview) == "RollingOut"
    assert (trades(rig, UID_A), trades(rig, UID_B)) == (True, False)
    assert overview.revision.last_applied == commit_id(1)
    assert (reason(later(rig, 9)), trades(rig, UID_B)) == ("RollingOut", False)
    later(rig)
    assert (trades(rig, UID_A), trades(rig, UID_B)) == (True, False)
    overview = later(rig)
    assert (reason(overview), overview.revision.last_applied) == ("InForce", commit_id(2))
    assert (trades(rig, UID_A), trades(rig, UID_B)) == (True, True)


def test_rollout_when_nothing_moves_then_nothing_is_done_and_nothing_recorded(rig: Rig) -> None:
    resume_both(rig)
    rig.reconciler.reconcile_once()
    before, calls = rig.store.verify_audit().records, len(rig.engine.calls)
    overview = rig.reconciler.reconcile_once()
    assert rig.store.verify_audit().records == before
    assert rig.engine.calls[calls:] == ["read"]
    assert [item for item in overview.conditions if item.type.value == "Drifted"] == []


def test_rollout_when_an_account_limit_loosens_then_a_share_of_the_way_first(rig: Rig) -> None:
    rig.history.commit(desired(2, statuses=BOTH_PAUSED, limits={LIMIT: "20%"}, change=STAGED))
    assert reason(rig.reconciler.reconcile_once()) == "RollingOut"
    assert limit(rig) == 175_000
    assert (reason(later(rig)), limit(rig)) == ("InForce", 200_000)


def test_rollout_when_the_same_commit_tightens_then_that_is_in_force_at_once(rig: Rig) -> None:
    resume_both(rig, {"position.max_positions": "3"})
    rig.reconciler.reconcile_once()
    assert limit(rig, "position.max_positions") == 3


def test_rollout_when_equity_falls_then_all_of_it_is_taken_back_and_remembered(rig: Rig) -> None:
    resume_both(rig)
    rig.reconciler.reconcile_once()
    rig.engine.cash -= 3_000_000_000
    overview = later(rig, 1)
    assert reason(overview) == "KnownBad"
    assert (trades(rig, UID_A), trades(rig, UID_B)) == (False, False)
    assert rig.engine.venue_statuses[UID_A] is PAUSED
    rig.engine.cash += 3_000_000_000
    rig.restart()
    assert reason(later(rig, 60)) == "KnownBad"
    assert not trades(rig, UID_A)
    record = rig.store.audit(event="config.change")[0].entry
    assert "equity fell" in record.details


def test_rollout_when_a_halt_is_raised_then_taken_back(rig: Rig) -> None:
    resume_both(rig)
    rig.reconciler.reconcile_once()
    halt(str(rig.home.root), "account", 1, "ada", "test", CLI, notify=False)
    assert reason(rig.reconciler.reconcile_once()) == "KnownBad"
    assert not trades(rig, UID_A)


def test_rollout_when_the_controller_starts_again_then_it_goes_on_where_it_stood(rig: Rig) -> None:
    resume_both(rig)
    rig.reconciler.reconcile_once()
    later(rig)
    rig.restart()
    assert not trades(rig, UID_A)
    rig.reconciler.reconcile_once()
    assert (trades(rig, UID_A), trades(rig, UID_B)) == (True, False)
    assert rig.reconciler.memory.record.rollout is not None
    assert rig.reconciler.memory.record.rollout.stage == 1


def test_rollout_when_it_is_taken_back_by_a_commit_then_at_once(rig: Rig) -> None:
    resume_both(rig)
    rig.reconciler.reconcile_once()
    rig.history.commit(desired(3, statuses=BOTH_PAUSED, change=STAGED))
    overview = rig.reconciler.reconcile_once()
    assert (reason(overview), trades(rig, UID_A)) == ("InForce", False)


def test_rollout_when_a_person_pauses_at_the_venue_then_it_stays_paused(rig: Rig) -> None:
    resume_both(rig)
    rig.reconciler.reconcile_once()
    rig.engine.set_venue_status(UID_A, PAUSED)
    rig.reconciler.reconcile_once()
    assert rig.engine.venue_statuses[UID_A] is PAUSED


def test_rollout_when_the_record_is_damaged_then_from_the_first_stage(rig: Rig) -> None:
    resume_both(rig)
    rig.reconciler.reconcile_once()
    later(rig)
    (rig.home.policy / "changes.json").write_text("{")
    rig.restart()
    rig.reconciler.reconcile_once()
    assert rig.reconciler.memory.record.rollout is not None
    assert rig.reconciler.memory.record.rollout.stage == 0


def test_record_when_damaged_then_a_condition_says_so_until_a_person_takes_it_away(rig: Rig) -> None:
    (rig.home.policy / "changes.json").write_text("{")
    rig.restart()
    lost = [item for item in rig.reconciler.reconcile_once().conditions if item.reason == "ChangeRecordLost"]
    assert len(lost) == 1 and "what proved bad before is forgotten" in lost[0].message
    rig.restart()
    assert "ChangeRecordLost" in {item.reason for item in rig.reconciler.reconcile_once().conditions}
    damaged = rig.home.policy / "changes.damaged"
    assert damaged.read_text() == "{" and f"rm {damaged}" in lost[0].message
    damaged.unlink()
    assert "ChangeRecordLost" not in {item.reason for item in rig.reconciler.reconcile_once().conditions}


def scheduled(rig: Rig, number: int, limits: dict[str, str], minutes: int | None = None) -> None:
    at = "" if minutes is None else f"\n\nNot-Before: 2026-01-19T{10 + minutes // 60}:{minutes % 60:02}:00Z\n"
    rig.history.commit(desired(number, limits=limits), f"risk: change{at}")


def test_schedule_when_its_time_has_not_come_then_it_waits_and_the_rest_is_in_force(plain: Rig) -> None:
    scheduled(plain, 2, {LIMIT: "20%"}, 60)
    scheduled(plain, 3, {LIMIT: "20%", "position.max_positions": "30"})
    overview = plain.reconciler.reconcile_once()
    assert reason(overview) == "Scheduled"
    assert (limit(plain), limit(plain, "position.max_positions")) == (150_000, 30)
    assert plain.reconciler.last is not None and plain.reconciler.last.hold is not None
    assert plain.reconciler.last.hold.until_ns > plain.clock.wall_ns()


def test_schedule_when_its_time_has_come_then_in_force(plain: Rig) -> None:
    scheduled(plain, 2, {LIMIT: "20%"}, 60)
    plain.reconciler.reconcile_once()
    overview = later(plain, 40)
    assert (reason(overview), limit(plain)) == ("InForce", 200_000)


def test_schedule_when_it_tightens_then_at_once(plain: Rig) -> None:
    scheduled(plain, 2, {LIMIT: "10%"}, 60)
    assert (reason(plain.reconciler.reconcile_once()), limit(plain)) == ("InForce", 100_000)


def test_schedule_when_a_tightening_touches_it_then_no_part_of_it_comes_sooner(plain: Rig) -> None:
    scheduled(plain, 2, {LIMIT: "20%"}, 60)
    scheduled(plain, 3, {LIMIT: "18%"})
    assert (reason(plain.reconciler.reconcile_once()), limit(plain)) == ("Scheduled", 150_000)


def test_schedule_when_it_is_taken_back_before_its_time_then_nothing_waits(plain: Rig) -> None:
    scheduled(plain, 2, {LIMIT: "20%"}, 60)
    plain.reconciler.reconcile_once()
    scheduled(plain, 3, {})
    assert (reason(plain.reconciler.reconcile_once()), limit(plain)) == ("InForce", 150_000)


def test_rolled_back_commit_when_it_comes_again_then_it_waits_also_after_a_restart(plain: Rig) -> None:
    plain.history.commit(desired(2, limits={LIMIT: "20%"}))
    plain.reconciler.reconcile_once()
    plain.history.commit(desired(3), f"risk: roll back\n\nRolls-Back: {commit_id(2)}\n")
    plain.reconciler.reconcile_once()
    plain.restart()
    plain.history.commit(desired(4, limits={LIMIT: "20%"}))
    overview = plain.reconciler.reconcile_once()
    assert (reason(overview), limit(plain)) == ("KnownBad", 150_000)
    assert "rolled back by" in next(item.message for item in overview.conditions if item.type.value == "Stalled")
    assert plain.reconciler.last is not None and plain.reconciler.last.hold is not None
    digest = plain.reconciler.last.hold.fix.rpartition("Plan-Digest: ")[2].rstrip("'")
    plain.history.commit(desired(5, limits={LIMIT: "20%"}), f"Accept plan\n\nPlan-Digest: {digest}\n")
    assert (reason(plain.reconciler.reconcile_once()), limit(plain)) == ("InForce", 200_000)
    assert plain.reconciler.memory.record.known_bad == ()


def test_commit_when_it_cannot_be_applied_for_good_then_not_tried_again_by_itself(plain: Rig) -> None:
    real = plain.engine.set_venue_status

    def broken(uid: str, status: StrategyStatus) -> None:
        if status is ACTIVE:
            raise Permanent("the venue refuses it")
        real(uid, status)

    plain.engine.set_venue_status = broken  # type: ignore[method-assign]  # the venue is what fails here
    plain.history.commit(desired(2, statuses={UID_A: ACTIVE, UID_B: ACTIVE}))
    plain.reconciler.reconcile_once()
    plain.engine.set_venue_status = real  # type: ignore[method-assign]  # as above
    plain.restart()
    overview = plain.reconciler.reconcile_once()
    assert reason(overview) == "KnownBad"
    assert not trades(plain, UID_B)


def test_limit_when_its_change_waits_then_it_is_shown_with_both_values(plain: Rig) -> None:
    limit = BY_NAME[LIMIT]
    assert limit_view(plain.reconciler.reconcile_once(), limit)["waits"] is None
    scheduled(plain, 2, {LIMIT: "20%"}, 60)
    seen = limit_view(plain.reconciler.reconcile_once(), limit)
    assert (seen["text"], seen["waits"]) == ("15%", {"old": "15%", "new": "20%", "reason": "Scheduled"})
    assert render.limit({"limit": seen})[-1] == "  not in force yet (Scheduled): 15% → 20%"
    rolling = {"limit": {**seen, "waits": {**seen["waits"], "reason": "RollingOut"}}}
    assert render.limit(rolling)[-1] == "  rolling out: 15% → 20%"
    later(plain, 61)
    assert limit_view(plain.reconciler.reconcile_once(), limit)["waits"] is None
