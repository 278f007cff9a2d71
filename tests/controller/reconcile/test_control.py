"""Landing: what does not verify moves no branch, whoever hands it in."""

from pathlib import Path

import pytest

from controller.adapters.git.source import GitSource
from controller.adapters.store.memory import MemoryStore
from controller.control import ControllerControl, Parts
from controller.errors import Refused
from controller.halt import CLI, halt
from controller.latch.permit import PermitFile
from controller.reconcile.goal import GoalMaker, Memory
from controller.reconcile.halt_desk import HaltDesk
from controller.views.status import mode_of
from schemas.desired import TradingMode
from schemas.overview import Overview
from schemas.status import RefusalReason, Revision
from tests.support.book import live
from tests.support.config_repo import LANDING, Site, latched_site, replaced
from tests.support.opened import until_the_end

LOOSER = replaced("risk_config.yaml", "max_positions: 20", "max_positions: 30")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return latched_site(tmp_path)


def control(site: Site, source: GitSource, poked: list[str]) -> ControllerControl:
    store, memory = MemoryStore(), Memory(revision=Revision(last_verified=site.pins.introduction))
    desk = HaltDesk(site.home, until_the_end(PermitFile(str(site.home.permit_file))), store, source, site.clock)
    parts = Parts(
        source=source,
        verifier=site.verifier(source),
        store=store,
        alerts=store.alerts,
        clock=site.clock,
        desk=desk,
        maker=GoalMaker(store, desk, {}, memory),
        memory=memory,
        pins=site.pins,
        sectors={},
    )
    return ControllerControl(parts, poke=poked.append)


def staged(source: GitSource, files: dict[str, bytes | None], message: str) -> bytes:
    return source.stage(source.tip(), files, "A Person <a@example.org>", 1_768_818_225, message)


def test_land_when_signed_by_one_who_may_then_the_branch_moves_and_the_loop_wakes(
    site: Site, source: GitSource
) -> None:
    poked: list[str] = []
    payload = staged(source, LOOSER, "More" + LANDING)
    commit = control(site, source, poked).land(payload, site.key("operator")(payload))
    assert source.tip() == commit
    assert poked == [f"landed {commit[:12]}"]


@pytest.mark.parametrize(
    ("signer", "message", "reason"),
    [
        ("stranger", "More" + LANDING, RefusalReason.UNKNOWN_KEY),
        ("bot", "More" + LANDING, RefusalReason.NOT_AUTHORIZED_FOR_PATH),
        ("operator", "More\n", RefusalReason.NOT_LANDED),
    ],
)
def test_land_when_it_does_not_verify_then_refused_and_the_branch_stays(
    site: Site, source: GitSource, signer: str, message: str, reason: RefusalReason
) -> None:
    poked: list[str] = []
    before, payload = source.tip(), staged(source, LOOSER, message)
    with pytest.raises(Refused) as refused:
        control(site, source, poked).land(payload, site.key(signer)(payload))
    assert refused.value.refusal.reason is reason
    assert (source.tip(), poked) == (before, [])


def test_land_when_it_removes_a_strategy_that_is_halted_now_then_refused(site: Site, source: GitSource) -> None:
    strategy = "strategies/ml-momentum-v2.yaml"
    uid = site.verifier(source).desired(source.tip()).strategies["ml-momentum-v2"].uid
    halt(str(site.home.root), f"strategy:{uid}", 3, "ada", "odd", CLI, notify=False)
    before, payload = source.tip(), staged(source, {strategy: None}, "Remove" + LANDING)
    with pytest.raises(Refused) as refused:
        control(site, source, []).land(payload, site.key("operator")(payload))
    assert refused.value.refusal.reason is RefusalReason.HALT_OPEN_ON_OBJECT
    assert source.tip() == before


def test_overview_when_a_halt_came_after_the_pass_then_it_is_in_the_picture_and_the_mode(
    site: Site, source: GitSource
) -> None:
    asked = control(site, source, [])
    asked.parts.memory.overview = Overview(pid=1, as_of_ns=1, revision=asked.parts.memory.revision)
    assert asked.overview().halts == ()
    outcome = halt(str(site.home.root), "account", 2, "a person", "now", CLI)
    picture = asked.overview()
    assert [item.id for item in picture.halts] == [outcome.halt_id]
    stale = picture.model_copy(update={"live": live()})
    assert (live().gate.mode, mode_of(stale)) == (TradingMode.NORMAL, TradingMode.HALT_TRADING)
