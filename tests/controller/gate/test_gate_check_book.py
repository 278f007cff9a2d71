"""Each check of what the book would hold alone: positions, strategies, sectors, gross, net, cash."""

from typing import Any

import pytest

from controller.gate.verdicts import Code
from schemas.desired import StrategyStatus
from tests.support.books import allowed, ask, denied, make_book, verdict, work
from tests.support.gates import ANN, BEA, CID, DAN, DOLLAR, make_policy

PCT = 10_000


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
