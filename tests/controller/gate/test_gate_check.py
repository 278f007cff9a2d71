"""Each check alone: its test must fail when the check is taken out of its tuple."""

from typing import Any

import pytest

from controller.gate import check as pipeline
from controller.gate.book import Book
from controller.gate.case import Case
from controller.gate.check import ADMISSION, ENTRY, check
from controller.gate.label import UNLABELLED
from controller.gate.limits import SECOND_NS
from controller.gate.orders import OrderRequest
from controller.gate.policy import ORDER_LIMITS
from controller.gate.standing import Standing
from controller.gate.verdicts import Allow, Code, Deny
from schemas.desired import StrategyStatus, TradingMode
from schemas.limits import BY_NAME, LIMITS
from tests.support.books import NOW, ask, make_book, verdict, work
from tests.support.gates import ANN, BEA, CID, DAN, DOLLAR, compiled, make_policy

PCT = 10_000


def denied(found: Allow | Deny, code: str, limit: str = "") -> Deny:
    assert isinstance(found, Deny), found
    assert (found.code, found.limit) == (code, limit)
    assert found.message
    return found


def allowed(found: Allow | Deny, quantity: int = 10) -> Allow:
    assert isinstance(found, Allow), found
    assert found.quantity == quantity
    return found


def test_order_when_every_limit_is_wide_then_allowed() -> None:
    found = allowed(verdict(make_book(), ask()))
    assert (found.reducing, found.price, found.notes) == (False, 101 * DOLLAR, ())


def test_denial_carries_the_revision_and_the_numbers() -> None:
    found = denied(verdict(make_book(), ask(), order__max_dollars=500 * DOLLAR), Code.ORDER_SIZE, "order.max_dollars")
    assert (found.projected, found.value, found.headroom) == (1_010 * DOLLAR, 500 * DOLLAR, 500 * DOLLAR)
    assert found.revision == "1" * 40


@pytest.mark.parametrize("code", [Code.LATCH_ANOMALY, Code.NO_POLICY])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_frozen_then_neither_entries_nor_exits_pass(code: str, side: str) -> None:
    book = make_book({(ANN, "AAPL"): 10})
    denied(verdict(book, ask(side=side), standing=Standing(frozen=code, reason="x")), code)


@pytest.mark.parametrize("mode", [2, 3])
def test_account_halted_then_exits_do_not_pass_either(mode: int) -> None:
    book = make_book({(ANN, "AAPL"): 10})
    denied(verdict(book, ask(side="sell"), standing=Standing(mode)), Code.TRADING_HALTED, "mode")


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_policy_mode_halts_too(side: str) -> None:
    book, policy = make_book({(ANN, "AAPL"): 10}), make_policy(mode=TradingMode.HALT_TRADING)
    denied(verdict(book, ask(side=side), policy), Code.TRADING_HALTED, "mode")


def test_unknown_strategy_then_denied() -> None:
    denied(verdict(make_book(), ask(uid=CID)), Code.UNKNOWN_STRATEGY)


def test_unknown_strategy_with_a_position_cannot_exit() -> None:
    denied(verdict(make_book({(CID, "AAPL"): 10}), ask(uid=CID, side="sell")), Code.UNKNOWN_STRATEGY)


def test_halted_strategy_then_exits_do_not_pass_either() -> None:
    book = make_book({(ANN, "AAPL"): 10})
    denied(verdict(book, ask(side="sell"), standing=Standing(statuses={ANN: 2})), Code.STRATEGY_HALTED, "status")
    policy = make_policy(statuses={ANN: StrategyStatus.HALTED})
    denied(verdict(book, ask(side="sell"), policy), Code.STRATEGY_HALTED, "status")


@pytest.mark.parametrize(
    "bad",
    [
        {"quantity": 0},
        {"quantity": -10},
        {"quantity": 10.0},
        {"quantity": float("nan")},
        {"side": 0},
        {"type": "x"},
        {"limit": -1},
        {"limit": 100 * DOLLAR, "stop": -1},
    ],
)
def test_insane_order_then_denied(bad: dict[str, Any]) -> None:
    order = ask()._replace(**bad)
    denied(verdict(make_book(), order, order__price_collar_pct=2_000_000), Code.INVALID_ORDER)


