"""A liquidation from the request to the audit record: who may start it, what it does, what can never start it again."""

from collections.abc import Iterator

import pytest

from controller.errors import EngineUnavailable, Raced, StoreUnavailable, Temporary
from controller.reconcile.liquidation_steps import NotGranted
from schemas.desired import TradingMode
from schemas.liquidation import LiquidationScope
from schemas.trust import Role
from tests.support.gates import eventually
from tests.support.liquidation import DOLLAR, HELD, Desk, liquidation_desk
from tests.support.rig import UID_A

PORTFOLIO, EVERYTHING = LiquidationScope


@pytest.fixture
def desk() -> Iterator[Desk]:
    with liquidation_desk() as made:
        yield made


@pytest.mark.parametrize(
    ("scope", "mode"), [(PORTFOLIO, TradingMode.PAUSE_NEW_ORDERS), (EVERYTHING, TradingMode.HALT_ALL)]
)
def test_prepare_then_intent_halt_cancel_and_nothing_is_ordered(
    desk: Desk, scope: LiquidationScope, mode: TradingMode
) -> None:
    desk.rig.engine.accept(desk.order(), 0)
    prepared = desk.prepare(scope)
    assert [item.mode for item in desk.rig.desk.open_halts(None)] == [mode]
    assert prepared.cancelled == {UID_A: 1}
    assert desk.working() == []
    assert [(item.kind, item.actor, item.reason) for item in desk.audited()] == [("intent", "op", "it burns")]
    assert (desk.rig.booted.permit.ticket, desk.rig.engine.marked) == (None, {})
    assert {(item.uid, item.symbol, item.quantity) for item in prepared.positions} == set(HELD)


def test_prepare_when_a_strict_enough_halt_is_open_then_no_second_one(desk: Desk) -> None:
    known = desk.rig.desk.raise_own("found")
    desk.prepare(PORTFOLIO)
    desk.prepare(EVERYTHING)
    assert [item.id for item in desk.rig.desk.open_halts(None)] == [known.id]


def test_prepare_when_a_weaker_halt_is_open_then_a_stricter_one_beside_it(desk: Desk) -> None:
    desk.prepare(PORTFOLIO)
    desk.prepare(EVERYTHING)
    assert {item.mode.value for item in desk.rig.desk.open_halts(None)} == {"pause-new-orders", "halt-all"}


def test_prepare_when_the_store_is_down_then_nothing_happens(desk: Desk) -> None:
    desk.rig.store.fail("gone")
    with pytest.raises(StoreUnavailable):
        desk.prepare()
    assert desk.rig.desk.words() == ()


def test_prepare_when_the_engine_is_silent_then_halted_all_the_same(desk: Desk) -> None:
    desk.rig.engine.unavailable = "gone"
    with pytest.raises(EngineUnavailable):
        desk.prepare()
    assert len(desk.rig.desk.words()) == 1
    assert desk.audited()[-1].outcome == "failed"


def test_start_then_flat_granted_and_audited(desk: Desk) -> None:
    prepared = desk.prepare()
    assert desk.start(prepared).stage == "running"
    state = desk.until(prepared, "done")
    assert {(item.symbol, item.quantity, item.left, item.price) for item in state.positions} == {
        (symbol, quantity, 0, 100 * DOLLAR) for _, symbol, quantity in HELD
    }
    assert state.cash is not None
    assert (state.by, state.resumable) == ("ada", False)
    assert [(item.kind, item.actor, item.outcome) for item in desk.audited()] == [
        ("intent", "op", ""),
        ("fact", "ada", ""),
        ("outcome", "op", "done"),
    ]
    assert desk.audited()[1].after == prepared.request.text()
    assert (desk.rig.booted.permit.ticket, desk.rig.engine.marked) == (None, {prepared.request.id: "ended"})
    assert len(desk.rig.desk.words()) == 1


def test_start_then_the_grant_is_audited_before_there_is_a_ticket(desk: Desk) -> None:
    prepared = desk.prepare()
    signature = desk.signed(prepared)
    desk.rig.store.fail("gone")
    with pytest.raises(StoreUnavailable):
        desk.liquidations.start(prepared.request.text(), signature)
    assert (desk.rig.booted.permit.ticket, desk.rig.engine.marked) == (None, {})


