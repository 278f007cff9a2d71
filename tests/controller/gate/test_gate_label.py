"""Labels of A/B tests at the gate: they say which arm it was, and open or close no way."""

from typing import Any

import pytest

from controller.gate.answer import Clocks
from controller.gate.authority import Authority
from controller.gate.desk import Desk
from controller.gate.handlers import handle
from controller.gate.label import UNLABELLED, Label
from controller.gate.policy import PolicyKeeper
from controller.gate.sentinel import Sentinel
from controller.gate.verdicts import Code
from controller.gate.views import live_state, logged_fill
from schemas.desired import TradingMode
from schemas.live import FillView, LiveState
from schemas.policy import Policy, TestPolicy
from tests.support.gates import ANN, BEA, DOLLAR, MARKS, Home, Rig, make_policy, order
from tests.support.venue import MemoryVenue

TEST = TestPolicy(id="t-1", seed=1, share_b_ppm=500_000, paired=True)
LABEL = {"arm": "B", "test": "t-1", "epoch": 0}
PAUSE = 1
NO_TWICE = {"order.duplicate_seconds": 60}


def policy_in(test: TestPolicy | None, **limits: int) -> Policy:
    named = {key.replace("__", "."): value for key, value in limits.items()}
    return make_policy(named, strategy={"test": test})


@pytest.fixture
def rig(home: Home) -> Rig:
    return Rig(home, policy_in(TEST))


def restarted(rig: Rig) -> Desk:
    """The desk of a gate that was killed and started again on the same venue."""
    authority = Authority(rig.home.reader(), PolicyKeeper(rig.home.policies, "paper"))
    desk = Desk(rig.venue, authority, Clocks(lambda: rig.time.boot, lambda: rig.time.wall))
    desk.refresh(rig.time.boot, force=True)
    return desk


def test_order_of_an_arm_then_order_fill_and_position_say_so(rig: Rig) -> None:
    answer = rig.submit(**LABEL)
    assert rig.desk.venue.book().orders[answer.order].label == Label("B", "t-1", 0)
    rig.venue.fill(answer.order)
    rig.advance()
    (fill,) = [FillView.model_validate(logged_fill(item)) for item in rig.venue.book().fills]
    (held,) = LiveState.model_validate(live_state(rig.desk, {})).positions
    assert (fill.arm, fill.test, fill.epoch) == (held.arm, held.test, held.epoch) == ("B", "t-1", 0)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"arm": "C", "test": "t-1"}, "arm"),
        ({"arm": "", "test": "t-1"}, "arm"),
        ({"arm": "b", "test": "t-1"}, "arm"),
        ({"arm": ["B"], "test": "t-1"}, "arm"),
        ({"test": "t-1"}, "arm"),
        ({"epoch": 1}, "arm"),
        ({"arm": "B"}, "test"),
        ({"arm": "B", "test": "../t"}, "test"),
        ({"arm": "B", "test": "t" * 65}, "test"),
        ({"arm": "B", "test": 1}, "test"),
        ({"arm": "B", "test": "t-1", "epoch": -1}, "epoch"),
        ({"arm": "B", "test": "t-1", "epoch": 100}, "epoch"),
        ({"arm": "B", "test": "t-1", "epoch": True}, "epoch"),
        ({"label": ["B", "t-1", 0]}, "label"),
    ],
    ids=str,
)
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_order_with_a_label_that_nobody_knows_then_is_invalid(home: Home, wrong: Any, name: str, side: str) -> None:
    venue = MemoryVenue(100_000 * DOLLAR, MARKS)
    venue.hold(ANN, "AAPL", 100)
    rig = Rig(home, policy_in(TEST), venue=venue)
    answer = rig.submit(side=side, **wrong)
    assert (answer.ok, answer.code) == (False, Code.INVALID_ORDER)
    assert answer.message.startswith(name)


@pytest.mark.parametrize("test", [None, TEST.model_copy(update={"id": "t-2"}), TEST.model_copy(update={"epoch": 1})])
def test_label_of_a_test_that_is_not_the_strategys_now_then_the_order_passes_in_no_arm(home: Home, test: Any) -> None:
    rig = Rig(home, policy_in(test))
    assert rig.submit(**LABEL).ok
    assert [item.label for item in rig.venue.submitted] == [UNLABELLED]


@pytest.mark.parametrize("label", [{}, LABEL], ids=["unlabelled", "labelled"])
@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"order__max_dollars": 900 * DOLLAR}, Code.ORDER_SIZE),
        ({"position__max_position_dollars": 900 * DOLLAR}, Code.POSITION_DOLLARS),
        ({"order__max_per_minute": 0}, Code.ORDER_RATE),
        ({"exposure__max_gross_pct": 0}, Code.GROSS_EXPOSURE),
    ],
)
def test_limit_that_denies_then_denies_an_arm_as_well(home: Home, limits: Any, code: str, label: Any) -> None:
    assert Rig(home, policy_in(TEST, **limits)).submit(**label).code == code


def test_allocation_when_one_arm_has_used_it_then_the_other_has_none(home: Home) -> None:
    strategy = {"test": TEST, "allocation": 1_500 * DOLLAR}
    rig = Rig(home, make_policy(strategy=strategy))
    assert rig.submit(**LABEL).ok
    assert rig.submit(symbol="MSFT", quantity=20, **{**LABEL, "arm": "A"}).code == Code.STRATEGY_ALLOCATION


