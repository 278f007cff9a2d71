"""Lines over time: a small one beside a figure, and a chart with axes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from web.charts.svg import drawing, element, path, spread, ticks

_WIDTH, _HEIGHT = 720, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 10, 12, 26
_LABELS = 6


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


def sparkline(values: Sequence[float], label: str, *, zero: bool = False) -> Markup:
    """A line without axes; with ``zero`` the line of nothing is drawn, too. Nothing for less than two values."""
    if len(values) < 2:
        return Markup("")
    low, high = min(values), max(values)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    step = 96 / (len(values) - 1)
    points = [(2 + index * step, spread(low, high, 22, 2, value)) for index, value in enumerate(values)]
    trend = "up" if values[-1] >= (0.0 if zero else values[0]) else "down"
    base = spread(low, high, 22, 2, 0.0)
    level = element("path", d=f"M2 {base:.1f}H98", class_="zero") if zero else Markup("")
    line = element("path", d=path(points), class_=f"line {trend}")
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
) -> Markup:
    """A chart with axes: ``times`` are labels of the places, oldest first; ``show`` prints a value of the upward axis;
    ``area`` fills below the first line. Empty without a value."""
    known = [value for line in lines for value in line.values if value is not None]
    if not known:
        return Markup("")
    known += [mark.value for mark in marks]
    scale = ticks(min(known), max(known))
    low, high = scale[0], scale[-1]

    def place(index: int, value: float) -> tuple[float, float]:
        return _across(index, len(times)), spread(low, high, _HEIGHT - _BOTTOM, _TOP, value)

    return drawing(
        _WIDTH,
        _HEIGHT,
        title,
        description,
        *(_grid(place(0, value)[1], show(value)) for value in scale),
        *_labels(times),
        *(_mark(place(0, mark.value)[1], mark.name) for mark in marks),
        *(_drawn(number, line, place, area=area and number == 1) for number, line in enumerate(lines, 1)),
        kind="line",
    )


def _across(index: int, count: int) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (index / (count - 1) if count > 1 else 0.5)


def _grid(y: float, label: str) -> Markup:
    return element(
        "g",
        element("path", d=f"M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}", class_="grid"),
        element("text", label, x=_LEFT - 8, y=round(y + 4, 1), class_="axis end"),
    )


def _labels(times: Sequence[str]) -> list[Markup]:
    count = min(_LABELS, len(times))
    places = [round(number * (len(times) - 1) / max(1, count - 1)) for number in range(count)]
    sides = {0: "axis", len(times) - 1: "axis end"}
    return [
        element(
            "text", times[at], x=round(_across(at, len(times)), 1), y=_HEIGHT - 7, class_=sides.get(at, "axis middle")
        )
        for at in dict.fromkeys(places)
    ]


def _mark(y: float, name: str) -> Markup:
    return element(
        "g",
        element("path", d=f"M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}", class_="mark"),
        element("text", name, x=_WIDTH - _RIGHT - 2, y=round(y - 5, 1), class_="axis end marked"),
    )


def _drawn(number: int, line: Line, place: Callable[[int, float], tuple[float, float]], *, area: bool) -> Markup:
    runs = _runs([None if value is None else place(index, value) for index, value in enumerate(line.values)])
    floor = _HEIGHT - _BOTTOM
    filled = [
        element("path", d=path([(run[0][0], floor), *run, (run[-1][0], floor)], closed=True), class_="area")
        for run in runs
        if area
    ]
    stroked = [element("path", d=path(run), class_=f"line c{number}") for run in runs if len(run) > 1]
    alone = [
        element("circle", cx=run[0][0], cy=run[0][1], r=2.5, class_=f"dot c{number}") for run in runs if len(run) == 1
    ]
    return element("g", *filled, *stroked, *alone)


def _runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """Unbroken stretches: a gap is drawn as one."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]