def test_start_when_positions_are_rejected_or_filled_in_part_then_tried_again(desk: Desk) -> None:
    prepared = desk.prepare()
    desk.start(prepared)
    eventually(lambda: len(desk.working()) == 3)
    nvda = next(name for name in desk.working() if desk.rig.engine.orders[name].symbol == "NVDA")
    desk.rig.engine.fill(nvda, 30)
    desk.rig.engine.cancel_orders(ticket=prepared.request.id)
    desk.pass_until(lambda: len(desk.working()) == 3)
    assert sorted(desk.rig.engine.orders[name].quantity for name in desk.working()) == [50, 70, 80]
    assert desk.until(prepared, "done").stage == "done"


def test_start_when_something_cannot_be_closed_then_partial_with_the_rest_and_the_halt_stays(desk: Desk) -> None:
    desk.rig.engine.reduces = lambda _uid, symbol, *_rest: symbol != "JPM"  # type: ignore[method-assign]  # a venue that refuses one
    prepared = desk.prepare()
    desk.start(prepared)

    def over() -> bool:
        desk.fill()
        return desk.state(prepared).stage == "partial"

    desk.pass_until(over)
    state = desk.state(prepared)
    assert [(item.symbol, item.left, item.problem[:11]) for item in state.positions if item.left] == [
        ("JPM", 80, "REDUCE_ONLY")
    ]
    assert state.problem == "1 of 3 could not be closed in 5 tries"
    assert (desk.audited()[-1].outcome, state.resumable) == ("partial", True)
    assert "JPM 80 of 80" in desk.audited()[-1].details
    assert len(desk.rig.desk.words()) == 1
    assert "--resume" in desk.liquidations.notes()[0]


def test_start_when_the_halt_is_resumed_in_the_middle_then_it_ends_there_for_good(desk: Desk) -> None:
    prepared = desk.prepare()
    desk.start(prepared)
    eventually(lambda: len(desk.working()) == 3)
    for item in desk.rig.desk.open_halts(None):
        desk.rig.desk.release(item.id, "c" * 40)
    desk.rig.engine.cancel_orders(ticket=prepared.request.id)
    desk.pass_until(lambda: desk.state(prepared).stage == "partial")
    assert desk.state(prepared).problem.startswith("NOT_HALTED")
    assert (desk.state(prepared).resumable, desk.rig.booted.permit.ticket) == (False, None)
    assert desk.rig.engine.marked == {prepared.request.id: "ended"}


def test_start_when_nothing_fills_then_told_after_two_minutes(desk: Desk) -> None:
    prepared = desk.prepare()
    desk.start(prepared)
    eventually(lambda: len(desk.working()) == 3)
    desk.rig.clock.advance(121)
    eventually(lambda: desk.state(prepared).stage == "partial")
    assert desk.state(prepared).problem == "nothing has been filled for 120 s"


def test_engine_lost_in_the_middle_then_partial_and_the_person_goes_on_with_the_same_id(desk: Desk) -> None:
    prepared = desk.prepare()
    desk.start(prepared)
    eventually(lambda: len(desk.working()) == 3)
    desk.fill("NVDA")
    eventually(lambda: sum(item.left for item in desk.state(prepared).positions) == 130)
    desk.rig.engine.unavailable = "gone"
    desk.pass_until(lambda: desk.state(prepared).stage == "partial")
    assert "does not answer" in desk.state(prepared).problem
    assert [item.symbol for item in desk.state(prepared).positions if item.left] == ["TSLA", "JPM"]
    desk.rig.engine.unavailable = ""
    again = desk.liquidations.prepare_again(prepared.request.id, "op", "again")
    assert again.request == prepared.request
    desk.start(again)
    assert desk.until(prepared, "done").stage == "done"
    assert len([order for order in desk.rig.engine.orders.values() if order.ticket]) == 3


