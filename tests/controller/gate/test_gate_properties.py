from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from controller.gate.book import Book, Line, Reservation
from controller.gate.case import Case
from controller.gate.check import ADMISSION, ENTRY, check, check_all
from controller.gate.orders import BUFFER_PPM, PPM, SIDES, OrderRequest, parse_order
from controller.gate.quick import clear
from controller.gate.standing import Standing
from controller.gate.venue import Holding, VenueBook, VenueOrder
from controller.gate.verdicts import Allow, Deny
from schemas.desired import StrategyStatus, TradingMode
from schemas.policy import Policy
from tests.support.books import NOW, ask, make_book, work
from tests.support.gates import ANN, BEA, DOLLAR, MARKS, SECTORS, WIDE, compiled, make_policy

SYMBOLS = sorted(MARKS)
symbols = st.sampled_from(SYMBOLS)
uids = st.sampled_from((ANN, BEA))
sides = st.sampled_from(("buy", "sell"))
quantities = st.integers(1, 400)
holdings = st.dictionaries(st.tuples(uids, symbols), st.integers(-300, 300).filter(bool), max_size=5)
working = st.lists(st.tuples(symbols, sides, quantities, uids), max_size=5)
requests = st.builds(ask, symbols, sides, quantities, uids)
ages = st.integers(0, 120_000_000_000)
standings = st.builds(
    lambda mode, status, restricted: Standing(mode, {ANN: status}, reduce_only="permit" if restricted else ""),
    st.integers(0, 3),
    st.integers(0, 2),
    st.booleans(),
)
_NARROW = {
    "position.max_position_pct": (10_000, 400_000),
    "position.max_position_dollars": (1_000 * DOLLAR, 40_000 * DOLLAR),
    "position.min_position_dollars": (0, 5_000 * DOLLAR),
    "position.max_positions": (1, 5),
    "exposure.max_gross_pct": (100_000, 1_500_000),
    "order.max_dollars": (1_000 * DOLLAR, 40_000 * DOLLAR),
    "exposure.max_net_pct": (100_000, 1_500_000),
    "account.margin_multiplier": (500_000, 2_000_000),
    "account.cash_reserve_pct": (0, 500_000),
    "strategy.max_strategies_active": (1, 3),
    "strategy.max_strategy_allocation_pct": (100_000, 1_000_000),
    "order.duplicate_seconds": (0, 100),
    "order.max_price_age": (0, 100),
    "concentration.sector_warning_pct": (50_000, 500_000),
    "concentration.sector_reduction_pct": (50_000, 500_000),
    "volatility.position_warning": (200_000, 900_000),
    "volatility.position_reduction": (200_000, 900_000),
}


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    names = draw(st.sets(st.sampled_from(sorted(_NARROW)), max_size=4))
    limits = {name: draw(st.integers(*_NARROW[name])) for name in sorted(names)}
    statuses = {uid: draw(st.sampled_from(list(StrategyStatus))) for uid in (ANN, BEA)}
    mode = draw(st.sampled_from([TradingMode.NORMAL, TradingMode.NORMAL, *TradingMode]))
    return make_policy(limits, mode=mode, statuses=statuses)


def filled(positions: dict[tuple[str, str], int], orders: Sequence[tuple[str, str, int, str]]) -> Book:
    book = make_book(positions, volatility={"AAPL": 700_000})
    for number, (symbol, side, quantity, uid) in enumerate(orders):
        work(book, f"o{number}", symbol, side, quantity, uid)
    return book


@given(policies(), policies(), holdings, working, requests, standings)
def test_old_and_new_together_are_never_looser_than_either(
    old: Policy,
    new: Policy,
    held: dict[tuple[str, str], int],
    orders: list[tuple[str, str, int, str]],
    request: OrderRequest,
    standing: Standing,
) -> None:
    book, both = filled(held, orders), (compiled(old), compiled(new))
    joint = check_all(both, book, request, NOW, standing)
    for policy in both:
        alone = check(policy, book, request, NOW, standing)
        if isinstance(alone, Deny):
            assert isinstance(joint, Deny)
        elif isinstance(joint, Allow):
            assert 0 < joint.quantity <= alone.quantity
            shrunk = check(policy, book, request._replace(quantity=joint.quantity), NOW, standing)
            assert isinstance(shrunk, Allow)


