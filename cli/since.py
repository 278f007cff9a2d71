"""``--since``: how far back to look."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

_SPAN = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Since(click.ParamType[int]):
    """``90s``, ``30m``, ``2h``, ``3d``, ``1w`` or an ISO date or time (UTC unless it says so), as Unix nanoseconds."""

    name = "since"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The instant. Fails the command for anything else, and for the future."""
        now = datetime.now(UTC)
        found = _SPAN.fullmatch(str(value))
        try:
            at = now - _span(found) if found else datetime.fromisoformat(str(value))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither a span like 2h or 3d nor a date like 2026-01-19", param, ctx)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        if at > now:
            self.fail(f"{value!r} is in the future", param, ctx)
        return int(at.timestamp()) * 1_000_000_000


def _span(found: re.Match[str]) -> timedelta:
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


class Span(click.ParamType[int]):
    """``90s``, ``30m``, ``2h``, ``3d`` or ``1w``, as nanoseconds."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The length. Fails the command for anything else."""
        found = _SPAN.fullmatch(str(value))
        if found is None:
            self.fail(f"{value!r} is not a span like 30m, 2h or 3d", param, ctx)
        return int(_span(found).total_seconds()) * 1_000_000_000


SINCE = Since()
SPAN = Span()
