"""Bars and sparklines: figures that people would rather look at than read. Plain characters of one cell each."""

from collections.abc import Sequence

_FULL, _EMPTY = "█", "░"
_SPARKS = "▁▂▃▄▅▆▇█"
WIDTH = 10


def bar(percent: float, width: int = WIDTH) -> str:
    """``███████░░░  78%``: how much of a limit is used; full from 100 % on, never before."""
    filled = min(width, max(0, int(percent * width / 100)))
    return f"{_FULL * filled}{_EMPTY * (width - filled)} {percent:3.0f}%"


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """One sign for each of at most ``width`` values, lowest to highest; wide series are thinned, the newest value last.

    Empty for fewer than two values.
    """
    if len(values) < 2:
        return ""
    count = min(width, len(values))
    chosen = [values[(place + 1) * len(values) // count - 1] for place in range(count)]
    low, high = min(chosen), max(chosen)
    span = high - low
    return "".join(_SPARKS[round((value - low) / span * (len(_SPARKS) - 1)) if span else 0] for value in chosen)
