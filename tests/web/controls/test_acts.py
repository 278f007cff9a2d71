"""Acts in two steps over a held book: what is shown, what confirms it, what does not."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from schemas.edits import Proposal
from schemas.plan import Change, Direction, Plan
from tests.support.book import COMMIT
from tests.support.web_people import HASHED, OURS, People, people, token
from web.controls.nonces import LIFE_SECONDS
from web.controls.routes import ACTS
from web.registry import Role
from web.security.identity import Rank

PAUSE = "/strategies/ml-momentum-v2/pause"


def proposal(new: str = "paused", hold: str = "") -> Proposal:
    change = Change(
        kind="status",
        scope="a" * 32,
        key="status",
        label="ml-momentum-v2.status",
        old="active",
        new=new,
        direction=Direction.TIGHTEN,
        path="strategies/ml-momentum-v2.yaml",
    )
    plan = Plan(base=COMMIT, target=COMMIT, changes=(change,))
    return Proposal(parent=COMMIT, payload="dHJlZSAw", subject="risk: pause", audit_id="aud-1", plan=plan, hold=hold)


@pytest.fixture
def crowd() -> Iterator[People]:
    with people() as made:
        made.rig.control.proposal = proposal()
        yield made


class Program:
    """Posts JSON with the session of ``name``."""

    def __init__(self, crowd: People, name: str = "ada") -> None:
        self.client: FlaskClient = crowd.client(name)
        self._headers = {**OURS, "X-CSRF-Token": token(self.client)}

    def post(self, path: str, **body: Any) -> tuple[int, Any]:
        answer = self.client.post(f"/api{path}", json=body, headers=self._headers)
        return answer.status_code, answer.get_json()

    def problem(self, path: str, **body: Any) -> tuple[int, str]:
        status, document = self.post(path, **body)
        return status, document["type"].rpartition(":")[2]


def test_act_when_nothing_is_confirmed_then_only_shown_with_plan_and_nonce(crowd: People) -> None:
    status, shown = Program(crowd).post(PAUSE)
    assert (status, shown["state"], shown["phrase"]) == (200, "confirm", "")
    assert [item["label"] for item in shown["changes"]] == ["ml-momentum-v2.status"]
    assert shown["nonce"]
    assert crowd.rig.control.landed == []


@pytest.mark.parametrize("nonce", ["x", "x" * 24])
def test_act_when_the_nonce_is_none_then_refused(crowd: People, nonce: str) -> None:
    assert Program(crowd).problem(PAUSE, nonce=nonce) == (409, "confirm-again")


def test_act_when_the_nonce_is_somebody_elses_or_too_old_then_refused(crowd: People) -> None:
    ada, lou = Program(crowd), Program(crowd)
    crowd.accounts.add_user("lou", HASHED, Rank.OPERATOR, False, crowd.rig.now)
    _, shown = ada.post(PAUSE)
    other = Program(crowd, "lou")
    assert other.problem(PAUSE, nonce=shown["nonce"]) == (409, "confirm-again")
    crowd.ticks += LIFE_SECONDS
    assert lou.problem(PAUSE, nonce=shown["nonce"]) == (409, "confirm-again")


def test_act_when_the_plan_is_not_the_one_that_was_shown_then_refused(crowd: People) -> None:
    program = Program(crowd)
    _, shown = program.post(PAUSE)
    crowd.rig.control.proposal = proposal("halted")
    assert program.problem(PAUSE, nonce=shown["nonce"]) == (409, "plan-changed")


def test_halt_when_the_phrase_is_not_typed_then_nothing_is_tried(crowd: People) -> None:
    program = Program(crowd, "rex")
    for phrase in ("", "halt all", "HALT ALL "):
        assert program.problem("/emergency/halt-all", phrase=phrase) == (400, "not-confirmed")


def test_halt_when_nothing_can_hold_it_then_said_with_the_ways_that_are_left(crowd: People) -> None:
    status, document = Program(crowd, "rex").post("/emergency/halt-all", phrase="HALT ALL")
    assert status == 503
    assert "NOT CONFIRMED" in document["detail"]
    assert "kill switch" in document["detail"]


def test_strategy_when_nobody_knows_it_then_404_before_anything_is_raised(crowd: People) -> None:
    assert Program(crowd).problem("/strategies/nothing/halt") == (404, "unknown-strategy")


@pytest.mark.parametrize("path", ["trust.yaml", "halts/x.yaml", "cleared/x.yaml"])
def test_update_when_of_a_document_that_is_not_for_the_dashboard_then_403(crowd: People, path: str) -> None:
    body = {"base": COMMIT, "files": {path: "version: 1\n"}}
    assert Program(crowd).problem("/config/update", **body) == (403, "not-from-here")


def test_reason_when_it_has_several_lines_then_refused_before_the_audit_log(crowd: People) -> None:
    assert Program(crowd).problem("/emergency/halt-trading", reason="a\nGt-Target: evil") == (400, "invalid")


def test_page_when_the_controller_is_down_then_a_halts_form_is_there_all_the_same(crowd: People) -> None:
    client = crowd.client("rex")
    crowd.rig.down = True
    crowd.rig.look()
    assert "Stop all new orders" in client.get("/emergency/halt-trading").text
    pause = crowd.client("ada").get(PAUSE)
    assert (pause.status_code, "service down" in pause.text) == (200, True)


def test_act_when_at_once_then_it_only_holds_back_or_looks() -> None:
    at_once = {act.name for act in ACTS if act.at_once}
    assert at_once == {"halt-all", "halt-trading", "halt-strategy", "ack-alert", "reload-config"}
    assert {act.name for act in ACTS if act.role is Role.LIQUIDATOR} == {"liquidate"}
