"""A controller dies by SIGKILL at whatever it was just asking of a port: finished after, and never looser meanwhile.

GT_RISK_CRASH_PLANS sets how many random plans; ``make bench`` takes 10,000.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from controller.reconcile.publisher import Publisher
from schemas.policy import canonical
from tests.bench.crashes import PER_HOME
from tests.support.crashes import crashed, settled, story

PLANS = int(os.environ.get("GT_RISK_CRASH_PLANS", "300"))
PARTS = 4

pytestmark = pytest.mark.timeout(120 + PLANS)


@pytest.fixture(autouse=True)
def _no_power_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash of the process keeps what was written; flushing to disk only costs time here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(os, "fdatasync", lambda _: None)


@pytest.mark.parametrize("part", range(PARTS))
def test_plan_when_killed_at_any_call_then_finished_and_never_looser_than_both_sides(tmp_path: Path, part: int) -> None:
    for start in range(part * PER_HOME, PLANS, PARTS * PER_HOME):
        assert story(tmp_path / str(start), range(start, start + PER_HOME))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_one_plan_when_killed_at_every_call_then_each_of_them_is_a_point(tmp_path: Path, after: bool) -> None:
    most = one(tmp_path, 7, 0, after)
    assert most > 20
    for at in range(1, most + 1):
        assert one(tmp_path, 7, at, after) == at


def test_check_when_the_child_publishes_something_looser_then_it_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, here = Publisher.publish, os.getpid()

    def loose(self: Publisher, texts: Sequence[str], at_least: int = 0) -> Any:
        wide = {"order.max_dollars": 9_000_000}
        policies = [json.loads(text) for text in texts]
        wider = [canonical({**item, "mode": "normal", "limits": {**item["limits"], **wide}}) for item in policies]
        return real(self, texts if os.getpid() == here else wider, at_least)

    monkeypatch.setattr(Publisher, "publish", loose)
    with pytest.raises(AssertionError, match="passes"):
        for seed in range(60):
            one(tmp_path, seed, 0, False)


def one(folder: Path, seed: int, at: int, after: bool) -> int:
    """The plan of ``seed`` in a home of its own; the calls that it made."""
    with settled(folder / "home", seed) as rig:
        return crashed(rig, seed, at, after)
