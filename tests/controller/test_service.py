"""The controller's own wiring (controller/service.py) on real files, git and store, without a gate or a loop."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.adapters.git.source import GitSource
from controller.errors import StoreUnavailable
from controller.halt import CLI, halt
from controller.home import Home
from controller.host.provision import Wish, initialise
from controller.offline import offline
from controller.reconcile.boot import boot
from controller.service import Controller
from controller.settings import Settings, load
from schemas.policy import canonical
from tests.support.folders import short_folder


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """One home for all: a controller that ran once and applied the introduction."""
    with short_folder() as folder:
        place = Home(folder)
        initialise(place, Wish(name="Op", email="op@example.org"))
        first = started(place)
        first.publish_first()
        text = canonical(goal_of(first))
        first._booted.publisher.publish([text])
        first._booted.publisher.remember([text], (), first.source.tip())
        first.close()
        yield place


def goal_of(controller: Controller) -> dict[str, object]:
    published = controller.memory.published
    assert published is not None
    document = (controller.home.policy / f"{published.version}.json").read_text()
    found: dict[str, object] = json.loads(document)["policies"][0]
    return found


def settings(home: Home) -> Settings:
    return load({"GT_RISK_HOME": str(home.root)})


def started(home: Home) -> Controller:
    made = settings(home)
    return Controller(made, boot(home, made.pins.repo, made.pins.environment))


@pytest.fixture
def controller(home: Home) -> Iterator[Controller]:
    made = started(home)
    made.settle()
    yield made
    made.close()


def test_excess_of_expiries_then_an_account_halt_of_the_controller_in_the_latch(controller: Controller) -> None:
    controller._excessive("the permit ran out 3 times in 10 minutes")
    found = [item for item in controller.desk.open_halts(None) if item.reason.startswith("the permit ran out")]
    assert [(item.scope, item.mode.value, item.source.value) for item in found] == [
        ("account", "halt-all", "controller")
    ]
    assert found[0].word in controller.desk.words()


@pytest.mark.parametrize("half", ["raise", "permit"])
def test_latch_when_restored_then_policy_fence_and_last_verified_are_named_again(
    controller: Controller, half: str
) -> None:
    (controller.home.root / "latch" / half).unlink()
    before = controller.memory.published
    assert controller._adopt()
    lease, after = controller._booted.permit, controller.memory.published
    assert before is not None
    assert after is not None
    assert after.version > before.version
    assert lease.policy[0] == after.version
    assert lease.last_verified == controller.memory.revision.last_verified
    assert controller.keeper.missing(), "nothing is permitted before a complete pass"
    assert lease.until == 0
    assert any(item.reason.startswith("latch-lost") for item in controller.desk.open_halts(None))
    assert not controller._adopt()


def test_store_when_it_is_lost_then_no_pass_is_complete_and_halts_are_taken_over_all_the_same(
    controller: Controller,
) -> None:
    content = controller.home.store.read_bytes()
    controller.home.store.write_bytes(b"")
    halted = halt(str(controller.home.root), "account", 1, "ada", "drill", CLI, notify=False)
    controller._adopt()
    assert halted.halt_id in {item.id for item in controller.desk.open_halts(None)}
    assert controller._reconcile() > 0
    assert "reconcile" in controller.keeper.missing()
    overview = controller.memory.overview
    assert overview is not None
    assert any(item.reason == "StoreUnavailable" for item in overview.conditions)
    controller.home.store.write_bytes(content)


@pytest.mark.parametrize("lose", [Path.unlink, lambda path: path.rename(path.with_name("away"))])
def test_probe_when_the_journal_is_gone_then_it_makes_no_progress(
    controller: Controller, lose: Callable[[Path], object]
) -> None:
    controller._probe()
    assert "journal" not in controller.keeper.missing()
    controller.keeper.forget("journal")
    content = controller.home.journal.read_bytes()
    lose(controller.home.journal)
    with pytest.raises(FileNotFoundError):
        controller._probe()
    assert "journal" in controller.keeper.missing()
    controller.home.journal.write_bytes(content)


def test_pass_when_the_gate_is_down_then_incomplete_and_tried_again_soon(controller: Controller) -> None:
    assert 0 < controller._reconcile() < 60
    assert "reconcile" in controller.keeper.missing()


def test_offline_then_halts_and_revision_are_told_without_a_live_book(home: Home) -> None:
    halted = halt(str(home.root), "account", 3, "ada", "drill", CLI, notify=False)
    control = offline(settings(home))
    overview = control.overview()
    assert isinstance(control.parts.source, GitSource)
    control.parts.source.close()
    control.parts.store.close()
    assert overview.pid == 0
    assert (overview.live, overview.live_error) == (None, "service down")
    assert halted.halt_id in {item.id for item in overview.halts}
    assert overview.revision.last_applied


def test_offline_when_the_store_is_no_database_then_says_so(home: Home) -> None:
    content = home.store.read_bytes()
    home.store.write_text("this is a text file\n")
    with pytest.raises(StoreUnavailable, match="not a database"):
        offline(settings(home))
    home.store.write_bytes(content)
