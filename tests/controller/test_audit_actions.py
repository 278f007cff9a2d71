"""Intent and outcome of control actions, and the halt journal in the audit log."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.clock import ManualClock
from controller.adapters.store.memory import MemoryStore
from controller.audit import close_open_intents, control_action, fold_journal, new_audit_id
from controller.errors import EngineUnavailable, StoreUnavailable
from controller.latch.journal_record import HALT, REASON, RELEASED, Entry
from controller.ports import Store
from tests.support.stores import STORES, entry

HALT_ID = "ab" * 16


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = STORES[request.param](tmp_path)
    yield opened
    opened.close()


def test_new_audit_id_then_utc_second_and_a_suffix() -> None:
    one, two = new_audit_id(1_768_818_225_999_999_999), new_audit_id(1_768_818_225_000_000_000)
    assert one.startswith("aud-20260119-102345-")
    assert one != two


def test_control_action_when_the_body_runs_then_intent_stands_before_it(store: Store) -> None:
    clock = ManualClock()
    with control_action(store, clock, entry(1, audit_id="")) as action:
        (intent,) = store.audit()
        assert (intent.entry.kind, intent.entry.audit_id) == ("intent", action.audit_id)
        clock.advance(2)
    outcome, _ = store.audit()
    assert (outcome.entry.kind, outcome.entry.intent, outcome.entry.outcome) == ("outcome", intent.seq, "done")
    assert (outcome.entry.audit_id, outcome.entry.at_ns) == (action.audit_id, clock.wall_ns())
    assert store.open_intents() == []


def test_control_action_when_the_body_says_what_came_of_it_then_recorded(store: Store) -> None:
    with control_action(store, ManualClock(), entry(1)) as action:
        action.result("partial", after="1 of 2", details="gate silent")
    newest = store.audit()[0].entry
    assert (newest.outcome, newest.after, newest.details) == ("partial", "1 of 2", "gate silent")


def test_control_action_when_the_body_raises_then_failed_with_the_error_which_goes_on(store: Store) -> None:
    with pytest.raises(EngineUnavailable), control_action(store, ManualClock(), entry(1)):
        raise EngineUnavailable("no answer in 2 s")
    newest = store.audit()[0].entry
    assert (newest.outcome, newest.level) == ("failed", "error")
    assert newest.details == "EngineUnavailable: no answer in 2 s"


def test_control_action_when_the_intent_cannot_be_written_then_the_body_never_runs() -> None:
    store, ran = MemoryStore(), False
    store.fail("disk full")
    with pytest.raises(StoreUnavailable, match="disk full"), control_action(store, ManualClock(), entry(1)):
        ran = True
    assert not ran


def test_close_open_intents_when_a_crash_left_one_then_unknown_with_what_was_read_back(store: Store) -> None:
    left = store.append_audit(entry(1, kind="intent"))
    with control_action(store, ManualClock(), entry(2)):
        pass
    (closed,) = close_open_intents(store, ManualClock(), lambda intent: f"read back for {intent.seq}")
    assert (closed.entry.intent, closed.entry.outcome) == (left.seq, "unknown")
    assert closed.entry.after == f"read back for {left.seq}"
    assert close_open_intents(store, ManualClock(), lambda _: "") == []
    assert store.verify_audit().open_intents == ()


def test_fold_journal_when_repeated_then_each_record_once(store: Store) -> None:
    raised = Entry(HALT, HALT_ID, 5, scope="account", mode=3, source=0, actor="Ada", text="fire")
    paused = Entry(HALT, "cd" * 16, 6, scope="strategy:" + "a" * 32, mode=1, source=3)
    reason = Entry(REASON, HALT_ID, 7, scope="account", actor="Ada", text="smoke only")
    released = Entry(RELEASED, HALT_ID, 9, actor="Ada", text="1" * 40)
    assert len(fold_journal(store, [raised, paused])) == 2
    added = fold_journal(store, [raised, paused, reason, released, released])
    assert [record.entry.event for record in added] == ["halt.reason", "halt.released"]
    assert fold_journal(store, [raised, paused, reason, released]) == []
    events = [(record.entry.event, record.entry.channel, record.entry.level) for record in store.audit()][::-1]
    assert events[:2] == [("emergency.halt_all", "cli", "critical"), ("strategy.pause", "gate", "critical")]
    newest = store.audit()[0].entry
    assert (newest.revision, newest.reason, newest.details) == ("1" * 40, "", f"halt {HALT_ID}")
    assert fold_journal(store, []) == []
