"""Steps of a plan: nothing loosens once a halt has arrived or a step has failed, and only read-back counts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from controller.adapters.clock import ManualClock
from controller.adapters.engines.memory import MemoryEngine
from controller.adapters.store.memory import MemoryStore
from controller.errors import Temporary
from controller.reconcile.goal import pause_of
from controller.reconcile.handlers import Backoff, Context, PlanStale, in_use, on, run_plan
from controller.reconcile.observation import Seen
from controller.reconcile.publisher import Published, Publisher
from controller.reconcile.report import Pass
from schemas.desired import StrategyStatus, TradingMode
from schemas.live import GateState
from schemas.plan import Plan, Step
from schemas.status import Revision
from tests.support.policies import REVISIONS, UIDS, live, policy

STEPS = (
    Step(phase="adopt", action="publish", scope="account"),
    Step(phase="loosen", action="venue-status", scope=UIDS[0], value="active"),
    Step(phase="loosen", action="venue-mode", scope="account", value="normal"),
)


@dataclass
class OneDesk:
    """A halt desk of words alone."""

    open_words: tuple[int, ...] = ()
    released: list[str] = field(default_factory=list)

    def words(self) -> tuple[int, ...]:
        return self.open_words

    def release(self, halt_id: str, commit: str) -> None:
        self.released.append(halt_id)


class DeafEngine(MemoryEngine):
    """Adopts nothing, though it answers."""

    def adopt(self) -> GateState:
        return self.read().gate


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "policy"


def context(folder: Path, engine: MemoryEngine | None = None, **fields: Any) -> Context:
    engine = engine or MemoryEngine(ManualClock(), policies=folder)
    engine.venue_mode = TradingMode.HALT_ALL
    engine.venue_statuses[UIDS[0]] = StrategyStatus.HALTED
    publisher = Publisher(folder, "0" * 32, "paper", 1, lambda version, digest: None)
    parts: dict[str, Any] = {"base": None, "target": policy(), **fields}
    return Context(engine=engine, store=MemoryStore(), publisher=publisher, **{"desk": OneDesk(), **parts})


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.action)
def test_loosening_step_when_a_halt_arrived_since_then_not_taken(folder: Path, step: Step) -> None:
    made = context(folder, desk=OneDesk((1, 2)), words=(1,))
    assert isinstance(made.engine, MemoryEngine)
    with pytest.raises(PlanStale):
        on.run(step, made)
    assert made.engine.venue_mode is TradingMode.HALT_ALL
    assert made.engine.venue_statuses[UIDS[0]] is StrategyStatus.HALTED
    assert made.published is None


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.action)
def test_loosening_step_when_no_other_halt_arrived_then_taken(folder: Path, step: Step) -> None:
    made = context(folder, desk=OneDesk((1,)), words=(1, 2))
    on.run(step, made)


def test_tightening_step_when_a_halt_arrived_then_taken_all_the_same(folder: Path) -> None:
    made = context(folder, desk=OneDesk((1, 2)), words=(1,))
    on.run(Step(phase="tighten", action="venue-mode", scope="account", value="halt-trading"), made)
    assert isinstance(made.engine, MemoryEngine)
    assert made.engine.venue_mode is TradingMode.HALT_TRADING


def test_publish_when_the_gate_keeps_another_policy_then_not_in_force(folder: Path) -> None:
    with pytest.raises(Temporary, match="the gate reports policy"):
        on.run(STEPS[0], context(folder, DeafEngine(ManualClock())))


@pytest.mark.parametrize(
    ("version", "digest", "same"),
    [
        (7, "abcdef", True),
        (7, "abcdef99", True),
        (8, "abcdef", False),
        (7, "abcdee", False),
        (7, "abc", False),
        (7, "", False),
    ],
)
def test_in_use_then_version_and_digest_of_the_gate_itself(version: int, digest: str, same: bool) -> None:
    gate = live().gate.model_copy(update={"policy_version": version, "policy_digest": digest})
    assert in_use(gate, Published(7, "abcdef99" + "0" * 56)) is same


def test_plan_when_a_step_fails_then_the_rest_tightens_only(folder: Path) -> None:
    made = context(folder, DeafEngine(ManualClock()), base=policy())
    steps = (
        Step(phase="joint", action="publish-joint", scope="account"),
        *STEPS,
        Step(phase="release", action="release-halt", scope="account", value="1" * 32),
    )
    errors = run_plan(Plan(base=REVISIONS[0], target=REVISIONS[0], steps=steps), made, Backoff(lambda: 0.0), 1)
    assert len(errors) == 1
    assert isinstance(made.engine, MemoryEngine)
    assert made.engine.venue_mode is TradingMode.HALT_ALL
    assert isinstance(made.desk, OneDesk)
    assert made.desk.released == []


@pytest.mark.parametrize(
    ("change", "complete"),
    [
        (lambda done: done, True),
        (lambda done: {**done, "live": None}, False),
        (lambda done: {**done, "plan": None}, False),
        (lambda done: {**done, "errors": (Temporary("no"),)}, False),
    ],
)
def test_pass_then_complete_only_when_read_planned_and_done(
    change: Callable[[dict[str, Any]], dict[str, Any]], complete: bool
) -> None:
    done = {"live": live(), "plan": Plan(base=None, target=REVISIONS[0])}
    assert Pass(seen("fresh"), **change(done)).complete is complete


def seen(rung: Any) -> Seen:
    return Seen(Revision(), None, rung=rung, age_seconds=1.0)


def test_loosening_when_source_is_stale_or_the_clock_jumped_then_brake() -> None:
    assert pause_of(seen("report"), False) is None
    for rung in ("no-loosening", "pause-new-orders"):
        hold = pause_of(seen(rung), False)
        assert hold is not None
        assert hold.reason == "SourceStale"
    jumped = pause_of(seen("fresh"), True)
    assert jumped is not None
    assert jumped.reason == "ClockJump"
