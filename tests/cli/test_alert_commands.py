"""``gt risk alerts …`` and ``gt risk watchdog`` as people and scripts run them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.render import alerts as render
from controller.adapters.channels.memory import MemoryChannel
from controller.adapters.clock import ManualClock
from controller.adapters.store.alert_memory import MemoryAlerts
from controller.adapters.store.memory import MemoryStore
from controller.alerts.desk import AlreadySeen, NoSuchAlert, NotAllowed
from controller.errors import ChannelUnavailable, StoreUnavailable
from controller.settings import Settings
from schemas.alerting import AlertState, Send, Step
from tests.support.alert_desk import alert_methods, greenplace_alerts
from tests.support.alerts import config
from tests.support.cli import gt_risk, served
from tests.support.folders import short_folder
from tests.support.greenplace import GreenplaceControl

MINUTE = 60_000_000_000


class Desk:
    """The methods over the alerts of the sample, with what they use."""

    def __init__(self) -> None:
        self.kept, self.audit, self.clock = greenplace_alerts(), MemoryStore(), ManualClock()
        self.email = MemoryChannel()
        settings = Settings(home=Path("/home/op"), operator_name="Op")
        self.call = alert_methods(
            GreenplaceControl(), settings, self.kept, None, self.clock, self.audit, {"email": self.email}
        )

    def __getitem__(self, method: str) -> Any:
        return self.call[f"alerts.{method}"]

    def events(self) -> list[str]:
        """Event, kind and outcome of each audit record, oldest first."""
        return [f"{item.entry.event} {item.entry.kind}{item.entry.outcome}" for item in reversed(self.audit.audit())]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_list_when_filtered_then_those_and_counts_of_all(desk: Desk) -> None:
    found = desk["list"]({"level": "ERROR", "state": "open"})
    assert [item["message"] for item in found["alerts"]] == ["Strategy ml-sentiment-exp halted (20% DD)"]
    assert found["alerts"][0]["strategy"] == "ml-sentiment-exp"
    assert (found["total"], found["pending"], found["acknowledged"]) == (47, 2, 45)
    assert found["attention"] == ["2 alerts of ERROR or CRITICAL not acknowledged"]
    assert len(desk["list"]({"source": "engine", "limit": 99})["alerts"]) == 41


def test_ack_then_who_and_why_is_kept_and_audited_and_desired_state_is_not_asked(desk: Desk) -> None:
    (made,) = desk["ack"]({"ids": [47], "note": "on it"})["alerts"]
    assert (made["state"], made["acked_by"], made["note"]) == ("acked", "Op", "on it")
    assert desk.events() == ["alert.ack intent", "alert.ack outcomedone"]
    assert desk["list"]({})["pending"] == 1


def test_ack_when_over_or_unknown_then_nothing_is_changed(desk: Desk) -> None:
    with pytest.raises(AlreadySeen, match="alert 46 was acknowledged by Op"):
        desk["ack"]({"ids": [46]})
        desk["ack"]({"ids": [46]})
    with pytest.raises(NoSuchAlert, match="there is no alert 99"):
        desk["ack"]({"ids": [47, 99]})
    assert desk["list"]({})["pending"] == 1


def test_ack_when_it_cannot_be_audited_then_not_done(desk: Desk) -> None:
    desk.audit.fail("disk full")
    with pytest.raises(StoreUnavailable):
        desk["ack"]({"ids": [47]})
    alert = desk.kept.alert(47)
    assert alert is not None and alert.state is AlertState.OPEN


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"rule": "emergency_halt"}, "emergency_halt is CRITICAL: only one alert of it can be silenced"),
        ({"rule": "nonsense"}, "there is no rule nonsense"),
        ({"rule": "drifted", "until_ns": 0}, "a silence ends within 30 days"),
        ({"rule": "drifted", "until_ns": 2**62}, "a silence ends within 30 days"),
    ],
)
def test_silence_when_it_may_not_be_then_refused(desk: Desk, params: dict[str, Any], says: str) -> None:
    given = {"until_ns": desk.clock.wall_ns() + MINUTE, "reason": "x", **params}
    with pytest.raises(NotAllowed, match=says):
        desk["silence"](given)
    assert desk["silences"]({}) == {"silences": []}


def test_silence_then_until_its_end_or_until_it_is_ended(desk: Desk) -> None:
    until = desk.clock.wall_ns() + MINUTE
    one = desk["silence"]({"id": 47, "until_ns": until, "reason": "known"})["silence"]
    desk["silence"]({"rule": "drifted", "until_ns": until, "reason": "known"})
    assert len(desk["silences"]({})["silences"]) == 2
    assert len(desk["unsilence"]({"id": one["id"]})["silences"]) == 1
    with pytest.raises(NoSuchAlert):
        desk["unsilence"]({"id": one["id"]})
    desk.clock.advance(61)
    assert desk["silences"]({}) == {"silences": []}


def test_test_then_the_channel_takes_it_or_says_why_not(desk: Desk) -> None:
    assert desk["test"]({"channel": "email"})["taken"]
    assert desk.email.messages[0].kind == "test"
    desk.email.fail(ChannelUnavailable("login refused (535)"))
    assert desk["test"]({"channel": "email"}) == {
        "channel": "email",
        "taken": False,
        "said": "login refused (535)",
        "hint": "",
    }
    assert "not enabled" in desk["test"]({"channel": "slack"})["said"]
    assert desk["test"]({"channel": "dashboard"})["taken"]


def test_feed_then_what_changed_and_where_to_go_on(desk: Desk) -> None:
    newest = desk["feed"]({})["newest"]
    assert desk["feed"]({"after": 0})["alerts"][-1]["change"] == newest
    assert desk["feed"]({"after": newest, "wait": 0}) == {"newest": newest, "alerts": []}
    desk["ack"]({"ids": [47]})
    found = desk["feed"]({"after": newest, "wait": 20})
    assert [(item["id"], item["change"]) for item in found["alerts"]] == [(47, found["newest"])]
    assert found["newest"] > newest


def test_show_then_what_was_sent_of_it_and_what_the_server_said(desk: Desk) -> None:
    alert = desk.kept.alert(47)
    assert alert is not None
    send = Send(channel="email", kind="first", due_ns=alert.first_ns)
    desk.kept.keep([Step(alert=alert, sends=(send,))], desk.kept.cursor(), alert.first_ns)
    (parcel,) = desk.kept.take("email", 1, 1)
    desk.kept.failed("email", [parcel.id], 2, "550 no such user", lost=True)
    text = "\n".join(render.show(desk["show"]({"id": 47})))
    assert "Alert 47: CRITICAL from emergency" in text and "open, nobody has acknowledged it" in text
    assert "email" in text and "lost" in text and "550 no such user" in text
    desk["ack"]({"ids": [47], "note": "on it"})
    assert "acknowledged by Op at 2026-01-19 10:23:45" in "\n".join(render.show(desk["show"]({"id": 47})))


def test_config_when_a_channel_fails_or_is_silenced_then_said(desk: Desk) -> None:
    settings = Settings(home=Path("/home/op"))
    call = alert_methods(GreenplaceControl(), settings, desk.kept, config(), desk.clock)
    desk.kept.failed("email", [], 1, "timed out", lost=False)
    until = desk.clock.wall_ns() + MINUTE
    call["alerts.silence"]({"rule": "drifted", "until_ns": until, "reason": "known"})
    found = call["alerts.config"]({})
    assert found["attention"] == ["channel email fails: timed out"]
    assert found["channels"]["slack"]["webhook_url"] == "env:HOOK"
    text = "\n".join(render.config(found))
    assert "Failing, 1 times in a row: timed out" in text and "rule drifted" in text
    assert len(render.rules(found)) == len(found["rules"]) + 1


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with short_folder() as folder, served(GreenplaceControl(), folder, greenplace_alerts()):
        yield folder


def test_commands_then_text_json_and_exit_codes(home: Path) -> None:
    ran = gt_risk(home, "alerts", "list", "--since", "2026-01-19", "--level", "critical")
    assert (ran.code, "2026-01-19 10:23:45  CRITICAL" in ran.out) == (3, True)
    assert gt_risk(home, "alerts", "show", "99").code == 1
    assert gt_risk(home, "alerts", "ack", "47", "-r", "seen").out.startswith("✓ Alert 47 acknowledged")
    again = gt_risk(home, "alerts", "ack", "47", "--json")
    assert (again.code, again.document["ok"]) == (0, True)
    assert gt_risk(home, "alerts", "silence", "47").code == 2
    made = gt_risk(home, "alerts", "silence", "47", "--for", "2h", "-r", "known")
    assert made.code == 0 and "--end 1" in made.out
    assert "known" in gt_risk(home, "alerts", "silence").out
    assert gt_risk(home, "alerts", "silence", "--end", "1").out == "No silence is in force.\n"
    assert gt_risk(home, "alerts", "silence", "--rule", "service_down", "--for", "1h", "-r", "x").code == 2
    assert gt_risk(home, "alerts", "test", "slack", "--json").code == 1


def test_feed_when_the_store_is_lost_then_unavailable() -> None:
    kept = MemoryAlerts()
    call = alert_methods(GreenplaceControl(), Settings(home=Path("/home/op")), kept)
    kept.fail("gone")
    with pytest.raises(StoreUnavailable):
        call["alerts.feed"]({"after": 0})


def test_list_json_then_it_holds_every_alert_whole(desk: Desk) -> None:
    document = json.loads(json.dumps(desk["list"]({"limit": 1})))
    assert {"id", "level", "source", "message", "state", "first", "rule", "count"} <= document["alerts"][0].keys()


def test_list_when_verbose_then_with_the_number_that_ack_takes_and_the_state(home: Path) -> None:
    ran = gt_risk(home, "alerts", "list", "--since", "2026-01-19", "-v")
    header, *rows = ran.out.splitlines()[2:9]
    assert header.split() == ["N", "Time", "Level", "State", "Source", "Message"]
    assert rows[1].startswith("46  2026-01-19 10:05:45  ERROR     open      strategy")
    assert "Pending: " in ran.out
