"""What restricts the gate, merged: always the stricter; and what a snapshot may hold."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from controller.gate.policy import PolicyRefused, parse
from controller.gate.sentinel import Sentinel
from controller.gate.standing import FREEZE, HALT, HALTED, PAUSE, PAUSED, Standing, status_of_mode
from controller.gate.verdicts import Code
from controller.latch.layout import LatchError
from schemas.desired import StrategyStatus, TradingMode
from schemas.policy import Snapshot, digest_of
from tests.support.gates import ANN, BEA, CID, DOLLAR, Home, Rig, compiled, make_policy


def test_status_when_mode_policy_and_halt_differ_then_the_strictest() -> None:
    policies = [compiled(make_policy(statuses={ANN: StrategyStatus.PAUSED, BEA: StrategyStatus.ACTIVE}))]
    assert Standing().status_under(ANN, policies) == PAUSED
    assert Standing().status_under(BEA, policies) == 0
    assert Standing(statuses={BEA: HALTED}).status_under(BEA, policies) == HALTED
    assert Standing().status_under(CID, policies) == HALTED
    assert Standing(mode=HALT).status_under(BEA, policies) == HALTED
    assert Standing(mode=FREEZE).status_under(BEA, policies) == 0
    everything = [compiled(make_policy(mode=TradingMode.HALT_ALL))]
    assert Standing().status_under(ANN, everything) == HALTED


def test_mode_when_restricted_or_frozen_then_shown_as_it_acts() -> None:
    policies = [compiled(make_policy())]
    assert Standing().mode_under(policies) == 0
    assert Standing(reduce_only="why").mode_under(policies) == PAUSE
    assert Standing(frozen=Code.NO_POLICY).mode_under(policies) == FREEZE
    assert Standing(mode=HALT, reduce_only="why").mode_under(policies) == HALT
    assert [status_of_mode(mode) for mode in (PAUSE, FREEZE, HALT)] == [PAUSED, HALTED, HALTED]


def test_gate_when_no_policy_was_ever_named_then_frozen(home: Home) -> None:
    rig = Rig(home)
    assert rig.desk.authority.standing.frozen == Code.NO_POLICY
    assert rig.submit().code == Code.NO_POLICY


@pytest.mark.parametrize("narrow_first", [True, False])
def test_submit_when_either_of_two_policies_denies_then_denied(home: Home, narrow_first: bool) -> None:
    narrow, wide = make_policy({"order.max_dollars": 500 * DOLLAR}), make_policy(revision="2" * 40)
    rig = Rig(home, *((narrow, wide) if narrow_first else (wide, narrow)))
    assert rig.submit(quantity=10).code == Code.ORDER_SIZE
    assert rig.submit(quantity=4).ok


def test_socket_halt_when_a_milder_one_follows_then_the_stricter_stays(home: Home) -> None:
    def unwritable(_scope: str, _mode: int, _reason: str) -> int:
        raise LatchError("raise: read-only")

    rig = Rig(home, make_policy())
    sentinel = Sentinel(rig.desk, unwritable)
    assert not sentinel.halt("account", HALT, "first")
    assert not sentinel.halt("account", PAUSE, "second")
    assert rig.desk.authority.standing.mode == HALT
    assert rig.submit().code == Code.TRADING_HALTED


def resealed(change: Callable[[dict[str, Any]], object]) -> bytes:
    """A snapshot file whose digest fits its changed content."""
    text = Snapshot(version=1, fence=1, book="b", environment="paper", policies=(make_policy(),)).text()
    source = json.loads(text)
    change(source)
    return json.dumps({**source, "digest": digest_of(source["policies"])}).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda source: source["policies"].clear(),
        lambda source: source["policies"].extend(source["policies"] * 2),
        *(
            lambda source, value=value: source["policies"][0]["limits"].__setitem__("order.max_dollars", value)
            for value in (1.5, True, -1, "5")
        ),
        lambda source: source["policies"][0]["strategies"][ANN].__setitem__("allocation", -1),
        lambda source: source.__setitem__("version", -1),
        lambda source: source.__setitem__("fence", True),
    ],
)
def test_parse_when_sealed_but_no_policy_that_can_be_held_then_refused(
    change: Callable[[dict[str, Any]], object],
) -> None:
    parse(resealed(lambda source: None))
    with pytest.raises(PolicyRefused):
        parse(resealed(change))
