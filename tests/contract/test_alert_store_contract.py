"""The contract of alert_ports.AlertStore, on every adapter."""

import sqlite3
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from controller.adapters.store.alert_memory import MemoryAlerts
from controller.adapters.store.alert_rows import KEPT
from controller.adapters.store.database import Database
from controller.adapters.store.sql import SqlStore
from controller.alert_ports import AlertStore
from controller.core.alerts.machine import IllegalMove, cleared
from controller.errors import StoreUnavailable
from schemas.alerting import Alert, AlertState, Cursor, Digest, Load, Send, Silence, Step
from tests.support.alerts import HOUR, MINUTE, SECOND, START, some_alert
from tests.support.stores import NOW, decision, entry

CURSOR = Cursor(record=7, decision_ns=START, decision=3)
COOLDOWN = 5 * MINUTE
LATER_TABLES = (
    *("alerts", "deliveries", "silences", "alert_channels", "alert_marks"),
    *("trials", "looks", "shadows"),
)
"""What a store of revision 0002 had not yet."""


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AlertStore]:
    if request.param == "memory":
        yield MemoryAlerts()
        return
    opened = SqlStore(tmp_path / "store.db", tmp_path / "audit.head")
    yield opened.alerts
    opened.close()


def send(channel: str = "email", kind: str = "first", held: int = 0) -> Send:
    return Send.model_validate({"channel": channel, "kind": kind, "due_ns": held or START, "held": bool(held)})


def keep(store: AlertStore, *steps: tuple[Alert, tuple[Send, ...]], cursor: Cursor = CURSOR) -> list[Alert]:
    store.keep([Step(alert=item, sends=sends) for item, sends in steps], cursor, START)
    return sorted(store.alerts(limit=1_000), key=lambda item: item.id)


def test_keep_then_alert_deliveries_and_cursor_are_there_with_every_field(store: AlertStore) -> None:
    assert store.cursor() == Cursor()
    full = some_alert("a", standing=True, record=9, count=3, withheld=2, reminded=1, scope="strategy:x")
    (kept,) = keep(store, (full, (send(), send("logs"))))
    assert kept == full.model_copy(update={"id": kept.id}) and kept.id > 0
    assert store.cursor() == CURSOR
    assert store.alert(kept.id) == kept
    assert [item.channel for item in store.deliveries(kept.id)] == ["logs", "email"]


def test_keep_when_it_has_an_id_then_updated(store: AlertStore) -> None:
    (kept,) = keep(store, (some_alert("a"), ()))
    (after,) = keep(store, (kept.model_copy(update={"count": 4, "withheld": 3}), ()))
    assert (after.id, after.count, after.withheld) == (kept.id, 4, 3)


def test_seen_then_the_newest_of_each_fingerprint_and_what_stands_and_nothing_else(store: AlertStore) -> None:
    over = some_alert("a", resolved_ns=START)
    keep(store, (over, ()), (some_alert("a", count=2), ()), (some_alert("b"), ()), (some_alert("c", standing=True), ()))
    keep(store, (some_alert("d", standing=True, resolved_ns=START), ()))
    found = {item.fingerprint[0]: item for item in store.seen(["a".ljust(16, "0")], START, COOLDOWN).alerts}
    assert sorted(found) == ["a", "c"]
    assert found["a"].count == 2


@pytest.mark.parametrize(
    ("fields", "seconds", "due"),
    [
        ({"level": "CRITICAL"}, 15 * 60 - 1, False),
        ({"level": "CRITICAL"}, 15 * 60, True),
        ({"level": "CRITICAL", "reminded": 5}, 15 * 60, True),
        ({"level": "CRITICAL", "acked_ns": START}, 15 * 60, False),
        ({"level": "CRITICAL", "resolved_ns": START}, 15 * 60, False),
        ({"level": "ERROR"}, 3_600, True),
        ({"level": "ERROR", "reminded": 1}, 3_600, False),
        ({"level": "WARN"}, 24 * 3_600 - 1, False),
        ({"level": "WARN"}, 24 * 3_600, True),
        ({"level": "INFO"}, 99 * 3_600, False),
        ({"level": "WARN", "withheld": 1}, 299, False),
        ({"level": "WARN", "withheld": 1}, 300, True),
        ({"level": "WARN", "withheld": 1}, -1, True),
        ({"level": "ERROR"}, -1, True),
    ],
)
def test_seen_when_time_passes_then_what_is_due_again(
    store: AlertStore, fields: dict[str, Any], seconds: int, due: bool
) -> None:
    keep(store, (some_alert("a", **fields), ()))
    assert bool(store.seen([], START + seconds * SECOND, COOLDOWN).alerts) is due


