"""The feed: one look for everybody, every answer as old as it says."""

import threading

import pytest

from tests.support.pages_rig import pages_rig
from tests.support.web_rig import WebRig
from web import feed as feeds
from web.feed import NAMES

SECOND = 1_000_000_000


def test_refresh_then_every_name_once_and_the_version_rises() -> None:
    rig = WebRig()
    rig.look()
    assert rig.asked == list(NAMES)
    assert rig.feed.current().version == 1
    assert {item.state for item in rig.feed.current().panels.values()} == {"ok"}


def test_refresh_when_nobody_answers_then_asks_once_and_calls_all_stale() -> None:
    rig = pages_rig()
    rig.asked.clear()
    rig.down = True
    rig.look()
    assert rig.asked == [NAMES[0]]
    assert {item.state for item in rig.feed.current().panels.values()} == {"stale"}


def test_current_when_the_feed_stands_still_then_all_stale_with_the_age() -> None:
    rig = pages_rig()
    rig.now += 6 * SECOND
    panels = rig.feed.current().panels
    assert {item.state for item in panels.values()} == {"stale"}
    assert "has not looked for 6 s" in panels["status"].reason


def test_judged_when_the_reading_is_old_then_stale_though_the_controller_answers() -> None:
    rig = pages_rig()
    rig.now += 30 * SECOND
    rig.feed.refresh()
    panels = rig.feed.current().panels
    assert panels["portfolio.status"].state == "stale"
    assert panels["alerts.list"].state == "ok"


def test_ask_then_the_same_question_is_asked_once_a_second() -> None:
    rig = pages_rig()
    rig.asked.clear()
    for _ in range(3):
        rig.feed.ask("config.show")
    rig.feed.ask("audit.log", limit=5)
    rig.now += SECOND
    rig.feed.ask("config.show")
    assert rig.asked == ["config.show", "audit.log", "config.show"]


def test_refresh_then_what_somebody_just_asked_is_asked_again_before_it_is_shown() -> None:
    rig = pages_rig()
    rig.feed.ask("config.show")
    rig.asked.clear()
    rig.feed.refresh()
    rig.feed.ask("config.show")
    assert rig.asked == [*NAMES, "config.show"]


def test_ask_when_there_is_a_newer_picture_and_nobody_asked_lately_then_asked_again() -> None:
    rig = pages_rig()
    rig.feed.ask("config.show")
    rig.now += SECOND
    rig.feed.refresh()
    rig.asked.clear()
    rig.feed.ask("config.show")
    assert rig.asked == ["config.show"]


def test_refresh_when_much_was_asked_then_the_newest_few_are_asked_again() -> None:
    rig = pages_rig()
    for number in range(1, 2 + feeds.AHEAD):
        rig.now += 1
        rig.feed.ask("audit.log", limit=number)
    rig.asked.clear()
    rig.feed.refresh()
    assert rig.asked == [*NAMES, *["audit.log"] * feeds.AHEAD]
    rig.asked.clear()
    rig.feed.ask("audit.log", limit=1)
    assert rig.asked == ["audit.log"]


def test_ask_when_it_fails_later_then_the_last_answer_stale() -> None:
    rig = pages_rig()
    before = rig.feed.ask("config.show")
    rig.down = True
    rig.now += SECOND
    after = rig.feed.ask("config.show")
    assert (before.state, after.state, after.document) == ("ok", "stale", before.document)


def test_wait_then_returns_with_the_next_picture_and_at_the_end() -> None:
    rig = pages_rig()
    version = rig.feed.current().version
    seen: list[int] = []
    waiter = threading.Thread(target=lambda: seen.append(rig.feed.wait(version, 60.0).version))
    waiter.start()
    rig.look()
    waiter.join(30)
    assert seen == [version + 1]
    rig.feed.stop()
    assert rig.feed.stopped
    assert rig.feed.wait(version + 5, 60.0).version == version + 1


def test_start_when_the_controller_changes_then_looks_without_waiting_for_a_period(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feeds, "WAIT_SECONDS", 25.0)
    rig = WebRig()
    rig.feed.start()
    for _ in range(3):
        version = rig.feed.current().version
        rig.picture.changed()
        assert rig.feed.wait(version, 20.0).version > version
    ending = threading.Thread(target=rig.feed.stop)
    ending.start()
    while ending.is_alive():
        rig.picture.changed()
        ending.join(0.01)


def test_start_when_the_controller_does_not_say_that_it_changes_then_looks_all_the_same() -> None:
    rig = WebRig()
    del rig.dispatcher.methods["picture.wait"]
    rig.feed.start()
    assert rig.feed.wait(1, 30.0).version > 1
    rig.feed.stop()


def test_start_when_an_answer_is_nonsense_then_the_next_look_does_better(caplog: pytest.LogCaptureFixture) -> None:
    rig = WebRig()
    methods, right = rig.dispatcher.methods, rig.dispatcher.methods["picture.wait"]

    def nonsense(_: object) -> dict[str, object]:
        methods["picture.wait"] = right
        return {"number": "none"}

    methods["picture.wait"] = nonsense
    rig.feed.start()
    assert rig.feed.wait(1, 30.0).version > 1
    rig.feed.stop()
    assert "a picture failed" in caplog.text
