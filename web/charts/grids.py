"""Grids of coloured cells, each with its figure, and intervals around estimates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from web.charts.svg import drawing, element, spread, ticks

_TOP, _HIGH = 26, 30
_LETTER, _ROOM = 6.4, 16
_STEPS = 5


def heat(
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    show: Callable[[float], str],
    full: float,
) -> Markup:
    """Cells by row and column; the more of ``full`` a value is, the stronger its colour, negative ones in another."""
    left = _wide(rows)
    cell = _wide([*columns, *(show(value) for row in values for value in row if value is not None)])
    drawn = [
        element("text", name, x=left + cell * at + cell / 2, y=_TOP - 9, class_="axis middle")
        for at, name in enumerate(columns)
    ]
    for down, name in enumerate(rows):
        y = _TOP + _HIGH * down
        drawn.append(element("text", name, x=left - 8, y=y + 19, class_="axis end"))
        drawn += [
            _cell(left + cell * at, y, cell, value, show, full, f"{name}, {columns[at]}")
            for at, value in enumerate(values[down])
        ]
    return drawing(left + cell * len(columns), _TOP + _HIGH * len(rows) + 4, title, "", *drawn, kind="heat")


def _wide(texts: Sequence[str]) -> int:
    """Room for the longest of ``texts``, so that a drawing is no wider than its letters need."""
    return round(_ROOM + _LETTER * max(map(len, texts), default=0))


def _cell(
    x: float, y: float, width: int, value: float | None, show: Callable[[float], str], full: float, name: str
) -> Markup:
    if value is None:
        return element("rect", x=x + 1, y=y + 1, width=width - 2, height=_HIGH - 2, rx=3, class_="h0")
    strength = min(_STEPS, round(abs(value) / full * _STEPS)) if full > 0 else 0
    class_ = f"{'n' if value < 0 else 'h'}{strength}"
    return element(
        "g",
        element("title", f"{name}: {show(value)}"),
        element("rect", x=x + 1, y=y + 1, width=width - 2, height=_HIGH - 2, rx=3, class_=class_),
        element(
            "text", show(value), x=x + width / 2, y=y + 19, class_=f"figure {'strong' if strength > 3 else ''}".strip()
        ),
    )


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate between ``low`` and ``high``; ``tone`` says how it stands."""

    name: str
    estimate: float
    low: float
    high: float
    tone: str = ""


def intervals(title: str, items: Sequence[Interval], show: Callable[[float], str], zero: float = 0.0) -> Markup:
    """Estimates below each other on one scale, with a line at ``zero``, where there is no difference."""
    known = [zero, *(value for item in items for value in (item.low, item.high))]
    scale = ticks(min(known), max(known), 5)
    width, left, high = 520, 130, 34
    bottom = high * len(items) + 8

    def across(value: float) -> float:
        return round(spread(scale[0], scale[-1], left, width - 20, value), 1)

    drawn = [element("path", d=f"M{across(value)} 4V{bottom}", class_="grid") for value in scale]
    drawn += [element("text", show(value), x=across(value), y=bottom + 16, class_="axis middle") for value in scale]
    drawn.append(element("path", d=f"M{across(zero)} 0V{bottom}", class_="mark"))
    drawn += [_interval(item, across, high * at + high / 2, show) for at, item in enumerate(items)]
    return drawing(width, bottom + 24, title, "", *drawn, kind="interval")


def _interval(item: Interval, across: Callable[[float], float], y: float, show: Callable[[float], str]) -> Markup:
    said = f"{item.name}: {show(item.estimate)} ({show(item.low)} to {show(item.high)})"
    return element(
        "g",
        element("title", said),
        element("text", item.name, x=122, y=y + 4, class_="axis end"),
        element("path", d=f"M{across(item.low)} {y:.1f}H{across(item.high)}", class_=f"range {item.tone}".strip()),
        element("circle", cx=across(item.estimate), cy=y, r=5, class_=f"dot {item.tone}".strip()),
    )
