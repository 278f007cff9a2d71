"""The watchdog without a service: it keeps, cools down, reminds, and sends when there is no store too."""

from datetime import UTC
from pathlib import Path

from controller.adapters.channels.memory import MemoryChannel
from controller.adapters.clock import ManualClock
from controller.adapters.store.alert_memory import MemoryAlerts
from controller.alerts.watchdog import Told, recall, remember, watch
from controller.errors import ChannelUnavailable
from schemas.alerting import Cursor, Send, Step
from tests.support.alerts import START, config, some_alert


class Site:
    """A store, a channel and a clock."""

    def __init__(self) -> None:
        self.store, self.email, self.clock = MemoryAlerts(), MemoryChannel(), ManualClock(START)

    def run(self, store: MemoryAlerts | None = None) -> Told:
        return watch(["controller"], config(), UTC, {"email": self.email}, store, MemoryAlerts(), self.clock)


def test_watch_when_the_service_stays_down_then_told_once_and_reminded_after_15_minutes() -> None:
    site = Site()
    assert site.run(site.store).sent == {"email": 1}
    assert site.email.messages[0].title == "Service down: controller"
    site.clock.advance(60)
    assert site.run(site.store).sent == {}
    site.clock.advance(15 * 60)
    assert site.run(site.store).sent == {"email": 1}
    assert site.email.messages[1].title == "Not acknowledged: Service down: controller"


def test_watch_when_there_is_no_store_or_it_is_lost_then_sent_all_the_same() -> None:
    site = Site()
    assert site.run(None).sent == {"email": 1}
    site.store.fail("disk I/O error")
    told = site.run(site.store)
    assert (told.sent, told.problems, told.store) == ({"email": 1}, [], "disk I/O error")


def test_watch_when_there_is_no_store_then_the_next_run_knows_and_reminds_after_15_minutes(tmp_path: Path) -> None:
    site, path, counts = Site(), tmp_path / "told.json", []
    for seconds in (0, 60, 14 * 60, 60):
        site.clock.advance(seconds)
        spare = MemoryAlerts()
        recall(spare, path, site.clock.wall_ns())
        told = watch(["controller"], config(), UTC, {"email": site.email}, None, spare, site.clock)
        remember(spare, path)
        counts.append(told.sent.get("email", 0))
    assert counts == [1, 0, 1, 0]
    assert [item.title.partition(":")[0] for item in site.email.messages] == ["Service down", "Not acknowledged"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_recall_when_the_file_is_damaged_then_told_anew(tmp_path: Path) -> None:
    path, spare = tmp_path / "told.json", MemoryAlerts()
    path.write_text("{")
    recall(spare, path, START)
    assert spare.alerts(limit=1) == []


def test_watch_when_the_dead_service_left_something_to_send_then_sent_too_and_marked() -> None:
    site = Site()
    send = Send(channel="email", kind="first", due_ns=START)
    site.store.keep([Step(alert=some_alert("a"), sends=(send,))], Cursor(), START)
    site.store.take("email", START, 1)
    assert site.run(site.store).sent == {"email": 2}
    assert [(item.title, item.duplicate) for item in site.email.messages] == [
        ("Service down: controller", False),
        ("m a", True),
    ]


def test_watch_when_the_channel_fails_then_said_and_what_waits_is_kept() -> None:
    site = Site()
    site.email.fail(ChannelUnavailable("connection refused"))
    told = site.run(site.store)
    assert (told.sent, told.problems) == ({}, ["email: connection refused"])
    site.email.fail(None)
    assert site.run(site.store).sent == {"email": 1}
    assert site.email.messages[0].duplicate
