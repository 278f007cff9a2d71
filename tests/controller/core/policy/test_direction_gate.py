"""The metamorphic proof of safety section 7: what the new gate lets through and the old did not is a loosening."""

import itertools
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from controller.core.policy.compile import compile_policy
from controller.core.policy.direction import compare
from controller.gate.book import Book
from controller.gate.check import check
from controller.gate.orders import OrderRequest
from controller.gate.policy import ORDER_LIMITS, SHADOWABLE
from controller.gate.policy import Policy as GatePolicy
from controller.gate.venue import Holding, VenueBook
from controller.gate.verdicts import Allow
from schemas.desired import StrategyStatus, TradingMode
from schemas.limits import BY_NAME, LIMITS, Leaf, Unit
from schemas.plan import Direction
from schemas.policy import Policy, TestPolicy
from tests.support.desired import UIDS, desired

SYMBOLS = {"AAPL": "Technology", "MSFT": "Technology", "JPM": "Financials"}
OWN, OTHER = UIDS["ml-momentum-v2"], UIDS["heuristic-value-1"]
NOW = 600_000_000_000
DOLLAR = 1_000_000
BASE = compile_policy(desired(), SYMBOLS)
SECTOR = "concentration.sector_reduction_pct"
NAMES = [limit.name for limit in LIMITS if limit.key not in ("max_strategies_active", "initial_capital")]
SCALING = [SECTOR, "volatility.position_reduction"]
SHADOWS = [name for name in NAMES if name in SHADOWABLE]
OPEN = {
    limit.name: 0 if limit.leaf is Leaf.FLOOR else 10 * BASE.limits[limit.name] for limit in LIMITS if limit.hard
} | {limit.name: 100 * BASE.limits[limit.name] for limit in LIMITS if not limit.hard}
PARTS = st.sampled_from([0, 5, 20, 50, 80, 100, 120, 200, 400])


