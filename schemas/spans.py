"""How far back people look: ``90s``, ``30m``, ``2h``, ``3d``, ``1w``, or a date."""

import re
from datetime import UTC, datetime, timedelta

_SPAN = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def span_of(text: str) -> timedelta | None:
    """The length that ``text`` writes; None when it writes none."""
    found = _SPAN.fullmatch(text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


def since_ns(text: str, now: datetime) -> int:
    """Unix nanoseconds of a span before ``now``, or of an ISO date or time (UTC unless it says so), in whole seconds.

    What is before 1970 is 0. Raises ValueError for anything else, and for the future.
    """
    span = span_of(text)
    try:
        at = now - span if span is not None else datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is neither a span like 2h or 3d nor a date like 2026-01-19") from error
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if at > now:
        raise ValueError(f"{text!r} is in the future")
    return max(0, int(at.timestamp())) * 1_000_000_000
