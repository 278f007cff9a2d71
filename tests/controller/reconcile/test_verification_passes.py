"""More commits than one pass takes: each pass leaves where it came to, and nothing of the way there acts."""

from dataclasses import replace
from pathlib import Path

import pytest

from controller.adapters.clock import ManualClock
from controller.adapters.engines.memory import MemoryEngine
from controller.adapters.git import reader
from controller.core.plan.conditions import Facts, summarise
from controller.reconcile.observation import Observer, Seen
from controller.reconcile.report import Pass
from schemas.plan import Plan
from schemas.status import Revision
from tests.support.config_repo import make_site, replaced


def limits(percent: int) -> dict[str, bytes | None]:
    return replaced("risk_config.yaml", "max_position_pct: 15%", f"max_position_pct: {percent}%")


@pytest.mark.parametrize("known", [False, True], ids=["bootstrap", "behind"])
def test_observer_when_a_pass_is_full_then_it_goes_on_and_only_the_tip_acts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    monkeypatch.setattr(reader, "MAX_COMMITS", 2)
    site = make_site(tmp_path)
    source = site.source()
    tip = site.pins.introduction
    for percent in (20, 25, 30, 35, 12):
        tip = site.commit(source, limits(percent), parent=tip)
    source.git.run(["update-ref", "refs/heads/main", tip])
    observer = Observer(source, site.verifier(source), site.clock, tmp_path / "age")
    begin = site.pins.introduction if known else ""
    revision = Revision(last_verified=begin, last_applied=begin)
    seen = observer.observe(revision)
    passes = 1
    while seen.more:
        assert seen.refusal is None and seen.revision.last_verified not in ("", revision.last_verified, tip)
        acting = seen.desired.risk.hard_limits.position.max_position_pct if seen.desired else None
        assert str(acting) == ("15" if known else "None")
        revision = seen.revision
        seen, passes = observer.observe(revision), passes + 1
    assert (passes, seen.revision.last_verified) == (3, tip)
    assert seen.desired is not None and str(seen.desired.risk.hard_limits.position.max_position_pct) == "12"
    source.close()


def test_condition_when_commits_are_left_then_says_so() -> None:
    revision = Revision(last_verified="a" * 40, last_attempted="b" * 40)
    found = [item for item in summarise(Facts(revision, verifying=True), (), 0) if item.reason == "Verifying"]
    assert [(item.type.value, item.revision) for item in found] == [("Reconciling", "b" * 40)]


def test_pass_when_commits_are_left_then_it_is_not_complete_and_the_permit_waits() -> None:
    plan, live = Plan(base="b" * 40, target="a" * 40), MemoryEngine(ManualClock()).read()
    done = Pass(Seen(Revision(), None), live, plan=plan)
    assert done.complete
    assert not replace(done, seen=Seen(Revision(), None, more=True)).complete
