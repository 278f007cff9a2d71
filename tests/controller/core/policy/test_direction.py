from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.policy.compile import compile_policy
from controller.core.policy.direction import compare, flatten
from controller.core.policy.document_leaves import DESIRED, EMERGENCY, RISK
from controller.core.policy.document_leaves import STRATEGY as STRATEGY_DOCUMENT
from controller.core.policy.leaves import LeafValue, Other, move, require_declared
from controller.core.policy.policy_leaves import POLICY, STRATEGY
from schemas.desired import Desired, Emergency, RiskConfig, Strategy, StrategyStatus, TradingMode
from schemas.limits import LIMITS, Leaf, Limit
from schemas.plan import Direction
from schemas.policy import Policy, StrategyPolicy
from schemas.scalars import Model
from tests.support.desired import COMMITS, UIDS, desired, files, read

UID = UIDS["ml-momentum-v2"]
SECTORS = {"AAPL": "Technology", "JPM": "Financials"}
TIGHTEN, LOOSEN, NEUTRAL = Direction.TIGHTEN, Direction.LOOSEN, Direction.NEUTRAL
REVERSED = {Leaf.CEILING: (LOOSEN, TIGHTEN), Leaf.FLOOR: (TIGHTEN, LOOSEN), Leaf.OPAQUE: (LOOSEN, LOOSEN)}


def policy(**fields: object) -> Policy:
    return compile_policy(desired(), SECTORS).model_copy(update=fields)


def with_strategy(**fields: object) -> Policy:
    base = policy()
    return base.model_copy(
        update={"strategies": base.strategies | {UID: base.strategies[UID].model_copy(update=fields)}}
    )


def only(old: Policy, new: Policy) -> tuple[str, str, str, Direction]:
    (change,) = compare(old, new)
    return change.label, change.old, change.new, change.direction


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_compare_when_a_limit_moves_then_its_row_says_the_direction(limit: Limit) -> None:
    value = policy().limits[limit.name]
    step = limit.compile(limit.parse("1" if limit.unit.value != "percent" else "1%"))
    up, down = (policy(limits=policy().limits | {limit.name: value + sign * step}) for sign in (1, -1))
    higher, lower = REVERSED[limit.leaf]
    assert [change.direction for change in compare(policy(), up)] == [higher]
    assert [change.direction for change in compare(policy(), down)] == [lower]


def test_compare_when_a_limit_moves_then_prints_it_as_the_spec_does() -> None:
    limits = {
        "position.max_position_pct": 200_000,
        "position.max_position_dollars": 30_000_500_000,
        "account.margin_multiplier": 1_500_000,
        "strategy.max_strategies_active": 4,
        "order.max_price_age": 30,
    }
    changes = compare(policy(), policy(limits=policy().limits | limits))
    assert [(change.label, change.old, change.new) for change in changes] == [
        ("account.margin_multiplier", "1.0", "1.5"),
        ("order.max_price_age", "60s", "30s"),
        ("position.max_position_dollars", "$18,750", "$30,000.50"),
        ("position.max_position_pct", "11.25%", "20%"),
        ("strategy.max_strategies_active", "3", "4"),
    ]
    assert {(change.kind, change.scope, change.path) for change in changes} == {
        ("limit", "account", "risk_config.yaml")
    }


def test_compare_when_a_limit_vanishes_or_appears_then_absent_denies() -> None:
    fewer = policy(limits={name: value for name, value in policy().limits.items() if name != "order.max_dollars"})
    assert only(policy(), fewer) == ("order.max_dollars", "$25,000", "-", TIGHTEN)
    assert only(fewer, policy()) == ("order.max_dollars", "-", "$25,000", LOOSEN)


def test_compare_when_a_limit_is_unknown_then_any_change_loosens() -> None:
    old, new = (policy(limits=policy().limits | {"x.y": value}) for value in (5, 4))
    assert only(old, new) == ("x.y", "5", "4", LOOSEN)


