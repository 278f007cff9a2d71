"""What is observed: each trade and each session once, of the arm that it belongs to, in the market's time."""

from hypothesis import given
from hypothesis import strategies as st

from controller.core.experiments.observations import (
    BILLION,
    Capital,
    Label,
    arm_seen,
    entries,
    labelled,
    of_days,
    of_pairs,
    of_trades,
    signals,
    trades,
)
from controller.core.experiments.question import Seen
from tests.support.trials import DOLLAR, fill, session, shadow, trips

CAPITAL = Capital(20_000 * DOLLAR, {0: 500_000, 1: 100_000})
GAINS = st.lists(st.sampled_from([-0.05, -0.01, 0.0, 0.02, 0.1]), max_size=12)


def test_trades_then_one_observation_each_with_fees_taken_off() -> None:
    fills = labelled(trips("A", [0.1], fee=5 * DOLLAR) + trips("B", [-0.02], first=9), "t-1")
    assert of_trades(trades(fills)) == [
        Seen(session(1), 0, "a", BILLION // 10 - BILLION // 1000),
        Seen(session(1), 0, "b", -BILLION // 50),
    ]


def test_trades_when_open_or_of_no_test_then_not_observed_and_begun_ones_counted() -> None:
    own = [fill(1, "buy", 100, 0, 100 * DOLLAR), *trips("B", [0.1], first=3)[:1]]
    others = trips("A", [0.5], first=11, test="t-2") + trips("", [0.5], first=21, test="")
    fills = labelled(own + others, "t-1")
    assert trades(fills) == []
    assert entries(fills) == {Label(0, "a"): 1, Label(0, "b"): 1}


def test_signals_then_drawn_ones_by_arm_and_step() -> None:
    rows = [
        shadow(1, 0, 0).model_copy(update={"signals_a": 3, "signals_b": 1}),
        shadow(2, 0, 0).model_copy(update={"signals_a": 2, "signals_b": 4}),
        shadow(3, 0, 0).model_copy(update={"signals_b": 5, "epoch": 1}),
    ]
    assert signals(rows) == {Label(0, "a"): 5, Label(0, "b"): 5, Label(1, "a"): 0, Label(1, "b"): 5}


def test_entries_when_one_is_filled_in_parts_then_one() -> None:
    parts = [fill(1, "buy", 100, 0, DOLLAR), fill(2, "buy", 200, 0, DOLLAR), fill(3, "sell", 100, 1, DOLLAR)]
    assert entries(labelled(parts, "t-1")) == {Label(0, "a"): 1}


@given(GAINS, GAINS)
def test_observations_when_the_log_is_read_again_in_another_order_then_the_same(a: list[float], b: list[float]) -> None:
    fills = trips("A", a) + trips("B", b, first=101)
    seen = of_trades(trades(labelled(fills, "t-1")))
    assert of_trades(trades(labelled(reversed([*fills, *()]), "t-1"))) == seen
    assert len(seen) == len(a) + len(b)
    assert [item.at for item in seen] == sorted(item.at for item in seen)


def test_rollout_when_trades_are_of_two_steps_then_kept_apart() -> None:
    fills = labelled(trips("B", [0.1]) + trips("B", [0.2], first=11, epoch=1), "t-1")
    assert [(item.epoch, item.value) for item in of_trades(trades(fills))] == [(0, BILLION // 10), (1, BILLION // 5)]


def test_days_then_positions_are_marked_and_gains_are_shares_of_the_arm() -> None:
    fills = labelled([fill(1, "buy", 100, 1, 100 * DOLLAR, fee=DOLLAR), fill(2, "sell", 0, 3, 104 * DOLLAR)], "t-1")
    closes = {"AAPL": {session(day): price * DOLLAR for day, price in ((1, 101), (2, 99), (3, 105))}}
    seen = of_days(fills, closes, {0: [session(day) for day in (1, 2, 3, 4)]}, CAPITAL)
    assert [item.value * 10_000 // BILLION for item in seen if item.arm == "a"] == [99, -200, 500, 0]
    assert [item.value for item in seen if item.arm == "b"] == [0, 0, 0, 0]


def test_days_when_a_close_is_missing_then_the_mark_stays_and_nothing_is_lost() -> None:
    fills = labelled([fill(1, "buy", 100, 0, 100 * DOLLAR)], "t-1")
    closes = {"AAPL": {session(1): 100 * DOLLAR, session(3): 110 * DOLLAR}}
    seen = of_days(fills, closes, {0: [session(day) for day in (1, 2, 3)]}, CAPITAL)
    assert [item.value for item in seen if item.arm == "a"] == [0, 0, BILLION // 10]


def test_days_when_the_arm_has_no_capital_then_zero() -> None:
    nothing = Capital(0, {0: 500_000})
    assert {item.value for item in of_days({}, {}, {0: [session(1)]}, nothing)} == {0}


def test_pairs_then_two_observations_a_session() -> None:
    assert of_pairs([shadow(1, 0.01, -0.02)]) == [
        Seen(session(1), 0, "a", BILLION // 100),
        Seen(session(1), 0, "b", -BILLION // 50),
    ]


def test_arm_when_trades_are_over_then_its_curve_ends_with_what_it_gained_of_its_capital() -> None:
    closed = trades(labelled(trips("A", [0.1, 0.2]) + trips("B", [-0.1], first=11), "t-1"))
    seen = arm_seen("a", "trade", of_trades(closed), closed, 2, CAPITAL)
    assert (seen.n, seen.closed, seen.pnl, seen.fees) == (2, 2, 3_000 * DOLLAR, 0)
    assert seen.curve == ((session(1), 0.1), (session(2), 0.3))


def test_arm_when_paired_then_its_gain_stays_in_the_book_and_money_is_unknown() -> None:
    seen = arm_seen("b", "pair", of_pairs([shadow(1, 0, 0.1), shadow(2, 0, 0.1)]), (), 0, CAPITAL)
    assert (seen.n, seen.pnl) == (2, None)
    assert round(seen.curve[-1][1], 9) == 0.21


def test_arm_when_sessions_then_gains_of_the_same_capital_add_up() -> None:
    observed = [Seen(session(day), 0, "a", BILLION // 10) for day in (1, 2)]
    assert round(arm_seen("a", "day", observed, (), 0, CAPITAL).curve[-1][1], 9) == 0.2
