"""The digests from the fact to a real inbox: store, lane and sender as they are, on a clock that the test moves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controller.adapters.channels.smtp import SmtpChannel
from controller.adapters.clock import ManualClock
from controller.adapters.store.alert_memory import MemoryAlerts
from controller.adapters.store.sql import SqlStore
from controller.alert_ports import AlertStore, Channel
from controller.alerts.lane import Lane
from controller.alerts.senders import Sender
from controller.core.alerts.pictures import Surroundings
from schemas.alerts import Alerts
from schemas.halts import Halt
from tests.support import policies
from tests.support.alerts import calm, config, quiet
from tests.support.inbox import Inbox, inbox
from tests.support.stores import entry

ZONE = ZoneInfo("America/New_York")
NIGHT = quiet("22:00", "07:00", "America/New_York")
ALICE, BOB = (f"strategy:{uid}" for uid in policies.UIDS[:2])


@dataclass
class Now:
    """Sends in the thread that wakes it."""

    stores: Sequence[AlertStore]
    clock: ManualClock
    senders: list[Sender] = field(default_factory=list)

    def use(self, channels: Mapping[str, Channel], zone: tzinfo) -> None:
        self.senders = [Sender(name, one, self.stores, self.clock.wall_ns, zone) for name, one in channels.items()]

    def wake(self) -> None:
        for sender in self.senders:
            while sender.step(self.clock.boot_ns() / 1e9) == 0.0:
                pass
            assert sender.problem == ""


class Post:
    """A lane whose e-mail goes to ``mails``; ``see`` lets time pass until ``HH:MM`` in ``ZONE``, then looks."""

    def __init__(self, store: SqlStore, mails: Inbox, document: Alerts) -> None:
        self.store, self.mails, self.clock = store, mails, ManualClock()
        email = document.channels.email.model_copy(update={"smtp_server": "127.0.0.1", "port": mails.port})
        self.config = document.model_copy(update={"channels": document.channels.model_copy(update={"email": email})})
        self.picture = calm()
        sending = Now([store.alerts], self.clock)
        channels: dict[str, Channel] = {"email": SmtpChannel(email)}
        self.lane = Lane(
            store,
            store.alerts,
            MemoryAlerts(),
            self.clock,
            lambda: self.picture,
            Surroundings,
            lambda _: channels,
            sending,
        )

    def see(self, at: str, *halts: Halt) -> list[str]:
        """Subjects of what has come since the look before."""
        desired = self.picture.desired
        assert desired is not None
        own = desired.model_copy(update={"alerts": desired.alerts.model_copy(update={"alerts": self.config})})
        told: dict[str, Any] = {"desired": own, "halts": halts, "analysis": None, "decisions": ()}
        self.picture = self.picture.model_copy(update=told)
        before, now = len(self.mails.mails), datetime.fromtimestamp(self.clock.wall_ns() // 10**9, ZONE)
        hour, minute = map(int, at.split(":"))
        seconds = (now.replace(hour=hour, minute=minute, second=0) - now).total_seconds()
        self.clock.advance(seconds % 86_400)
        self.lane.tick()
        return [subject.strip() for subject in self.mails.subjects[before:]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    opened = SqlStore(tmp_path / "store.db", tmp_path / "audit.head")
    yield opened
    opened.close()


def lines(mails: Inbox) -> list[str]:
    """The newest mail's text."""
    return str(mails.mails[-1].get_content()).splitlines()


def test_quiet_hours_when_they_end_then_one_mail_has_what_waited_and_the_open_problems_first(store: SqlStore) -> None:
    fire, slow, over = policies.halt(1, reason="fire"), policies.halt(2, ALICE), policies.halt(3, BOB, reason="brief")
    with inbox() as mails:
        post = Post(store, mails, config(quiet_hours=NIGHT))
        store.append_audit(entry(1, "gate.limits", kind="outcome", outcome="failed", details="no answer"))
        assert post.see("23:30", over) == []
        assert post.see("23:40") == []
        assert post.see("02:10", slow) == []
        assert post.see("03:00", slow, fire) == ["[gt-risk CRITICAL] Emergency halt triggered: fire"]
        critical = store.alerts.alerts(level="CRITICAL")[0]
        store.alerts.acknowledge(critical.id, post.clock.wall_ns(), "op", "")
        assert post.see("06:59", slow, fire) == []
        assert post.see("07:00", slow, fire) == ["[gt-risk INFO] Digest: 3 alerts, 2 still open"]
        text = lines(mails)
        assert post.see("07:05", slow, fire) == []
    assert text == [
        "Held back: 3 alerts (3 error).",
        "",
        "Open:",
        "  #1 2026-01-19 23:30:00 EST ERROR     audit: gate.limits by Ada ended as failed: no answer",
        "  #3 2026-01-20 02:10:00 EST ERROR     strategy: Strategy aaaaaaaa halted: no reason given yet",
        "",
        "Over:",
        "  #2 2026-01-19 23:30:00 EST ERROR     strategy: Strategy bbbbbbbb halted: brief",
    ]


def test_warn_when_it_is_day_then_it_waits_for_the_daily_mail_and_an_error_does_not(store: SqlStore) -> None:
    with inbox() as mails:
        post = Post(store, mails, config(quiet_hours=NIGHT | {"enabled": False}))
        store.append_audit(entry(1, "config.refused", audit_id="push", details="not signed"))
        assert post.see("09:00", policies.halt(2, ALICE)) == [
            "[gt-risk ERROR] Strategy aaaaaaaa halted: no reason given yet"
        ]
        store.append_audit(entry(2, "config.refused", audit_id="push", details="again"))
        assert post.see("18:00") == ["[gt-risk ERROR] Resolved: Strategy aaaaaaaa halted: no reason given yet"]
        assert post.see("06:59") == []
        assert post.see("07:00") == ["[gt-risk INFO] Digest: 1 alert, 1 still open"]
        text = lines(mails)
        assert post.see("07:00") == []
    assert text == [
        "Held back: 1 alert (1 warn).",
        "",
        "Open:",
        "  #1 2026-01-19 09:00:00 EST WARN      config: A push was refused: not signed (2 times)",
    ]