@pytest.mark.parametrize("key", ["eve"])
def test_start_when_signed_by_a_key_that_is_not_listed_then_refused_and_halted(desk: Desk, key: str) -> None:
    prepared = desk.prepare()
    with pytest.raises(NotGranted, match="not listed"):
        desk.start(prepared, key)
    assert (desk.rig.booted.permit.ticket, desk.working(), desk.rig.engine.marked) == (None, [], {})
    assert (desk.audited()[-1].outcome, desk.state(prepared).stage) == ("refused", "refused")
    assert len(desk.rig.desk.words()) == 1
    with pytest.raises(NotGranted, match="no such request"):
        desk.start(prepared)


@pytest.mark.parametrize("roles", [(Role.OPERATOR,), (Role.BOT, Role.LIQUIDATE), (Role.EMERGENCY, Role.LIQUIDATE)])
def test_start_when_the_signer_lacks_the_right_then_refused(roles: tuple[Role, ...]) -> None:
    with liquidation_desk(*roles) as desk:
        prepared = desk.prepare()
        with pytest.raises(NotGranted, match="may not liquidate"):
            desk.start(prepared)


def test_start_when_the_signature_is_of_a_commit_then_refused(desk: Desk) -> None:
    prepared = desk.prepare()
    with pytest.raises(NotGranted, match="namespace 'git'"):
        desk.liquidations.start(prepared.request.text(), desk.signed(prepared, namespace=b"git"))


def test_start_when_the_text_is_another_than_was_prepared_then_refused(desk: Desk) -> None:
    prepared = desk.prepare()
    other = prepared.request.model_copy(update={"scope": PORTFOLIO})
    with pytest.raises(NotGranted, match="no such request"):
        desk.liquidations.start(other.text(), desk.signed(prepared))
    assert desk.start(prepared).stage == "running"


def test_start_when_the_book_has_changed_then_prepare_again(desk: Desk) -> None:
    prepared = desk.prepare(PORTFOLIO)
    desk.rig.engine.set_position(UID_A, "NVDA", 90, 100 * DOLLAR)
    with pytest.raises(Raced, match="BOOK_CHANGED"):
        desk.start(prepared)
    assert desk.rig.booted.permit.ticket is None
    newer = desk.prepare(PORTFOLIO)
    assert newer.request.id != prepared.request.id
    desk.start(newer)
    assert desk.until(newer, "done").stage == "done"


def test_start_when_the_request_has_run_out_then_refused(desk: Desk) -> None:
    prepared = desk.prepare()
    signature = desk.signed(prepared)
    desk.rig.clock.advance(601)
    with pytest.raises(NotGranted, match="run out"):
        desk.liquidations.start(prepared.request.text(), signature)


def test_start_when_used_again_then_refused_also_for_the_same_signature(desk: Desk) -> None:
    prepared = desk.prepare()
    signature = desk.signed(prepared)
    desk.liquidations.start(prepared.request.text(), signature)
    with pytest.raises(NotGranted, match="no such request"):
        desk.liquidations.start(prepared.request.text(), signature)
    desk.until(prepared, "done")
    desk.rig.engine.set_position(UID_A, "NVDA", 100, 100 * DOLLAR)
    with pytest.raises(NotGranted, match="no such request"):
        desk.liquidations.start(prepared.request.text(), signature)
    with pytest.raises(NotGranted, match="run out"):
        desk.liquidations.prepare_again(prepared.request.id, "op", "")
    assert desk.working() == []


def test_prepare_while_one_is_under_way_then_refused(desk: Desk) -> None:
    prepared = desk.prepare()
    desk.start(prepared)
    eventually(lambda: len(desk.working()) == 3)
    with pytest.raises(Temporary, match="under way"):
        desk.prepare()
    assert "under way" in desk.liquidations.notes()[0]
    desk.until(prepared, "done")


def test_tick_when_nobody_signs_in_time_then_refused(desk: Desk) -> None:
    prepared = desk.prepare()
    desk.liquidations.tick()
    assert desk.state(prepared).stage == "prepared"
    desk.rig.clock.advance(601)
    desk.liquidations.tick()
    assert (desk.state(prepared).stage, desk.audited()[-1].outcome) == ("refused", "refused")
