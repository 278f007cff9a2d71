"""A variant in a book of its own: fills at the next close, costs, and what it never does."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from controller.runner.shadow import BILLION, COST_BPS, ShadowBook
from controller.runner.strategy import Action, Cancel, Context, Market, Order, Strategy

CASH = 1_000_000


class Scripted(Strategy):
    """Does what is written for each session."""

    def __init__(self, script: Sequence[Sequence[Action]]) -> None:
        super().__init__({})
        self.script = [list(actions) for actions in script]
        self.contexts: list[Context] = []

    def on_bar(self, context: Context) -> list[Action]:
        self.contexts.append(context)
        return self.script.pop(0) if self.script else []


def play(closes: Sequence[int], *script: Sequence[Action]) -> tuple[ShadowBook, list[int]]:
    book, market = ShadowBook(Scripted(script), CASH, ("AAA",)), Market()
    returns = []
    for day, close in enumerate(closes, 1):
        market.append(f"2020-01-{day:02}", {"AAA": close} if close else {"BBB": 1})
        returns.append(book.session(market))
    return book, returns


def buy(quantity: int, **terms: object) -> Order:
    return Order("AAA", "buy", quantity, **terms)  # type: ignore[arg-type]  # terms of an order


def sell(quantity: int, **terms: object) -> Order:
    return Order("AAA", "sell", quantity, **terms)  # type: ignore[arg-type]  # as above


def held(book: ShadowBook) -> int:
    return book.holdings["AAA"].quantity if "AAA" in book.holdings else 0


def test_market_order_then_fills_at_the_next_close_at_cost() -> None:
    book, returns = play([1_000, 2_000, 2_200], [buy(100)])
    cost = 200_000 * COST_BPS // 10_000
    assert (held(book), book.holdings["AAA"].entry, book.holdings["AAA"].opened) == (100, 2_000, "2020-01-02")
    assert book.cash == CASH - 200_000 - cost
    assert returns == [0, -cost * BILLION // CASH, 20_000 * BILLION // (CASH - cost)]


def test_limit_and_stop_then_fill_only_when_the_close_has_reached_them() -> None:
    book, _ = play([1_000, 950, 900], [buy(10, type="limit", limit=920)])
    assert book.holdings["AAA"].opened == "2020-01-03"
    book, _ = play([1_000, 1_000, 950, 900, 900], [buy(10)], [sell(10, type="stop", stop=910)])
    assert held(book) == 0
    book, _ = play([1_000, 1_000, 950, 911], [buy(10)], [sell(10, type="stop", stop=910)])
    assert held(book) == 10


def test_order_when_cancelled_or_without_a_price_then_does_not_fill() -> None:
    book, _ = play([1_000, 1_100, 900], [buy(10, type="limit", limit=900)], [Cancel("s1")])
    assert (held(book), book.working) == (0, {})
    book, _ = play([1_000, 0, 900], [buy(10)])
    assert book.holdings["AAA"].opened == "2020-01-03"


def test_context_then_has_the_books_own_positions_and_orders() -> None:
    book, _ = play([1_000, 1_000, 1_000], [buy(10)], [sell(4, type="limit", limit=2_000)])
    strategy = book.strategy
    assert isinstance(strategy, Scripted)
    last = strategy.contexts[-1]
    assert (last.date, last.allocation, last.holdings["AAA"].quantity) == ("2020-01-03", CASH, 10)
    assert [(o.order, o.remaining, o.submitted) for o in last.working] == [("s2", 4, "2020-01-02")]


def test_exit_larger_than_the_position_then_ends_it_and_turns_nothing() -> None:
    book, _ = play([1_000, 1_000, 1_000, 1_000], [buy(10)], [sell(15)])
    assert (held(book), book.working) == (0, {})


def test_entry_beyond_the_allocation_then_is_cut_to_it() -> None:
    book, _ = play([1_000, 1_000, 1_000], [buy(5_000)], [buy(5_000)])
    assert 990 <= held(book) <= 1_000


def test_more_of_a_position_then_its_entry_is_the_average_and_less_leaves_it() -> None:
    book, _ = play([100, 100, 200, 200], [buy(10)], [buy(10)], [sell(5)])
    assert (held(book), book.holdings["AAA"].entry) == (15, 150)


def test_short_then_gains_when_the_price_falls() -> None:
    book, _ = play([1_000, 1_000, 800, 800], [sell(10)], [], [buy(10)])
    assert held(book) == 0
    costs = (10_000 + 8_000) * COST_BPS // 10_000
    assert CASH + 2_000 - costs - 1 <= book.cash <= CASH + 2_000


class LongOnly(Strategy):
    """Buys and sells what it is told to, and sells only what it holds."""

    def __init__(self, wanted: Sequence[int]) -> None:
        super().__init__({})
        self.wanted = list(wanted)

    def on_bar(self, context: Context) -> list[Action]:
        wanted = self.wanted.pop(0)
        return [buy(wanted)] if wanted > 0 else [sell(-wanted)] if wanted < 0 and context.holdings else []


@given(moves=st.lists(st.tuples(st.integers(50, 2_000), st.integers(-2_000, 2_000)), min_size=2, max_size=20))
def test_whatever_is_ordered_then_returns_compound_to_the_worth_and_nothing_is_bought_beyond_the_allocation(
    moves: list[tuple[int, int]],
) -> None:
    book, market = ShadowBook(LongOnly([wanted for _, wanted in moves]), CASH, ("AAA",)), Market()
    equity = before = CASH
    for day, (close, _) in enumerate(moves, 1):
        shares = held(book)
        market.append(f"2020-01-{day:02}", {"AAA": close})
        equity += equity * book.session(market) // BILLION
        assert 0 <= held(book) <= shares or held(book) * close <= CASH
        before = book.cash + held(book) * close
    assert abs(equity - before) <= 2 * len(moves)
