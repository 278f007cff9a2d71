"""The monitor: series, durable peaks, halts on drawdown."""

import pytest

from controller.core.plan.drawdown import base_key
from controller.core.policy.compile import compile_policy
from controller.engine_ports import Order
from controller.errors import EngineUnavailable, StoreUnavailable
from controller.reconcile.monitor import Monitor
from schemas.desired import Desired
from schemas.policy import Policy
from schemas.risk import BookRisk
from tests.support.rig import UID_A, Rig, desired

DOLLAR = 1_000_000


def monitor_of(rig: Rig, progress: list[str] | None = None) -> Monitor:
    def applied() -> tuple[Desired, Policy] | None:
        known = rig.reconciler.memory.applied_desired
        return (known, compile_policy(known, {})) if known else None

    marks: list[str] = [] if progress is None else progress
    return Monitor(rig.store, rig.engine, rig.desk, rig.clock, applied, marks.append)


def test_sample_then_series_and_peaks_are_kept_and_progress_told(rig: Rig) -> None:
    marks: list[str] = []
    monitor = monitor_of(rig, marks)
    monitor.sample()
    assert marks == ["market", "monitor"]
    assert rig.store.samples("equity", "account", 0, 2**62)[-1][1] == 100_000 * DOLLAR
    assert rig.store.peaks()["account"] == 100_000 * DOLLAR
    assert rig.store.peaks()[base_key(UID_A)] == 30_000 * DOLLAR


def test_sample_each_second_then_slow_series_are_slower(rig: Rig) -> None:
    rig.engine.set_position(UID_A, "AAPL", 10, 100 * DOLLAR)
    monitor = monitor_of(rig)
    for _ in range(6):
        monitor.sample()
        rig.clock.advance(1)
    assert len(rig.store.samples("equity", "account", 0, 2**62)) == 6
    assert len(rig.store.samples("positions", f"{UID_A}/AAPL", 0, 2**62)) == 2
    assert len(rig.store.samples("metrics", "position.max_positions", 0, 2**62)) == 1


def test_sample_then_the_book_s_figures_are_a_series_beside_the_limits(rig: Rig) -> None:
    monitor = monitor_of(rig)
    book = BookRisk(market_time="", benchmark="SPX", volatility_20=0.25, value_at_risk=7 * DOLLAR, beta=-0.5)
    monitor.book = lambda: book
    monitor.sample()
    for key, value in (("risk.volatility_20", 250_000), ("risk.value_at_risk", 7 * DOLLAR), ("risk.beta", -500_000)):
        assert [found for _, found in rig.store.samples("metrics", key, 0, 2**62)] == [value]
    assert rig.store.samples("metrics", "risk.correlation", 0, 2**62) == []
    assert {item.level for item in monitor.memory.levels or () if item.key == "volatility.portfolio_target"} == {"warn"}


def test_sample_then_fills_are_kept_once_over_a_restart_of_the_monitor(rig: Rig) -> None:
    order = rig.engine.accept(Order(UID_A, "AAPL", "buy", 10, "c1"), 1)
    rig.engine.set_price("AAPL", 100 * DOLLAR)
    rig.engine.fill(order, 4)
    monitor_of(rig).sample()
    rig.engine.fill(order, 6)
    again = monitor_of(rig)
    again.sample()
    again.sample()
    fills = rig.store.fills(rig.engine.id)
    assert [(item.seq, item.quantity, item.position) for item in fills] == [(2, 6, 10), (1, 4, 4)]


def test_sample_when_the_engine_has_a_new_book_then_its_fills_are_kept_from_the_first(rig: Rig) -> None:
    order = rig.engine.accept(Order(UID_A, "AAPL", "buy", 10, "c1"), 1)
    rig.engine.set_price("AAPL", 100 * DOLLAR)
    for quantity in (4, 3):
        rig.engine.fill(order, quantity)
    monitor = monitor_of(rig)
    monitor.sample()
    old, rig.engine.id = rig.engine.id, "c" * 32
    rig.engine.filled.clear()
    rig.engine.fill(order, 1)
    monitor.sample()
    assert [(item.seq, item.quantity) for item in rig.store.fills("c" * 32)] == [(1, 1)]
    assert [item.seq for item in rig.store.fills(old)] == [2, 1]


