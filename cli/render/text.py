"""Text for terminals: widths by display cells, tables, money and times as the spec prints them, colour."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any
from unicodedata import combining, east_asian_width

_EMOJI_STYLE = "\ufe0f"
_COLOURS = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}


def cells(text: str) -> int:
    """Terminal cells that ``text`` takes: wide signs count two, combining ones none, an emoji selector widens."""
    width = 0
    previous = 0
    for sign in text:
        if sign == _EMOJI_STYLE:
            width += 2 - previous
            previous = 2
        elif combining(sign) or sign in "\u200b\u200d":
            continue
        else:
            previous = 2 if east_asian_width(sign) in "WF" else 1
            width += previous
    return width


def pad(text: str, width: int) -> str:
    """``text`` filled with blanks up to ``width`` cells."""
    return text + " " * max(0, width - cells(text))


def cut(text: str, width: int) -> str:
    """``text`` on at most ``width`` cells, an ellipsis where it ends early."""
    if cells(text) <= width:
        return text
    while text and cells(text) >= width:
        text = text[:-1]
    return f"{text}…" if width > 0 else ""


def table(header: Sequence[str], rows: Iterable[Sequence[str]], least: Sequence[int] = (), gap: int = 2) -> list[str]:
    """Lines of a left-aligned table; ``least`` are the columns' least widths, gaps included."""
    lines = [list(header), *(list(row) for row in rows)]
    last = len(header) - 1
    widths = [
        max([*(cells(line[column]) + gap for line in lines), *least[column : column + 1]]) for column in range(last)
    ]
    return ["".join(pad(line[i], widths[i]) for i in range(last)) + line[last] for line in lines]


def fields(rows: Iterable[tuple[str, str]], width: int) -> list[str]:
    """``  Label:   value`` lines; the label with its colon takes ``width`` cells."""
    return [f"  {pad(f'{label}:', width)}{value}" for label, value in rows]


def money(value: float | None, why: str = "", *, cents: bool = True, sign: bool = False) -> str:
    """``$98,450.23``; ``+$2,340`` with ``sign``; ``n/a (why)`` for None."""
    if value is None:
        return unknown(why)
    amount = f"${abs(value):,.2f}" if cents else f"${abs(value):,.0f}"
    return f"{_sign(value, sign)}{amount}"


def percent(value: float | None, why: str = "", *, digits: int = 1, sign: bool = False) -> str:
    """``18.2%``; ``+5.85%`` with ``sign``; ``n/a (why)`` for None."""
    if value is None:
        return unknown(why)
    shown = round(value, digits)
    return f"{_sign(shown, sign)}{abs(shown):.{digits}f}%"


def count(value: int | None, why: str = "") -> str:
    """A whole number with separators, or ``n/a (why)``."""
    return unknown(why) if value is None else f"{value:,}"


def unknown(why: str) -> str:
    """How a figure without an input reads."""
    return f"n/a ({why})" if why else "n/a"


def _sign(value: float, always: bool) -> str:
    if value < 0:
        return "-"
    return "+" if always else ""


def ago(seconds: int | None) -> str:
    """``2m ago``; ``never`` for None."""
    return "never" if seconds is None else f"{span(seconds)} ago"


def span(seconds: float) -> str:
    """``2m``: whole units of the largest that fits."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"


def span_in_words(seconds: float) -> str:
    """``8 minutes``."""
    short = span(seconds)
    word = {"d": "day", "h": "hour", "m": "minute", "s": "second"}[short[-1]]
    return f"{short[:-1]} {word}{'' if short[:-1] == '1' else 's'}"


def clock(instant: str | None) -> str:
    """``2026-01-19 10:23:45`` (UTC) of an ISO instant."""
    return instant[:19].replace("T", " ") if instant else "never"


def market_day(document: dict[str, Any]) -> str:
    """The day on the market's clock of a document with the header; today while nobody knows it."""
    from datetime import date

    return (document["market_time"] or date.today().isoformat())[:10]


def paint(text: str, colour: str, stream: Any = None) -> str:
    """``text`` in ``colour`` where colour is wanted: a terminal, or CLICOLOR_FORCE; never with NO_COLOR."""
    if not _coloured(stream or sys.stdout):
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def _coloured(stream: Any) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return bool(stream.isatty()) and os.environ.get("TERM") != "dumb"


def safe(text: object) -> str:
    """Text from elsewhere without control characters, so that it cannot drive the terminal."""
    return "".join(sign if sign.isprintable() else "�" for sign in str(text))
