"""A storm of 10,000 alerts in a minute: memory stays bounded, CRITICAL gets through at once, the rest is a digest."""

import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.channels.memory import MemoryChannel
from controller.adapters.clock import ManualClock
from controller.adapters.store.alert_memory import MemoryAlerts
from controller.adapters.store.memory import MemoryStore
from controller.adapters.store.sql import SqlStore
from controller.alerts.lane import BATCH, Lane
from controller.alerts.senders import Sender
from controller.core.alerts.found import Found
from controller.core.alerts.pictures import Surroundings
from schemas.alerting import AlertState
from tests.controller.test_alert_lane import Wakes
from tests.support.alerts import config, folder_in_memory

STORM = 10_000
KIB = 1 << 10


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_in_memory() as made:
        yield made


@pytest.mark.timeout(240)
def test_storm_of_ten_thousand_then_memory_is_bounded_and_critical_gets_through_and_the_rest_is_a_digest(
    folder: Path,
) -> None:
    store = SqlStore(folder / "store.db", folder / "audit.head")
    clock, email, logs = ManualClock(), MemoryChannel(), MemoryChannel(batch=500)
    lane = Lane(
        MemoryStore(),
        store.alerts,
        MemoryAlerts(),
        clock,
        lambda: None,
        Surroundings,
        lambda _: {"email": email, "logs": logs},
        Wakes(),
        config=config(),
    )
    sender = Sender("email", email, [store.alerts], clock.wall_ns)
    logger = Sender("logs", logs, [store.alerts], clock.wall_ns)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for start in range(0, STORM, BATCH):
        for number in range(start, start + BATCH):
            lane.say(Found("hard_limit_violation", (str(number),), {"limit_name": f"limit {number}"}))
        clock.advance(3)
        lane.tick()
        while logger.step(clock.boot_ns() / 1e9) == 0.0:
            logs.messages.clear()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * KIB
    lane.say(Found("critical_record", ("the one",), {"event": "latch.lost", "details": "the one"}))
    began = time.process_time()
    lane.tick()
    sender.step(clock.boot_ns() / 1e9)
    assert [message.title for message in email.messages] == ["latch.lost: the one"]
    assert time.process_time() - began < 10
    while sender.step(clock.boot_ns() / 1e9) == 0.0:
        pass
    assert len(email.messages) == 1 + 100
    clock.advance(3_600)
    lane.tick()
    while sender.step(clock.boot_ns() / 1e9) == 0.0:
        pass
    digests = [message for message in email.messages if message.kind == "digest"]
    assert digests[0].title.startswith(f"Digest: {STORM - 100:d} alerts, {STORM - 100:d} still open")
    assert len(digests[0].text) < 20_000
    assert store.alerts.counts(0)["ERROR", AlertState.OPEN] == STORM
    store.close()
