"""The analyst on the in-memory twins: sessions kept by the market clock, figures when they are due."""

from datetime import date, timedelta

import pytest

from controller.core.policy.compile import compile_policy
from controller.core.risk.answer import answer
from controller.core.risk.question import Question
from controller.engine_ports import Order
from controller.errors import EngineUnavailable, FiguresUnavailable
from controller.reconcile.analyst import FILLS, FIRST_NS, Analyst, Compute, midnight_ns
from schemas.desired import Desired
from schemas.policy import Policy
from schemas.risk import Analysis
from tests.support.returns import closes, wave
from tests.support.rig import UID_A, Rig

DOLLAR = 1_000_000
DATES = [(date(2008, 1, 1) + timedelta(days=number)).isoformat() for number in range(280)]


@pytest.fixture
def rig(rig: Rig) -> Rig:
    for seed, name in enumerate(("AAPL", "JPM", "SPX"), 1):
        rig.engine.closes[name] = closes(DATES, wave(len(DATES), seed))
    return rig


def analyst_of(rig: Rig, compute: Compute = answer, wait_ns: int = 0) -> Analyst:
    def applied() -> tuple[Desired, Policy] | None:
        known = rig.reconciler.memory.applied_desired
        return (known, compile_policy(known, {})) if known else None

    return Analyst(rig.store, rig.engine, rig.clock, applied, compute, wait_ns)


def day(rig: Rig, analyst: Analyst, place: int, cash: int) -> None:
    """One session with ``cash`` at its end."""
    rig.engine.market_time = DATES[place]
    rig.engine.cash = cash
    rig.engine.read()
    analyst.work()
    rig.clock.advance(1)


def test_work_when_a_session_ends_then_its_last_equity_is_kept_once_at_its_date(rig: Rig) -> None:
    analyst = analyst_of(rig)
    for place, cash in ((0, 5), (0, 7), (1, 8), (1, 9), (2, 1)):
        day(rig, analyst, place, cash)
    found = rig.store.samples("sessions", f"{rig.engine.read().book[:16]}:account", 0, 2**62)
    assert found == [(midnight_ns(DATES[0]), 7), (midnight_ns(DATES[1]), 9)]


def test_work_when_the_book_is_a_new_one_then_sessions_of_the_old_one_do_not_count(rig: Rig) -> None:
    analyst = analyst_of(rig)
    for place, cash in enumerate(wave(40, 5), start=200):
        day(rig, analyst, place, cash)
    rig.engine.id = "c" * 32
    again = analyst_of(rig)
    day(rig, again, 240, 1)
    assert again.analysis is not None
    assert again.analysis.performance["account"].missing["sharpe"] == "0 of 20 sessions"


def test_work_then_sessions_give_each_scope_its_performance(rig: Rig) -> None:
    analyst = analyst_of(rig)
    for place, cash in enumerate(wave(70, 5, start=100_000 * DOLLAR), start=200):
        day(rig, analyst, place, cash)
    assert analyst.analysis is not None
    account = analyst.analysis.performance["account"]
    assert account.sharpe is not None and account.sessions > 60
    assert analyst.analysis.performance[UID_A].missing["sharpe"] == "the returns do not vary"


def test_work_when_something_is_held_then_the_book_s_risk_is_told_at_its_market_time(rig: Rig) -> None:
    rig.engine.set_position(UID_A, "AAPL", 10, 100 * DOLLAR)
    rig.engine.set_position(UID_A, "JPM", 10, 100 * DOLLAR)
    analyst = analyst_of(rig)
    day(rig, analyst, 279, 100_000 * DOLLAR)
    assert analyst.analysis is not None
    book = analyst.analysis.book
    assert book is not None and analyst.book is book
    assert analyst.analysis.as_of_ns == rig.clock.wall_ns() - 1_000_000_000
    assert (book.market_time, book.benchmark, book.pair, book.missing) == (DATES[279], "SPX", ("AAPL", "JPM"), {})


def test_work_then_figures_every_five_seconds_and_closes_once_a_session(rig: Rig) -> None:
    asked: list[Question] = []

    def compute(question: Question) -> Analysis:
        asked.append(question)
        return answer(question)

    analyst = analyst_of(rig, compute)
    for _ in range(6):
        day(rig, analyst, 10, 1)
    assert len(asked) == 2 and rig.engine.calls.count("history SPX") == 1
    for _ in range(5):
        day(rig, analyst, 11, 1)
    assert len(asked) == 3 and rig.engine.calls.count("history SPX") == 2


def test_work_after_a_start_then_the_first_figures_wait(rig: Rig) -> None:
    analyst = analyst_of(rig, wait_ns=FIRST_NS)
    day(rig, analyst, 10, 1)
    day(rig, analyst, 10, 1)
    assert analyst.analysis is None
    day(rig, analyst, 10, 1)
    assert analyst.analysis is not None


def test_work_when_the_arithmetic_is_down_then_no_figures_and_why(rig: Rig) -> None:
    def compute(_: Question) -> Analysis:
        raise FiguresUnavailable("its process ended")

    analyst = analyst_of(rig, compute)
    day(rig, analyst, 10, 1)
    assert analyst.analysis is not None and analyst.analysis.reason == "its process ended"
    assert analyst.book is None


def test_work_when_fills_are_many_then_turnover_counts_from_where_they_are_whole(rig: Rig) -> None:
    asked: list[Question] = []

    def compute(question: Question) -> Analysis:
        asked.append(question)
        return answer(question)

    rig.engine.set_price("AAPL", 2 * DOLLAR)
    rig.engine.market_time = DATES[9]
    order = rig.engine.accept(Order(UID_A, "AAPL", "buy", FILLS + 1, "c1"), 1)
    for _ in range(FILLS + 1):
        rig.engine.fill(order, 1)
    analyst = analyst_of(rig, compute)
    rig.store.add_fills(rig.engine.id, rig.engine.filled)
    day(rig, analyst, 10, 1)
    record = asked[-1].records[UID_A]
    assert (len(record.traded), record.traded[0], record.since) == (FILLS, (DATES[9], 2 * DOLLAR), DATES[9])
    assert asked[-1].records["b" * 32].traded == []


def test_work_when_the_engine_is_silent_then_raises_and_keeps_the_last_figures(rig: Rig) -> None:
    analyst = analyst_of(rig)
    day(rig, analyst, 10, 1)
    known = analyst.analysis
    rig.engine.market_time = DATES[11]
    rig.engine.read()
    rig.engine.unavailable = "stopped"
    rig.clock.advance(10)
    with pytest.raises(EngineUnavailable):
        analyst.work()
    assert analyst.analysis is known


def test_work_when_nothing_is_applied_then_does_nothing(rig: Rig) -> None:
    analyst = Analyst(rig.store, rig.engine, rig.clock, lambda: None, answer)
    rig.engine.read()
    analyst.work()
    assert analyst.analysis is None