@pytest.mark.parametrize(("held", "side"), [(10, "sell"), (-10, "buy")])
def test_exit_larger_than_the_position_then_denied(held: int, side: str) -> None:
    book = make_book({(ANN, "AAPL"): held})
    assert denied(verdict(book, ask(side=side, quantity=11)), Code.EXIT_TOO_LARGE).headroom == 10
    assert allowed(verdict(book, ask(side=side, quantity=10))).reducing


@pytest.mark.parametrize(("held", "side"), [(10, "sell"), (-10, "buy")])
def test_exit_beyond_working_exits_then_denied(held: int, side: str) -> None:
    book = make_book({(ANN, "AAPL"): held})
    work(book, "o1", "AAPL", side, 7)
    assert denied(verdict(book, ask(side=side, quantity=4)), Code.EXIT_TOO_LARGE).headroom == 3
    allowed(verdict(book, ask(side=side, quantity=3)), 3)


@pytest.mark.parametrize(
    "standing", [Standing(1), Standing(statuses={ANN: 1}), Standing(reduce_only="the permit ran out")]
)
def test_restricted_then_entries_denied_and_exits_allowed(standing: Standing) -> None:
    book = make_book({(ANN, "AAPL"): 10})
    denied(verdict(book, ask(), standing=standing), Code.REDUCE_ONLY)
    denied(verdict(book, ask("MSFT", "sell"), standing=standing), Code.REDUCE_ONLY)
    assert allowed(verdict(book, ask(side="sell"), standing=standing)).reducing


@pytest.mark.parametrize("name", ORDER_LIMITS)
def test_absent_limit_then_entries_denied_and_exits_allowed(name: str) -> None:
    policy, book = make_policy(drop=(name,)), make_book({(ANN, "AAPL"): 10})
    denied(verdict(book, ask(), policy), Code.LIMIT_ABSENT, name)
    allowed(verdict(book, ask(side="sell"), policy))


def test_every_limit_that_concerns_orders_is_among_the_gates() -> None:
    elsewhere = {limit.name for limit in LIMITS if limit.group == "drawdown"} | {"volatility.portfolio_target"}
    assert set(ORDER_LIMITS) == set(BY_NAME) - elsewhere


def test_symbol_without_price_then_denied() -> None:
    denied(verdict(make_book(), ask("NOPE")), Code.UNKNOWN_SYMBOL)
    denied(verdict(make_book(marks={"AAPL": 0}), ask()), Code.UNKNOWN_SYMBOL)


def test_symbol_outside_the_universe_then_denied() -> None:
    policy = make_policy(strategy={"universe": ("AAPL",)})
    denied(verdict(make_book(), ask("MSFT"), policy), Code.UNIVERSE, "strategy.universe")
    allowed(verdict(make_book(), ask(), policy))


def test_same_order_again_within_the_window_then_denied() -> None:
    book = make_book()
    book.remember(ask(), "o1", 10, NOW)
    later = NOW + 2 * SECOND_NS
    name = "order.duplicate_seconds"
    denied(verdict(book, ask(), now=later - 1, order__duplicate_seconds=2), Code.DUPLICATE_ORDER, name)
    allowed(verdict(book, ask(), now=later, order__duplicate_seconds=2))
    allowed(verdict(book, ask(quantity=11), now=later - 1, order__duplicate_seconds=2), 11)


def test_price_too_old_then_denied() -> None:
    late = NOW + 60 * SECOND_NS
    allowed(verdict(make_book(), ask(), now=late, order__max_price_age=60))
    found = verdict(make_book(), ask(), now=late + SECOND_NS, order__max_price_age=60)
    assert denied(found, Code.STALE_PRICE, "order.max_price_age").observed == 61