@pytest.mark.parametrize("other", [{}, {**LABEL, "arm": "A"}])
def test_same_order_of_another_arm_then_is_a_duplicate(home: Home, other: dict[str, Any]) -> None:
    rig = Rig(home, make_policy(NO_TWICE, strategy={"test": TEST}))
    assert rig.submit(**LABEL).ok
    assert rig.submit(**other).code == Code.DUPLICATE_ORDER


@pytest.mark.parametrize("other", [{}, {**LABEL, "arm": "A"}, LABEL])
@pytest.mark.parametrize("killed", [False, True])
def test_repeat_with_another_label_then_is_the_same_order_and_keeps_its_first(
    rig: Rig, other: dict[str, Any], killed: bool
) -> None:
    first = order()
    answer = rig.desk.submit({**first, **LABEL})
    desk = restarted(rig) if killed else rig.desk
    again = desk.submit({**first, **other})
    assert (again.ok, again.order) == (True, answer.order)
    assert [item.label for item in rig.venue.submitted] == [Label("B", "t-1", 0)]


def test_label_on_an_exit_under_pause_then_the_exit_passes_and_an_entry_does_not(home: Home) -> None:
    venue = MemoryVenue(100_000 * DOLLAR, MARKS)
    venue.hold(ANN, "AAPL", 100)
    rig = Rig(home, policy_in(TEST), venue=venue)
    home.halt(mode=PAUSE)
    assert rig.submit(side="sell", quantity=100, **LABEL).ok
    assert rig.submit(side="sell", quantity=1, **LABEL).code == Code.EXIT_TOO_LARGE
    assert rig.submit(symbol="MSFT", **LABEL).code == Code.REDUCE_ONLY


def test_exit_without_a_policy_then_a_label_breaks_nothing(home: Home) -> None:
    assert Rig(home).submit(**LABEL).code == Code.NO_POLICY


class Told:
    """The gate's operations on a rig."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.sentinel = Sentinel(rig.desk, lambda scope, mode, reason: 0)

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        return handle(self.sentinel, {"op": op, **fields})

    def note(self, date: str, **fields: Any) -> dict[str, Any]:
        given = {"uid": ANN, "test": "t-1", "epoch": 0, "market_time": date, "return_a": 5, "return_b": -7, **fields}
        return self.ask("shadow", **given)

    def since(self, since: int = 0, book: str = "b" * 32) -> list[tuple[int, str]]:
        return [(item["seq"], item["market_time"]) for item in self.ask("shadows", book=book, since=since)["shadows"]]


@pytest.fixture
def told(rig: Rig) -> Told:
    rig.venue.bar("2008-06-04")
    rig.advance()
    return Told(rig)


def test_shadow_session_when_told_then_kept_once_in_order(told: Told) -> None:
    assert told.note("2008-06-02") == {"ok": True, "taken": True}
    assert told.note("2008-06-03") == {"ok": True, "taken": True}
    assert told.note("2008-06-03", return_a=9) == told.note("2008-06-02") == {"ok": True, "taken": False}
    rows = told.ask("shadows", book="b" * 32, since=0)["shadows"]
    assert rows[0] == {
        "seq": 1, "uid": ANN, "test": "t-1", "epoch": 0, "market_time": "2008-06-02", "return_a": 5, "return_b": -7,
        "signals_a": 0, "signals_b": 0,
    }  # fmt: skip
    assert told.since() == [(1, "2008-06-02"), (2, "2008-06-03")]
    assert told.since(1) == [(2, "2008-06-03")]
    assert told.since(book="c" * 32) == []
    look = told.ask("shadow", uid=ANN, test="t-1", epoch=0, look=True)
    assert look == {"ok": True, "first": "2008-06-02", "last": "2008-06-03"}


def test_shadow_session_when_not_on_disk_then_is_not_told(told: Told) -> None:
    told.note("2008-06-02")
    told.rig.venue.book().durable_shadow = 0
    assert told.since() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"test": "t-2"},
        {"epoch": 1},
        {"uid": "c" * 32},
        {"market_time": "2008-06-05"},
        {"market_time": "tomorrow"},
        {"return_a": 0.5},
        {"return_b": None},
        {"signals_a": "3"},
        {"return_b": 10**13},
        {"epoch": -1},
    ],
    ids=str,
)
def test_shadow_session_of_what_is_not_so_then_is_refused(told: Told, wrong: dict[str, Any]) -> None:
    reply = told.note("2008-06-03", **wrong)
    assert reply["ok"] is False
    assert told.since() == []


def test_shadow_session_then_moves_nothing_of_the_book(told: Told) -> None:
    before = live_state(told.rig.desk, {})
    told.note("2008-06-02")
    assert live_state(told.rig.desk, {}) == before
    assert told.ask("submit", order=order(uid=BEA))["ok"]


def test_test_in_the_policy_then_decides_no_order(home: Home) -> None:
    with_test, without = (Rig(home, policy_in(test)) for test in (TEST, None))
    assert with_test.submit()[2:] == without.submit()[2:]
    assert policy_in(TEST).mode is TradingMode.NORMAL
