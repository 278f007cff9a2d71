"""Lines over time: a small one beside a figure, and a chart with axes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from web.charts.svg import drawing, element, path, spread, ticks

WIDE, MIDDLE, NARROW = 1080, 720, 520
"""Widths of a chart for a whole row, two thirds and half of it: its letters are then as large as the page's."""
_HEIGHT = 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 10, 12, 26
_LABEL = 130


@dataclass(frozen=True, slots=True)
class Line:
    """One line; ``values`` at the places of the chart's ``times``, None where there is none."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Mark:
    """A horizontal line: a limit or where it began."""

    name: str
    value: float


def sparkline(values: Sequence[float], label: str) -> Markup:
    """A line without axes, in the colour of its last value's sign, and where nothing lies if that is in sight.

    Nothing for less than two values.
    """
    if len(values) < 2:
        return Markup("")
    low, high = min(values), max(values)
    step = 96 / (len(values) - 1)
    points = [(2 + index * step, spread(low, high, 22, 2, value)) for index, value in enumerate(values)]
    base = spread(low, high, 22, 2, 0.0)
    level = element("path", d=f"M2 {base:.1f}H98", class_="zero") if low <= 0 <= high else Markup("")
    line = element("path", d=path(points), class_=f"line {'up' if values[-1] >= 0 else 'down'}")
    return drawing(100, 24, label, "", level, line, kind="spark")


def line_chart(
    title: str,
    description: str,
    times: Sequence[str],
    lines: Sequence[Line],
    show: Callable[[float], str],
    marks: Sequence[Mark] = (),
    *,
    area: bool = False,
    width: int = WIDE,
) -> Markup:
    """A chart with axes: ``times`` are labels of the places, oldest first; ``show`` prints a value of the upward axis;
    ``area`` fills below the first line; ``width`` is one of ours. Empty without a value."""
    known = [value for line in lines for value in line.values if value is not None]
    if not known:
        return Markup("")
    known += [mark.value for mark in marks]
    scale = ticks(min(known), max(known))
    frame = _Frame(width, len(times), scale[0], scale[-1])
    return drawing(
        width,
        _HEIGHT,
        title,
        description,
        *(_grid(frame, value, show(value)) for value in scale),
        *_labels(frame, times),
        *(_mark(frame, mark) for mark in marks),
        *(_drawn(frame, number, line, area=area and number == 1) for number, line in enumerate(lines, 1)),
        kind="line",
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where ``count`` places and values from ``low`` to ``high`` lie on a drawing."""

    width: int
    count: int
    low: float
    high: float

    @property
    def right(self) -> int:
        return self.width - _RIGHT

    def x(self, index: int) -> float:
        return round(_LEFT + (self.right - _LEFT) * (index / (self.count - 1) if self.count > 1 else 0.5), 1)

    def y(self, value: float) -> float:
        return round(spread(self.low, self.high, _HEIGHT - _BOTTOM, _TOP, value), 1)


def _grid(frame: _Frame, value: float, label: str) -> Markup:
    y = frame.y(value)
    line = element("path", d=f"M{_LEFT} {y}H{frame.right}", class_="grid")
    return element("g", line, element("text", label, x=_LEFT - 8, y=y + 4, class_="axis end"))


def _labels(frame: _Frame, times: Sequence[str]) -> list[Markup]:
    count = min(frame.width // _LABEL, len(times))
    places = dict.fromkeys(round(number * (len(times) - 1) / max(1, count - 1)) for number in range(count))
    sides = {0: "axis", len(times) - 1: "axis end"}
    return [
        element("text", times[at], x=frame.x(at), y=_HEIGHT - 7, class_=sides.get(at, "axis middle")) for at in places
    ]


def _mark(frame: _Frame, mark: Mark) -> Markup:
    y = frame.y(mark.value)
    line = element("path", d=f"M{_LEFT} {y}H{frame.right}", class_="mark")
    return element("g", line, element("text", mark.name, x=frame.right - 2, y=y - 5, class_="axis end marked"))


def _drawn(frame: _Frame, number: int, line: Line, *, area: bool) -> Markup:
    values = enumerate(line.values)
    runs = _runs([None if value is None else (frame.x(index), frame.y(value)) for index, value in values])
    floor = _HEIGHT - _BOTTOM
    drawn = []
    for run in runs:
        if area:
            below = [(run[0][0], floor), *run, (run[-1][0], floor)]
            drawn.append(element("path", d=path(below, closed=True), class_="area"))
        if len(run) > 1:
            drawn.append(element("path", d=path(run), class_=f"line c{number}"))
        else:
            drawn.append(element("circle", cx=run[0][0], cy=run[0][1], r=2.5, class_=f"dot c{number}"))
    return element("g", *drawn)


def _runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """Unbroken stretches: a gap is drawn as one."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]
