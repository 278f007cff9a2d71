"""Trading sessions of the New York Stock Exchange, from its published rules (its rules 7.2 and 7.2P). Pure.

What is decided at short notice (a day of mourning, a storm) no rule knows: such a day counts as a session.
"""

from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_OPEN, _CLOSE, _EARLY = time(9, 30), time(16, 0), time(13, 0)
_MONDAY, _THURSDAY, _FRIDAY, _SATURDAY, _SUNDAY = 0, 3, 4, 5, 6
_DAY = timedelta(days=1)
_JUNETEENTH = 2022


@cache
def zone() -> ZoneInfo:
    """Of the exchange; read when a window first asks."""
    return ZoneInfo("America/New_York")


def session(day: date) -> tuple[datetime, datetime] | None:
    """Opening and closing time of ``day``, None when the exchange is closed."""
    if day.weekday() >= _SATURDAY or day in holidays(day.year):
        return None
    close = _EARLY if _closes_early(day) else _CLOSE
    return datetime.combine(day, _OPEN, zone()), datetime.combine(day, close, zone())


def holidays(year: int) -> frozenset[date]:
    """The days of ``year`` on which the exchange is closed though it is no weekend."""
    fixed = [date(year, 7, 4), date(year, 12, 25)]
    if year >= _JUNETEENTH:
        fixed.append(date(year, 6, 19))
    new_year = date(year, 1, 1)
    found = {_observed(day) for day in fixed}
    found |= {
        new_year + _DAY if new_year.weekday() == _SUNDAY else new_year,
        _nth(year, 1, _MONDAY, 3),
        _nth(year, 2, _MONDAY, 3),
        easter(year) - 2 * _DAY,
        _nth(year, 6, _MONDAY, 1) - 7 * _DAY,
        _nth(year, 9, _MONDAY, 1),
        _nth(year, 11, _THURSDAY, 4),
    }
    return frozenset(found)


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, chapter 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def _observed(day: date) -> date:
    """A holiday at a weekend is kept on the nearest weekday."""
    return day + {_SATURDAY: -_DAY, _SUNDAY: _DAY}.get(day.weekday(), timedelta())


def _nth(year: int, month: int, weekday: int, number: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))


def _closes_early(day: date) -> bool:
    """The day after Thanksgiving, Christmas Eve, and the day before Independence Day when both are weekdays."""
    if day == _nth(day.year, 11, _THURSDAY, 4) + _DAY:
        return True
    return (day.month, day.day) == (12, 24) or ((day.month, day.day) == (7, 3) and day.weekday() < _FRIDAY)
