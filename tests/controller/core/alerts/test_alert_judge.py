"""What becomes of findings: the life of an alert and what is sent of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.alerts import machine
from controller.core.alerts.machine import TABLE, IllegalMove, acknowledged, cleared, next_state
from schemas.alerting import AlertState, Load, Silence
from schemas.alerts import RateLimiting
from tests.support.alerts import HOUR, MINUTE, SECOND, START, World, config, held, one_of, pushed, quiet

BOTH = [("email", "first"), ("slack", "first")]
MORNING = START - (10 * HOUR + 23 * MINUTE + 45 * SECOND) + 7 * HOUR + 24 * HOUR
NIGHT = START + 13 * HOUR


def test_critical_when_new_then_sent_at_once_on_every_channel() -> None:
    assert pushed(World().look(one_of("CRITICAL"))) == BOTH


def test_error_when_its_rule_has_no_chat_then_only_by_mail_and_log() -> None:
    sends = World().look(one_of("ERROR"))
    assert [send.channel for send in sends] == ["logs", "email"]


def test_info_when_an_event_then_over_at_once_and_logged() -> None:
    world = World()
    sends = world.look(one_of("INFO"))
    assert world.newest.state is AlertState.RESOLVED
    assert [send.channel for send in sends] == ["logs"]


def test_warn_then_only_in_the_daily_digest_by_mail() -> None:
    sends = World().look(one_of("WARN"))
    assert pushed(sends) == [] and held(sends) == [("email", MORNING)]


def test_event_when_repeated_in_the_cooldown_then_counted_and_summed_up_after_it() -> None:
    world = World()
    world.look(one_of("ERROR"))
    assert [world.look(one_of("ERROR"), seconds=10) for _ in range(3)] == [[], [], []]
    assert (world.newest.count, world.newest.withheld) == (4, 3)
    sends = world.look(seconds=300)
    assert pushed(sends) == [("email", "repeat")]
    assert sends[0].note == "3 more since it was last sent"
    assert (world.newest.withheld, len(world.alerts)) == (0, 1)


def test_event_when_repeated_after_the_cooldown_then_sent_again() -> None:
    world = World()
    world.look(one_of("ERROR"))
    assert pushed(world.look(one_of("ERROR"), seconds=301)) == [("email", "repeat")]


def test_standing_when_it_goes_on_then_one_alert_and_nothing_more() -> None:
    world = World()
    world.look(one_of("ERROR", standing=True))
    assert world.look(one_of("ERROR", standing=True), seconds=400) == []
    assert world.newest.count == 1


def test_standing_when_its_cause_is_gone_then_resolved_and_told() -> None:
    world = World()
    world.look(one_of("ERROR", standing=True))
    sends = world.look(seconds=5)
    assert world.newest.state is AlertState.RESOLVED
    assert pushed(sends) == [("email", "resolved"), ("slack", "resolved")]


def test_standing_when_its_cause_cannot_be_looked_for_then_it_stays() -> None:
    world = World()
    world.look(one_of("ERROR", standing=True))
    assert world.look(seconds=5, judged=()) == []
    assert world.newest.state is AlertState.OPEN


def test_standing_when_it_flaps_then_one_alert_and_told_once_the_cooldown_is_over() -> None:
    world, flap = World(), one_of("ERROR", standing=True)
    world.look(flap)
    over = []
    for _ in range(5):
        over.append(pushed(world.look(seconds=10)))
        assert pushed(world.look(flap, seconds=10)) == []
    assert over == [[("email", "resolved"), ("slack", "resolved")], [], [], [], []]
    assert (len(world.alerts), world.newest.count, world.newest.withheld) == (1, 6, 5)
    assert pushed(world.look(flap, seconds=300)) == [("email", "repeat"), ("slack", "repeat")]
    assert pushed(world.look(seconds=10)) == [("email", "resolved"), ("slack", "resolved")]


def test_event_when_acknowledged_then_over_and_the_next_one_is_new_after_the_cooldown() -> None:
    world = World()
    world.look(one_of("ERROR"))
    world.alerts[-1] = acknowledged(world.newest, world.now, "ada", "seen")
    assert world.newest.state is AlertState.RESOLVED
    assert pushed(world.look(one_of("ERROR"), seconds=301)) == [("email", "first")]
    assert len(world.alerts) == 2


def test_event_when_it_comes_again_right_after_the_acknowledgement_then_open_again() -> None:
    world = World()
    world.look(one_of("ERROR"))
    world.alerts[-1] = acknowledged(world.newest, world.now, "ada", "seen")
    assert pushed(world.look(one_of("ERROR"), seconds=10)) == []
    assert (world.newest.state, world.newest.acked_by) == (AlertState.OPEN, "")


@pytest.mark.parametrize(("level", "minutes", "times"), [("CRITICAL", 15, 4), ("ERROR", 60, 1), ("WARN", 24 * 60, 1)])
def test_unacknowledged_when_its_time_is_over_then_sent_again(level: str, minutes: int, times: int) -> None:
    world = World()
    world.look(one_of(level, standing=True))
    standing, found = one_of(level, standing=True), 0
    for _ in range(4):
        assert not [send for send in world.look(standing, seconds=minutes * 60 - 1) if send.kind == "reminder"]
        found += any(send.kind == "reminder" for send in world.look(standing, seconds=1))
    assert (found, world.newest.reminded) == (times, times)


def test_acknowledged_when_its_time_is_over_then_not_sent_again() -> None:
    world, found = World(), one_of("CRITICAL", standing=True)
    world.look(found)
    world.alerts[-1] = acknowledged(world.newest, world.now, "ada", "")
    assert world.newest.state is AlertState.ACKED
    assert world.look(found, seconds=3_600) == []


def test_quiet_hours_then_errors_wait_for_the_morning_and_critical_does_not() -> None:
    world = World(config(quiet_hours=quiet("22:00", "07:00")), now=NIGHT)
    assert held(world.look(one_of("ERROR"))) == [("email", MORNING)]
    assert pushed(world.look(one_of("CRITICAL"))) == BOTH


def test_quiet_hours_when_not_buffered_then_sent() -> None:
    world = World(config(quiet_hours={**quiet("22:00", "07:00"), "buffer_non_critical": False}), now=NIGHT)
    assert pushed(world.look(one_of("ERROR"))) == [("email", "first")]


def test_rate_when_reached_then_the_rest_waits_for_the_full_hour_and_critical_does_not() -> None:
    world = World(config(rate_limiting=RateLimiting(max_per_hour=2)))
    sends = world.look(*(one_of("ERROR", key=str(number)) for number in range(4)))
    full = START // HOUR * HOUR + HOUR
    assert (len(pushed(sends)), held(sends)) == (2, [("email", full)] * 2)
    world.load = {"email": Load(sent=100), "slack": Load(sent=100, critical=100)}
    assert pushed(world.look(one_of("CRITICAL"))) == BOTH


def test_rate_when_critical_repeats_beyond_it_then_they_wait_and_a_new_one_does_not() -> None:
    world = World(config(rate_limiting=RateLimiting(max_critical_per_hour=3, duplicate_cooldown_minutes=0)))
    world.look(one_of("CRITICAL"))
    world.load = {"slack": Load(sent=3, critical=3)}
    sends = world.look(one_of("CRITICAL"), seconds=1)
    assert ("slack", START // HOUR * HOUR + HOUR) in held(sends)
    assert pushed(world.look(one_of("CRITICAL", key="new"), seconds=1)) == BOTH


def test_channel_when_it_fails_then_only_critical_queues_for_it() -> None:
    world = World(failing=frozenset({"email"}))
    assert [channel for channel, _ in held(world.look(one_of("ERROR")))] == ["email"]
    assert pushed(world.look(one_of("CRITICAL"))) == BOTH


def silence(**names: str) -> Silence:
    return Silence.model_validate(
        {"until_ns": START + HOUR, "actor": "ada", "reason": "known", "made_ns": START, **names}
    )


def test_silence_of_a_rule_then_nothing_is_pushed_until_its_end() -> None:
    world = World(silences=(silence(rule="limit_breach"),))
    found = one_of("ERROR", standing=True)
    assert [send.channel for send in world.look(found)] == ["logs"]
    assert pushed(world.look(found, seconds=3_600)) == [("email", "reminder"), ("slack", "reminder")]


def test_silence_of_a_rule_when_critical_then_it_holds_nothing() -> None:
    world = World(silences=(silence(rule="critical_record"),))
    assert pushed(world.look(one_of("CRITICAL"))) == BOTH


def test_silence_of_one_fingerprint_then_it_holds_even_critical() -> None:
    found = one_of("CRITICAL")
    world = World(silences=(silence(fingerprint=found.fingerprint),))
    assert pushed(world.look(found)) == []
    assert pushed(world.look(one_of("CRITICAL", key="other"))) == BOTH


def test_clock_when_set_back_then_nothing_is_held_for_the_time_that_never_comes() -> None:
    world = World()
    world.look(one_of("ERROR"))
    assert pushed(world.look(one_of("ERROR"), seconds=-7_200)) == [("email", "repeat")]
    assert world.look(one_of("ERROR"), seconds=1) == []


def test_message_when_the_document_has_a_rule_then_its_level_words_and_channels_count() -> None:
    own = {"trigger": "service_started", "level": "CRITICAL", "message": "up: {pid} {x}", "channels": ["slack"]}
    world = World(config(rules=[own]))
    assert pushed(world.look(one_of("INFO"))) == [("slack", "first")]
    assert (world.newest.level, world.newest.message) == ("CRITICAL", "up: x {x}")


def test_machine_when_a_move_is_not_in_the_table_then_it_raises() -> None:
    events = (machine.TRIGGER, machine.CLEAR, machine.ACK)
    illegal = [(state, event) for state in AlertState for event in events if (state, event) not in TABLE]
    assert illegal == [
        (AlertState.ACKED, machine.ACK),
        (AlertState.RESOLVED, machine.CLEAR),
        (AlertState.RESOLVED, machine.ACK),
    ]
    for state, event in illegal:
        with pytest.raises(IllegalMove, match=f"{state.value} cannot {event}"):
            next_state(state, event)


def test_acknowledge_when_resolved_then_it_raises() -> None:
    world = World()
    world.look(one_of("ERROR"))
    with pytest.raises(IllegalMove, match="resolved cannot acknowledge"):
        acknowledged(cleared(world.newest, world.now), world.now, "ada", "")


LEVELS = st.sampled_from(["INFO", "WARN", "ERROR", "CRITICAL"])
LOOKS = st.lists(
    st.tuples(
        st.integers(-4_000, 40_000),
        st.lists(st.tuples(LEVELS, st.booleans(), st.sampled_from("abc")), max_size=4),
    ),
    max_size=25,
)


@given(LOOKS, st.integers(0, 23), st.integers(0, 23), st.integers(0, 3), st.booleans())
def test_critical_when_it_opens_then_pushed_at_once_whatever_the_hour_and_the_rate(
    looks: list[tuple[int, list[tuple[str, bool, str]]]], start: int, end: int, rate: int, failing: bool
) -> None:
    hours = quiet(f"{start:02}:00", f"{end:02}:00", "America/Los_Angeles")
    rates = RateLimiting(max_per_hour=rate, max_critical_per_hour=rate)
    world = World(config(quiet_hours=hours, rate_limiting=rates))
    world.failing = frozenset({"email", "slack"} if failing else ())
    for seconds, found in looks:
        known = {alert.fingerprint for alert in world.alerts}
        items = [one_of(level, standing=standing, key=key) for level, standing, key in found]
        sends = world.look(*items, seconds=seconds)
        new = {item.fingerprint for item, (level, *_) in zip(items, found, strict=True) if level == "CRITICAL"} - known
        assert pushed(sends).count(("slack", "first")) >= len(new)
        assert all(send.due_ns == world.now for send in sends if not send.held)
        assert all(world.now < send.due_ns <= world.now + 26 * HOUR for send in sends if send.held)


@given(LOOKS)
def test_alerts_when_looked_at_over_time_then_one_open_alert_a_fingerprint_and_every_occurrence_counted(
    looks: list[tuple[int, list[tuple[str, bool, str]]]],
) -> None:
    world, seen = World(), 0
    for seconds, found in looks:
        items = [one_of(level, key=key) for level, _, key in found]
        world.look(*items, seconds=seconds)
        seen += len(items)
        open_ones = [alert.fingerprint for alert in world.alerts if alert.state is AlertState.OPEN]
        assert len(open_ones) == len(set(open_ones))
    assert sum(alert.count for alert in world.alerts) == seen
