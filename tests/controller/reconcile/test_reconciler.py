"""The reconcile loop on in-memory twins and real latch files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.core.desired.documents import parse
from controller.core.plan.effective import evidence_text
from controller.halt import CLI, halt
from controller.reconcile.publisher import load_last_known_good
from schemas.desired import HaltDocument, Peak, StrategyStatus, TradingMode
from schemas.overview import Overview
from schemas.status import ConditionType, RefusalReason
from tests.support.rig import UID_A, Rig, clear, commit_id, desired, make_rig

ACTIVE, PAUSED, HALTED = StrategyStatus.ACTIVE, StrategyStatus.PAUSED, StrategyStatus.HALTED


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = make_rig(tmp_path, desired(1))
    yield made
    made.close()


def condition(overview: Overview, type_: ConditionType) -> Any:
    return next((item for item in overview.conditions if item.type is type_), None)


def raise_account_halt(rig: Rig) -> str:
    return halt(str(rig.home.root), "account", 3, "ada", "test", CLI, notify=False).halt_id


def test_first_pass_then_desired_is_in_force_by_read_back(rig: Rig) -> None:
    overview = rig.reconciler.reconcile_once()
    assert overview.revision.last_applied == commit_id(1)
    assert overview.live is not None and overview.live.gate.revision == commit_id(1)
    assert condition(overview, ConditionType.READY).status == "True"
    assert rig.engine.venue_statuses[rig_uid_paused()] is PAUSED


def rig_uid_paused() -> str:
    return "b" * 32


def test_second_pass_then_nothing_is_done_and_nothing_recorded(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    before, calls = rig.store.verify_audit().records, len(rig.engine.calls)
    rig.reconciler.reconcile_once()
    assert rig.store.verify_audit().records == before
    assert rig.engine.calls[calls:] == ["read"]


def test_changed_limit_then_gate_has_it_and_audit_has_intent_and_outcome(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    rig.history.commit(
        desired(2, limits={"position.max_position_pct": "10%"}), "risk: set\n\nReason: less\nAudit-Id: a1"
    )
    overview = rig.reconciler.reconcile_once()
    assert overview.effective is not None and overview.effective.limits["position.max_position_pct"] == 100_000
    records = rig.store.audit(event="config.change")
    assert [record.entry.kind for record in records] == ["outcome", "intent"]
    assert records[0].entry.outcome == "done" and records[1].entry.reason == "less"


def test_refused_tip_then_in_the_audit_log_once_however_often_it_is_seen(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    bad = rig.history.commit(desired(2))
    rig.history.refused[bad] = RefusalReason.UNSIGNED
    for _ in range(2):
        rig.reconciler.reconcile_once()
    rig.restart()
    rig.reconciler.reconcile_once()
    (record,) = rig.store.audit(event="config.refused")
    assert (record.entry.revision, record.entry.after, record.entry.level) == (bad, bad, "error")
    assert record.entry.details == "Unsigned: no"
    worse = rig.history.commit(desired(3))
    rig.history.refused[bad] = RefusalReason.UNKNOWN_KEY
    rig.reconciler.reconcile_once()
    assert rig.store.audit(event="config.refused")[0].entry.after == worse


def test_refused_commit_then_last_known_good_stays_and_status_says_why(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    rig.history.refused[rig.history.commit(desired(2, TradingMode.HALT_ALL))] = RefusalReason.UNSIGNED
    overview = rig.reconciler.reconcile_once()
    assert overview.revision.last_applied == commit_id(1) and overview.revision.last_attempted == commit_id(2)
    assert condition(overview, ConditionType.STALLED).reason == "Unsigned"
    assert overview.live is not None and overview.live.gate.mode is TradingMode.NORMAL


@pytest.mark.parametrize(
    ("reason", "type_"),
    [
        (RefusalReason.NOT_DESCENDANT, ConditionType.HISTORY_REWRITTEN),
        (RefusalReason.WRONG_TARGET, ConditionType.TARGET_MISMATCH),
    ],
)
def test_special_refusal_then_its_own_condition(rig: Rig, reason: RefusalReason, type_: ConditionType) -> None:
    rig.reconciler.reconcile_once()
    rig.history.refused[rig.history.commit(desired(2))] = reason
    assert condition(rig.reconciler.reconcile_once(), type_).revision == commit_id(2)


def test_git_down_then_last_known_good_and_after_a_day_no_new_orders(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    rig.history.down = "unreachable"
    overview = rig.reconciler.reconcile_once()
    assert overview.live is not None and overview.live.gate.mode is TradingMode.NORMAL
    rig.clock.advance(86_401)
    overview = rig.reconciler.reconcile_once()
    assert overview.live is not None and overview.live.gate.mode is TradingMode.PAUSE_NEW_ORDERS
    assert condition(overview, ConditionType.SOURCE_STALE).reason == "NewOrdersPaused"


def test_git_back_then_the_pause_lifts_by_itself(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    rig.history.down = "unreachable"
    rig.clock.advance(86_401)
    rig.reconciler.reconcile_once()
    rig.history.down = ""
    overview = rig.reconciler.reconcile_once()
    assert overview.live is not None and overview.live.gate.mode is TradingMode.NORMAL


def test_age_of_the_source_when_restarted_then_not_forgotten(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    rig.history.down = "unreachable"
    rig.clock.advance(86_401)
    rig.restart()
    overview = rig.reconciler.reconcile_once()
    assert overview.live is not None and overview.live.gate.mode is TradingMode.PAUSE_NEW_ORDERS


def test_clock_jump_then_loosening_waits_and_tightening_passes(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    rig.jumped = True
    rig.history.commit(desired(2, limits={"position.max_position_pct": "20%", "order.max_dollars": "$9"}))
    overview = rig.reconciler.reconcile_once()
    assert condition(overview, ConditionType.STALLED).reason == "ClockJump"
    assert overview.live is not None and overview.live.gate.policy_count == 2
    assert overview.revision.last_applied == commit_id(1)
    rig.jumped = False
    assert rig.reconciler.reconcile_once().revision.last_applied == commit_id(2)


def test_many_loosenings_then_held_until_the_digest_is_named(rig: Rig) -> None:
    both = {UID_A: PAUSED, rig_uid_paused(): PAUSED}
    rig.history.commit(desired(2, TradingMode.PAUSE_NEW_ORDERS, both))
    rig.reconciler.reconcile_once()
    loose = {UID_A: ACTIVE, rig_uid_paused(): ACTIVE}
    rig.history.commit(desired(3, statuses=loose))
    overview = rig.reconciler.reconcile_once()
    hold = condition(overview, ConditionType.STALLED)
    assert hold.reason == "TooMuchChange" and overview.pending is not None
    digest = hold.message.rpartition("Plan-Digest: ")[2].rstrip("'")
    rig.history.commit(desired(4, statuses=loose), f"Accept plan\n\nPlan-Digest: {digest}\n")
    rig.unsaved = "a backup is made"
    overview = rig.reconciler.reconcile_once()
    assert condition(overview, ConditionType.STALLED).reason == "BackupPending"
    assert overview.revision.last_applied == commit_id(2)
    rig.unsaved = ""
    assert rig.reconciler.reconcile_once().revision.last_applied == commit_id(4)


def test_small_change_without_a_backup_then_applied(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    rig.unsaved = "never made"
    rig.history.commit(desired(2, limits={"position.max_position_pct": "20%"}))
    assert rig.reconciler.reconcile_once().revision.last_applied == commit_id(2)


def test_engine_down_then_condition_and_later_applied(rig: Rig) -> None:
    rig.engine.unavailable = "gate is down"
    overview = rig.reconciler.reconcile_once()
    assert condition(overview, ConditionType.READY).reason == "EngineUnavailable" and overview.live is None
    rig.engine.unavailable = ""
    assert rig.reconciler.reconcile_once().revision.last_applied == commit_id(1)


def test_store_down_then_nothing_acts_unrecorded(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    rig.history.commit(desired(2, limits={"position.max_position_pct": "20%"}))
    rig.store.fail("disk full")
    overview = rig.reconciler.reconcile_once()
    assert rig.engine.read().gate.revision == commit_id(1)
    ready = condition(overview, ConditionType.READY)
    assert (ready.status, ready.reason) == ("False", "StoreUnavailable") and "next: gt risk doctor" in ready.message
    assert condition(overview, ConditionType.STALLED).reason == "StoreUnavailable"
    last = rig.reconciler.last
    assert last is not None and not last.complete
    rig.store.fail("")
    assert rig.reconciler.reconcile_once().revision.last_applied == commit_id(2)


def test_store_down_when_halted_then_halt_binds_is_told_and_adopted_later(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    rig.store.fail("disk full")
    halt_id = raise_account_halt(rig)
    assert [item.id for item in rig.desk.adopt()] == [halt_id] and rig.desk.adopt() == ()
    overview = rig.reconciler.reconcile_once()
    assert [item.id for item in overview.halts] == [halt_id]
    assert overview.live is not None and overview.live.gate.mode is TradingMode.HALT_ALL
    assert condition(overview, ConditionType.BYPASS_ACTIVE).reason == "HaltOpen"
    rig.store.fail("")
    rig.desk.adopt()
    assert [item.id for item in rig.store.halts()] == [halt_id]
    assert rig.reconciler.reconcile_once().effective.halts == (halt_id,)  # type: ignore[union-attr]  # applied above


def test_removed_strategy_when_its_halt_lands_just_after_then_it_stays_halted(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    rig.history.commit(desired(2, statuses={rig_uid_paused(): PAUSED}))
    halt(str(rig.home.root), f"strategy:{UID_A}", 3, "ada", "test", CLI, notify=False)
    overview = rig.reconciler.reconcile_once()
    assert overview.revision.last_applied == overview.revision.last_verified == commit_id(2)
    assert overview.effective is not None and overview.effective.strategies[UID_A].status is HALTED
    stalled = condition(overview, ConditionType.STALLED)
    assert (stalled.reason, stalled.scope) == ("HaltOpenOnObject", UID_A) and "s-a" in stalled.message
    rig.history.commit(desired(3, statuses={rig_uid_paused(): PAUSED}, limits={"order.max_dollars": "$9"}))
    rig.restart()
    overview = rig.reconciler.reconcile_once()
    assert overview.revision.last_applied == commit_id(3)
    assert overview.effective is not None and overview.effective.strategies[UID_A].status is HALTED


def test_removed_strategy_when_its_halt_is_cleared_then_gone(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    rest = {rig_uid_paused(): PAUSED}
    rig.history.commit(desired(2, statuses=rest))
    halt(str(rig.home.root), f"strategy:{UID_A}", 3, "ada", "test", CLI, notify=False)
    (item,) = rig.reconciler.reconcile_once().halts
    rig.history.commit(desired(3, statuses=rest, cleared={item.id: clear(item)}))
    overview = rig.reconciler.reconcile_once()
    assert overview.effective is not None and UID_A not in overview.effective.strategies
    assert overview.halts == () and condition(overview, ConditionType.STALLED) is None


def test_written_record_that_differs_from_the_halt_then_its_digest_clears_nothing(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    halt_id = raise_account_halt(rig)
    (item,) = rig.reconciler.reconcile_once().halts
    forged = item.model_copy(update={"scope": f"strategy:{UID_A}"})
    document = parse(f"halts/{halt_id}.yaml", evidence_text(forged).encode()).model
    assert isinstance(document, HaltDocument)
    tree = desired(2, cleared={halt_id: clear(forged)}).model_copy(update={"halts": {halt_id: document}})
    rig.history.commit(tree)
    overview = rig.reconciler.reconcile_once()
    assert [one.id for one in overview.halts] == [halt_id] and rig.desk.words() != ()
    assert overview.live is not None and overview.live.gate.mode is TradingMode.HALT_ALL


def test_clear_when_the_permit_has_not_started_then_released_only_after_it(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    raise_account_halt(rig)
    (item,) = rig.reconciler.reconcile_once().halts
    paused = {UID_A: PAUSED, rig_uid_paused(): PAUSED}
    rig.history.commit(desired(2, statuses=paused, cleared={item.id: clear(item)}), "resume\n\nReason: over")
    rig.permitted = False
    rig.restart()
    for _ in range(2):
        overview = rig.reconciler.reconcile_once()
        last = rig.reconciler.last
        assert rig.desk.words() == (item.word,) and item.id not in rig.store.released()
        assert last is not None and last.complete, "the permit waits for a complete pass"
        assert condition(overview, ConditionType.READY).reason == "ReleaseWaits"
    rig.permitted = True
    overview = rig.reconciler.reconcile_once()
    assert rig.desk.words() == () and item.id in rig.store.released()
    assert condition(overview, ConditionType.READY).status == "True"
    assert rig.store.audit(event="emergency.resume")[0].entry.reason == "over"


def test_clear_applied_at_boot_when_the_breach_stands_then_successor_before_release(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    raise_account_halt(rig)
    (item,) = rig.reconciler.reconcile_once().halts
    rig.history.commit(desired(2, statuses={UID_A: PAUSED}, cleared={item.id: clear(item, Peak.KEEP)}))
    rig.permitted = False
    rig.restart()
    rig.reconciler.reconcile_once()
    rig.store.save_peaks({"account": 200_000_000_000})
    rig.permitted = True
    overview = rig.reconciler.reconcile_once()
    assert item.id in rig.store.released()
    assert [one.source.value for one in overview.halts] == ["monitor"]
    assert overview.live is not None and overview.live.gate.mode is TradingMode.HALT_ALL


def test_loosening_drift_then_corrected_tightening_drift_kept_and_reported(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    rig.engine.set_venue_status(rig_uid_paused(), ACTIVE)
    rig.engine.set_venue_status(UID_A, HALTED)
    overview = rig.reconciler.reconcile_once()
    assert rig.engine.venue_statuses[rig_uid_paused()] is PAUSED
    assert rig.engine.venue_statuses[UID_A] is HALTED
    reasons = {item.reason for item in overview.conditions if item.type is ConditionType.DRIFTED}
    assert reasons == {"TighterThanApplied", "LooserThanApplied"}


def test_halt_then_policy_carries_it_and_nothing_but_a_clear_lifts_it(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    halt_id = raise_account_halt(rig)
    overview = rig.reconciler.reconcile_once()
    assert overview.effective is not None and overview.effective.halts == (halt_id,)
    assert rig.engine.venue_mode is TradingMode.HALT_ALL
    rig.history.commit(desired(2, limits={"order.max_dollars": "$9"}))
    rig.restart()
    overview = rig.reconciler.reconcile_once()
    assert overview.live is not None and overview.live.gate.mode is TradingMode.HALT_ALL


def test_cleared_halt_then_released_last_and_for_ever(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    raise_account_halt(rig)
    overview = rig.reconciler.reconcile_once()
    (item,) = overview.halts
    paused = {UID_A: PAUSED, rig_uid_paused(): PAUSED}
    rig.history.commit(desired(2, statuses=paused, cleared={item.id: clear(item)}))
    overview = rig.reconciler.reconcile_once()
    assert overview.halts == () and rig.desk.words() == () and item.id in rig.store.released()
    assert overview.live is not None and overview.live.gate.mode is TradingMode.NORMAL
    assert rig.engine.venue_statuses[UID_A] is PAUSED
    assert rig.store.audit(event="emergency.resume")
    rig.restart()
    assert rig.reconciler.reconcile_once().halts == () and rig.desk.words() == ()


def test_clear_of_one_halt_when_another_is_open_then_the_other_stays(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    raise_account_halt(rig)
    (first,) = rig.reconciler.reconcile_once().halts
    second = raise_account_halt(rig)
    paused = {UID_A: PAUSED, rig_uid_paused(): PAUSED}
    rig.history.commit(desired(2, statuses=paused, cleared={first.id: clear(first)}))
    overview = rig.reconciler.reconcile_once()
    assert [item.id for item in overview.halts] == [second]
    assert overview.live is not None and overview.live.gate.mode is TradingMode.HALT_ALL


def test_clear_with_another_digest_then_the_halt_stays(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    raise_account_halt(rig)
    (item,) = rig.reconciler.reconcile_once().halts
    wrong = clear(item).model_copy(update={"halt_digest": "0" * 64})
    rig.history.commit(desired(2, statuses={UID_A: PAUSED}, cleared={item.id: wrong}))
    assert [one.id for one in rig.reconciler.reconcile_once().halts] == [item.id]


def test_clear_that_keeps_a_breached_peak_then_a_successor_is_raised_first(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    raise_account_halt(rig)
    (item,) = rig.reconciler.reconcile_once().halts
    rig.store.save_peaks({"account": 200_000_000_000})
    rig.history.commit(desired(2, statuses={UID_A: PAUSED}, cleared={item.id: clear(item, Peak.KEEP)}))
    overview = rig.reconciler.reconcile_once()
    assert [one.source.value for one in overview.halts] == ["monitor"]
    assert overview.live is not None and overview.live.gate.mode is TradingMode.HALT_ALL


def test_clear_that_rebases_the_peak_then_no_successor(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    raise_account_halt(rig)
    (item,) = rig.reconciler.reconcile_once().halts
    rig.store.save_peaks({"account": 200_000_000_000})
    rig.history.commit(desired(2, statuses={UID_A: PAUSED}, cleared={item.id: clear(item, Peak.REBASE)}))
    overview = rig.reconciler.reconcile_once()
    assert overview.halts == () and rig.store.peaks()["account"] == 100_000_000_000


def test_reducing_band_then_strategy_is_paused_until_it_recovers(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    rig.store.save_peaks({"account": 130_000_000_000})
    overview = rig.reconciler.reconcile_once()
    assert overview.live is not None and overview.live.gate.mode is TradingMode.PAUSE_NEW_ORDERS
    rig.store.save_peaks({"account": 100_000_000_000})
    overview = rig.reconciler.reconcile_once()
    assert overview.live is not None and overview.live.gate.mode is TradingMode.NORMAL


def test_last_known_good_then_names_policy_and_commit(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    known = load_last_known_good(rig.home.policy)
    assert known is not None and known.commit == commit_id(1) and known.policies[0]["revision"] == commit_id(1)


def test_revision_then_in_the_store_after_each_pass_also_when_the_store_was_down_in_the_one_before(rig: Rig) -> None:
    first = rig.reconciler.reconcile_once().revision
    assert rig.store.revision() == first
    rig.history.commit(desired(2))
    rig.store.fail("disk full")
    rig.reconciler.reconcile_once()
    rig.store.fail("")
    seen = rig.reconciler.reconcile_once().revision
    assert rig.store.revision() == seen
    assert seen.last_applied == seen.last_verified == commit_id(2)
