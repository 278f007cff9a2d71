"""Freeze windows in the loop: what they hold, what they never hold, and how they end."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.render.config import plan as render_plan
from controller.adapters.signatures.sshsig import verify
from controller.core.policy.compile import compile_policy
from controller.halt import CLI, halt
from controller.reconcile.change_desk import ChangeDesk
from controller.reconcile.goal import Goal, Memory
from controller.reconcile.observation import Origin
from controller.views.config import planned
from schemas.change import ChangeControl
from schemas.desired import Desired
from schemas.overview import Overview
from schemas.plan import Plan, Planned
from tests.support.config_repo import Site, make_site, replaced
from tests.support.rig import Rig, clear, commit_id, desired, make_rig

HOUR = 3_600
OPEN = ChangeControl.model_validate({"freeze": [{"name": "w", "cron": "0 10 * * *", "minutes": 60}]})
"""Open when the manual clock starts, 10:23, and until 11:00."""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = make_rig(tmp_path, desired(1, change=OPEN))
    yield made
    made.close()


def reason(overview: Overview) -> str:
    return next(item.reason for item in overview.conditions if item.type.value == "Ready")


def message(overview: Overview) -> str:
    return next(item.message for item in overview.conditions if item.type.value == "Stalled")


def gate_limit(rig: Rig, name: str = "position.max_position_pct") -> int:
    """The limit as the gate must hold it: the smallest of the newest snapshot."""
    newest = max(
        (path for path in rig.home.policy.glob("*.json") if path.stem.isdigit()), key=lambda path: int(path.stem)
    )
    return min(int(policy["limits"][name]) for policy in json.loads(newest.read_text())["policies"])


def loosen(rig: Rig, number: int) -> None:
    rig.history.commit(desired(number, limits={"position.max_position_pct": "20%"}, change=OPEN))


def test_loosening_when_frozen_then_waits_and_the_condition_says_until_when(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    loosen(rig, 2)
    overview = rig.reconciler.reconcile_once()
    assert reason(overview) == "Frozen"
    assert "freeze window w until 20" in message(overview)
    assert overview.revision.last_applied == commit_id(1)
    found = rig.reconciler.last
    assert found is not None and found.hold is not None
    assert found.hold.until_ns > rig.clock.wall_ns()


def test_loosening_when_the_window_has_closed_then_in_force(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    loosen(rig, 2)
    rig.reconciler.reconcile_once()
    rig.clock.advance(HOUR)
    overview = rig.reconciler.reconcile_once()
    assert (reason(overview), overview.revision.last_applied) == ("InForce", commit_id(2))


def test_tightening_when_frozen_then_in_force_at_once_though_it_comes_with_a_loosening(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    limits = {"position.max_position_pct": "20%", "position.max_positions": "3"}
    rig.history.commit(desired(2, limits=limits, change=OPEN))
    overview = rig.reconciler.reconcile_once()
    assert reason(overview) == "Frozen"
    assert (gate_limit(rig, "position.max_positions"), gate_limit(rig)) == (3, 150_000)


def test_halt_when_frozen_then_binds(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    halt(str(rig.home.root), "account", 3, "ada", "test", CLI, notify=False)
    overview = rig.reconciler.reconcile_once()
    assert overview.effective is not None and overview.effective.mode.value == "halt-all"


def test_clear_when_frozen_then_the_halt_stays_until_the_window_closes(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    halt(str(rig.home.root), "account", 1, "ada", "test", CLI, notify=False)
    rig.reconciler.reconcile_once()
    (found,) = rig.desk.open_halts(None)
    rig.history.commit(desired(2, cleared={found.id: clear(found)}, change=OPEN))
    rig.reconciler.reconcile_once()
    assert rig.desk.words()
    rig.clock.advance(HOUR)
    rig.reconciler.reconcile_once()
    assert not rig.desk.words()


def test_window_when_a_commit_takes_it_away_then_that_waits_for_its_end(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    rig.history.commit(desired(2, limits={"position.max_position_pct": "20%"}))
    assert reason(rig.reconciler.reconcile_once()) == "Frozen"


def test_window_when_a_commit_adds_it_then_what_the_same_commit_loosens_waits(tmp_path: Path) -> None:
    rig = make_rig(tmp_path, desired(1))
    try:
        rig.reconciler.reconcile_once()
        loosen(rig, 2)
        assert reason(rig.reconciler.reconcile_once()) == "Frozen"
    finally:
        rig.close()


def test_restriction_when_its_cause_ends_in_a_window_then_it_lifts_by_itself(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    rig.history.down = "unreachable"
    rig.clock.advance(2 * 24 * HOUR)
    overview = rig.reconciler.reconcile_once()
    assert overview.effective is not None and overview.effective.mode.value == "pause-new-orders"
    rig.history.down = ""
    overview = rig.reconciler.reconcile_once()
    assert overview.effective is not None and overview.effective.mode.value == "normal"


def test_neutral_commit_when_a_cause_ends_in_a_window_then_both_are_in_force(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    rig.history.down = "unreachable"
    rig.clock.advance(2 * 24 * HOUR)
    rig.reconciler.reconcile_once()
    rig.history.down = ""
    rig.history.commit(desired(2, change=OPEN))
    overview = rig.reconciler.reconcile_once()
    assert (reason(overview), overview.revision.last_applied) == ("InForce", commit_id(2))


def test_plan_when_something_waits_then_the_document_says_until_when() -> None:
    plan = Plan(base=commit_id(1), target=commit_id(2))
    held = Planned(plan=plan, hold="Frozen", why="freeze window w until 11:00", fix="override", until_ns=10**18)
    document = planned(held)
    assert document["hold"]["until"] == "2001-09-09T01:46:40.000Z"
    assert document["attention"] == ["freeze window w until 11:00"]
    assert "⏳ Frozen: freeze window w until 11:00" in render_plan(document)
    assert planned(Planned(plan=plan))["hold"] is None


def test_window_when_the_controller_starts_again_then_still_held(rig: Rig) -> None:
    rig.reconciler.reconcile_once()
    loosen(rig, 2)
    rig.reconciler.reconcile_once()
    rig.restart()
    assert reason(rig.reconciler.reconcile_once()) == "Frozen"
    assert gate_limit(rig) == 150_000


class Team:
    """A repo with several signers, and the desk that judges what waits there."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.source = site.source()
        self.verifier = site.verifier(self.source)
        self.memory = Memory()

    def commit(self, files: dict[str, bytes | None], signer: str, message: str, parent: str) -> str:
        return self.site.commit(self.source, files, signer, message, parent)

    def held(self, applied: str, wanted: str) -> bool:
        self.memory.applied_desired = self.verifier.desired(applied)
        record = self.site.home.root / "changes.json"
        desk = ChangeDesk(self.source, self.verifier, verify, self.site.clock, self.memory, record, self.site.pins)
        after = self.verifier.desired(wanted)
        return desk.waits(_goal(after)) is not None


