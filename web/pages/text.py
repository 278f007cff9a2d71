"""Figures and times as pages print them: real minus signs, tabular digits, ``n/a (why)`` for what is unknown."""

from datetime import UTC, datetime

MINUS = "−"
UNKNOWN = "n/a"
_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def unknown(why: str = "") -> str:
    """How a figure without an input reads."""
    return f"{UNKNOWN} ({why})" if why else UNKNOWN


def money(value: float | None, why: str = "", *, cents: bool = True, sign: bool = False) -> str:
    """``$98,450.23``; ``+$2,340`` with ``sign`` and without ``cents``."""
    if value is None:
        return unknown(why)
    shown = f"{abs(value):,.2f}" if cents else f"{abs(value):,.0f}"
    return f"{_sign(value, shown, always=sign)}${shown}"


def percent(value: float | None, why: str = "", *, digits: int = 1, sign: bool = False) -> str:
    """``18.2%``."""
    if value is None:
        return unknown(why)
    shown = f"{abs(value):,.{digits}f}"
    return f"{_sign(value, shown, always=sign)}{shown}%"


def number(value: float | None, why: str = "", *, digits: int = 0, sign: bool = False) -> str:
    """``1,234`` or ``0.95``."""
    if value is None:
        return unknown(why)
    shown = f"{abs(value):,.{digits}f}"
    return f"{_sign(value, shown, always=sign)}{shown}"


def span(seconds: float) -> str:
    """``2 min``: whole units of the largest that fits."""
    for size, unit in _SPANS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def ago(seconds: float | None) -> str:
    """``2 min ago``; ``never`` for None."""
    return "never" if seconds is None else f"{span(max(0.0, seconds))} ago"


def moment(instant: str | None) -> str:
    """``2026-01-19 10:23:45`` (UTC) of an ISO instant."""
    return instant[:19].replace("T", " ") if instant else "never"


def clock(at_ns: int) -> str:
    """``10:23:45`` (UTC) of Unix nanoseconds."""
    return f"{datetime.fromtimestamp(at_ns // 1_000_000_000, UTC):%H:%M:%S}"


def iso(at_ns: int) -> str:
    """``2026-01-19T10:23:45Z`` of Unix nanoseconds."""
    return f"{datetime.fromtimestamp(at_ns // 1_000_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _sign(value: float, shown: str, *, always: bool) -> str:
    """No sign for what is shown as nothing."""
    if not any(digit in shown for digit in "123456789"):
        return ""
    if value < 0:
        return MINUS
    return "+" if always else ""
