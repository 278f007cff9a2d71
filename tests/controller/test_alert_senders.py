"""Senders: retry, backoff, repeats that are marked, and channels that do not hold each other up."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.channels.memory import MemoryChannel
from controller.adapters.store.alert_memory import MemoryAlerts
from controller.alerts.senders import MOST_SECONDS, REFUSALS, Sender, Senders
from controller.errors import ChannelRefused, ChannelUnavailable, StoreUnavailable
from schemas.alerting import Alert, Cursor, Message, Send, Step
from tests.support.alerts import START
from tests.support.inbox import eventually


def filled(*names: str, channel: str = "email", level: str = "CRITICAL") -> MemoryAlerts:
    store = MemoryAlerts()
    add(store, *names, channel=channel, level=level)
    return store


def add(store: MemoryAlerts, *names: str, channel: str = "email", level: str = "CRITICAL") -> None:
    times = {"first_ns": START, "last_ns": START, "sent_ns": START, "rule": "drifted", "source": "engine"}
    for name in names:
        given = {"fingerprint": name.ljust(16, "0"), "level": level, "message": name, **times}
        send = Send(channel=channel, kind="first", due_ns=START)
        store.keep([Step(alert=Alert.model_validate(given), sends=(send,))], Cursor(), START)


def sender(channel: Any, *stores: Any, spread: float = 1.0) -> Sender:
    return Sender("email", channel, stores, lambda: START, spread=lambda: spread)


def titles(channel: MemoryChannel) -> list[str]:
    return [message.title for message in channel.messages]


def test_step_when_something_waits_then_sent_once_and_known_as_sent() -> None:
    store, channel = filled("a", "b"), MemoryChannel()
    one = sender(channel, store)
    assert (one.step(0), one.step(0), one.step(0)) == (0.0, 0.0, 1.0)
    assert titles(channel) == ["a", "b"] and not any(message.duplicate for message in channel.messages)
    assert [item.state for id in (1, 2) for item in store.deliveries(id)] == ["sent", "sent"]


def test_step_when_the_channel_fails_then_it_rests_longer_each_time_and_the_next_one_is_marked() -> None:
    store, channel = filled("a"), MemoryChannel()
    channel.fail(ChannelUnavailable("down", retry_after=0))
    one, now, waits = sender(channel, store), 0.0, []
    for _ in range(12):
        one.step(now)
        waits.append(one.not_before - now)
        assert one.step(now) == min(1.0, waits[-1])
        now = one.not_before
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert store.health()[0].failures == one.failures == 12 and one.problem == "down"
    channel.fail(None)
    assert one.step(now) == 0
    assert channel.messages[0].duplicate and one.failures == 0 and one.not_before == 0


def test_step_when_taken_then_told_how_long_after_its_alert_and_nothing_of_what_failed() -> None:
    channel, told = MemoryChannel(), list[tuple[float, str]]()
    later = START + 2_500_000_000
    one = Sender("email", channel, [filled("a")], lambda: later, delivered=lambda *found: told.append(found))
    channel.fail(ChannelUnavailable("down", retry_after=0))
    one.step(0)
    assert told == []
    channel.fail(None)
    one.step(one.not_before)
    assert told == [(2.5, "email")]


@given(st.floats(0, 0.999), st.integers(1, 40))
def test_backoff_when_jittered_then_between_half_and_the_whole(spread: float, times: int) -> None:
    channel = MemoryChannel()
    channel.fail(ChannelUnavailable("down", retry_after=0))
    one, now = sender(channel, filled("a"), spread=spread), 0.0
    for number in range(times):
        one.step(now)
        whole = min(MOST_SECONDS, 2.0**number)
        assert whole / 2 <= one.not_before - now <= whole + 1e-6
        now = one.not_before


def test_step_when_the_server_says_how_long_then_at_least_that_long() -> None:
    channel = MemoryChannel()
    channel.fail(ChannelUnavailable("429", retry_after=17))
    one = sender(channel, filled("a"))
    one.step(100)
    assert one.not_before == 117


def test_step_when_refused_for_ever_then_offered_three_times_and_the_others_arrive() -> None:
    store = filled("poison", "b", "c")

    class Picky(MemoryChannel):
        def send(self, messages: Sequence[Message]) -> None:
            if messages[0].title == "poison":
                raise ChannelRefused("554 spam")
            super().send(messages)

    channel, now = Picky(), 0.0
    one = sender(channel, store)
    for _ in range(2 * REFUSALS + 2):
        one.step(now)
        now = max(now, one.not_before)
    assert titles(channel) == ["b", "c"]
    (lost,) = store.deliveries(1)
    assert (lost.state, lost.attempts, lost.error) == ("lost", REFUSALS, "554 spam")


def test_step_when_the_channel_has_a_defect_then_a_failure_and_nothing_is_lost() -> None:
    class Broken(MemoryChannel):
        def send(self, messages: Sequence[Message]) -> None:
            raise RuntimeError("a secret may be in here")

    store = filled("a")
    one = sender(Broken(), store)
    one.step(0)
    assert one.problem == "RuntimeError in the channel" and store.deliveries(1)[0].state == "waiting"


def test_step_when_the_store_is_lost_then_the_spare_is_sent() -> None:
    store, spare, channel = filled("a"), filled("b"), MemoryChannel()
    store.fail("gone")
    one = sender(channel, store, spare)
    one.step(0)
    assert titles(channel) == ["b"] and one.failures == 0


def test_step_when_the_store_is_lost_after_the_send_then_noted_later_and_not_sent_again() -> None:
    store, lost = filled("a"), [True]

    class Losing(MemoryChannel):
        def send(self, messages: Sequence[Message]) -> None:
            super().send(messages)
            store.fail("gone" if lost.pop() else "")

    channel = Losing()
    one = sender(channel, store)
    assert one.step(0) == 1.0
    store.fail("")
    assert one.step(0) == 1.0
    assert titles(channel) == ["a"] and store.deliveries(1)[0].state == "sent"


def test_message_when_a_process_died_before_it_was_noted_then_it_comes_again_marked() -> None:
    store, channel = filled("a"), MemoryChannel()

    class Dying(MemoryChannel):
        def send(self, messages: Sequence[Message]) -> None:
            super().send(messages)
            raise SystemExit

    first = Dying()
    with pytest.raises(SystemExit):
        sender(first, store).step(0)
    store.release()
    sender(channel, store).step(0)
    assert [item.duplicate for item in (*first.messages, *channel.messages)] == [False, True]
    assert first.messages[0].id == channel.messages[0].id


@dataclass
class Hanging:
    """Takes nothing until it is let go."""

    batch: int = 1
    entered: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def send(self, messages: Sequence[Message]) -> None:
        self.entered.set()
        assert self.go.wait(60)


def test_senders_when_one_channel_hangs_then_the_others_go_on_and_stop_does_not_wait() -> None:
    store = filled("a")
    add(store, "b", channel="slack")
    hanging, slack = Hanging(), MemoryChannel()
    running = Senders([store], lambda: START)
    running.use({"email": hanging, "slack": slack}, UTC)
    assert hanging.entered.wait(30)
    eventually(lambda: titles(slack) == ["b"], "slack has it")
    running.stop()
    hanging.go.set()


def test_senders_when_channels_change_then_the_new_one_is_tried_at_once_and_a_gone_one_never() -> None:
    store, old, new = filled("a"), MemoryChannel(), MemoryChannel()
    old.fail(ChannelUnavailable("down", retry_after=300))
    running = Senders([store], lambda: START)
    running.use({"email": old}, UTC)
    eventually(lambda: running.failing(1) == {"email": "down"}, "it has failed")
    assert running.failing(3) == {}
    running.use({"email": new}, UTC)
    eventually(lambda: titles(new) == ["a"], "the new one has it")
    running.use({}, UTC)
    add(store, "c")
    running.wake()
    assert titles(new) == ["a"] and running.failing(1) == {}
    running.stop()


def test_senders_when_the_store_is_unreadable_then_the_thread_lives_on() -> None:
    store, channel = filled("a"), MemoryChannel()
    store.fail("gone")
    running = Senders([store], lambda: START)
    running.use({"email": channel}, UTC)
    with pytest.raises(StoreUnavailable):
        store.take("email", START, 1)
    store.fail("")
    running.wake()
    eventually(lambda: titles(channel) == ["a"], "it is sent when the store is back")
    running.stop()