def test_too_many_orders_a_minute_then_denied() -> None:
    book = make_book()
    for second in range(3):
        book.count(NOW + second * SECOND_NS)
    soon = NOW + 59 * SECOND_NS
    found = denied(verdict(book, ask(), now=soon, order__max_per_minute=3), Code.ORDER_RATE, "order.max_per_minute")
    assert found.observed == 3
    allowed(verdict(book, ask(), now=soon, order__max_per_minute=4))
    allowed(verdict(book, ask(), now=NOW + 60 * SECOND_NS, order__max_per_minute=3))


def test_rate_of_nothing_then_no_entry() -> None:
    denied(verdict(make_book(), ask(), order__max_per_minute=0), Code.ORDER_RATE, "order.max_per_minute")


@pytest.mark.parametrize(
    "terms", [{"type": "limit", "limit": 106}, {"type": "limit", "limit": 94}, {"type": "stop", "stop": 106}]
)
def test_price_outside_the_collar_then_denied(terms: dict[str, Any]) -> None:
    priced = {key: value * DOLLAR if key != "type" else value for key, value in terms.items()}
    bound: dict[str, Any] = {"order__price_collar_pct": 5 * PCT}
    denied(verdict(make_book(), ask(**priced), **bound), Code.PRICE_COLLAR, "order.price_collar_pct")
    allowed(verdict(make_book(), ask(type="limit", limit=105 * DOLLAR), **bound))


def test_order_too_large_then_denied() -> None:
    allowed(verdict(make_book(), ask(), order__max_dollars=1_010 * DOLLAR))
    denied(verdict(make_book(), ask(), order__max_dollars=1_010 * DOLLAR - 1), Code.ORDER_SIZE, "order.max_dollars")


def test_position_above_its_share_then_denied() -> None:
    name = "position.max_position_pct"
    denied(verdict(make_book(), ask(), position__max_position_pct=PCT), Code.POSITION_PCT, name)
    allowed(verdict(make_book(), ask(quantity=9), position__max_position_pct=PCT), 9)


def test_position_above_its_dollars_then_denied() -> None:
    name = "position.max_position_dollars"
    denied(verdict(make_book(), ask(), position__max_position_dollars=1_000 * DOLLAR), Code.POSITION_DOLLARS, name)
    allowed(verdict(make_book(), ask(quantity=9), position__max_position_dollars=1_000 * DOLLAR), 9)


def test_position_counts_working_orders_and_never_nets_them() -> None:
    book = make_book()
    work(book, "o1", "AAPL", "buy", 10)
    work(book, "o2", "AAPL", "sell", 10, uid=BEA)
    bound: dict[str, Any] = {"position__max_position_dollars": 1_500 * DOLLAR}
    assert denied(verdict(book, ask(), **bound), Code.POSITION_DOLLARS, "position.max_position_dollars").projected == (
        20 * 101 * DOLLAR
    )


def test_too_many_positions_then_denied() -> None:
    book = make_book({(BEA, "AAPL"): 1})
    work(book, "o1", "MSFT", "buy", 1)
    name = "position.max_positions"
    assert denied(verdict(book, ask("JPM"), position__max_positions=2), Code.MAX_POSITIONS, name).observed == 2
    allowed(verdict(book, ask("MSFT"), position__max_positions=2))
    allowed(verdict(book, ask("JPM"), position__max_positions=3))


@pytest.mark.parametrize(("allocation", "share"), [(1_500, 400), (100_000, 1.5)])
def test_strategy_above_its_allocation_then_denied(allocation: int, share: float) -> None:
    limits = {"strategy.max_strategy_allocation_pct": int(share * PCT)}
    policy = make_policy(limits, strategy={"allocation": allocation * DOLLAR})
    book = make_book({(ANN, "MSFT"): 10})
    name = "strategy.max_strategy_allocation_pct"
    found = denied(verdict(book, ask(), policy), Code.STRATEGY_ALLOCATION, name)
    assert (found.observed, found.value) == (500 * DOLLAR, 1_500 * DOLLAR)
    allowed(verdict(book, ask(uid=BEA), policy))