def limit_values(name: str) -> st.SearchStrategy[int]:
    """Values of a limit from nothing to beyond its default; counts and seconds around theirs."""
    value, unit = BASE.limits[name], BY_NAME[name].unit
    if unit in (Unit.COUNT, Unit.SECONDS):
        return st.sampled_from([0, 1, 2, value, value + 1])
    return PARTS.map(lambda part: value * part // 100)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A valid policy that is wide open but for one or two limits, so that these are what binds.

    At most as many strategies are active as allowed: validation guarantees that much.
    """
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True))
    limits = OPEN | {name: draw(limit_values(name)) for name in names}
    shadow = draw(st.sets(st.sampled_from(SHADOWS), max_size=1))
    strategies = {
        uid: item.model_copy(update={"allocation": 300_000 * DOLLAR}) for uid, item in BASE.strategies.items()
    }
    return BASE.model_copy(update={"limits": limits, "shadow": tuple(shadow), "strategies": strategies})


@st.composite
def mutations(draw: st.DrawFn, policy: Policy) -> Policy:
    """``policy`` with one or two fields changed."""
    for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
        policy = draw(st.sampled_from(MUTATORS))(draw, policy)
    return policy


def a_limit(draw: st.DrawFn, policy: Policy) -> Policy:
    bound = [name for name in NAMES if policy.limits.get(name) != OPEN[name]]
    name = draw(st.sampled_from(bound or NAMES))
    return policy.model_copy(update={"limits": policy.limits | {name: draw(limit_values(name))}})


def no_limit(draw: st.DrawFn, policy: Policy) -> Policy:
    gone = draw(st.sampled_from([limit.name for limit in LIMITS]))
    return policy.model_copy(update={"limits": {key: item for key, item in policy.limits.items() if key != gone}})


def the_mode(draw: st.DrawFn, policy: Policy) -> Policy:
    return policy.model_copy(update={"mode": draw(st.sampled_from(list(TradingMode)))})


def the_shadow(draw: st.DrawFn, policy: Policy) -> Policy:
    return policy.model_copy(update={"shadow": tuple(sorted(draw(st.sets(st.sampled_from(SHADOWS)))))})


def a_sector(draw: st.DrawFn, policy: Policy) -> Policy:
    symbol, sector = draw(st.sampled_from(list(SYMBOLS))), draw(st.sampled_from(["Technology", "Energy"]))
    return policy.model_copy(update={"sectors": policy.sectors | {symbol: sector}})


def a_strategy(draw: st.DrawFn, policy: Policy) -> Policy:
    uid = draw(st.sampled_from([OWN, OTHER]))
    if uid not in policy.strategies:
        return policy
    field: dict[str, st.SearchStrategy[Any]] = {
        "status": st.sampled_from(list(StrategyStatus)),
        "allocation": PARTS.map(lambda part: 40_000 * DOLLAR * part // 100),
        "max_positions": st.none() | st.integers(0, 3),
        "universe": st.sets(st.sampled_from(list(SYMBOLS))).map(lambda found: tuple(sorted(found))),
        "module": st.just("value"),
        "parameters": st.just({"top_n": 2}),
        "name": st.just("X"),
    }
    key = draw(st.sampled_from(list(field)))
    changed = policy.strategies[uid].model_copy(update={key: draw(field[key])})
    return policy.model_copy(update={"strategies": policy.strategies | {uid: changed}})


def no_strategy(draw: st.DrawFn, policy: Policy) -> Policy:
    gone = draw(st.sampled_from([OWN, OTHER]))
    strategies = {uid: item for uid, item in policy.strategies.items() if uid != gone}
    return policy.model_copy(update={"strategies": strategies})


MUTATORS = [a_limit, a_limit, a_limit, no_limit, the_mode, the_shadow, a_sector, a_strategy, a_strategy, no_strategy]


@st.composite
def books(draw: st.DrawFn) -> Book:
    """A book of $100,000 with up to two holdings of two strategies, a few recent orders and an old price."""
    marks = {symbol: draw(st.sampled_from([20, 100])) * DOLLAR for symbol in SYMBOLS}
    holdings = {
        (draw(st.sampled_from([OWN, OTHER])), draw(st.sampled_from(list(SYMBOLS)))): Holding(
            quantity=draw(st.sampled_from([-100, -20, 20, 100, 300])), entry=100 * DOLLAR
        )
        for _ in range(draw(st.integers(0, 2)))
    }
    venue = VenueBook(
        cash=draw(st.sampled_from([5_000, 60_000, 100_000])) * DOLLAR,
        holdings=holdings,
        marks=marks,
        volatility={symbol: draw(st.sampled_from([0, 300_000, 700_000])) for symbol in SYMBOLS},
    )
    book = Book()
    book.load(venue)
    book.price_ns = NOW - draw(st.sampled_from([0, 30, 61, 119])) * 1_000_000_000
    for _ in range(draw(st.sampled_from([0, 1, 119, 120]))):
        book.count(NOW - 1_000_000_000)
    return book


ORDERS = [
    OrderRequest(uid=uid, symbol=symbol, side=side, quantity=quantity, client_id="c", type=kind, limit=limit * DOLLAR)
    for uid, symbol, side, quantity, (kind, limit) in itertools.product(
        [OWN, OTHER], SYMBOLS, [1, -1], [1, 5, 20, 100, 400, 600], [("market", 0), ("limit", 104)]
    )
]


def assert_no_hidden_loosening(old: Policy, new: Policy, book: Book) -> None:
    if Direction.LOOSEN in {change.direction for change in compare(old, new)}:
        return
    old_gate, new_gate = (GatePolicy(policy.model_dump(mode="json")) for policy in (old, new))
    for order in ORDERS:
        before, after = check(old_gate, book, order, NOW), check(new_gate, book, order, NOW)
        if isinstance(after, Allow):
            assert isinstance(before, Allow), (order, before, compare(old, new))
            assert after.quantity <= before.quantity, (order, before, after, compare(old, new))


@settings(max_examples=300, deadline=None)
@given(st.data(), policies(), books())
def test_direction_when_new_gate_passes_what_the_old_denied_then_it_is_loosen(
    data: st.DataObject, one: Policy, book: Book
) -> None:
    other = data.draw(mutations(one))
    assert_no_hidden_loosening(one, other, book)
    assert_no_hidden_loosening(other, one, book)


ACTING = [name for name in NAMES if name in ORDER_LIMITS and not name.endswith("warning") and "warning_pct" not in name]
STEPS = (0, 5, 50, 100, 200)
_SHADOWS = ((), ("order.max_dollars",), (SCALING[0],), tuple(SCALING), (*SCALING, "order.max_dollars"))


def fixed_books() -> list[Book]:
    """Flat with cash; nearly invested; long, short, with a doubtful price and a busy minute."""
    marks = {symbol: 100 * DOLLAR for symbol in SYMBOLS}
    volatile = dict.fromkeys(SYMBOLS, 700_000)
    holdings = {(OWN, "AAPL"): Holding(300, 100 * DOLLAR), (OTHER, "JPM"): Holding(-100, 100 * DOLLAR)}
    found = []
    for cash, held in ((100_000, {}), (8_000, holdings), (75_000, holdings)):
        book = Book()
        book.load(VenueBook(cash=cash * DOLLAR, holdings=held, marks=marks, volatility=volatile))
        book.price_ns = NOW - 30_000_000_000
        for _ in range(60):
            book.count(NOW - 1_000_000_000)
        for order in ORDERS[::7]:
            book.remember(order, "o", order.quantity, NOW - 1_000_000_000)
        found.append(book)
    return found


def variants(name: str) -> list[Policy]:
    """Wide-open policies that differ in ``name`` alone; for ``shadow`` the reductions and an order's size bind."""
    wide = OPEN | {"account.margin_multiplier": BASE.limits["account.margin_multiplier"]}
    if name == "shadow":
        wide |= {soft: BASE.limits[soft] * 2 // 5 for soft in SCALING} | {"order.max_dollars": 3_000 * DOLLAR}
    strategies = {
        uid: item.model_copy(update={"allocation": 300_000 * DOLLAR}) for uid, item in BASE.strategies.items()
    }
    base = BASE.model_copy(update={"limits": wide, "strategies": strategies})
    if name == "shadow":
        return [base.model_copy(update={"shadow": shadow}) for shadow in _SHADOWS]
    values = sorted({BASE.limits[name] * step // 100 for step in STEPS})
    return [base.model_copy(update={"limits": wide | {name: value}}) for value in values]


def passed(policy: Policy, books: list[Book]) -> list[int]:
    """Shares that pass, for each order on each book; 0 for a denial."""
    gate = GatePolicy(policy.model_dump(mode="json"))
    answers = (check(gate, book, order, NOW) for book in books for order in ORDERS)
    return [found.quantity if isinstance(found, Allow) else 0 for found in answers]


@pytest.mark.parametrize("name", [*ACTING, "shadow"])
def test_direction_when_one_leaf_moves_alone_then_the_gate_agrees_and_notices(name: str) -> None:
    books = fixed_books()
    found = [(policy, passed(policy, books)) for policy in variants(name)]
    assert len({tuple(shares) for _, shares in found}) > 1
    for (old, before), (new, after) in itertools.permutations(found, 2):
        if any(more > less for more, less in zip(after, before, strict=True)):
            assert Direction.LOOSEN in {change.direction for change in compare(old, new)}, (before, after)


TEST = TestPolicy(id="t", seed=1, share_b_ppm=500_000, parameters_a={"top_n": 1}, parameters_b={"top_n": 2})


def full(limits: Mapping[str, int]) -> Policy:
    """A policy in which every field of every model says something."""
    strategies = {
        uid: item.model_copy(update={"max_positions": 2, "universe": ("AAPL", "JPM"), "test": TEST})
        for uid, item in BASE.strategies.items()
    }
    more = {"limits": dict(limits), "written": dict(limits), "shadow": ("order.max_dollars",), "halts": ("a" * 32,)}
    return BASE.model_copy(update={**more, "strategies": strategies})


def others(annotation: Any, now: Any) -> Iterator[Any]:
    """Values of a field of that type besides ``now``: less, more, none, one item less, one item changed."""
    optional = [None] if type(None) in get_args(annotation) else []
    if isinstance(now, BaseModel | dict | tuple):
        yield from (value for value in (*_parts(now), *optional) if value != now)
    else:
        yield from (value for value in (*_scalars(annotation, now), *optional) if value != now)


def _parts(now: Any) -> Iterator[Any]:
    if isinstance(now, BaseModel):
        for name, field in type(now).model_fields.items():
            found = others(field.annotation, getattr(now, name))
            yield from (now.model_copy(update={name: value}) for value in found)
    elif isinstance(now, dict):
        for key, item in now.items():
            yield {name: value for name, value in now.items() if name != key}
            yield from ({**now, key: value} for value in others(type(item), item))
    else:
        yield from ((), (*now, "MSFT"), *(tuple(item for item in now if item != gone) for gone in now))


def _scalars(annotation: Any, now: Any) -> list[Any]:
    if isinstance(now, Enum):
        return list(type(now))
    if isinstance(now, bool):
        return [not now]
    if isinstance(now, int):
        return [0, now // 2, now * 2 + 1]
    return [value for value in get_args(annotation) if isinstance(value, str)] or [f"{now}x"]


@pytest.mark.parametrize("name", Policy.model_fields)
@pytest.mark.parametrize("limits", [BASE.limits, OPEN], ids=["as it comes", "wide open"])
def test_direction_when_any_field_of_the_model_moves_then_what_passes_more_is_loosen(
    name: str, limits: Mapping[str, int]
) -> None:
    old = full(limits)
    annotation = Policy.model_fields[name].annotation
    news = [old.model_copy(update={name: value}) for value in others(annotation, getattr(old, name))]
    assert news
    books = fixed_books()
    before = passed(old, books)
    for new in news:
        after = passed(new, books)
        for one, other, less, more in ((old, new, before, after), (new, old, after, before)):
            if any(count > bound for count, bound in zip(more, less, strict=True)):
                assert Direction.LOOSEN in {change.direction for change in compare(one, other)}, (one, other)
