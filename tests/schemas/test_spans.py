"""How far back people look."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from schemas.spans import since_ns, span_of

NOW = datetime(2026, 1, 19, 10, 15, 32, 999_999, tzinfo=UTC)
SECOND = 1_000_000_000


def ns(at: datetime) -> int:
    return int(at.timestamp()) * SECOND


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("3d", NOW - timedelta(days=3)),
        ("1w", NOW - timedelta(weeks=1)),
        ("2026-01-19", datetime(2026, 1, 19, tzinfo=UTC)),
        ("2026-01-19T10:00:00+02:00", datetime(2026, 1, 19, 8, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_since_when_a_span_or_a_date_then_that_instant_in_whole_seconds(text: str, at: datetime) -> None:
    assert since_ns(text, NOW) == ns(at)


@pytest.mark.parametrize("text", ["", "soon", "3", "-3d", "3 d", "999999w", "2026-13-01", "2026-01-20", "9999-12-31"])
def test_since_when_neither_or_in_the_future_then_refused_with_what_was_given(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        since_ns(text, NOW)


def test_span_when_it_has_no_unit_then_none() -> None:
    assert (span_of("30m"), span_of("30"), span_of("m")) == (timedelta(minutes=30), None, None)
