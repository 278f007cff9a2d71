"""Checkpoints of a learning phase in the audit log: each once, whatever restarts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.core.policy.compile import compile_policy
from controller.reconcile.checkpoints import Checkpoints
from schemas.desired import Desired
from schemas.learning import Learning
from schemas.policy import Policy
from tests.support.rig import Rig, desired, make_rig

LEARNING = {"number": 1, "started": "2008-01-02", "phases": [{"name": "Exploration", "days": 30}]}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    tree = desired(1)
    risk = tree.risk.model_copy(update={"learning": Learning.model_validate(LEARNING)})
    rig = make_rig(tmp_path, tree.model_copy(update={"risk": risk}))
    rig.reconciler.reconcile_once()
    yield rig
    rig.close()


def lane(rig: Rig) -> Checkpoints:
    def applied() -> tuple[Desired, Policy] | None:
        known = rig.reconciler.memory.applied_desired
        return (known, compile_policy(known, {})) if known else None

    return Checkpoints(rig.store, rig.engine, rig.clock, applied)


def written(rig: Rig) -> list[str]:
    return [record.entry.details for record in reversed(rig.store.audit(event="phase.checkpoint"))]


def test_work_when_fifths_are_over_then_each_is_written_once(rig: Rig) -> None:
    for day in ("2008-01-02", "2008-01-06", "2008-01-07", "2008-01-08", "2008-01-12", "2008-01-13", "2008-02-20"):
        rig.engine.market_time = day
        rig.engine.read()
        lane(rig).work()
        again = lane(rig)
        again.work()
        again.work()
    assert written(rig) == ["Phase 1 day 6/30", "Phase 1 day 12/30", "Phase 1 day 30/30"]


def test_work_when_the_book_is_another_one_then_its_own(rig: Rig) -> None:
    rig.engine.market_time = "2008-01-08"
    for book in ("b" * 32, "c" * 32):
        rig.engine.id = book
        rig.engine.read()
        lane(rig).work()
    assert written(rig) == ["Phase 1 day 6/30", "Phase 1 day 6/30"]
