"""A liquidation that was cut off: what goes on after a crash, and what never begins a second time."""

from collections.abc import Iterator

import pytest

from controller.errors import GtRiskError, Permanent
from controller.halt import MONITOR, halt
from controller.latch.ticket import TICKET_LIMIT_NS, Ticket
from controller.reconcile.liquidation_steps import NotGranted
from schemas.halts import ACCOUNT
from tests.support.gates import eventually
from tests.support.liquidation import DOLLAR, Desk, liquidation_desk
from tests.support.rig import UID_A


@pytest.fixture
def desk() -> Iterator[Desk]:
    with liquidation_desk() as made:
        yield made


def interrupted(desk: Desk) -> str:
    """One that has closed a part when the gate was lost; the ticket is good."""
    prepared = desk.prepare()
    desk.start(prepared)
    eventually(lambda: len(desk.working()) == 3)
    desk.rig.engine.unavailable = "gone"
    desk.pass_until(lambda: desk.state(prepared).stage == "partial")
    desk.rig.engine.unavailable = ""
    return prepared.request.id


def test_tick_when_the_ticket_has_run_out_then_taken_back_and_nothing_goes_on(desk: Desk) -> None:
    id = interrupted(desk)
    desk.liquidations.tick()
    assert desk.liquidations.state(id).resumable
    desk.rig.clock.advance(601)
    desk.liquidations.tick()
    assert desk.rig.booted.permit.ticket is None
    assert (desk.rig.engine.marked, desk.working()) == ({id: "ended"}, [])
    with pytest.raises(NotGranted, match="run out"):
        desk.liquidations.prepare_again(id, "op", "")


def test_tick_when_the_halt_is_resumed_then_the_ticket_is_taken_back_before_the_next_halt(desk: Desk) -> None:
    id = interrupted(desk)
    for item in desk.rig.desk.open_halts(None):
        desk.rig.desk.release(item.id, "c" * 40)
    desk.liquidations.tick()
    assert (desk.rig.booted.permit.ticket, desk.rig.engine.marked) == (None, {id: "ended"})
    desk.rig.desk.raise_halt(ACCOUNT, "drawdown")
    with pytest.raises(NotGranted):
        desk.liquidations.prepare_again(id, "op", "")


@pytest.mark.parametrize("proof", ["permit", "store", "journal"])
def test_going_on_when_one_proof_is_missing_then_refused(desk: Desk, proof: str) -> None:
    id = interrupted(desk)
    match proof:
        case "permit":
            ticket = desk.rig.booted.permit.ticket
            assert ticket is not None
            desk.rig.booted.permit.set_ticket(ticket._replace(id="f" * 32))
        case "store":
            desk.rig.store.__init__()  # type: ignore[misc]  # a store that was lost and made anew
        case "journal":
            desk.rig.engine.marked.clear()
    with pytest.raises(NotGranted, match="cannot go on"):
        desk.liquidations.prepare_again(id, "op", "")


def test_crash_in_the_middle_when_all_three_agree_then_goes_on_without_a_second_order(desk: Desk) -> None:
    prepared = desk.prepare()
    desk.start(prepared)
    eventually(lambda: len(desk.working()) == 3)
    desk.fill("NVDA")
    desk.restart()
    eventually(lambda: prepared.request.id in desk.liquidations._states)
    assert desk.until(prepared, "done").stage == "done"
    assert len([order for order in desk.rig.engine.orders.values() if order.ticket]) == 3
    assert [item.channel for item in desk.audited()] == ["cli", "controller", "cli", "controller", "controller"]
    assert [(item.kind, item.outcome) for item in desk.audited()] == [
        ("intent", ""),
        ("fact", ""),
        ("outcome", "unknown"),
        ("intent", ""),
        ("outcome", "done"),
    ]


@pytest.mark.parametrize("proof", ["store", "journal", "time", "digest"])
def test_crash_in_the_middle_when_they_disagree_then_stops_for_ever_and_asks(desk: Desk, proof: str) -> None:
    prepared = desk.prepare()
    desk.start(prepared)
    eventually(lambda: len(desk.working()) == 3)
    desk.liquidations._steps.stop.set()
    permit = desk.rig.booted.permit
    match proof:
        case "store":
            desk.rig.store.__init__()  # type: ignore[misc]  # a store that was lost and made anew
        case "journal":
            desk.rig.engine.marked.clear()
        case "time":
            desk.rig.clock.advance(601)
        case "digest":
            permit.set_ticket(Ticket(prepared.request.id, "e" * 24, desk.rig.clock.boot_ns() + TICKET_LIMIT_NS))
    desk.restart()
    eventually(lambda: desk.rig.booted.permit.ticket is None)
    assert desk.working() == []
    assert len(desk.rig.desk.words()) == 1
    eventually(lambda: any("ask for a new one" in note for note in desk.liquidations.notes()))


@pytest.mark.parametrize("after", ["nothing", "prepared", "done"])
def test_restart_when_none_is_under_way_then_starts_and_repeats_nothing(desk: Desk, after: str) -> None:
    if after != "nothing":
        prepared = desk.prepare()
    if after == "done":
        desk.start(prepared)
        desk.until(prepared, "done")
        desk.rig.engine.set_position(UID_A, "NVDA", 100, 100 * DOLLAR)
    desk.restart()
    desk.liquidations.tick()
    assert (desk.rig.booted.permit.ticket, desk.working()) == (None, [])
    assert desk.liquidations.notes() == ()
    assert [item.kind for item in desk.audited()].count("intent") == (0 if after == "nothing" else 1)


def test_reboot_in_the_middle_then_its_ticket_is_gone_and_status_asks(desk: Desk) -> None:
    prepared = desk.prepare()
    desk.start(prepared)
    eventually(lambda: len(desk.working()) == 3)
    desk.liquidations._steps.stop.set()
    desk.rig.booted.permit.set_ticket(None)
    desk.restart()
    assert "its ticket is gone" in desk.liquidations.notes()[0]
    assert "liquidate" not in [order.client_id for order in desk.rig.engine.orders.values()]


@pytest.mark.parametrize("how", ["monitor", "controller", "synthetic", "reconcile", "reraise"])
def test_no_halt_anomaly_union_or_plan_ever_starts_one(desk: Desk, how: str) -> None:
    match how:
        case "monitor":
            desk.rig.desk.raise_halt(ACCOUNT, "drawdown")
        case "controller":
            desk.rig.desk.raise_own("permit ran out")
        case "synthetic":
            desk.rig.home.raise_file.unlink()
            desk.restart()
        case "reconcile":
            halt(str(desk.rig.home.root), ACCOUNT, 3, "op", "", MONITOR, notify=False)
            desk.rig.reconciler.reconcile_once()
        case "reraise":
            desk.rig.desk.raise_own("permit ran out")
            desk.rig.desk.reraise_open(None)
    desk.liquidations.tick()
    assert [call for call in desk.rig.engine.calls if call.startswith(("begin", "liquidate"))] == []
    assert (desk.rig.booted.permit.ticket, desk.rig.engine.marked, desk.audited()) == (None, {}, [])


def test_state_of_an_unknown_id_then_says_so(desk: Desk) -> None:
    with pytest.raises(Permanent, match="no liquidation"):
        desk.liquidations.state("f" * 32)
    with pytest.raises(GtRiskError):
        desk.liquidations.prepare_again("f" * 32, "op", "")
