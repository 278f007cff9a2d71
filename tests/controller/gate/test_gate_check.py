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
from controller.gate.verdicts import Code, Deny
from schemas.desired import StrategyStatus, TradingMode
from schemas.limits import BY_NAME, LIMITS
from tests.support.books import NOW, allowed, ask, denied, make_book, verdict, work
from tests.support.gates import ANN, BEA, CID, DOLLAR, compiled, make_policy

PCT = 10_000


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
