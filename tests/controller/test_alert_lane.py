"""The lane: from facts to the outbox, over crashes and a lost store."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Any

import pytest

from controller.adapters.clock import ManualClock
from controller.adapters.store.alert_memory import MemoryAlerts
from controller.adapters.store.memory import MemoryStore
from controller.adapters.store.sql import SqlStore
from controller.alert_ports import AlertStore, Channel
from controller.alerts.lane import BATCH, Lane
from controller.alerts.system import Traffic, little_room
from controller.core.alerts.found import Found
from controller.core.alerts.pictures import Surroundings
from controller.errors import StoreUnavailable, Temporary
from schemas.alerting import Cursor
from schemas.alerts import Alerts
from schemas.halts import Halt
from schemas.overview import Overview
from tests.support import policies
from tests.support.alerts import calm, config
from tests.support.stores import decision, entry


@dataclass
class Wakes:
    """Stands for the senders: what they were told."""

    channels: list[str] = field(default_factory=list)
    zone: tzinfo | None = None
    woken: int = 0

    def use(self, channels: Mapping[str, Channel], zone: tzinfo) -> None:
        self.channels, self.zone = sorted(channels), zone

    def wake(self) -> None:
        self.woken += 1


@dataclass
class Rig:
    """A lane over an alert store, with the facts and the picture in the test's hand."""

    alerts: Any
    facts: MemoryStore = field(default_factory=MemoryStore)
    spare: MemoryAlerts = field(default_factory=MemoryAlerts)
    clock: ManualClock = field(default_factory=ManualClock)
    seen: Overview | None = None
    around: Surroundings = field(default_factory=Surroundings)
    wakes: Wakes = field(default_factory=Wakes)
    changes: int = 0
    lane: Lane = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.lane = Lane(
            self.facts,
            self.alerts,
            self.spare,
            self.clock,
            self.picture,
            lambda: self.around,
            channels,
            self.wakes,
            self.count,
            config=config(),
        )
        self.lane.begin()

    def picture(self) -> Overview | None:
        return self.seen

    def count(self) -> None:
        self.changes += 1

    def show(self, *halts: Halt) -> None:
        picture = calm()
        desired = picture.desired
        assert desired is not None
        own = desired.model_copy(update={"alerts": desired.alerts.model_copy(update={"alerts": config()})})
        self.seen = picture.model_copy(update={"desired": own, "halts": halts, "analysis": None, "decisions": ()})

    def tick(self, seconds: float = 1.0) -> bool:
        self.clock.advance(seconds)
        return self.lane.tick()

    def rules(self, store: AlertStore | None = None) -> list[tuple[str, str]]:
        """Rule and state of every alert, oldest first."""
        found = (store or self.alerts).alerts(limit=1_000)
        return [(item.rule, item.state.value) for item in reversed(found)]


def channels(_: Alerts) -> dict[str, Any]:
    return {"email": None, "slack": None}


