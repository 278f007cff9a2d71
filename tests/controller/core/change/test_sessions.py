"""The exchange's own rules against the days on which it really traded."""

from datetime import date, timedelta

import pytest

from controller.core.change.sessions import easter, holidays, session
from controller.marketdata.feed import load_feed

SHORT_NOTICE = {
    date(2007, 1, 2): "mourning",
    date(2012, 10, 29): "storm",
    date(2012, 10, 30): "storm",
    date(2018, 12, 5): "mourning",
}


def test_session_when_compared_with_sixteen_years_of_prices_then_the_same_days() -> None:
    traded = {date.fromisoformat(day) for day in load_feed().sessions}
    first, last = min(traded), max(traded)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    assert {day for day in days if session(day) is not None} - SHORT_NOTICE.keys() == traded
    assert len(traded) > 4_000


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2026, 1, 20), "09:30-16:00"),
        (date(2026, 11, 27), "09:30-13:00"),
        (date(2025, 7, 3), "09:30-13:00"),
        (date(2026, 12, 24), "09:30-13:00"),
        (date(2026, 7, 2), "09:30-16:00"),
        (date(2026, 7, 3), None),
        (date(2026, 6, 19), None),
        (date(2021, 12, 24), None),
        (date(2021, 12, 31), "09:30-16:00"),
        (date(2023, 1, 2), None),
        (date(2026, 1, 17), None),
    ],
)
def test_session_when_asked_then_its_hours_in_new_york(day: date, hours: str | None) -> None:
    found = session(day)
    assert (None if found is None else f"{found[0]:%H:%M}-{found[1]:%H:%M}") == hours


@pytest.mark.parametrize(("year", "day"), [(2012, (4, 8)), (2024, (3, 31)), (2025, (4, 20)), (2038, (4, 25))])
def test_easter_when_asked_then_the_sunday(year: int, day: tuple[int, int]) -> None:
    assert (easter(year).month, easter(year).day) == day


def test_holidays_when_counted_then_ten_since_juneteenth_and_nine_before() -> None:
    assert {len({day for day in holidays(year) if day.weekday() < 5}) for year in range(2022, 2060)} <= {9, 10}
    assert {len({day for day in holidays(year) if day.weekday() < 5}) for year in range(2006, 2022)} <= {8, 9}
