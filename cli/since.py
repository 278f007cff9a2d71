"""``--since``: how far back to look."""

from datetime import UTC, datetime
from typing import Any

import click

from schemas.spans import since_ns, span_of


class Since(click.ParamType[int]):
    """``90s``, ``30m``, ``2h``, ``3d``, ``1w`` or an ISO date or time (UTC unless it says so), as Unix nanoseconds."""

    name = "since"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The instant. Fails the command for anything else, and for the future."""
        try:
            return since_ns(str(value), datetime.now(UTC))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Span(click.ParamType[int]):
    """``90s``, ``30m``, ``2h``, ``3d`` or ``1w``, as nanoseconds."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The length. Fails the command for anything else."""
        span = span_of(str(value))
        if span is None:
            self.fail(f"{value!r} is not a span like 30m, 2h or 3d", param, ctx)
        return int(span.total_seconds()) * 1_000_000_000


SINCE = Since()
SPAN = Span()