@pytest.fixture(params=["memory", "sqlite"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    if request.param == "memory":
        yield Rig(MemoryAlerts())
        return
    store = SqlStore(tmp_path / "store.db", tmp_path / "audit.head")
    yield Rig(store.alerts)
    store.close()


def taken(store: AlertStore, channel: str = "slack") -> list[str]:
    return [f"{item.kind} {item.alert.rule if item.alert else item.title}" for item in store.take(channel, 1, 99)]


def test_tick_when_a_halt_opens_and_is_lifted_then_raised_sent_and_resolved(rig: Rig) -> None:
    rig.show(policies.halt(1, reason="fire"))
    rig.tick()
    assert rig.rules() == [("emergency_halt", "open")]
    assert taken(rig.alerts) == ["first emergency_halt"] and rig.wakes.woken == 1 and rig.changes == 1
    rig.show()
    rig.tick()
    assert rig.rules() == [("emergency_halt", "resolved")]
    assert taken(rig.alerts) == ["resolved emergency_halt"]


def test_tick_when_nothing_has_changed_then_nothing_is_written(rig: Rig) -> None:
    rig.show(policies.halt(1))
    rig.tick()
    before = rig.alerts.changed(0, 99)
    for _ in range(5):
        rig.tick()
    assert rig.alerts.changed(0, 99) == before and rig.changes == 1


def test_tick_when_records_and_decisions_come_then_each_once_and_the_cursor_is_behind_them(rig: Rig) -> None:
    rig.show()
    rig.facts.append_audit(entry(1))
    rig.facts.append_audit(entry(2, "latch.lost", level="critical"))
    rig.facts.add_decisions([decision(1), decision(2)])
    rig.tick()
    rig.tick()
    assert rig.rules() == [("critical_record", "open"), ("order_denied", "resolved")]
    assert [item.count for item in rig.alerts.alerts()] == [2, 1]
    cursor = rig.alerts.cursor()
    assert (cursor.record, cursor.decision) == (2, 2)


def test_tick_when_records_say_nothing_then_they_are_passed_all_the_same(rig: Rig) -> None:
    for number in range(BATCH + 1):
        rig.facts.append_audit(entry(number + 1))
    assert rig.tick(0.1) is True
    assert rig.tick(0.1) is False
    assert rig.alerts.cursor().record == BATCH + 1 and rig.rules() == []


def test_lane_when_it_starts_again_then_nothing_is_raised_twice_and_what_was_begun_waits(rig: Rig) -> None:
    rig.show(policies.halt(1))
    rig.facts.append_audit(entry(1, "latch.lost", level="critical"))
    rig.tick()
    assert len(taken(rig.alerts)) == 2 and taken(rig.alerts) == []
    rig.restart()
    rig.tick()
    assert rig.rules() == [("critical_record", "open"), ("emergency_halt", "open")]
    assert len(taken(rig.alerts)) == 2


def test_tick_when_there_is_no_picture_then_what_stands_stays(rig: Rig) -> None:
    rig.show(policies.halt(1))
    rig.tick()
    rig.seen = None
    rig.tick()
    assert rig.rules() == [("emergency_halt", "open")]


def test_tick_when_the_picture_fails_then_records_are_judged_all_the_same(rig: Rig) -> None:
    def fail() -> Overview | None:
        raise Temporary("no pass has ended yet")

    rig.lane.picture = fail
    rig.facts.append_audit(entry(1, "latch.lost", level="critical"))
    rig.tick()
    assert rig.rules() == [("critical_record", "open")]


def test_say_then_an_event_without_a_record(rig: Rig) -> None:
    rig.lane.say(Found("service_started", ("7",), {"pid": "7"}))
    rig.tick()
    rig.tick()
    assert [item.message for item in rig.alerts.alerts()] == ["Service started (pid 7)"]


def test_say_when_a_look_is_under_way_then_judged_with_the_next_one(rig: Rig) -> None:
    late = [Found("service_started", ("8",), {"pid": "8"})]

    def around() -> Surroundings:
        if late:
            rig.lane.say(late.pop())
        return Surroundings()

    rig.lane.around = around
    rig.lane.say(Found("service_started", ("7",), {"pid": "7"}))
    rig.tick()
    assert [item.message for item in rig.alerts.alerts()] == ["Service started (pid 7)"]
    rig.tick()
    assert [item.message for item in rig.alerts.alerts()] == ["Service started (pid 8)", "Service started (pid 7)"]


def test_digest_when_its_time_has_come_then_one_message_of_what_was_held(rig: Rig) -> None:
    rig.show()
    for number in range(3):
        rig.lane.say(Found("soft_limit_warning", (str(number),), {"limit_name": f"limit {number}"}))
    rig.tick()
    assert taken(rig.alerts, "email") == []
    rig.tick(24 * 3_600)
    (words, *_) = taken(rig.alerts, "email")
    assert words == "digest Digest: 3 alerts, 3 still open"


def test_config_when_a_commit_changes_it_then_the_channels_are_made_anew_and_else_not(rig: Rig) -> None:
    rig.tick()
    assert rig.wakes.channels == ["email", "slack"]
    rig.wakes.channels = []
    rig.show()
    rig.tick()
    assert rig.wakes.channels == []
    assert rig.seen is not None and rig.seen.desired is not None
    other = rig.seen.desired.alerts.model_copy(update={"alerts": Alerts()})
    rig.seen = rig.seen.model_copy(update={"desired": rig.seen.desired.model_copy(update={"alerts": other})})
    rig.tick()
    assert rig.wakes.channels == ["email", "slack"]


@dataclass
class Losing:
    """An alert store that can be lost."""

    real: MemoryAlerts
    lost: bool = False

    def __getattr__(self, name: str) -> Any:
        if self.lost:
            raise StoreUnavailable("disk I/O error")
        return getattr(self.real, name)


def test_store_when_lost_then_critical_goes_from_memory_and_what_stood_is_not_sent_again() -> None:
    real = MemoryAlerts()
    rig = Rig(Losing(real))
    rig.show(policies.halt(1))
    rig.tick()
    assert taken(real) == ["first emergency_halt"]
    rig.alerts.lost = True
    rig.tick()
    assert taken(rig.spare) == ["first database_lost"]
    rig.show(policies.halt(1), policies.halt(2))
    rig.tick()
    assert taken(rig.spare) == ["first emergency_halt"]


def test_store_when_it_answers_again_then_the_loss_is_over_and_nothing_comes_twice() -> None:
    real = MemoryAlerts()
    rig = Rig(Losing(real))
    rig.show(policies.halt(1))
    rig.tick()
    rig.alerts.lost = True
    rig.show(policies.halt(1), policies.halt(2))
    rig.tick()
    rig.facts.append_audit(entry(1, "latch.lost", level="critical"))
    rig.alerts.lost = False
    rig.tick()
    assert rig.rules(real) == [
        ("emergency_halt", "open"),
        ("database_lost", "resolved"),
        ("emergency_halt", "open"),
        ("critical_record", "open"),
    ]
    assert "resolved database_lost" in taken(rig.spare)
    assert taken(real) == ["first emergency_halt", "first critical_record"]
    rig.alerts.lost = True
    rig.tick(600)
    assert taken(rig.spare) == ["first database_lost"]


def test_traffic_then_failures_of_five_minutes() -> None:
    now = [0.0]
    traffic = Traffic(lambda: now[0])
    for failed in (True, False, True):
        traffic.note(failed)
    assert traffic.counts() == (2, 3)
    now[0] = 301
    assert traffic.counts() == (0, 0)


def test_little_room_when_the_disk_has_enough_then_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.alerts.system.LITTLE_FREE", 0)
    assert little_room(tmp_path) is None
    monkeypatch.setattr("controller.alerts.system.LITTLE_FREE", 1 << 60)
    assert (little_room(tmp_path) or 0) > 0


def test_cursor_when_nothing_was_judged_then_at_the_beginning(rig: Rig) -> None:
    rig.tick()
    assert rig.alerts.cursor() == Cursor()