def test_seen_then_loads_of_the_hour_around_now_and_failing_channels(store: AlertStore) -> None:
    critical = some_alert("c", "CRITICAL")
    sends = (send(), send("slack", "reminder"), send("slack", "repeat"), send("logs"), send("email", held=START + HOUR))
    keep(store, (critical, sends))
    for now in (START, START + HOUR - 1, START - HOUR + 1):
        found = store.seen([], now, COOLDOWN)
        assert found.load == {"email": Load(sent=1), "slack": Load(sent=2, critical=2)}
    later = store.seen([], START + HOUR, COOLDOWN).load
    assert not any(load.sent for load in later.values())
    (parcel,) = store.take("email", START, 1)
    store.failed("email", [parcel.id], START, "refused", lost=False)
    assert store.seen([], START, COOLDOWN).failing == {"email"}
    store.sent("email", [parcel.id], START)
    assert store.seen([], START, COOLDOWN).failing == frozenset()


def test_take_then_critical_first_then_least_tried_then_oldest_and_each_once(store: AlertStore) -> None:
    keep(store, (some_alert("a"), (send(),)), (some_alert("b"), (send(),)), (some_alert("c", "CRITICAL"), (send(),)))
    (first,) = store.take("email", START, 1)
    assert (first.alert is not None and first.alert.level, first.attempts, first.made_ns) == ("CRITICAL", 0, START)
    (second,) = store.take("email", START, 1)
    store.failed("email", [second.id], START, "busy", lost=False)
    names = [item.alert.message for item in store.take("email", START, 9) if item.alert]
    assert names == ["m b", "m a"]
    assert store.take("email", START, 9) == [] and store.take("slack", START, 9) == []


def test_take_when_the_sender_is_gone_then_again_after_the_release_and_known_as_a_repeat(store: AlertStore) -> None:
    keep(store, (some_alert("a"), (send(),)))
    assert [item.attempts for item in store.take("email", START, 9)] == [0]
    assert store.take("email", START + HOUR, 9) == []
    store.release()
    assert [item.attempts for item in store.take("email", START, 9)] == [1]


def test_sent_then_never_again_and_failed_for_ever_is_lost(store: AlertStore) -> None:
    (one, two) = keep(store, (some_alert("a"), (send(),)), (some_alert("b"), (send(),)))
    first, second = store.take("email", START, 2)
    store.sent("email", [first.id], START + 5)
    store.failed("email", [second.id], START + 6, "550 no such user", lost=True)
    store.release()
    assert store.take("email", START, 9) == []
    (delivery,) = store.deliveries(one.id)
    assert (delivery.state, delivery.sent_ns, delivery.attempts) == ("sent", START + 5, 1)
    (delivery,) = store.deliveries(two.id)
    assert (delivery.state, delivery.error) == ("lost", "550 no such user")
    (health,) = store.health()
    assert (health.channel, health.ok_ns, health.failed_ns, health.failures, health.lost) == (
        "email",
        START + 5,
        START + 6,
        1,
        1,
    )


def test_held_then_only_when_due_open_and_worst_first_and_counted(store: AlertStore) -> None:
    morning = START + 8 * HOUR
    over = some_alert("a", "CRITICAL", resolved_ns=START)
    for item in (over, some_alert("b", "WARN"), some_alert("c"), some_alert("d", "WARN")):
        keep(store, (item, (send(held=morning), send(held=morning))))
    assert store.held(morning - 1, 3) == []
    (held,) = store.held(morning, 3)
    assert (held.channel, held.count, held.unresolved) == ("email", 4, 3)
    assert held.levels == {"CRITICAL": 1, "WARN": 2, "ERROR": 1}
    assert [item.message for item in held.alerts] == ["m c", "m b", "m d"]


def test_held_when_the_clock_was_set_back_by_days_then_due_at_once(store: AlertStore) -> None:
    keep(store, (some_alert("a"), (send(held=START + 100 * HOUR),)))
    assert len(store.held(START, 9)) == 1


def test_digested_then_one_delivery_with_its_words_and_nothing_held(store: AlertStore) -> None:
    (kept, *_) = keep(
        store, (some_alert("a"), (send(held=START + 1),)), (some_alert("b"), (send("slack", held=START + 1),))
    )
    digest = Digest(channel="email", due_ns=START + 1, title="Digest: 1", text="words")
    store.digested([digest], START + 2)
    (parcel,) = store.take("email", START + 2, 9)
    assert (parcel.kind, parcel.title, parcel.text, parcel.alert) == ("digest", "Digest: 1", "words", None)
    assert [item.channel for item in store.held(START + 2, 9)] == ["slack"]
    assert [item.state for item in store.deliveries(kept.id)] == ["digested"]


def test_alerts_when_filtered_then_level_source_state_time_and_limit_apply(store: AlertStore) -> None:
    keep(store, (some_alert("a"), ()), (some_alert("b", "WARN", source="volatility"), ()))
    keep(store, (some_alert("c", acked_ns=START), ()), (some_alert("d", resolved_ns=START, first_ns=START + 5), ()))
    assert [item.message for item in store.alerts()] == ["m d", "m c", "m b", "m a"]
    assert [item.message for item in store.alerts(level="WARN")] == ["m b"]
    assert [item.message for item in store.alerts(source="volatility")] == ["m b"]
    assert [item.message for item in store.alerts(state="open")] == ["m b", "m a"]
    assert [item.message for item in store.alerts(state="acked")] == ["m c"]
    assert [item.message for item in store.alerts(state="resolved")] == ["m d"]
    assert [item.message for item in store.alerts(since_ns=START + 1)] == ["m d"]
    assert len(store.alerts(limit=2)) == 2


