"""Quiet hours on the clock of people, over midnight and over the change to and from summer time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.alerts.quiet import HOUR_NS, is_quiet, next_end, next_hour, zone_of
from schemas.alerts import QuietHours
from tests.support.alerts import SECOND, quiet

LA = "America/Los_Angeles"
ZONES = ["UTC", LA, "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]


def at(text: str, zone: str = "UTC", fold: int = 0) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(moment.timestamp()) * SECOND


def hours(start: str, end: str, zone: str = LA) -> QuietHours:
    return QuietHours.model_validate(quiet(start, end, zone))


@pytest.mark.parametrize(
    ("clock", "expected"), [("21:59:59", False), ("22:00", True), ("00:00", True), ("06:59:59", True), ("07:00", False)]
)
def test_is_quiet_when_the_window_crosses_midnight(clock: str, expected: bool) -> None:
    assert is_quiet(at(f"2026-01-19T{clock}", LA), hours("22:00", "07:00"), zone_of(LA)) is expected


def test_is_quiet_when_within_a_day_or_switched_off() -> None:
    noon = at("2026-01-19T12:00", LA)
    assert is_quiet(noon, hours("11:00", "13:00"), zone_of(LA))
    assert not is_quiet(noon, hours("13:00", "11:00"), zone_of(LA))
    assert not is_quiet(noon, hours("11:00", "13:00").model_copy(update={"enabled": False}), zone_of(LA))


@pytest.mark.parametrize(
    ("now", "end", "expected"),
    [
        ("2026-03-07T23:00", "07:00", at("2026-03-08T07:00", LA)),
        ("2026-03-08T01:00", "02:30", at("2026-03-08T03:30", LA)),
        ("2026-10-31T23:00", "07:00", at("2026-11-01T07:00", LA)),
        ("2026-11-01T00:30", "01:30", at("2026-11-01T01:30", LA)),
        ("2026-11-01T01:30", "01:30", at("2026-11-01T01:30", LA, fold=1)),
    ],
)
def test_next_end_when_the_clocks_change_then_the_hour_that_people_see(now: str, end: str, expected: int) -> None:
    assert next_end(at(now, LA), hours("22:00", end), zone_of(LA)) == expected


def test_next_hour_when_it_is_quiet_then_the_morning() -> None:
    window = hours("22:00", "07:00", "UTC")
    assert next_hour(at("2026-01-19T20:10"), window, UTC) == at("2026-01-19T21:00")
    assert next_hour(at("2026-01-19T21:10"), window, UTC) == at("2026-01-20T07:00")


def test_zone_when_unknown_or_a_path_then_refused() -> None:
    for name in ("Mars/Olympus", "../../etc/passwd", "", "/etc/localtime"):
        with pytest.raises(ValueError, match="is not a time zone"):
            zone_of(name)


MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2032, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
CLOCKS = st.tuples(st.integers(0, 23), st.sampled_from([0, 15, 30])).map(lambda pair: f"{pair[0]:02}:{pair[1]:02}")


@given(MOMENTS, CLOCKS, CLOCKS, st.sampled_from(ZONES))
def test_next_end_then_within_a_day_of_clocks_and_never_quiet(
    moment: datetime, start: str, end: str, zone: str
) -> None:
    now = int(moment.timestamp()) * SECOND
    window = hours(start, end, zone)
    found = next_end(now, window, zone_of(zone))
    assert now < found <= now + int(timedelta(hours=49).total_seconds()) * SECOND
    assert start == end or not is_quiet(found, window, zone_of(zone))
    assert next_hour(now, window, zone_of(zone)) <= found + HOUR_NS * 49
