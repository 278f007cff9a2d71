"""The documents of A/B tests: an id is given once, an end is for ever, a rollout goes by steps after a win."""

from typing import Any, Literal

import pytest

from controller.core.desired.documents import parse
from controller.core.desired.yaml_edit import apply_edit
from controller.core.experiments.question import plan_digest
from controller.core.plan.edits import BadArgument, Edits, NothingToDo, Situation
from controller.core.plan.intents import edits_for
from controller.core.plan.trial_intents import saved_name
from schemas.desired import Desired, Strategy
from schemas.edits import AddTest, EndTest, PutFile, RollOut, SetValue
from schemas.experiments import ABTest
from schemas.trials import State, Trial
from tests.support.desired import files, read
from tests.support.history import HeldHistory
from tests.support.trials import ab_test

STRATEGY = "contrarian-swing"


def tree(**fields: Any) -> tuple[Desired, ABTest]:
    test = ab_test(STRATEGY, **fields)
    return read(files()).model_copy(update={"ab_tests": {test.id: test}}), test


def situation(desired: Desired, test: ABTest | None = None, state: State = "running") -> Situation:
    trials = {}
    if test is not None:
        known = Trial(test=test.id, strategy=test.strategy, book="b", plan=plan_digest(test), state=state)
        trials = {test.id: known}
    history = HeldHistory({desired.commit: {path: content.decode() for path, content in files().items()}})
    return Situation((), {}, "Ada", "", history, lambda: "f" * 32, trials=trials)


def edited(intent: Any, state: State = "running", **fields: Any) -> Edits:
    desired, test = tree(**fields)
    return edits_for(intent, desired, situation(desired, test, state))


def roll(percent: Literal[0, 10, 25, 50, 100]) -> RollOut:
    return RollOut(test="t-1", percent=percent)


def test_add_when_new_then_written_as_it_is() -> None:
    desired = read(files())
    found = edits_for(AddTest(test="t-2", text="id: t-2\n"), desired, situation(desired))
    assert found.edits == (PutFile(path="ab_tests/t-2.yaml", text="id: t-2\n"),)
    assert found.subject == "risk: begin A/B test t-2"
    assert found.notes[1] == "Share the strategy's new signals between A and B"
    paired = edits_for(AddTest(test="t-2", text="id: t-2\npaired: true\n"), desired, situation(desired))
    assert paired.notes[1] == "Play both variants in shadow: the book trades as A"


@pytest.mark.parametrize(("name", "words"), [("t-1", "an id is given once"), ("T 1", "cannot be the id")])
def test_add_when_the_id_is_taken_or_no_id_then_refused(name: str, words: str) -> None:
    with pytest.raises(BadArgument, match=words):
        edited(AddTest(test=name, text=""))


def test_add_when_an_earlier_test_had_the_id_then_refused() -> None:
    desired, test = tree()
    gone = desired.model_copy(update={"ab_tests": {}})
    with pytest.raises(BadArgument, match="an id is given once"):
        edits_for(AddTest(test="t-1", text=""), gone, situation(gone, test, "stopped"))


def test_stop_then_only_the_status_changes() -> None:
    found = edited(EndTest(test="t-1", status="stopped"))
    assert found.edits == (SetValue(path="ab_tests/t-1.yaml", pointer=("status",), value="stopped"),)


def test_end_when_it_is_over_or_unknown_then_said() -> None:
    with pytest.raises(NothingToDo, match="is stopped already"):
        edited(EndTest(test="t-1", status="stopped"), status="stopped")
    with pytest.raises(BadArgument, match="did you mean t-1"):
        edited(EndTest(test="t1", status="stopped"))


def test_complete_when_undecided_then_refused() -> None:
    with pytest.raises(BadArgument, match="is not decided yet"):
        edited(EndTest(test="t-1", status="complete"))


def test_complete_when_b_has_won_then_its_configuration_is_kept_paused_and_without_capital() -> None:
    end, saved = edited(EndTest(test="t-1", status="complete"), "winner_b").edits
    assert isinstance(end, SetValue) and isinstance(saved, PutFile) and saved.text is not None
    name = saved_name(ab_test(STRATEGY))
    assert (name, saved.path) == ("contrarian-swing-tight-stops", f"strategies/{name}.yaml")
    strategy = parse(saved.path, saved.text.encode()).model
    assert isinstance(strategy, Strategy)
    assert (strategy.id, strategy.uid, strategy.status.value) == (name, "f" * 32, "paused")
    assert (int(strategy.allocation_pct), strategy.parameters["stop_pct"]) == (0, 3)


@pytest.mark.parametrize("state", ["winner_a", "no_difference", "invalid", "stopped_by_guardrail"])
def test_complete_when_b_has_not_won_then_nothing_of_it_is_kept(state: State) -> None:
    assert len(edited(EndTest(test="t-1", status="complete"), state).edits) == 1


def test_rollout_when_b_has_won_then_the_next_step() -> None:
    found = edited(roll(10), "winner_b", status="complete")
    assert found.edits == (SetValue(path="ab_tests/t-1.yaml", pointer=("rollout",), value="10"),)
    assert any("shown to lose" in note for note in found.notes)


def test_rollout_when_whole_then_the_strategy_takes_b_s_parameters() -> None:
    _, parameter = edited(roll(100), "winner_b", status="complete", rollout=50).edits
    assert isinstance(parameter, SetValue)
    path = f"strategies/{STRATEGY}.yaml"
    strategy = parse(path, apply_edit(files()[path], parameter)).model
    assert isinstance(strategy, Strategy)
    assert strategy.parameters["stop_pct"] == 3


def test_rollout_when_back_then_whatever_the_state() -> None:
    assert edited(roll(0), "returned", status="complete", rollout=25).new == "0%"


@pytest.mark.parametrize(
    ("percent", "state", "fields", "words"),
    [
        (25, "winner_b", {"status": "complete"}, "after 0% comes 10%"),
        (10, "winner_b", {}, "is not archived yet"),
        (10, "winner_a", {"status": "complete"}, "B has not won t-1, which is winner_a"),
        (10, "running", {}, "B has not won t-1, which is running"),
        (10, "returned", {"status": "complete"}, "was taken back: ask again by a new test"),
    ],
)
def test_rollout_when_it_may_not_be_then_refused_with_the_next_command(
    percent: Literal[10, 25], state: State, fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadArgument, match=words) as caught:
        edited(roll(percent), state, **fields)
    assert caught.value.hint.startswith("gt risk ab-test ")


def test_rollout_when_it_is_there_then_nothing_to_do() -> None:
    with pytest.raises(NothingToDo, match="is at 10% already"):
        edited(roll(10), "winner_b", status="complete", rollout=10)
