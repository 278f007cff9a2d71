"""What a month has taught, from the store: trades, decisions about limits, changes, A/B tests."""

from typing import Any

import pytest

from controller.adapters.store.memory import MemoryStore
from controller.reconcile import learned as module
from controller.reconcile.learned import learned
from schemas.audit import AuditEntry
from tests.support.learning import trial
from tests.support.stores import NOW, decision
from tests.support.trials import trips

DAY_NS = 86_400 * 1_000_000_000
BOOK = "b" * 64


def change(at_ns: int, **fields: Any) -> AuditEntry:
    base = {"at_ns": at_ns, "event": "config.change", "actor": "kim", "channel": "cli", "kind": "outcome"}
    return AuditEntry.model_validate({**base, "outcome": "done", **fields})


def test_learned_then_counts_what_the_last_month_holds_and_nothing_twice() -> None:
    store, end = MemoryStore(), NOW + 40 * DAY_NS
    fills = trips("A", [0.01, -0.02, 0.03])
    store.add_fills(BOOK, [fill.model_copy(update={"at_ns": NOW if fill.seq < 3 else end - DAY_NS}) for fill in fills])
    store.add_decisions([decision(1, NOW), *(decision(n, end - n).model_copy(update={"limit": "x"}) for n in (2, 3))])
    for entry in (
        change(NOW),
        change(end - 2, kind="intent", outcome=""),
        change(end - 1),
        change(end - 1, outcome="refused"),
    ):
        store.append_audit(entry)
    store.tests.save_trial(trial("t-1", "running", 1.0, 2.0))
    found = learned(store, BOOK, end)
    assert (found.since_ns, found.days, found.trades, found.changes) == (end - 30 * DAY_NS, 30, 2, 1)
    assert found.decided == {decision(2).kind: 2}
    assert list(found.trials) == ["t-1"]


def test_learned_when_there_are_more_fills_than_are_read_then_begins_with_the_oldest_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FILLS", 4)
    store = MemoryStore()
    store.add_fills(
        BOOK, [fill.model_copy(update={"at_ns": NOW + fill.seq}) for fill in trips("A", [0.01, -0.02, 0.03])]
    )
    found = learned(store, BOOK, NOW + DAY_NS)
    assert (found.since_ns, found.trades) == (NOW + 3, 2)


def test_learned_when_the_store_is_empty_then_nothing() -> None:
    found = learned(MemoryStore(), "", NOW)
    assert (found.trades, found.changes, found.decided, found.trials) == (0, 0, {}, {})