WHOLE = (
    'active, $40,000, {"module":"momentum","name":"ML Momentum v2","parameters":'
    '{"lookback":126,"require_gain":true,"top_n":5,"weighting":"rank"}}'
)
CASES: dict[str, tuple[Policy, Policy, tuple[str, str, str, Direction]]] = {
    "mode up": (policy(), policy(mode=TradingMode.HALT_ALL), ("trading_mode", "normal", "halt-all", TIGHTEN)),
    "mode down": (
        policy(mode=TradingMode.HALT_TRADING),
        policy(mode=TradingMode.PAUSE_NEW_ORDERS),
        ("trading_mode", "halt-trading", "pause-new-orders", LOOSEN),
    ),
    "status up": (
        policy(),
        with_strategy(status=StrategyStatus.PAUSED),
        ("ml-momentum-v2.status", "active", "paused", TIGHTEN),
    ),
    "status down": (
        with_strategy(status=StrategyStatus.HALTED),
        with_strategy(status=StrategyStatus.PAUSED),
        ("ml-momentum-v2.status", "halted", "paused", LOOSEN),
    ),
    "allocation up": (
        policy(),
        with_strategy(allocation=41_000_000_000),
        ("ml-momentum-v2.allocation", "$40,000", "$41,000", LOOSEN),
    ),
    "allocation down": (
        policy(),
        with_strategy(allocation=39_000_000_000),
        ("ml-momentum-v2.allocation", "$40,000", "$39,000", TIGHTEN),
    ),
    "positions bounded": (
        policy(),
        with_strategy(max_positions=0),
        ("ml-momentum-v2.max_positions", "unbounded", "0", TIGHTEN),
    ),
    "positions unbounded": (
        with_strategy(max_positions=4),
        policy(),
        ("ml-momentum-v2.max_positions", "4", "unbounded", LOOSEN),
    ),
    "positions fewer": (
        with_strategy(max_positions=4),
        with_strategy(max_positions=3),
        ("ml-momentum-v2.max_positions", "4", "3", TIGHTEN),
    ),
    "universe from all": (
        policy(),
        with_strategy(universe=("AAPL",)),
        ("ml-momentum-v2.universe", "every symbol", "AAPL", TIGHTEN),
    ),
    "universe to all": (
        with_strategy(universe=("AAPL",)),
        policy(),
        ("ml-momentum-v2.universe", "AAPL", "every symbol", LOOSEN),
    ),
    "universe smaller": (
        with_strategy(universe=("AAPL", "JPM")),
        with_strategy(universe=("JPM",)),
        ("ml-momentum-v2.universe", "AAPL, JPM", "JPM", TIGHTEN),
    ),
    "universe other": (
        with_strategy(universe=("AAPL", "JPM")),
        with_strategy(universe=("XOM",)),
        ("ml-momentum-v2.universe", "AAPL, JPM", "XOM", LOOSEN),
    ),
    "module": (policy(), with_strategy(module="value"), ("ml-momentum-v2.module", "momentum", "value", LOOSEN)),
    "name": (policy(), with_strategy(name="X"), ("ml-momentum-v2.name", "ML Momentum v2", "X", LOOSEN)),
    "parameters": (
        with_strategy(parameters={"top_n": 3}),
        with_strategy(parameters={"top_n": 2}),
        ("ml-momentum-v2.parameters", '{"top_n":3}', '{"top_n":2}', LOOSEN),
    ),
    "shadow more": (
        policy(),
        policy(shadow=("volatility.position_reduction",)),
        ("shadow", "none", "volatility.position_reduction", LOOSEN),
    ),
    "shadow less": (
        policy(shadow=("volatility.position_reduction",)),
        policy(),
        ("shadow", "volatility.position_reduction", "none", TIGHTEN),
    ),
    "halt more": (policy(), policy(halts=("1" * 32,)), ("halts", "none", "1" * 32, TIGHTEN)),
    "halt less": (policy(halts=("1" * 32,)), policy(), ("halts", "1" * 32, "none", LOOSEN)),
    "halt other": (policy(halts=("1" * 32,)), policy(halts=("2" * 32,)), ("halts", "1" * 32, "2" * 32, LOOSEN)),
    "sector": (
        policy(),
        policy(sectors=SECTORS | {"AAPL": "Energy"}),
        ("sectors.AAPL", "Technology", "Energy", LOOSEN),
    ),
    "sector gone": (policy(), policy(sectors={"JPM": "Financials"}), ("sectors.AAPL", "Technology", "-", LOOSEN)),
    "sector new": (policy(), policy(sectors=SECTORS | {"XOM": "Energy"}), ("sectors.XOM", "-", "Energy", LOOSEN)),
    "book": (policy(), policy(account="other"), ("account.name", "greenplace", "other", LOOSEN)),
    "strategy gone": (
        policy(),
        policy(strategies={key: item for key, item in policy().strategies.items() if key != UID}),
        ("ml-momentum-v2", WHOLE, "-", TIGHTEN),
    ),
    "strategy new": (
        policy(strategies={key: item for key, item in policy().strategies.items() if key != UID}),
        policy(),
        ("ml-momentum-v2", "-", WHOLE, LOOSEN),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_compare_when_one_leaf_differs_then_says_which_and_where_to(name: str) -> None:
    old, new, expected = CASES[name]
    assert only(old, new) == expected


def test_compare_when_an_id_changes_then_only_that_loosens() -> None:
    assert only(policy(), with_strategy(id="other")) == ("other.id", "ml-momentum-v2", "other", LOOSEN)


def test_compare_when_only_the_revision_differs_then_nothing_changes() -> None:
    assert compare(policy(), policy(revision=COMMITS[1])) == ()


def test_compare_when_there_is_no_old_policy_then_everything_appears() -> None:
    changes = compare(None, policy())
    labels = {change.label for change in changes}
    assert {limit.name for limit in LIMITS} | set(UIDS) | {"trading_mode"} <= labels
    assert {change.old for change in changes} == {"-"}
    assert all(change.direction is LOOSEN for change in changes)


@pytest.mark.parametrize(
    ("model", "table"),
    [
        (Policy, POLICY),
        (StrategyPolicy, STRATEGY),
        (Desired, DESIRED),
        (RiskConfig, RISK),
        (Emergency, EMERGENCY),
        (Strategy, STRATEGY_DOCUMENT),
    ],
)
def test_require_declared_when_a_field_has_no_declaration_then_fails(model: type[Model], table: dict[str, Any]) -> None:
    require_declared(model, table)
    for name in table:
        with pytest.raises(TypeError, match=r"declares no direction|has no field"):
            require_declared(model, [other for other in table if other != name])
    with pytest.raises(TypeError, match="has no field nonsense"):
        require_declared(model, [*table, "nonsense"])


def test_move_when_orders_differ_then_loosens() -> None:
    old, new = (LeafValue(order, 1, "1", "limit", "x") for order in (Leaf.CEILING, Leaf.FLOOR))
    assert move(old, new) is LOOSEN
    assert move(None, None) is NEUTRAL


VALUES: dict[Leaf, st.SearchStrategy[Any]] = {
    Leaf.CEILING: st.none() | st.integers(0, 5),
    Leaf.FLOOR: st.integers(0, 5),
    Leaf.RANK: st.integers(0, 3),
    Leaf.ALLOW_SET: st.none() | st.frozensets(st.sampled_from("abc")),
    Leaf.DENY_SET: st.frozensets(st.sampled_from("abc")),
    Leaf.OPAQUE: st.text("ab", max_size=2),
}


@given(st.data(), st.sampled_from(list(Leaf)))
def test_move_when_it_tightens_then_the_way_back_loosens_and_steps_add_up(data: st.DataObject, order: Leaf) -> None:
    a, b, c = (LeafValue(order, data.draw(VALUES[order]), "", "limit", "x") for _ in range(3))
    if move(a, b) is TIGHTEN:
        assert move(b, a) is LOOSEN
        if move(b, c) is TIGHTEN:
            assert move(a, c) is TIGHTEN
    assert (move(a, b) is NEUTRAL) == (a.value == b.value)
    note = LeafValue(Other.NOTE, a.value, "", "limit", "x")
    assert move(note, LeafValue(Other.NOTE, b.value, "", "limit", "x")) is NEUTRAL


def test_compile_when_template_then_integers_of_the_gate() -> None:
    compiled = policy()
    assert compiled.limits["position.max_position_pct"] == 112_500
    assert compiled.written["position.max_position_pct"] == 150_000
    assert compiled.limits["account.initial_capital"] == 100_000_000_000
    assert compiled.limits["account.margin_multiplier"] == 1_000_000
    assert compiled.limits["order.max_price_age"] == 60
    assert set(compiled.limits) == {limit.name for limit in LIMITS}
    assert compiled.strategies[UID].allocation == 40_000_000_000
    assert compiled.digest() == compile_policy(desired(), dict(reversed(SECTORS.items()))).digest()
    assert list(flatten(compiled)) == list(flatten(policy()))


def test_compile_when_allocation_is_odd_then_rounds_down() -> None:
    new = read(files(strategies__ml_momentum_v2=("allocation_pct: 40%", "allocation_pct: 33.3333%")))
    assert compile_policy(new, {}).strategies[UID].allocation == 33_333_300_000