def test_strategy_with_too_many_positions_then_denied() -> None:
    policy, book = make_policy(strategy={"max_positions": 1}), make_book({(ANN, "MSFT"): 10})
    denied(verdict(book, ask(), policy), Code.STRATEGY_POSITIONS, "strategy.max_positions")
    allowed(verdict(book, ask("MSFT"), policy))
    allowed(verdict(book, ask(uid=BEA), policy))


def test_too_many_strategies_then_denied() -> None:
    active = StrategyStatus.ACTIVE
    statuses = {ANN: active, BEA: active, CID: active, DAN: StrategyStatus.PAUSED}
    policy = make_policy({"strategy.max_strategies_active": 2}, statuses=statuses)
    book = make_book({(BEA, "MSFT"): 1, (DAN, "MSFT"): 1})
    allowed(verdict(book, ask(), policy))
    work(book, "o1", "JPM", "buy", 1, uid=CID)
    denied(verdict(book, ask(), policy), Code.STRATEGIES_ACTIVE, "strategy.max_strategies_active")
    allowed(verdict(book, ask(uid=BEA), policy))


def test_sector_above_warning_then_allowed_with_a_warning() -> None:
    book = make_book({(ANN, "MSFT"): 10})
    found = allowed(verdict(book, ask(), concentration__sector_warning_pct=PCT))
    assert [(note.kind, note.code) for note in found.notes] == [("warned", Code.SECTOR_WARNING)]
    assert (found.notes[0].observed, found.notes[0].projected) == (500 * DOLLAR, 1_510 * DOLLAR)


def test_sector_above_reduction_then_scaled_down_to_fit() -> None:
    book = make_book({(ANN, "MSFT"): 10})
    found = allowed(verdict(book, ask(), concentration__sector_reduction_pct=PCT), 4)
    assert [(note.kind, note.code) for note in found.notes] == [("reduced", Code.SECTOR_REDUCTION)]
    allowed(verdict(book, ask("JPM"), concentration__sector_reduction_pct=PCT))


def test_sector_full_then_denied() -> None:
    book = make_book({(ANN, "MSFT"): 20})
    found = verdict(book, ask(), concentration__sector_reduction_pct=PCT)
    denied(found, Code.SECTOR_REDUCTION, "concentration.sector_reduction_pct")


def test_unclassified_symbols_are_a_sector() -> None:
    found = verdict(make_book(), ask("XOM", quantity=100), concentration__sector_reduction_pct=PCT)
    allowed(found, 12)


