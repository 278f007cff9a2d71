"""The metamorphic proof of safety section 7: what the new gate lets through and the old did not is a loosening."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.compile import compile_policy
from controller.core.direction import compare
from controller.gate.book import Book
from controller.gate.check import check
from controller.gate.orders import OrderRequest
from controller.gate.policy import Policy as GatePolicy
from controller.gate.venue import Holding, VenueBook
from controller.gate.verdicts import Allow, Deny
from schemas.desired import StrategyStatus, TradingMode
from schemas.limits import BY_NAME, LIMITS, Unit
from schemas.plan import Direction
from schemas.policy import Policy
from tests.support.desired import UIDS, desired

SYMBOLS = {"AAPL": "Technology", "MSFT": "Technology", "JPM": "Financials"}
OWN, OTHER = UIDS["ml-momentum-v2"], UIDS["heuristic-value-1"]
NOW = 600_000_000_000
DOLLAR = 1_000_000
BASE = compile_policy(desired(), SYMBOLS)
PARTS = st.sampled_from([0, 1, 5, 10, 20, 35, 50, 75, 90, 100, 110, 150, 200, 400])


def limit_values(name: str) -> st.SearchStrategy[int]:
    """Values of a limit from nothing to far beyond its default; counts and seconds around theirs."""
    value, unit = BASE.limits[name], BY_NAME[name].unit
    if unit in (Unit.COUNT, Unit.SECONDS):
        return st.integers(0, value * 2 + 2)
    return PARTS.map(lambda part: value * part // 100)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A valid policy: at most as many active strategies as allowed, as validation guarantees."""
    names = draw(st.lists(st.sampled_from([limit.name for limit in LIMITS]), max_size=4, unique=True))
    limits = BASE.limits | {name: draw(limit_values(name)) for name in names}
    limits["strategy.max_strategies_active"] = max(limits["strategy.max_strategies_active"], 3)
    return BASE.model_copy(
        update={
            "limits": limits,
            "shadow": tuple(draw(st.sets(st.sampled_from(["concentration.sector_reduction_pct"])))),
        }
    )


@st.composite
def mutations(draw: st.DrawFn, policy: Policy) -> Policy:
    """``policy`` with one or two fields changed."""
    for _ in range(draw(st.integers(1, 2))):
        policy = draw(st.sampled_from(MUTATORS))(draw, policy)
    return policy


def a_limit(draw: st.DrawFn, policy: Policy) -> Policy:
    name = draw(st.sampled_from([limit.name for limit in LIMITS if limit.key != "max_strategies_active"]))
    return policy.model_copy(update={"limits": policy.limits | {name: draw(limit_values(name))}})


def no_limit(draw: st.DrawFn, policy: Policy) -> Policy:
    gone = draw(st.sampled_from([limit.name for limit in LIMITS]))
    return policy.model_copy(update={"limits": {key: item for key, item in policy.limits.items() if key != gone}})


def the_mode(draw: st.DrawFn, policy: Policy) -> Policy:
    return policy.model_copy(update={"mode": draw(st.sampled_from(list(TradingMode)))})


def the_shadow(draw: st.DrawFn, policy: Policy) -> Policy:
    names = ["concentration.sector_reduction_pct", "volatility.position_reduction"]
    return policy.model_copy(update={"shadow": tuple(sorted(draw(st.sets(st.sampled_from(names)))))})


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
    marks = {symbol: draw(st.sampled_from([20, 100, 250])) * DOLLAR for symbol in SYMBOLS}
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


@st.composite
def orders(draw: st.DrawFn) -> OrderRequest:
    kind = draw(st.sampled_from(["market", "limit"]))
    return OrderRequest(
        uid=draw(st.sampled_from([OWN, OTHER])),
        symbol=draw(st.sampled_from(list(SYMBOLS))),
        side=draw(st.sampled_from([1, -1])),
        quantity=draw(st.sampled_from([1, 5, 20, 100, 150, 400])),
        client_id="c-1",
        type=kind,
        limit=draw(st.sampled_from([20, 101, 104, 250])) * DOLLAR if kind == "limit" else 0,
    )


def answer(policy: Policy, book: Book, order: OrderRequest) -> Allow | Deny:
    return check(GatePolicy(policy.model_dump(mode="json")), book, order, NOW)


@settings(max_examples=1_500, deadline=None)
@given(st.data(), policies(), books())
def test_direction_when_new_gate_passes_what_the_old_denied_then_it_is_loosen(
    data: st.DataObject, old: Policy, book: Book
) -> None:
    new = data.draw(mutations(old))
    directions = {change.direction for change in compare(old, new)}
    for order in data.draw(st.lists(orders(), min_size=1, max_size=4)):
        before, after = answer(old, book, order), answer(new, book, order)
        passed = isinstance(after, Allow)
        more = isinstance(before, Deny) or (isinstance(after, Allow) and after.quantity > before.quantity)
        if passed and more:
            assert Direction.LOOSEN in directions, (before, after, compare(old, new))