@given(policies(), holdings, working, requests, ages, standings)
def test_what_is_clear_at_one_look_passes_every_check_in_silence(
    policy: Policy,
    held: dict[tuple[str, str], int],
    orders: list[tuple[str, str, int, str]],
    request: OrderRequest,
    age: int,
    standing: Standing,
) -> None:
    book = filled(held, orders)
    book.remember(request._replace(quantity=10), "o", 10, NOW)
    case = Case(compiled(policy), book, request, NOW + age, standing)
    found = clear(case.policy, book, request, case.now, standing)
    if found is not None:
        assert not any(test(case) for test in (*ADMISSION, *ENTRY))
        assert found == Allow(case.quantity, case.reducing, case.price, case.notes)
        assert (case.quantity, case.notes) == (request.quantity, ())


@given(policies(), st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
def test_bounds_decide_as_the_exact_ratio_does(policy: Policy, equity: int, value: int) -> None:
    one = compiled(policy)
    bounds = one.bounds_at(equity)
    assert (value <= bounds.position) == (value * PPM <= equity * one.max_position_pct)
    assert (value <= bounds.gross) == (value * PPM <= equity * one.max_gross_pct)
    assert (value <= bounds.net) == (value * PPM <= equity * one.max_net_pct)
    assert (value <= bounds.buying_power) == (value * PPM <= equity * one.margin_multiplier)
    assert (value <= bounds.sector_reduction) == (value * PPM <= equity * one.sector_reduction_pct)
    left = value * PPM + equity * (one.margin_multiplier - PPM)
    assert (value >= bounds.free_cash) == (left >= equity * one.cash_reserve_pct)


@given(policies(), holdings, working, requests, standings)
def test_one_policy_twice_is_that_policy(
    policy: Policy,
    held: dict[tuple[str, str], int],
    orders: list[tuple[str, str, int, str]],
    request: OrderRequest,
    standing: Standing,
) -> None:
    book, one = filled(held, orders), compiled(policy)
    assert check_all((one, one), book, request, NOW, standing) == check(one, book, request, NOW, standing)


@given(policies(), holdings, working, requests, standings, standings)
def test_strictest_standing_wins(
    policy: Policy,
    held: dict[tuple[str, str], int],
    orders: list[tuple[str, str, int, str]],
    request: OrderRequest,
    one: Standing,
    two: Standing,
) -> None:
    both = Standing(
        max(one.mode, two.mode),
        {ANN: max(one.statuses[ANN], two.statuses[ANN])},
        reduce_only=one.reduce_only or two.reduce_only,
    )
    book = filled(held, orders)
    if isinstance(check(compiled(policy), book, request, NOW, both), Allow):
        for standing in (one, two):
            assert isinstance(check(compiled(policy), book, request, NOW, standing), Allow)


@given(holdings, st.lists(requests, max_size=8))
def test_reduce_only_never_increases_a_position(held: dict[tuple[str, str], int], asked: list[OrderRequest]) -> None:
    book, policy = filled(held, []), compiled(make_policy())
    allowed: list[tuple[str, str, int, str]] = []
    for number, request in enumerate(asked):
        verdict = check(policy, book, request, NOW, Standing(1))
        if isinstance(verdict, Allow):
            side = "buy" if request.side > 0 else "sell"
            work(book, f"x{number}", request.symbol, side, verdict.quantity, request.uid)
            allowed.append((request.symbol, side, verdict.quantity, request.uid))
    after = dict(held)
    for symbol, side, quantity, uid in allowed:
        before = after.get((uid, symbol), 0)
        after[uid, symbol] = before + SIDES[side] * quantity
        assert abs(after[uid, symbol]) < abs(before)
        assert before * after[uid, symbol] >= 0


@given(holdings, working, requests)
def test_what_passes_stays_within_its_limits_even_when_all_entries_of_a_side_fill(
    held: dict[tuple[str, str], int], orders: list[tuple[str, str, int, str]], request: OrderRequest
) -> None:
    cap = 12_000 * DOLLAR
    book = filled(held, orders)
    verdict = check(compiled(make_policy({"position.max_position_dollars": cap})), book, request, NOW)
    if not isinstance(verdict, Allow) or verdict.reducing:
        return
    mark = MARKS[request.symbol]
    position = sum(quantity for (_, symbol), quantity in held.items() if symbol == request.symbol)
    same = [(symbol, side, quantity) for symbol, side, quantity, _ in orders if symbol == request.symbol]
    same.append((request.symbol, "buy" if request.side > 0 else "sell", verdict.quantity))
    buys = sum(quantity for _, side, quantity in same if side == "buy")
    sells = sum(quantity for _, side, quantity in same if side == "sell")
    assert max(position + buys, sells - position) * mark <= cap


@given(st.integers(-500, 500), st.lists(st.tuples(st.sampled_from((1, -1)), quantities), max_size=6), quantities)
def test_projection_grows_with_every_order_on_either_side(
    held: int, orders: list[tuple[int, int]], quantity: int
) -> None:
    line, price = Line(held, 100), 101
    for side, size in orders:
        line.change(side, size, size * price)
    assert line.worst >= abs(held) * 100
    for side in (1, -1):
        assert line.projected(side, quantity, quantity * price) >= line.worst


@given(holdings, working, st.data())
def test_sums_kept_on_the_way_equal_sums_made_anew(
    held: dict[tuple[str, str], int], orders: list[tuple[str, str, int, str]], data: st.DataObject
) -> None:
    book = make_book(held)
    book.watch_sectors([("table", SECTORS)])
    for number, (symbol, side, quantity, uid) in enumerate(orders):
        work(book, f"o{number}", symbol, side, quantity, uid)
    for name in data.draw(st.sets(st.sampled_from(sorted(book.reservations) or ["none"]))):
        book.release(name)
    assert book.gross == sum(line.worst for line in book.lines.values())
    assert book.occupied == sum(line.worst > 0 for line in book.lines.values())
    for sector in ("Technology", "Financials", "Unclassified"):
        made = sum(line.worst for name, line in book.lines.items() if SECTORS.get(name, "Unclassified") == sector)
        assert book.sector_value("table", SECTORS, sector) == made
        assert book.sector_value("other", SECTORS, sector) == made
    for strand in book.strands.values():
        assert strand.deployed == sum(line.worst for line in strand.lines.values())
        assert strand.occupied == sum(line.worst > 0 for line in strand.lines.values())


@given(holdings, working)
def test_reserving_then_releasing_leaves_no_trace(
    held: dict[tuple[str, str], int], orders: list[tuple[str, str, int, str]]
) -> None:
    book, fresh = filled(held, orders), make_book(held)
    for name in list(book.reservations):
        book.release(name)
    assert (book.gross, book.net, book.buy_total, book.sell_total, book.occupied) == (
        fresh.gross,
        fresh.net,
        0,
        0,
        fresh.occupied,
    )


@given(holdings, working)
def test_loading_again_gives_the_same_book(
    held: dict[tuple[str, str], int], orders: list[tuple[str, str, int, str]]
) -> None:
    book = filled(held, orders)
    venue = VenueBook(book.cash, {key: Holding(quantity, MARKS[key[1]]) for key, quantity in held.items()})
    venue.marks, venue.orders = dict(MARKS), {name: item.order for name, item in book.reservations.items()}
    before = (book.gross, book.net, book.buy_total, book.sell_total, book.occupied, book.equity)
    book.load(venue)
    assert (book.gross, book.net, book.buy_total, book.sell_total, book.occupied, book.equity) == before


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(), st.lists))
def test_anything_but_an_order_is_denied(source: object) -> None:
    assert isinstance(parse_order(source), Deny)
    assert isinstance(parse_order({"uid": ANN, "symbol": "AAPL", "side": "buy", "quantity": source}), Deny)


def test_market_order_counts_with_its_buffer() -> None:
    verdict = check(compiled(make_policy(base=WIDE)), make_book(), ask(), NOW)
    assert isinstance(verdict, Allow)
    assert verdict.price == MARKS["AAPL"] * (PPM + BUFFER_PPM) // PPM


def test_known_reservation_price_survives_a_load() -> None:
    book = make_book()
    order = VenueOrder("o1", "o1", ANN, "AAPL", 1, 10)
    book.reserve(Reservation(order, 123 * DOLLAR))
    book.load(VenueBook(marks=dict(MARKS), orders={"o1": order}))
    assert book.buy_total == 1_230 * DOLLAR
