"""Series for charts: sessions and minutes from the store, the past from the engine, fills of the book."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.core.plan.edits import BadArgument
from controller.errors import Temporary
from controller.reconcile.analyst import midnight_ns, session_key
from controller.rpc import series
from schemas.live import FillView
from tests.support.book import NOW, UIDS, HeldControl, live, micros, overview
from tests.support.rig import Rig, desired, make_rig

Call = Callable[..., dict[str, Any]]
MINUTE = 60_000_000_000


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = make_rig(tmp_path, desired(1))
    yield made
    made.close()


@pytest.fixture
def call(rig: Rig) -> Call:
    return caller(rig, HeldControl())


def caller(rig: Rig, control: HeldControl) -> Call:
    found = series.methods(control, rig.store, rig.engine, rig.clock)
    return lambda method, **params: found[method](params)


def session(rig: Rig, day: str, scope: str, dollars: float) -> None:
    rig.store.add_samples("sessions", midnight_ns(day), day, {session_key(live(), scope): micros(dollars)})


def test_equity_then_the_newest_sessions_and_now_oldest_first(rig: Rig, call: Call) -> None:
    for day, value in (("2008-09-15", 1.0), ("2008-09-16", 2.0), ("2008-09-17", 3.5)):
        session(rig, day, "account", value)
    points = call("series.equity", sessions=2)["points"]
    assert [(item["session"], item["value"]) for item in points] == [
        ("2008-09-16", 2.0),
        ("2008-09-17", 3.5),
        ("2008-09-18", 98_450.23),
    ]


def test_equity_of_a_strategy_then_only_its_own(rig: Rig, call: Call) -> None:
    session(rig, "2008-09-17", "account", 1.0)
    session(rig, "2008-09-17", UIDS["momentum"], 2.0)
    found = call("series.equity", id="ml-momentum-v2")
    assert [item["value"] for item in found["points"]] == [2.0, 42_340.56]
    assert found["scope"] == UIDS["momentum"]


def test_equity_when_the_engine_is_silent_then_says_so(rig: Rig) -> None:
    with pytest.raises(Temporary, match="connection refused"):
        caller(rig, HeldControl(overview(engine=False)))("series.equity")


def test_metrics_then_each_in_its_own_unit(rig: Rig, call: Call) -> None:
    names = {"risk.volatility_20": 182_000, "risk.beta": 950_000, "risk.value_at_risk": micros(3_240)}
    rig.store.add_samples("metrics", rig.clock.wall_ns(), "2008-09-18", {**names, "position.max_positions": 7})
    found = call("series.metrics", names=[*names, "position.max_positions"])["metrics"]
    shown = {name: (item["unit"], item["points"][0]["value"]) for name, item in found.items()}
    assert shown == {
        "risk.volatility_20": ("percent", 18.2),
        "risk.beta": ("ratio", 0.95),
        "risk.value_at_risk": ("USD", 3240.0),
        "position.max_positions": ("count", 7.0),
    }


def test_metrics_when_one_is_no_limit_then_names_it(call: Call) -> None:
    with pytest.raises(BadArgument, match=r"position\.nothing"):
        call("series.metrics", names=["position.nothing"])


def test_positions_then_results_since_each_was_opened_and_now(rig: Rig, call: Call) -> None:
    rig.engine.closes["JPM"] = [("2008-09-09", 1), ("2008-09-10", micros(178.5)), ("2008-09-11", micros(180.0))]
    found = {item["symbol"]: item for item in call("series.positions")["positions"]}
    assert found["JPM"]["pnl"] == [0.0, 120.0, 304.0]
    assert found["JPM"]["strategy"] == "heuristic-value-1"
    assert found["NVDA"]["pnl"] == [332.1]


def test_trades_then_the_newest_fills_of_that_strategy_only(rig: Rig, call: Call) -> None:
    fill = FillView(
        seq=1,
        order="o1",
        uid=UIDS["momentum"],
        symbol="NVDA",
        side="buy",
        quantity=20,
        price=micros(520.3),
        fee=micros(1),
        position=20,
        market_time="2008-09-18",
        at_ns=NOW,
    )
    rig.store.add_fills(live().book, [fill, fill.model_copy(update={"seq": 2, "uid": UIDS["value"]})])
    found = call("strategy.trades", id="ml-momentum-v2")["trades"]
    assert [(item["symbol"], item["value"], item["position"]) for item in found] == [("NVDA", 10_406.0, 20)]


def test_thinned_then_at_most_so_many_and_the_newest_among_them() -> None:
    points = [(number, number) for number in range(1_000)]
    found = series.thinned(points, 240)
    assert len(found) <= 240
    assert found[-1] == (999, 999)
    assert series.thinned([], 240) == []
