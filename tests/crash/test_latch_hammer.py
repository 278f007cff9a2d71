"""Many processes on one latch pair under SIGKILL and SIGSTOP; and proof that the hammer would notice a broken rule."""

import os
from pathlib import Path

import pytest

from tests.support.latch_hammer import VARIANTS, Hammer

SECONDS = float(os.environ.get("GT_RISK_HAMMER_SECONDS", "4"))
ROUNDS = 20

pytestmark = [pytest.mark.hammer, pytest.mark.process]


def test_hammer_when_processes_are_killed_and_stopped_then_no_halt_is_lost_or_stuck(tmp_path: Path) -> None:
    verdict = Hammer(tmp_path, seed=1).run(SECONDS)
    print(verdict)
    assert verdict.lost == []
    assert verdict.stuck == []
    assert min(verdict.acknowledged, verdict.polls_judged) > 100
    assert verdict.kills > 0
    assert verdict.stops > 0


@pytest.mark.parametrize("variant", VARIANTS)
def test_hammer_when_a_rule_is_broken_then_it_notices(tmp_path: Path, variant: str) -> None:
    """Rounds of one second until the first loss; a broken rule that survives all of them has no teeth on it."""
    for attempt in range(ROUNDS):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        verdict = Hammer(folder, seed=attempt, variant=variant).run(1.0)
        if not verdict.clean:
            assert bool(verdict.stuck) if variant == "equality" else bool(verdict.lost)
            return
    pytest.fail(f"the hammer does not notice {variant}")
