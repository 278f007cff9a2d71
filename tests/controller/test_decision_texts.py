import pytest

from controller.views.decisions import said
from schemas.live import Decision
from tests.support.book import COMMIT, policy


def decision(limit: str, projected: int, value: int, kind: str = "denied", **fields: str) -> Decision:
    given = {"code": "X", "uid": "a", "symbol": "HD", "revision": COMMIT, "message": "why", **fields}
    known = {"seq": 1, "at_ns": 1, "market_time": "", "limit": limit, "projected": projected, "value": value}
    return Decision.model_validate({**known, "kind": kind, **given})


DOLLAR = 1_000_000


@pytest.mark.parametrize(
    ("limit", "projected", "value", "figures"),
    [
        ("position.max_position_pct", 16_200 * DOLLAR, 15_000 * DOLLAR, "HD 16.2% > 15%"),
        ("position.max_position_dollars", 26_000 * DOLLAR, 25_000 * DOLLAR, "HD $26,000 > $25,000"),
        ("position.max_positions", 21, 20, "HD 21 > 20"),
        ("strategy.max_strategy_allocation_pct", 31_020 * DOLLAR, 30_000 * DOLLAR, "HD $31,020 > $30,000"),
        ("order.price_collar_pct", 70_000, 50_000, "HD 7% > 5%"),
        ("order.max_price_age", 75, 60, "HD 75s > 60s"),
        ("account.margin_multiplier", 110_000 * DOLLAR, 100_000 * DOLLAR, "HD 1.10 > 1.00"),
    ],
)
def test_said_when_a_ceiling_denies_then_both_numbers_in_its_own_unit(
    limit: str, projected: int, value: int, figures: str
) -> None:
    assert said(decision(limit, projected, value), policy()) == f"Order rejected: {limit} exceeded ({figures})"


def test_said_when_a_floor_denies_then_not_reached() -> None:
    text = said(decision("position.min_position_dollars", 300 * DOLLAR, 500 * DOLLAR), policy())
    assert text == "Order rejected: position.min_position_dollars not reached (HD $300 < $500)"


def test_said_when_another_policy_decided_then_dollars_and_no_wrong_percentage() -> None:
    older = decision("position.max_position_pct", 16_200 * DOLLAR, 15_000 * DOLLAR, revision="b" * 40)
    assert "(HD $16,200 > $15,000)" in said(older, policy())
    assert "(HD $16,200 > $15,000)" in said(older, None)


def test_said_when_a_soft_limit_speaks_then_warned_or_reduced() -> None:
    warned = decision("volatility.position_warning", 450_000, 400_000, "warned")
    assert said(warned, policy()) == "volatility.position_warning warning threshold reached (HD 45% > 40%)"
    reduced = decision("volatility.position_reduction", 640_000, 600_000, "reduced", message="HD: 27 of 30 shares")
    shown = said(reduced, policy())
    assert shown == "Order reduced: volatility.position_reduction (HD 64% > 60%; HD: 27 of 30 shares)"


def test_said_when_no_limit_is_named_then_the_gates_own_words() -> None:
    assert said(decision("", 0, 0, message="trading is halted"), policy()) == "Order rejected: HD: trading is halted"
