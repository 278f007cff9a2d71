from pathlib import Path

import pytest

from controller.core.plan.edits import BadArgument, Edits, NothingToDo, Situation
from controller.core.plan.intents import edits_for
from controller.errors import Raced
from schemas.edits import AddStrategy, Intent, PutFile, ResetLimits, Rollback, SetValue, WriteDocuments
from schemas.limits import LIMITS
from tests.support.book import COMMIT, UIDS, desired
from tests.support.history import HeldHistory

TEMPLATE = Path(__file__).parents[4] / "desired-state" / "strategies" / "ml-momentum-v2.yaml"
THEN, UID = "b" * 40, "f" * 32
RISK, TRUST, SWING, VALUE = (
    "risk_config.yaml",
    "trust.yaml",
    "strategies/contrarian-swing.yaml",
    "strategies/value.yaml",
)


def strategy(uid: str, status: str = "active") -> str:
    return f'uid: "{uid}"\nstatus: {status}\n'


def edits(intent: Intent, then: dict[str, str] | None = None, now: dict[str, str] | None = None) -> Edits:
    history = HeldHistory({THEN: then or {}, COMMIT: now or {}})
    situation = Situation((), {}, "op", "", history, lambda: UID)
    return edits_for(intent, desired(), situation)


def put(found: Edits) -> dict[str, str | None]:
    return {edit.path: edit.text for edit in found.edits if isinstance(edit, PutFile)}


def test_reset_when_all_are_at_their_defaults_then_nothing_to_do() -> None:
    with pytest.raises(NothingToDo, match="every limit is at its default"):
        edits(ResetLimits())


def test_reset_when_some_were_changed_then_each_back_to_its_default() -> None:
    moved = desired()
    position = moved.risk.hard_limits.position.model_copy(update={"max_position_pct": LIMITS[3].parse("20%")})
    order = moved.risk.hard_limits.order.model_copy(update={"max_price_age": 30})
    hard = moved.risk.hard_limits.model_copy(update={"position": position, "order": order})
    moved = moved.model_copy(update={"risk": moved.risk.model_copy(update={"hard_limits": hard})})
    situation = Situation((), {}, "op", "", HeldHistory(), lambda: UID)
    found = edits_for(ResetLimits(), moved, situation)
    written = {edit.pointer[-1]: edit.value for edit in found.edits if isinstance(edit, SetValue)}
    assert written == {"max_position_pct": "15%", "max_price_age": "60"}
    assert found.subject == "risk: reset 2 limits to their defaults"
    assert found.previous == "position.max_position_pct=20%, order.max_price_age=30s"
    one = edits_for(ResetLimits(names=("order.max_price_age",)), moved, situation)
    assert (one.subject, one.previous, one.new) == ("risk: reset order.max_price_age to its default", "30s", "60s")


def test_reset_when_a_name_is_unknown_then_the_nearest_is_named() -> None:
    with pytest.raises(BadArgument, match=r"did you mean order\.max_price_age"):
        edits(ResetLimits(names=("order.max_price_ages",)))


def test_add_when_new_then_paused_under_its_own_uid_with_every_comment_kept() -> None:
    text = TEMPLATE.read_text()
    found = put(edits(AddStrategy(strategy="my-idea", uid=UID, name='My "idea"', text=text)))
    written = found["strategies/my-idea.yaml"]
    assert written is not None
    assert f'uid: "{UID}"\nid: my-idea\nname: My "idea"\n' in written
    assert "status: paused" in written
    assert [line for line in written.splitlines() if "#" in line] == [line for line in text.splitlines() if "#" in line]


@pytest.mark.parametrize("name", ["My Idea", "../trust", "a/b", "", "ümlaut", "a" * 80, "halt\n"])
def test_add_when_the_id_cannot_be_one_then_refused(name: str) -> None:
    with pytest.raises((BadArgument, ValueError)):
        edits(AddStrategy(strategy=name, uid=UID, text=TEMPLATE.read_text()))


def test_add_when_it_is_there_already_then_refused_with_the_next_command() -> None:
    with pytest.raises(BadArgument) as caught:
        edits(AddStrategy(strategy="ml-momentum-v2", uid=UID, text=TEMPLATE.read_text()))
    assert caught.value.hint == "gt risk strategy show ml-momentum-v2"


