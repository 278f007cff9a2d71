"""The loop's lanes: what wakes a pass, what may fail, what ends it, and that a hanging fetch holds up nothing."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from controller.adapters.clock import SystemClock
from controller.errors import EngineUnavailable, LeaseLost, StoreUnavailable
from controller.reconcile.loop import Loop, Work
from controller.settings import LoopSettings

SLOW = LoopSettings(sample_seconds=60.0, drift_seconds=60.0, halt_scan_seconds=60.0)


@dataclass
class Bench:
    """A loop whose work is what a test sets; it ends itself after 20 s."""

    settings: LoopSettings = SLOW
    reconcile: Callable[[], float] = lambda: 0.0
    adopt: Callable[[], bool] = lambda: False
    sample: Callable[[], object] = lambda: True
    fetch: Callable[[], tuple[bool, float]] | None = None
    analyse: Callable[[], None] | None = None
    refs: Path | None = None
    passes: int = 0
    loop: Loop = field(init=False)

    def run(self) -> None:
        work = Work(
            self._pass,
            lambda: self.adopt(),
            lambda: self.sample(),
            lambda: None,
            lambda: False,
            self.fetch,
            self.analyse,
        )
        self.loop = Loop(work, self.settings, SystemClock(), self.refs, lambda: 0.5)
        guard = threading.Timer(20.0, lambda: self.loop.stop())
        guard.daemon = True
        guard.start()
        try:
            self.loop.run()
        finally:
            assert guard.is_alive(), "the loop ended only because the test gave up"
            guard.cancel()

    def _pass(self) -> float:
        self.passes += 1
        return self.reconcile()


def test_pokes_during_a_pass_then_one_more_pass() -> None:
    bench = Bench()

    def reconcile() -> float:
        if bench.passes == 1:
            for _ in range(5):
                bench.loop.poke("change")
        else:
            bench.loop.stop()
        return 0.0

    bench.reconcile = reconcile
    bench.run()
    assert bench.passes == 2


def test_new_halt_then_reconciled_at_once() -> None:
    bench = Bench(adopt=lambda: True)

    def reconcile() -> float:
        if bench.passes == 2:
            bench.loop.stop()
        return 0.0

    bench.reconcile = reconcile
    bench.run()
    assert bench.passes == 2


def test_scan_when_asked_for_then_halts_are_looked_at_before_their_tick() -> None:
    scans: list[int] = []
    bench = Bench()

    def adopt() -> bool:
        scans.append(1)
        if len(scans) == 2:
            bench.loop.stop()
        return False

    def reconcile() -> float:
        bench.loop.scan()
        return 0.0

    bench.adopt, bench.reconcile = adopt, reconcile
    bench.run()
    assert len(scans) == 2


def test_wish_of_a_pass_then_run_again_without_a_wake() -> None:
    bench = Bench()

    def reconcile() -> float:
        if bench.passes == 3:
            bench.loop.stop()
        return 0.001

    bench.reconcile = reconcile
    bench.run()
    assert bench.passes == 3


@pytest.mark.parametrize("error", [StoreUnavailable("down", 0.001), EngineUnavailable("down", 0.001)])
def test_pass_when_it_fails_for_now_then_tried_again(error: Exception) -> None:
    bench = Bench()

    def reconcile() -> float:
        if bench.passes == 2:
            bench.loop.stop()
            return 0.0
        raise error

    bench.reconcile = reconcile
    bench.run()
    assert bench.passes == 2


def test_sample_when_it_fails_then_told_once_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(settings=replace(SLOW, sample_seconds=0.001))
    samples: list[int] = []

    def sample() -> object:
        samples.append(1)
        if len(samples) == 3:
            bench.loop.stop()
        raise ValueError("odd")

    bench.sample = sample
    bench.run()
    assert len(samples) >= 3
    assert [record.levelname for record in caplog.records if record.message.startswith("sample: ")] == ["ERROR"]


def lost() -> LeaseLost:
    return LeaseLost("fence 1 is now 2", "gt-risk service status")


def test_lease_when_lost_in_a_pass_then_ends_at_once_and_raises() -> None:
    bench = Bench()

    def reconcile() -> float:
        raise lost()

    bench.reconcile = reconcile
    with pytest.raises(LeaseLost, match="fence"):
        bench.run()
    assert bench.passes == 1


def test_lease_when_lost_in_the_halt_lane_or_told_from_outside_then_raises(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()

    def adopt() -> bool:
        raise lost()

    bench.adopt = adopt
    with pytest.raises(LeaseLost):
        bench.run()
    other = Bench()

    def reconcile() -> float:
        other.loop.lose(lost())
        return 0.0

    other.reconcile = reconcile
    with pytest.raises(LeaseLost):
        other.run()
    assert [record.levelname for record in caplog.records if "lease is lost" in record.message] == ["CRITICAL"] * 2


def test_fetch_when_it_hangs_then_halts_passes_and_the_end_do_not_wait() -> None:
    hanging, never = threading.Event(), threading.Event()
    bench = Bench(settings=replace(SLOW, halt_scan_seconds=0.001))
    scans: list[int] = []

    def fetch() -> tuple[bool, float]:
        hanging.set()
        never.wait(60.0)
        return False, 60.0

    def adopt() -> bool:
        assert hanging.wait(30.0)
        scans.append(1)
        return True

    def reconcile() -> float:
        if len(scans) >= 3:
            bench.loop.stop()
        return 0.0

    bench.fetch, bench.adopt, bench.reconcile = fetch, adopt, reconcile
    try:
        bench.run()
    finally:
        never.set()
    assert len(scans) >= 3


def test_fetch_when_the_source_changed_or_is_asked_for_then_reconciled() -> None:
    asked: list[int] = []
    bench = Bench()

    def fetch() -> tuple[bool, float]:
        asked.append(1)
        if len(asked) == 2:
            bench.loop.stop()
        return True, 60.0

    def reconcile() -> float:
        if asked:
            bench.loop.refetch("webhook")
        return 0.0

    bench.fetch, bench.reconcile = fetch, reconcile
    bench.run()
    assert len(asked) == 2


def test_sample_when_the_gate_is_not_there_yet_then_tried_again_long_before_the_next_is_due() -> None:
    bench = Bench()
    samples: list[int] = []

    def sample() -> object:
        samples.append(1)
        if len(samples) < 4:
            raise EngineUnavailable("the gate is starting")
        bench.loop.stop()
        return True

    bench.sample = sample
    bench.run()
    assert len(samples) == 4


def test_watch_when_the_repo_is_away_then_the_loop_goes_on(tmp_path: Path) -> None:
    bench = Bench(settings=replace(SLOW, drift_seconds=0.01), refs=tmp_path / "refs")

    def reconcile() -> float:
        if bench.passes == 5:
            bench.loop.stop()
        return 0.0

    bench.reconcile = reconcile
    bench.run()
    assert bench.passes == 5


def test_analysis_when_it_fails_then_tried_again_at_its_next_turn_and_nothing_else_ends() -> None:
    turns: list[int] = []
    bench = Bench(settings=replace(SLOW, sample_seconds=0.001))

    def analyse() -> None:
        turns.append(1)
        if len(turns) == 3:
            bench.loop.stop()
        raise EngineUnavailable("the gate does not answer")

    bench.analyse = analyse
    bench.run()
    assert (len(turns), bench.passes) == (3, 1)
