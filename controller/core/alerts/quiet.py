"""When people want to be left alone, on the wall clock of their own time zone."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from schemas.alerts import QuietHours

_NS = 1_000_000_000
HOUR_NS = 3_600 * _NS


def zone_of(name: str) -> tzinfo:
    """The IANA zone ``name``. Raises ValueError for one that this machine does not know."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone") from error


def is_quiet(now_ns: int, hours: QuietHours, zone: tzinfo) -> bool:
    """Whether ``now_ns`` is within the hours; a window may cross midnight."""
    if not hours.enabled:
        return False
    start, end, clock = time.fromisoformat(hours.start_time), time.fromisoformat(hours.end_time), _local(now_ns, zone)
    return start <= clock < end if start <= end else clock >= start or clock < end


def next_end(now_ns: int, hours: QuietHours, zone: tzinfo) -> int:
    """The next instant at which the clock of ``zone`` shows ``end_time``: when the digest goes.

    A clock that is set back over it shows it twice, and both count; one that is set forward over it has passed it as
    soon as it shows what would have been ``end_time``.
    """
    end = time.fromisoformat(hours.end_time)
    return min(instant for instant in _instants(now_ns, end, zone) if instant > now_ns)


def next_hour(now_ns: int, hours: QuietHours, zone: tzinfo) -> int:
    """The next full hour, or the end of the quiet hours that it falls into."""
    hour = (now_ns // HOUR_NS + 1) * HOUR_NS
    return next_end(hour, hours, zone) if is_quiet(hour, hours, zone) else hour


def _local(now_ns: int, zone: tzinfo) -> time:
    return datetime.fromtimestamp(now_ns // _NS, zone).time()


def _instants(now_ns: int, end: time, zone: tzinfo) -> Iterator[int]:
    today = datetime.fromtimestamp(now_ns // _NS, zone).date()
    for days in range(-1, 3):
        for fold in (0, 1):
            at = datetime.combine(today + timedelta(days=days), end.replace(fold=fold), zone)
            instant = int(at.timestamp()) * _NS
            if _local(instant, zone) >= end:
                yield instant
