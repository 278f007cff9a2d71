"""Both variants of an A/B test in the runner: whose a symbol is, what each sees and sends, and what becomes of one that
fails."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest

from controller.runner.split import Split
from controller.runner.strategy import Action, BadParameter, Cancel, Context, Order, Parameter, Strategy
from tests.support.fake_gate import GOOD, FakeGate, bar, document, host_of, known

SYMBOLS = tuple(f"S{place:02}" for place in range(12))
TEST = {
    "id": "t-1",
    "seed": 1,
    "share_b_ppm": 250_000,
    "assignment": "hash",
    "paired": False,
    "epoch": 0,
    "parameters_a": {},
    "parameters_b": {"size": 20},
}
SEEN: list[tuple[int, Context]] = []


class Eager(Strategy):
    """Sells what it holds, buys ``size`` of everything; fails when told to, or when built with size 13."""

    parameters: ClassVar[Mapping[str, Parameter]] = {"size": 10, "fails": False}

    def __init__(self, given: Mapping[str, Parameter], data_dir: str = "") -> None:
        super().__init__(given, data_dir)
        if self.number("size") == 13:
            raise BadParameter("parameter size = 13 is unlucky")

    def on_bar(self, context: Context) -> list[Action]:
        SEEN.append((self.number("size"), context))
        if self.values["fails"]:
            raise ZeroDivisionError("told to")
        sells = [Order(symbol, "sell", held.quantity) for symbol, held in context.holdings.items()]
        buys = [Order(symbol, "buy", self.number("size")) for symbol in context.universe]
        return [*(Cancel(item.order) for item in context.working), *sells, *buys]


@pytest.fixture(autouse=True)
def modules() -> Iterator[None]:
    SEEN.clear()
    with known(eager=Eager):
        yield


class ShadowGate(FakeGate):
    """A gate that keeps the sessions of paired tests."""

    def __init__(self) -> None:
        super().__init__()
        self.shadows: list[dict[str, Any]] = []
        self.takes = True
        self.told: list[str] = []

    def _shadow(self, look: bool = False, **row: Any) -> dict[str, Any]:
        dates = [item["market_time"] for item in self.shadows]
        if look:
            return {"ok": True, "first": dates[0] if dates else "", "last": dates[-1] if dates else ""}
        self.told.append(row["market_time"])
        if self.takes and row["market_time"] not in dates:
            self.shadows.append(row)
        return {"ok": self.takes}


def in_test(**test: Any) -> dict[str, Any]:
    return document(GOOD, "eager", universe=SYMBOLS, test={**TEST, **test})


def item(symbol: str, arm: str = "", test: str = "", **fields: Any) -> dict[str, Any]:
    label = {"arm": arm, "test": test, "epoch": 0}
    return {"uid": GOOD, "symbol": symbol, "quantity": 5, "entry": 5, "opened_market": "2020-01-01", **label, **fields}


def order(symbol: str, arm: str = "", test: str = "", state: str = "working", day: str = "01-01") -> dict[str, Any]:
    terms = {"order": f"g-{symbol}", "side": "buy", "type": "limit", "filled": 0, "market_time": f"2020-{day}"}
    return item(symbol, arm, test, state=state, **terms)


def sent(gate: ShadowGate, side: str = "buy") -> dict[str, tuple[str, int]]:
    """Symbol to (arm, quantity) of what was sent."""
    orders = [order for order in gate.sent if order["side"] == side]
    assert len({order["symbol"] for order in orders}) == len(orders)
    return {order["symbol"]: (order["arm"], order["quantity"]) for order in orders}


def draws(session: str = "2020-01-02", **test: Any) -> dict[str, str]:
    owner = Split(GOOD, {**TEST, **test}).owners({"orders": (), "positions": ()}, [session], SYMBOLS, ("A", "B")).of
    return {symbol: owner(symbol) for symbol in SYMBOLS}


def test_signals_then_each_goes_to_the_arm_that_was_drawn_with_that_arms_parameters() -> None:
    gate = ShadowGate()
    host_of(gate, in_test())
    drawn = draws()
    assert set(drawn.values()) == {"A", "B"}
    assert sent(gate) == {symbol: (arm, {"A": 10, "B": 20}[arm]) for symbol, arm in drawn.items()}
    assert {(order["test"], order["epoch"]) for order in gate.sent} == {("t-1", 0)}
    assert {order["client_id"] for order in gate.sent} == {
        f"aaaaaaaa-2020-01-02-{symbol}-{arm}1" for symbol, arm in drawn.items()
    }


def test_signals_then_each_is_counted_for_the_arm_that_it_was_drawn_for_and_none_that_is_taken() -> None:
    gate = ShadowGate()
    drawn = draws()
    gate.positions = [item("S00", "A", "t-1")]
    gate.orders = [order("S01", "B", "t-1")]
    host_of(gate, in_test())
    arms = [arm for symbol, arm in drawn.items() if symbol not in ("S00", "S01")]
    counts = {"signals_a": arms.count("A"), "signals_b": arms.count("B")}
    assert gate.shadows == [{"uid": GOOD, "test": "t-1", "epoch": 0, "market_time": "2020-01-02", **counts}]


def test_signals_when_one_arm_may_not_enter_then_are_counted_for_neither() -> None:
    for status, test in (("paused", {}), ("active", {"parameters_b": {"size": 13}}), ("active", {"share_b_ppm": 0})):
        gate = ShadowGate()
        gate.gate = {"mode": "normal", "statuses": {GOOD: status}}
        host_of(gate, in_test(**test))
        assert gate.shadows == []


def test_restart_in_the_session_then_the_same_orders_again() -> None:
    gate = ShadowGate()
    host_of(gate, in_test())
    first = list(gate.sent)
    host_of(gate, in_test())
    assert gate.sent[len(first) :] == first


def test_next_session_or_step_then_draws_anew() -> None:
    assert draws() == draws()
    assert draws() != draws("2020-01-03")
    assert draws() != draws(epoch=1)


def test_blocks_then_two_of_four_each_and_by_hash_when_the_share_is_no_half() -> None:
    drawn = list(draws(assignment="blocks", share_b_ppm=500_000).values())
    assert [drawn[start : start + 4].count("B") for start in (0, 4, 8)] == [2, 2, 2]
    assert draws(assignment="blocks") == draws()
    assert set(draws(assignment="blocks", share_b_ppm=0).values()) == {"A"}


def test_what_is_held_or_ordered_then_belongs_to_its_arm_and_to_the_control_when_it_has_none() -> None:
    gate = ShadowGate()
    drawn = draws()
    of_a = [symbol for symbol in SYMBOLS if drawn[symbol] == "A"]
    of_b = [symbol for symbol in SYMBOLS if drawn[symbol] == "B"]
    gate.positions = [item(of_a[0], "B", "t-1"), item(of_b[0]), item(of_b[1], "B", "t-0")]
    gate.orders = [
        order(of_a[1], "B", "t-1", day="00-00"),
        order(of_a[2], "B", "t-1", state="cancelled", day="00-00"),
        order(of_a[3], "B", "t-1", state="cancelled"),
    ]
    host_of(gate, in_test())
    assert sent(gate, "sell") == {of_a[0]: ("B", 5), of_b[0]: ("A", 5), of_b[1]: ("A", 5)}
    taken = {of_a[0]: "B", of_b[0]: "A", of_b[1]: "A", of_a[1]: "B", of_a[3]: "B"}
    assert {symbol: arm for symbol, (arm, _) in sent(gate).items()} == {**drawn, **taken}


def test_arm_then_sees_the_whole_market_and_only_its_own_book_at_its_share() -> None:
    gate = ShadowGate()
    gate.positions = [item("S00", "A", "t-1"), item("S01", "B", "t-1")]
    gate.orders = [order("S02", "A", "t-1"), order("S03", "B", "t-1")]
    host_of(gate, in_test())
    seen = dict(SEEN)
    assert [(set(seen[size].holdings), [o.symbol for o in seen[size].working]) for size in (10, 20)] == [
        ({"S00"}, ["S02"]),
        ({"S01"}, ["S03"]),
    ]
    assert [seen[size].allocation for size in (10, 20)] == [750, 250]
    assert {context.universe for _, context in SEEN} == {SYMBOLS}
    assert gate.cancelled == ["g-S02", "g-S03"]


def test_variant_that_cannot_be_built_then_says_so_and_the_control_goes_on_alone() -> None:
    gate = ShadowGate()
    drawn = draws()
    held = next(symbol for symbol in SYMBOLS if drawn[symbol] == "B")
    gate.positions = [item(held, "B", "t-1")]
    host_of(gate, in_test(parameters_b={"size": 13}))
    assert gate.health[-1][:2] == (GOOD, "VariantFailed")
    assert gate.health[-1][2].startswith("variant B: parameter size = 13")
    assert sent(gate, "sell") == {held: ("A", 5)}
    assert set(sent(gate)) == {symbol for symbol in SYMBOLS if drawn[symbol] == "A" or symbol == held}
    assert {context.allocation for _, context in SEEN} == {750}


def test_variant_that_raises_then_the_control_looks_after_what_it_held_from_the_next_session_on() -> None:
    gate = ShadowGate()
    gate.positions = [item("S01", "B", "t-1")]
    host = host_of(gate, in_test(parameters_b={"fails": True}))
    assert gate.health[-1][1] == "VariantFailed"
    assert sent(gate, "sell") == {}
    gate.sent.clear()
    host.handle(bar(gate, "2020-01-03"))
    assert sent(gate, "sell") == {"S01": ("A", 5)}


@pytest.mark.parametrize("bad", [{"size": 13}, {"fails": True}, {"magic": 1}], ids=str)
def test_control_that_fails_then_the_strategy_stays_away(bad: dict[str, Any]) -> None:
    gate = ShadowGate()
    host = host_of(gate, in_test(parameters_a=bad))
    host.handle(bar(gate, "2020-01-03"))
    assert gate.sent == []
    assert gate.health[-1][1] == "Failed"


def test_share_taken_back_to_nothing_then_all_is_the_controls() -> None:
    gate = ShadowGate()
    gate.positions = [item("S01", "B", "t-1")]
    host_of(gate, in_test(share_b_ppm=0))
    assert sent(gate, "sell") == {"S01": ("A", 5)}
    assert set(sent(gate).values()) == {("A", 10)}
    assert [context.allocation for _, context in SEEN] == [1_000]


def test_test_that_ends_then_the_strategy_has_its_own_parameters_and_every_position() -> None:
    gate = ShadowGate()
    gate.positions = [item("S01", "B", "t-1")]
    host = host_of(gate, in_test())
    host.handle({"event": "policy", "strategies": [document(GOOD, "eager", universe=SYMBOLS)], "statuses": {}})
    gate.sent.clear()
    host.handle(bar(gate, "2020-01-03"))
    assert [(order["symbol"], order["side"]) for order in gate.sent][:1] == [("S01", "sell")]
    assert len(gate.sent) == len(SYMBOLS) + 1
    assert not [order for order in gate.sent if "arm" in order]


@pytest.mark.parametrize("status", ["paused", "halted"])
def test_restricted_strategy_then_no_arm_enters(status: str) -> None:
    gate = ShadowGate()
    gate.gate = {"mode": "normal", "statuses": {GOOD: status}}
    gate.positions = [item("S01", "B", "t-1")]
    host_of(gate, in_test())
    assert sent(gate, "sell") == ({"S01": ("B", 5)} if status == "paused" else {})
    assert sent(gate) == {}


def test_paired_then_the_book_runs_the_control_in_no_arm_and_both_run_in_shadow() -> None:
    gate = ShadowGate()
    host = host_of(gate, in_test(paired=True, parameters_a={"size": 11}))
    host.handle(bar(gate, "2020-01-03"))
    assert {order["quantity"] for order in gate.sent} == {11}
    assert not [order for order in gate.sent if "arm" in order]
    assert [(row["market_time"], row["uid"], row["test"], row["epoch"]) for row in gate.shadows] == [
        (date, GOOD, "t-1", 0) for date in ("2020-01-02", "2020-01-03")
    ]
    assert gate.shadows[0]["return_a"] == gate.shadows[0]["return_b"] == 0
    assert gate.told == ["2020-01-02", "2020-01-03"]


def test_paired_when_the_gate_cannot_keep_a_session_then_it_is_told_again_in_order() -> None:
    gate = ShadowGate()
    gate.takes = False
    host = host_of(gate, in_test(paired=True))
    assert gate.shadows == []
    gate.takes = True
    host.handle(bar(gate, "2020-01-03"))
    assert [row["market_time"] for row in gate.shadows] == ["2020-01-02", "2020-01-03"]


def test_paired_when_a_variant_fails_then_nothing_is_told_and_the_book_goes_on() -> None:
    for bad in ({"fails": True}, {"size": 13}):
        gate = ShadowGate()
        host = host_of(gate, in_test(paired=True, parameters_b=bad))
        host.handle(bar(gate, "2020-01-03"))
        assert gate.shadows == []
        assert gate.health[-1][1] == "VariantFailed"
        assert len(gate.sent) == 2 * len(SYMBOLS)
