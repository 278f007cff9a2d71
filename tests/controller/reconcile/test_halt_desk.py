"""The halt desk: adoption, re-raising what vanished, evidence, release."""

import pytest

from controller.errors import SourceUnavailable, Temporary
from controller.halt import CLI, add_reason, halt
from controller.latch.layout import OVERFLOW_AT, SLOTS_AT
from schemas.halts import ACCOUNT, Adoption
from tests.support.rig import UID_A, Rig, desired


def raised(rig: Rig, scope: str = ACCOUNT) -> str:
    return halt(str(rig.home.root), scope, 3, "ada", "test", CLI, notify=False).halt_id


def write_word(rig: Rig, at: int, word: int) -> None:
    with rig.home.raise_file.open("r+b") as file:
        file.seek(at)
        file.write(word.to_bytes(8, "little"))


def test_orphan_then_adopted_once_into_store_and_audit(rig: Rig) -> None:
    halt_id = raised(rig)
    assert [item.id for item in rig.desk.adopt()] == [halt_id]
    assert rig.desk.adopt() == ()
    assert [item.id for item in rig.store.halts()] == [halt_id]
    assert rig.store.audit(event="emergency.halt_all")[0].entry.actor == "ada"


def test_adoption_then_seen_at_once_and_stored_only_when_store_and_audit_have_it(rig: Rig) -> None:
    assert rig.desk.adoption() == Adoption()
    halt_id = raised(rig)
    assert rig.desk.adoption() == Adoption(seen=(halt_id,))
    rig.desk.adopt()
    assert rig.desk.adoption() == Adoption(seen=(halt_id,), stored=(halt_id,))


def test_reason_when_given_after_the_halt_was_stored_then_in_store_and_audit_too(rig: Rig) -> None:
    outcome = halt(str(rig.home.root), ACCOUNT, 3, "ada", "", CLI, notify=False)
    rig.desk.adopt()
    assert add_reason(str(rig.home.root), outcome.halt_id, "ann", "flash crash") == ""
    assert rig.desk.adopt() == ()
    assert [item.reason for item in rig.store.halts()] == ["flash crash"]
    assert rig.store.audit(event="halt.reason")[0].entry.reason == "flash crash"


def test_orphan_when_the_store_is_down_then_adopted_later(rig: Rig) -> None:
    halt_id = raised(rig)
    rig.store.fail("disk full")
    rig.desk.adopt()
    assert rig.desk.adoption() == Adoption(seen=(halt_id,))
    assert [item.id for item in rig.desk.open_halts(None)] == [halt_id]
    rig.store.fail("")
    rig.desk.adopt()
    assert [item.id for item in rig.store.halts()] == [halt_id]


def test_store_when_down_for_many_ticks_then_logged_once_and_its_end_once(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    raised(rig)
    rig.store.fail("disk full")
    for _ in range(5):
        rig.desk.adopt()
        rig.desk.open_halts(None)
    rig.store.fail("")
    for _ in range(5):
        rig.desk.adopt()
        rig.desk.open_halts(None)
    told = [text for text in caplog.messages if text.startswith("halts ")]
    assert sorted(text.rpartition(": ")[2] for text in told) == ["disk full", "disk full", "over", "over"]


def test_open_word_when_wiped_then_raised_again_with_its_id(rig: Rig) -> None:
    halt_id = raised(rig)
    (item,) = rig.desk.adopt()
    write_word(rig, SLOTS_AT + 8 * item.slot, 0)
    rig.desk.adopt()
    assert rig.desk.words() != ()
    assert [(one.id, one.word != 0) for one in rig.desk.open_halts(None)] == [(halt_id, True)]


def test_halt_of_a_strategy_then_scope_by_uid(rig: Rig) -> None:
    raised(rig, f"strategy:{UID_A}")
    assert [item.scope for item in rig.desk.open_halts(desired(1))] == [f"strategy:{UID_A}"]


def test_open_when_the_raise_file_is_gone_then_journal_and_store_still_know(rig: Rig) -> None:
    halt_id = raised(rig)
    rig.desk.adopt()
    rig.home.raise_file.unlink()
    assert halt_id in {item.id for item in rig.desk.open_halts(None)}


def test_evidence_when_git_is_down_then_published_later_and_known_without_store(rig: Rig) -> None:
    halt_id = raised(rig)
    rig.history.down = "down"
    with pytest.raises(SourceUnavailable):
        rig.desk.evidence.publish(lambda _: True)
    rig.history.down = ""
    assert rig.desk.evidence.publish(lambda _: True) and not rig.desk.evidence.publish(lambda _: True)
    assert list(rig.history.files) == [f"halts/{halt_id}.yaml"]
    rig.home.raise_file.unlink()
    rig.home.journal.unlink()
    rig.desk.evidence.load(lambda _: True)
    assert halt_id in {item.id for item in rig.desk.open_halts(None)}


def test_overflow_word_when_other_halts_are_open_then_not_released(rig: Rig) -> None:
    raised(rig)
    write_word(rig, OVERFLOW_AT, 0x0001_0001_0000_00A3)
    synthetic = next(item for item in rig.desk.open_halts(None) if item.slot == 64)
    with pytest.raises(Temporary, match="overflow"):
        rig.desk.release(synthetic.id, "1" * 40)
    assert len(rig.desk.words()) == 2


def test_malformed_word_then_an_account_halt_with_a_deterministic_id(rig: Rig) -> None:
    write_word(rig, SLOTS_AT, 0xDEAD)
    (one,), (two,) = rig.desk.open_halts(None), rig.desk.open_halts(None)
    assert one.id == two.id and one.scope == ACCOUNT and one.mode.value == "halt-all"