def test_sample_when_the_venue_forgot_fills_then_the_gap_is_told(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    order = rig.engine.accept(Order(UID_A, "AAPL", "buy", 10, "c1"), 1)
    rig.engine.set_price("AAPL", 100 * DOLLAR)
    rig.engine.fill(order, 4)
    monitor_of(rig).sample()
    rig.engine.fill(order, 6)
    rig.engine.filled[1] = rig.engine.filled[1].model_copy(update={"seq": 9})
    monitor_of(rig).sample()
    assert "fills 2 to 8 are lost" in caplog.text


def test_strategy_breach_then_halted_once_and_for_good(rig: Rig) -> None:
    rig.engine.set_position(UID_A, "AAPL", 100, 100 * DOLLAR)
    monitor = monitor_of(rig)
    monitor.sample()
    rig.engine.set_price("AAPL", 39 * DOLLAR)
    for _ in range(3):
        monitor.sample()
    (item,) = rig.desk.open_halts(None)
    assert item.scope == f"strategy:{UID_A}" and item.source.value == "monitor" and "drawdown" in item.reason
    rig.engine.set_price("AAPL", 100 * DOLLAR)
    monitor.sample()
    assert len(rig.desk.open_halts(None)) == 1


def test_band_that_begins_and_ends_then_planned_at_once_and_only_then(rig: Rig) -> None:
    poked: list[str] = []
    monitor = monitor_of(rig)
    monitor.poke = poked.append
    monitor.memory = rig.reconciler.memory
    for cash, pokes in ((100_000, 0), (77_600, 0), (77_400, 1), (78_600, 1), (78_800, 2), (77_600, 2)):
        rig.engine.cash = cash * DOLLAR
        monitor.sample()
        assert len(poked) == pokes, cash
        rig.reconciler.reconcile_once()
        assert rig.engine.read().gate.mode.value == ("pause-new-orders" if pokes == 1 else "normal")
    assert rig.desk.open_halts(None) == ()


def test_band_then_its_beginning_and_its_end_are_audited(rig: Rig) -> None:
    monitor = monitor_of(rig)
    monitor.memory = rig.reconciler.memory
    monitor.sample()
    for cash in (77_400, 99_000):
        rig.engine.cash = cash * DOLLAR
        monitor.sample()
        rig.reconciler.reconcile_once()
    told = [item.entry for item in rig.store.audit(event="controller.reconcile") if item.entry.kind == "intent"]
    ended, begun = told[:2]
    assert ("pause-new-orders" in begun.after, "normal" in ended.after) == (True, True)
    assert begun.reason == "reducing band: drawdown 22.60% against drawdown.account_emergency_pct 25.00%"
    assert ended.reason == f"ended: {begun.reason}"


def test_drawdown_limit_in_shadow_then_the_breach_is_told_and_halts_nothing(rig: Rig) -> None:
    tree = desired(2)
    shaded = tree.risk.model_copy(update={"shadow": ("drawdown.account_emergency_pct",)})
    rig.history.commit(tree.model_copy(update={"risk": shaded}))
    rig.reconciler.reconcile_once()
    monitor = monitor_of(rig)
    monitor.sample()
    rig.engine.cash = 70_000 * DOLLAR
    monitor.sample()
    assert rig.desk.open_halts(None) == ()
    assert ("drawdown.account_emergency_pct", "halt", True) in {
        (item.key, item.level, item.shadow) for item in monitor.memory.levels or ()
    }


def test_account_breach_then_everything_is_halted(rig: Rig) -> None:
    monitor = monitor_of(rig)
    monitor.sample()
    rig.engine.cash = 75_000 * DOLLAR
    monitor.sample()
    (item,) = rig.desk.open_halts(None)
    assert (item.scope, item.mode.value) == ("account", "halt-all")


def test_raised_limit_then_the_halt_does_not_come(rig: Rig) -> None:
    rig.history.commit(desired(2, limits={"drawdown.account_emergency_pct": "60%"}))
    rig.reconciler.reconcile_once()
    monitor = monitor_of(rig)
    monitor.sample()
    rig.engine.cash = 75_000 * DOLLAR
    monitor.sample()
    assert rig.desk.open_halts(None) == ()


def test_peak_when_restarted_then_not_rebased(rig: Rig) -> None:
    rig.engine.cash = 120_000 * DOLLAR
    monitor_of(rig).sample()
    rig.engine.cash = 100_000 * DOLLAR
    rig.restart()
    monitor_of(rig).sample()
    assert rig.store.peaks()["account"] == 120_000 * DOLLAR


def test_engine_down_then_no_progress(rig: Rig) -> None:
    marks: list[str] = []
    rig.engine.unavailable = "down"
    with pytest.raises(EngineUnavailable):
        monitor_of(rig, marks).sample()
    assert marks == []


def test_store_down_then_a_breach_is_halted_all_the_same_and_no_progress(rig: Rig) -> None:
    marks: list[str] = []
    monitor = monitor_of(rig, marks)
    monitor.sample()
    marks.clear()
    rig.store.fail("disk full")
    rig.engine.cash = 75_000 * DOLLAR
    with pytest.raises(StoreUnavailable):
        monitor.sample()
    (item,) = rig.desk.open_halts(None)
    assert (item.scope, item.mode.value) == ("account", "halt-all")
    assert "monitor" not in marks


def test_peak_when_reached_while_the_store_was_down_then_saved_later(rig: Rig) -> None:
    monitor = monitor_of(rig)
    monitor.sample()
    rig.store.fail("disk full")
    rig.engine.cash = 130_000 * DOLLAR
    with pytest.raises(StoreUnavailable):
        monitor.sample()
    rig.engine.cash = 128_000 * DOLLAR
    rig.store.fail("")
    monitor.sample()
    assert rig.store.peaks()["account"] == 130_000 * DOLLAR
