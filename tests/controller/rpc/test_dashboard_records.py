import pytest

from controller.adapters.clock import ManualClock
from controller.adapters.store.memory import MemoryStore
from controller.core.plan.edits import BadArgument
from controller.rpc.dashboard import methods

ADDED = {"event": "dashboard.user", "after": "added ada: operator"}


def test_record_when_an_act_begins_and_ends_then_two_chained_records() -> None:
    store = MemoryStore()
    record = methods(store, ManualClock(), "op")["dashboard.record"]
    begun = record(ADDED)
    record({**ADDED, "intent": begun["seq"], "audit_id": begun["audit_id"], "outcome": "done"})
    outcome, intent = (item.entry for item in store.audit())
    assert (intent.kind, intent.actor, intent.channel, intent.after) == ("intent", "op", "cli", "added ada: operator")
    assert (outcome.kind, outcome.outcome, outcome.audit_id) == ("outcome", "done", intent.audit_id)
    assert not store.open_intents()


def test_record_when_it_came_over_http_then_says_who_and_how() -> None:
    store = MemoryStore()
    methods(store, ManualClock(), "op")["dashboard.record"]({**ADDED, "actor": "ada", "channel": "api"})
    entry = store.audit()[0].entry
    assert (entry.actor, entry.channel) == ("ada", "api")


@pytest.mark.parametrize(
    "wrong",
    [
        {"event": "emergency.resume"},
        {"event": "config.change"},
        {"outcome": "done"},
        {"intent": 1},
        {"intent": 1, "outcome": "fine"},
    ],
)
def test_record_when_it_is_not_the_dashboards_own_then_nobodys_history_is_written(wrong: dict[str, object]) -> None:
    store = MemoryStore()
    with pytest.raises(BadArgument):
        methods(store, ManualClock(), "op")["dashboard.record"]({**ADDED, **wrong})
    assert not store.audit()
