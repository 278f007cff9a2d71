"""The lane and its senders as threads: start, a defect, stop; and the feed."""

import threading
from collections.abc import Callable

from controller.adapters.channels.memory import MemoryChannel
from controller.adapters.clock import SystemClock
from controller.adapters.store.alert_memory import MemoryAlerts
from controller.adapters.store.memory import MemoryStore
from controller.alerts.lane import Lane
from controller.alerts.senders import Senders
from controller.alerts.service import AlertService, Feed
from controller.core.alerts.pictures import Surroundings
from schemas.alerting import Cursor, Step
from schemas.overview import Overview
from tests.support.alerts import START, config, some_alert
from tests.support.inbox import eventually


def made(kept: MemoryAlerts, logs: MemoryChannel, picture: Callable[[], Overview | None]) -> AlertService:
    clock = SystemClock()
    senders = Senders([kept], clock.wall_ns)
    lane = Lane(
        MemoryStore(),
        kept,
        MemoryAlerts(),
        clock,
        picture,
        Surroundings,
        lambda _: {"logs": logs},
        senders,
        config=config(),
    )
    return AlertService(lane, senders, 7)


def rules(kept: MemoryAlerts) -> list[str]:
    return [item.rule for item in reversed(kept.alerts())]


def test_service_when_started_and_stopped_then_both_are_told() -> None:
    kept, logs = MemoryAlerts(), MemoryChannel(batch=9)
    service = made(kept, logs, lambda: None)
    service.start()
    eventually(lambda: [message.title for message in logs.messages] == ["Service started (pid 7)"], "its start")
    service.stop()
    service.stop()
    assert rules(kept) == ["service_started", "service_stopped"]


def test_service_when_a_look_has_a_defect_then_the_next_one_looks_again() -> None:
    left = [True, True]

    def picture() -> Overview | None:
        if left:
            left.pop()
            raise RuntimeError("a defect")
        return None

    kept = MemoryAlerts()
    service = made(kept, MemoryChannel(), picture)
    service.start()
    eventually(lambda: rules(kept) == ["service_started"], "it looks again")
    service.stop()


def test_service_when_the_store_is_lost_at_its_start_then_it_begins_when_that_is_back() -> None:
    kept = MemoryAlerts()
    kept.fail("gone")
    service = made(kept, MemoryChannel(), lambda: None)
    service.start()
    kept.fail("")
    eventually(lambda: bool(kept.alerts()), "it has begun")
    service.stop()


def test_feed_when_nothing_has_changed_then_it_waits_for_the_next_change() -> None:
    kept = MemoryAlerts()
    feed, found = Feed(kept), list[str]()
    waiting = threading.Thread(target=lambda: found.extend(item.message for _, item in feed.after(0, 20)))
    waiting.start()
    kept.keep([Step(alert=some_alert("a"))], Cursor(), START)
    while waiting.is_alive():
        feed.notify()
        waiting.join(0.01)
    assert found == ["m a"]
    assert (feed.newest(), feed.after(1, 0)) == (1, [])
