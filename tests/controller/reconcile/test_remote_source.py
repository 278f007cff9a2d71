"""A remote, end to end through the reconciler on real git: applied, gone, back, hanging."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from controller.adapters.clock import ManualClock
from controller.adapters.git.polled import PolledTip
from controller.adapters.git.source import GitSource
from controller.errors import SourceUnavailable
from controller.halt import CLI, halt
from controller.home import Home
from controller.reconcile.verifier import Verifier
from schemas.desired import TradingMode
from schemas.overview import Overview
from schemas.status import Condition, ConditionType
from tests.support.config_repo import LANDING, TIGHTER, Site, make_site
from tests.support.rig import Rig
from tests.support.service import until


@dataclass
class Followed:
    """Mirror, its polled tip and the verifier, as the rig takes them: one object."""

    source: GitSource
    polled: PolledTip
    verifier: Verifier

    def tip(self) -> str:
        return self.polled.tip()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.verifier if hasattr(Verifier, name) else self.source, name)


@dataclass
class World:
    """The remote, and a controller that follows it."""

    site: Site
    rig: Rig
    polled: PolledTip

    def land(self) -> str:
        source = self.site.source()
        payload = source.stage(source.tip(), TIGHTER, "A Person <a@example.org>", 1_768_818_225, "Less" + LANDING)
        commit = source.land(payload, self.site.key("operator")(payload))
        source.close()
        return commit

    def reconcile(self) -> Overview:
        return self.rig.reconciler.reconcile_once()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    site, clock, home = make_site(tmp_path), ManualClock(), Home(tmp_path / "other")
    for path in (home.raise_file.parent, home.policy, home.run):
        path.mkdir(parents=True)
    source = GitSource(home.bare, "main", clock, remote=f"file://{site.home.bare}")
    polled = PolledTip(source, clock, 30.0, 20.0, lambda: 0.5)
    followed: Any = Followed(source, polled, site.verifier(source))
    rig = Rig(home, followed, clock=clock)
    yield World(site, rig, polled)
    rig.close()
    source.close()


def stale(overview: Overview) -> Condition | None:
    return next((item for item in overview.conditions if item.type is ConditionType.SOURCE_STALE), None)


def test_commit_when_pushed_to_the_remote_then_applied_after_the_poll(world: World) -> None:
    assert stale(world.reconcile()) is not None and world.reconcile().revision.last_applied == ""
    assert world.polled.fetch() == (True, 30.0)
    assert world.reconcile().revision.last_applied == world.site.pins.introduction
    commit = world.land()
    assert world.reconcile().revision.observed_tip != commit, "a pass asks no remote"
    assert world.polled.fetch() == (True, 30.0) and world.polled.fetch() == (False, 30.0)
    overview = world.reconcile()
    assert overview.revision.last_applied == commit and stale(overview) is None
    assert overview.effective is not None and overview.effective.written["position.max_position_pct"] == 100_000


def test_remote_when_gone_then_ladder_and_halts_and_back_then_normal(world: World) -> None:
    world.polled.fetch()
    world.reconcile()
    bare = world.site.home.bare
    bare.rename(bare.with_name("away"))
    assert world.polled.fetch() == (True, 1.0)
    assert [world.polled.fetch()[1] for _ in range(6)] == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    overview = world.reconcile()
    assert overview.effective is not None and overview.effective.mode is TradingMode.NORMAL
    assert stale(overview) is not None
    world.rig.clock.advance(86_401)
    overview = world.reconcile()
    assert overview.live is not None and overview.live.gate.mode is TradingMode.PAUSE_NEW_ORDERS
    outcome = halt(str(world.rig.home.root), "account", 3, "ada", "drill", CLI, notify=False)
    assert [item.id for item in world.reconcile().halts] == [outcome.halt_id]
    bare.with_name("away").rename(bare)
    assert world.polled.fetch() == (True, 30.0)
    overview = world.reconcile()
    assert stale(overview) is None
    assert overview.live is not None and overview.live.gate.mode is TradingMode.HALT_ALL


def test_poll_when_it_has_stopped_then_the_tip_is_unknown(world: World) -> None:
    world.polled.fetch()
    world.rig.clock.advance(77)
    with pytest.raises(SourceUnavailable, match="too long"):
        world.polled.tip()


def test_remote_when_it_hangs_then_given_up_in_time_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, pid = tmp_path / "ssh", tmp_path / "pid"
    script.write_text(f"#!/bin/sh\necho $$ > {pid}\nexec sleep 60\n")
    script.chmod(0o700)
    (tmp_path / ".gitconfig").write_text(f"[core]\n\tsshCommand = {script}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    clock = ManualClock()
    source = GitSource(tmp_path / "mirror.git", "main", clock, remote="ssh://git@hangs.invalid/repo", timeout=4.0)
    polled = PolledTip(source, clock, 30.0, 1.0, lambda: 0.5)
    begun = time.monotonic()
    assert polled.fetch() == (False, 1.0)
    assert time.monotonic() - begun < 30.0
    with pytest.raises(SourceUnavailable, match="did not end within 4 s"):
        polled.tip()
    until(lambda: not _runs(int(pid.read_text())), "what git started is gone")
    source.close()


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