def test_gross_exposure_too_high_then_denied() -> None:
    book = make_book({(ANN, "MSFT"): 10, (ANN, "JPM"): -10})
    name = "exposure.max_gross_pct"
    found = denied(verdict(book, ask(), exposure__max_gross_pct=19 * PCT // 10), Code.GROSS_EXPOSURE, name)
    assert (found.observed, found.projected) == (900 * DOLLAR, 1_910 * DOLLAR)
    allowed(verdict(book, ask(), exposure__max_gross_pct=2 * PCT))


@pytest.mark.parametrize(("side", "working"), [("buy", "buy"), ("sell", "sell")])
def test_net_exposure_too_high_then_denied(side: str, working: str) -> None:
    book = make_book()
    work(book, "o1", "MSFT", working, 10)
    work(book, "o2", "JPM", "sell" if working == "buy" else "buy", 10)
    name = "exposure.max_net_pct"
    found = denied(verdict(book, ask(side=side), exposure__max_net_pct=15 * PCT // 10), Code.NET_EXPOSURE, name)
    assert found.projected == 1_515 * DOLLAR
    allowed(verdict(book, ask(side=side), exposure__max_net_pct=16 * PCT // 10))


def test_cash_reserve_touched_then_denied() -> None:
    book = make_book({(ANN, "MSFT"): 1_800})
    work(book, "o1", "JPM", "buy", 50)
    limits: dict[str, Any] = {"account__margin_multiplier": 1_000_000, "account__cash_reserve_pct": 7 * PCT}
    found = denied(verdict(book, ask(), **limits), Code.CASH_RESERVE, "account.cash_reserve_pct")
    assert (found.observed, found.projected, found.headroom) == (7_980 * DOLLAR, 6_970 * DOLLAR, 980 * DOLLAR)
    allowed(verdict(book, ask(quantity=9), **limits), 9)


def test_short_proceeds_are_no_free_cash() -> None:
    limits: dict[str, Any] = {"account__margin_multiplier": 1_000_000, "account__cash_reserve_pct": 99 * PCT}
    book = make_book({(BEA, "JPM"): -1_250})
    denied(verdict(book, ask(), **limits), Code.CASH_RESERVE, "account.cash_reserve_pct")
    allowed(verdict(make_book(), ask(quantity=9), **limits), 9)


def test_buying_power_used_up_then_denied_for_shorts_too() -> None:
    book = make_book({(ANN, "MSFT"): 1_990})
    name = "account.margin_multiplier"
    found = denied(
        verdict(book, ask(side="sell", uid=BEA), account__margin_multiplier=1_000_000), Code.BUYING_POWER, name
    )
    assert (found.observed, found.value, found.headroom) == (99_500 * DOLLAR, 100_000 * DOLLAR, 500 * DOLLAR)
    allowed(verdict(book, ask(side="sell", uid=BEA), account__margin_multiplier=1_100_000))


def test_volatile_instrument_then_warning() -> None:
    book = make_book(volatility={"AAPL": 450_000})
    found = allowed(verdict(book, ask(), volatility__position_warning=400_000))
    assert [(note.kind, note.code) for note in found.notes] == [("warned", Code.VOLATILITY_WARNING)]


def test_very_volatile_instrument_then_scaled_by_reduction_over_volatility() -> None:
    book = make_book(volatility={"AAPL": 800_000})
    found = allowed(verdict(book, ask(quantity=100), volatility__position_reduction=600_000), 75)
    assert [(note.kind, note.code) for note in found.notes] == [("reduced", Code.VOLATILITY_REDUCTION)]


def test_one_share_of_a_very_volatile_instrument_then_denied() -> None:
    book = make_book(volatility={"AAPL": 800_000})
    found = verdict(book, ask(quantity=1), volatility__position_reduction=600_000)
    denied(found, Code.VOLATILITY_REDUCTION, "volatility.position_reduction")


@pytest.mark.parametrize("name", ["concentration.sector_reduction_pct", "volatility.position_reduction"])
def test_shadowed_limit_then_only_told(name: str) -> None:
    policy = make_policy({name: 1_000}, shadow=(name,))
    book = make_book(volatility={"AAPL": 800_000})
    found = allowed(verdict(book, ask(), policy))
    assert [(note.kind, note.limit) for note in found.notes] == [("warned", name)]


HARD_CASES = {
    "order.max_dollars": 1,
    "position.max_position_pct": 1,
    "position.max_position_dollars": 1,
    "position.min_position_dollars": 10**12,
    "position.max_positions": 0,
    "strategy.max_strategy_allocation_pct": 1,
    "strategy.max_strategies_active": 0,
    "exposure.max_gross_pct": 1,
    "exposure.max_net_pct": 1,
    "account.cash_reserve_pct": 4_000_000,
    "order.max_per_minute": 0,
}


@pytest.mark.parametrize("name", HARD_CASES)
def test_hard_limit_in_shadow_then_only_told_with_its_figures(name: str) -> None:
    limits = {name: HARD_CASES[name]}
    denial = verdict(make_book(), ask(), make_policy(limits))
    assert isinstance(denial, Deny) and denial.limit == name
    found = allowed(verdict(make_book(), ask(), make_policy(limits, shadow=(name,))))
    note = next(note for note in found.notes if note.limit == name)
    assert (note.kind, note.code) == ("warned", denial.code)
    assert (note.observed, note.projected, note.value) == (denial.observed, denial.projected, denial.value)
    assert note.message == f"{denial.message}: shadow, would be denied"


def test_limit_in_shadow_that_is_absent_then_denied_all_the_same() -> None:
    policy = make_policy(drop=("order.max_dollars",), shadow=("order.max_dollars",))
    denied(verdict(make_book(), ask(), policy), Code.LIMIT_ABSENT, "order.max_dollars")


def test_shadow_that_names_no_limit_then_what_stands_outside_the_table_denies() -> None:
    policy = make_policy(shadow=("", "strategy.max_positions"), strategy={"max_positions": 0})
    denied(verdict(make_book(), ask("XYZ"), policy), Code.UNKNOWN_SYMBOL)
    denied(verdict(make_book(), ask(), policy), Code.STRATEGY_POSITIONS, "strategy.max_positions")


def test_limit_in_shadow_then_no_other_limit_is() -> None:
    policy = make_policy({"order.max_dollars": 1, "position.max_positions": 0}, shadow=("order.max_dollars",))
    denied(verdict(make_book(), ask(), policy), Code.MAX_POSITIONS, "position.max_positions")


def test_position_too_small_then_denied() -> None:
    name = "position.min_position_dollars"
    limits: dict[str, Any] = {"position__min_position_dollars": 500 * DOLLAR}
    denied(verdict(make_book(), ask(quantity=4), **limits), Code.POSITION_MIN, name)
    allowed(verdict(make_book(), ask(quantity=5), **limits), 5)
    allowed(verdict(make_book({(ANN, "AAPL"): 5}), ask(quantity=1), **limits), 1)


def test_order_scaled_below_the_smallest_position_then_denied() -> None:
    book = make_book({(ANN, "MSFT"): 10})
    limits: dict[str, Any] = {"position__min_position_dollars": 500 * DOLLAR}
    found = verdict(book, ask(), concentration__sector_reduction_pct=PCT, **limits)
    denied(found, Code.POSITION_MIN, "position.min_position_dollars")


def test_no_limit_applies_to_an_exit() -> None:
    policy = make_policy(dict.fromkeys(ORDER_LIMITS, 0), base={})
    book = make_book({(ANN, "AAPL"): 10}, volatility={"AAPL": 10**9})
    book.remember(ask(side="sell"), "o1", 10, NOW)
    book.price_ns = 0
    assert allowed(verdict(book, ask(side="sell"), policy)).reducing


def test_exit_of_an_instrument_without_price_then_allowed() -> None:
    book = make_book({(ANN, "AAPL"): 10})
    book.marks.clear()
    assert allowed(verdict(book, ask(side="sell"))).reducing


def test_entries_when_equity_is_gone_then_denied() -> None:
    found = verdict(make_book(equity=0), ask())
    denied(found, Code.POSITION_PCT, "position.max_position_pct")


def test_exception_in_a_check_then_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_case: Case) -> Deny | None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(pipeline, "ENTRY", (broken,))
    denied(verdict(make_book(), ask(), order__max_dollars=1), Code.CHECK_FAILED)
    allowed(verdict(make_book({(ANN, "AAPL"): 10}), ask(side="sell"), order__max_dollars=1))
    monkeypatch.setattr(pipeline, "clear", broken)
    denied(verdict(make_book(), ask()), Code.CHECK_FAILED)


def test_check_changes_neither_book_nor_policy() -> None:
    book, policy = make_book({(ANN, "AAPL"): 10}), compiled(make_policy())
    before = _picture(book)
    check(policy, book, ask(), NOW)
    assert _picture(book) == before


@pytest.mark.parametrize("removed", [*ADMISSION, *ENTRY], ids=lambda item: item.__name__)
def test_no_check_is_listed_twice(removed: Any) -> None:
    assert [*ADMISSION, *ENTRY].count(removed) == 1


def _picture(book: Book) -> tuple[object, ...]:
    lines = {name: (line.quantity, line.buys, line.sells, line.worst) for name, line in book.lines.items()}
    return (book.cash, book.gross, book.net, book.buy_total, book.occupied, lines, len(book.repeats), len(book.recent))


def test_same_order_by_another_strategy_is_no_duplicate() -> None:
    book = make_book()
    book.remember(ask(uid=BEA), "o1", 10, NOW)
    allowed(verdict(book, ask(), order__duplicate_seconds=60))


def test_request_fields_have_no_defaults_that_loosen() -> None:
    assert OrderRequest._field_defaults == {"type": "market", "limit": 0, "stop": 0, "label": UNLABELLED}
