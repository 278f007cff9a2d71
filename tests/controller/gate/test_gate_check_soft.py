"""What warns, reduces or is only told, each check alone: volatility, shadow, the smallest position."""

from typing import Any

import pytest

from controller.gate.verdicts import Code, Deny
from tests.support.books import allowed, ask, denied, make_book, verdict
from tests.support.gates import ANN, DOLLAR, make_policy

PCT = 10_000


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