def test_counts_then_by_level_and_state_and_acknowledged_counts_as_that(store: AlertStore) -> None:
    keep(
        store,
        (some_alert("a"), ()),
        (some_alert("b", acked_ns=1, resolved_ns=2), ()),
        (some_alert("c", "WARN", resolved_ns=2), ()),
    )
    assert dict(store.counts(START)) == {
        ("ERROR", AlertState.OPEN): 1,
        ("ERROR", AlertState.ACKED): 1,
        ("WARN", AlertState.RESOLVED): 1,
    }
    assert dict(store.counts(START + 1)) == {}


def test_acknowledge_then_who_when_and_why_and_a_second_time_raises(store: AlertStore) -> None:
    (one, two) = keep(store, (some_alert("a", standing=True), ()), (some_alert("b"), ()))
    seen = store.acknowledge(one.id, START + 9, "ada", "on it")
    assert store.alert(one.id) == seen
    assert (seen.state, seen.acked_ns, seen.acked_by, seen.note) == (AlertState.ACKED, START + 9, "ada", "on it")
    assert store.acknowledge(two.id, START + 9, "ada", "").state is AlertState.RESOLVED
    for id in (one.id, two.id):
        with pytest.raises(IllegalMove):
            store.acknowledge(id, START + 10, "bob", "")
    keep(store, (cleared(seen, START), ()))
    with pytest.raises(IllegalMove, match="resolved"):
        store.acknowledge(one.id, START + 10, "bob", "")
    with pytest.raises(KeyError):
        store.acknowledge(99, START, "ada", "")


def test_changed_then_each_alert_once_in_the_order_of_its_newest_change(store: AlertStore) -> None:
    assert store.newest_change() == 0
    (one, _) = keep(store, (some_alert("a"), ()), (some_alert("b"), ()))
    (first, a), (last, b) = store.changed(0, 9)
    assert (a.message, b.message) == ("m a", "m b") and first < last == store.newest_change()
    assert store.changed(last, 9) == []
    assert store.changed(first, 9) == [(last, b)] and store.changed(0, 1) == [(first, a)]
    seen = store.acknowledge(one.id, START, "ada", "")
    ((newer, found),) = store.changed(last, 9)
    assert (newer > last, found, newer) == (True, seen, store.newest_change())


def test_silences_then_until_their_end_or_until_they_are_ended(store: AlertStore) -> None:
    given = Silence(rule="drifted", until_ns=START + HOUR, actor="ada", reason="known", made_ns=START)
    one, two = store.add_silence(given), store.add_silence(given.model_copy(update={"until_ns": START + MINUTE}))
    assert [item.id for item in store.silences(START)] == [two.id, one.id]
    assert store.seen([], START, COOLDOWN).silences == tuple(store.silences(START))
    assert store.end_silence(one.id, START + 5) and not store.end_silence(one.id, START + 5)
    assert [item.id for item in store.silences(START + 5)] == [two.id]
    assert list(store.silences(START + MINUTE)) == []


def test_forget_then_only_what_is_long_over(store: AlertStore) -> None:
    keep(
        store,
        (some_alert("a", resolved_ns=START), (send(),)),
        (some_alert("b"), (send(),)),
        (some_alert("c", resolved_ns=0), ()),
    )
    store.forget(START + KEPT - 1)
    assert len(store.alerts()) == 3
    store.forget(START + KEPT)
    assert [item.message for item in store.alerts()] == ["m c", "m b"]
    assert [item.alert.message for item in store.take("email", START, 9) if item.alert] == ["m b"]


def test_store_when_lost_then_unavailable(tmp_path: Path) -> None:
    opened = SqlStore(tmp_path / "store.db", tmp_path / "audit.head")
    (tmp_path / "store.db").rename(tmp_path / "elsewhere.db")
    with pytest.raises(StoreUnavailable):
        opened.alerts.take("email", START, 1)
    memory = MemoryAlerts()
    memory.fail("gone")
    with pytest.raises(StoreUnavailable, match="gone"):
        memory.take("email", START, 1)


def test_store_when_migrated_then_what_happened_before_is_never_judged(tmp_path: Path) -> None:
    path, head = tmp_path / "store.db", tmp_path / "audit.head"
    opened = SqlStore(path, head)
    for number in (1, 2):
        opened.append_audit(entry(number))
    opened.add_decisions([decision(5)])
    assert opened.alerts.cursor() == Cursor()
    opened.close()
    with sqlite3.connect(path) as connection:
        for table in LATER_TABLES:
            connection.execute(f"DROP TABLE {table}")
        for table, column in product(("positions", "orders", "fills"), ("arm", "test", "epoch")):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.execute("UPDATE alembic_version SET version_num = '0002'")
    connection.close()
    Database(path, upgrade=True).close()
    opened = SqlStore(path, head)
    assert opened.alerts.cursor() == Cursor(record=2, decision_ns=NOW, decision=5)
    opened.close()
