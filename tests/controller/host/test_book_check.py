"""The two books: a store that lags is no contradiction, anything else is."""

from dataclasses import replace

from controller.host.book_check import GRACE_NS, Book, Deal, Ordered, contradictions

READ = 1_000 * GRACE_NS
OLD, NEW = READ - 2 * GRACE_NS, READ + 1
DEAL = Deal("o1", "u" * 32, "AAPL", "buy", 10, 100, 10, OLD)
ORDER = Ordered("u" * 32, "AAPL", "buy", 10, 10, OLD, open=False)
KEY = (DEAL.uid, "AAPL")


def agreed() -> tuple[Book, Book]:
    store = Book({1: DEAL}, {KEY: 10}, {"o1": ORDER}, READ)
    return store, Book({1: DEAL}, {KEY: 10}, {"o1": ORDER}, filled=1)


def told(store: Book, engine: Book) -> str:
    return "; ".join(contradictions(store, engine))


def test_contradictions_when_both_say_the_same_then_none() -> None:
    assert told(*agreed()) == ""
    assert told(Book(), Book()) == ""


def test_contradictions_when_the_engine_has_just_moved_on_then_none() -> None:
    store, engine = agreed()
    engine.fills[2] = DEAL._replace(order="o2", quantity=5, position=15, at_ns=NEW)
    engine.positions[KEY], engine.filled = 15, 2
    engine.orders["o2"] = ORDER._replace(quantity=9, filled=5, submitted_ns=NEW, open=True)
    assert told(store, engine) == ""
    store.orders["o2"] = engine.orders["o2"]._replace(filled=0)
    assert told(store, engine) == ""


def test_contradictions_when_a_fill_came_after_the_positions_were_read_then_none() -> None:
    store, engine = agreed()
    engine.fills[2] = DEAL._replace(order="o2", quantity=5, position=15, at_ns=NEW)
    assert told(store, engine) == ""
    engine.filled = 2
    assert told(store, engine) == "AAPL of uuuuuuuu: 15 by the fills, 10 in the engine"


def test_contradictions_when_the_engine_moved_long_before_the_store_looked_then_told() -> None:
    store, engine = agreed()
    engine.positions[KEY] = 15
    assert "AAPL of uuuuuuuu: 10 by the fills, 15 in the engine" in told(store, engine)
    assert "AAPL of uuuuuuuu: 10 in the store, 15 in the engine" in told(store, engine)


def test_contradictions_when_fills_differ_or_lack_or_are_too_many_then_each_is_told() -> None:
    store, engine = agreed()
    store.fills[1] = DEAL._replace(price=99)
    assert "fill 1 is buy 10 AAPL" in told(store, engine)
    store, engine = agreed()
    store.fills[4] = engine.fills[4] = DEAL
    assert "2 fills are missing in the store, the first is 2" in told(store, engine)
    store, engine = agreed()
    store.fills[2] = DEAL
    assert "the store has fill 2, the engine has made 1" in told(store, engine)


def test_contradictions_when_orders_differ_then_told() -> None:
    store, engine = agreed()
    store.orders["o1"] = ORDER._replace(filled=12)
    assert "order o1: 12 filled in the store, 10 in the engine" in told(store, engine)
    store.orders["o1"] = ORDER._replace(symbol="MSFT")
    assert "order o1 is another one" in told(store, engine)
    store, engine = agreed()
    engine.orders["o9"] = ORDER._replace(filled=0, open=True)
    assert "order o9 works in the engine, the store does not know it" in told(store, engine)


def test_contradictions_when_the_store_knows_a_position_that_the_engine_lacks_then_told() -> None:
    store, engine = agreed()
    told_of = told(replace(store, positions={**store.positions, (DEAL.uid, "XOM"): 3}), engine)
    assert told_of == "XOM of uuuuuuuu: 3 in the store, 0 in the engine"