def _goal(after: Desired) -> Goal:
    policy = compile_policy(after, {})
    return Goal(after, policy, policy, (), (), (), {}, {}, Origin())


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    made = Team(make_site(tmp_path_factory.mktemp("t"), ("operator", "bot", "officer", "trader")))
    yield made
    made.source.close()


WINDOW = "freeze:\n    - {name: w, cron: '* * * * *', minutes: 2, override: [risk-officer]}"
OVERRIDE = "Pass\n\nFreeze-Override: earnings\n"


def start(team: Team) -> str:
    files = replaced("risk_config.yaml", "freeze: []", WINDOW)
    return team.commit(files, "operator", "Freeze", team.source.tip())


def wider(team: Team, parent: str, pct: str = "20%", message: str = "Wider") -> str:
    text = replaced("risk_config.yaml", "max_position_pct: 15%", f"max_position_pct: {pct}")["risk_config.yaml"]
    assert text is not None
    return team.commit({"risk_config.yaml": text.replace(b"freeze: []", WINDOW.encode())}, "officer", message, parent)


def test_override_when_an_officer_signs_it_then_passes(team: Team) -> None:
    base = start(team)
    change = wider(team, base)
    assert team.held(base, change)
    assert not team.held(base, team.commit({}, "officer", OVERRIDE, change))
    assert not team.held(base, wider(team, base, message=OVERRIDE))


def test_override_when_the_signer_has_no_such_role_then_held(team: Team) -> None:
    base = start(team)
    assert team.held(base, team.commit({}, "trader", OVERRIDE, wider(team, base)))


@pytest.mark.parametrize("text", ["Freeze-Override: prose in the subject", "x\n\nI said Freeze-Override: y here\n"])
def test_override_when_it_is_no_trailer_then_held(team: Team, text: str) -> None:
    base = start(team)
    assert team.held(base, team.commit({}, "officer", text, wider(team, base)))


def test_override_when_a_later_commit_loosens_more_then_that_is_held(team: Team) -> None:
    base = start(team)
    passed = team.commit({}, "officer", OVERRIDE, wider(team, base))
    assert team.held(base, wider(team, passed, "25%"))
    assert not team.held(base, wider(team, passed, "18%"))


def test_override_when_it_came_before_the_loosening_then_held(team: Team) -> None:
    base = start(team)
    assert team.held(base, wider(team, team.commit({}, "officer", OVERRIDE, base)))