def test_write_when_edited_then_only_what_differs_is_written() -> None:
    files: dict[str, str | None] = {RISK: "new", SWING: "same", VALUE: None}
    now = {RISK: "old", SWING: "same", VALUE: "gone soon"}
    found = edits(WriteDocuments(base=THEN, files=files), now, now)
    assert put(found) == {RISK: "new", VALUE: None}
    assert found.subject == "risk: edit 2 documents"
    assert found.notes == (f"Write {RISK}", f"Remove {VALUE}")


def test_write_when_somebody_changed_the_same_document_then_raced_and_nothing_is_overwritten() -> None:
    with pytest.raises(Raced, match=RISK):
        edits(WriteDocuments(base=THEN, files={RISK: "mine"}), {RISK: "old"}, {RISK: "theirs"})


def test_write_when_somebody_changed_another_document_then_both_stay() -> None:
    now = {RISK: "old", SWING: "theirs"}
    assert put(edits(WriteDocuments(base=THEN, files={RISK: "mine"}), {RISK: "old", SWING: "old"}, now)) == {
        RISK: "mine"
    }


@pytest.mark.parametrize("path", ["halts/x.yaml", "cleared/x.yaml", "README.md", "notes/x.yaml"])
def test_write_when_it_is_a_record_or_no_document_then_refused(path: str) -> None:
    with pytest.raises(BadArgument):
        edits(WriteDocuments(base=THEN, files={path: "x"}))


def test_write_when_nothing_differs_then_nothing_to_do() -> None:
    with pytest.raises(NothingToDo):
        edits(WriteDocuments(base=THEN, files={RISK: "same"}), {RISK: "same"}, {RISK: "same"})


def test_rollback_when_documents_differ_then_as_they_were_and_later_ones_go() -> None:
    then = {RISK: "15%", SWING: strategy(UIDS["swing"])}
    now = {RISK: "20%", SWING: strategy(UIDS["swing"]), "ab_tests/t.yaml": "later"}
    found = edits(Rollback(commit=THEN), then, now)
    assert put(found) == {RISK: "15%", "ab_tests/t.yaml": None}
    assert found.subject == f"risk: roll back to {THEN[:12]}"


def test_rollback_when_a_test_was_ended_since_then_it_stays_ended() -> None:
    then, now = {RISK: "15%", "ab_tests/t.yaml": "active"}, {RISK: "20%", "ab_tests/t.yaml": "stopped"}
    assert put(edits(Rollback(commit=THEN), then, now)) == {RISK: "15%"}


def test_rollback_when_halts_were_recorded_and_trust_changed_since_then_both_stay() -> None:
    now = {RISK: "20%", TRUST: "key removed", "halts/h.yaml": "halt", "cleared/h.yaml": "lifted"}
    found = edits(Rollback(commit=THEN), {RISK: "15%", TRUST: "key listed"}, now)
    assert put(found) == {RISK: "15%"}
    assert [note for note in found.notes if note.startswith("Leave")] == [
        "Leave trust.yaml as it is: an admin changes it by a commit of its own",
        "Leave the records of halts as they are: what is halted stays halted, what was lifted stays lifted",
    ]


def test_rollback_when_only_trust_and_halts_differ_then_nothing_to_do() -> None:
    with pytest.raises(NothingToDo):
        edits(Rollback(commit=THEN), {TRUST: "a"}, {TRUST: "b", "halts/h.yaml": "halt"})


def test_rollback_when_a_strategy_is_gone_since_then_back_paused_with_a_new_uid() -> None:
    found = edits(Rollback(commit=THEN), {VALUE: strategy("9" * 32)}, {RISK: "x"})
    assert put(found)[VALUE] == strategy(UID, "paused")
    assert any("as a new strategy: paused" in note for note in found.notes)


def test_rollback_when_the_id_was_given_anew_since_then_the_present_uid_stays() -> None:
    now = {SWING: strategy(UIDS["swing"], "paused")}
    found = edits(Rollback(commit=THEN), {SWING: strategy("9" * 32)}, now)
    assert put(found)[SWING] == strategy(UIDS["swing"])


def test_rollback_when_the_commit_is_no_ancestor_then_refused() -> None:
    with pytest.raises(BadArgument, match="no ancestor"):
        edits(Rollback(commit="e" * 40), {RISK: "a"}, {RISK: "b"})
