"""Bars and sparklines: figures that people would rather look at than read. Plain characters of one cell each, without
colour; ASCII where the output knows no others."""

import sys
from collections.abc import Sequence

_SPARKS, _PLAIN = "▁▂▃▄▅▆▇█", "_.,-=+*#"
WIDTH = 10


def bar(percent: float, width: int = WIDTH) -> str:
    """``███████░░░  78%``: how much of a limit is used; full from 100 % on, never before."""
    filled = min(width, max(0, int(percent * width / 100)))
    full, empty = ("#", ".") if _ascii() else ("█", "░")
    return f"{full * filled}{empty * (width - filled)} {percent:3.0f}%"


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """One sign for each of at most ``width`` values, lowest to highest; wide series are thinned, the newest value last.

    Empty for fewer than two values.
    """
    if len(values) < 2:
        return ""
    count = min(width, len(values))
    chosen = [values[(place + 1) * len(values) // count - 1] for place in range(count)]
    low, high = min(chosen), max(chosen)
    span, signs = high - low, _PLAIN if _ascii() else _SPARKS
    return "".join(signs[round((value - low) / span * (len(signs) - 1)) if span else 0] for value in chosen)


def _ascii() -> bool:
    return "utf" not in (sys.stdout.encoding or "").lower()
