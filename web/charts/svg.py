"""Small parts of drawings: elements with escaped attributes, scales with round ticks. Sizes are in the drawing's units.

Colours and strokes are the style sheet's: drawings carry classes only, so they follow the theme.
"""

from collections.abc import Sequence
from math import ceil, floor, log10

from markupsafe import Markup, escape

_FLAT = 1e-6
"""A smaller share of the figures themselves is no difference that could be seen."""
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def element(tag: str, *inside: Markup | str, **attributes: object) -> Markup:
    """``<tag …>inside</tag>``. ``class_`` is ``class``, other underscores are dashes; None leaves an attribute out."""
    given = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items() if value is not None}
    opened = Markup("").join(Markup(' {}="{}"').format(Markup(name), _short(value)) for name, value in given.items())
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(tag), opened, Markup("").join(escape(item) for item in inside))


def drawing(width: int, height: int, title: str, description: str, *inside: Markup, kind: str) -> Markup:
    """A whole drawing that scales with its place, told by ``title`` and ``description`` to those who hear it."""
    return element(
        "svg",
        element("title", title),
        element("desc", description) if description else Markup(""),
        *inside,
        class_=f"chart-{kind}",
        width=width,
        height=height,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=f"{title}. {description}".rstrip(". ") + ".",
    )


def path(points: Sequence[tuple[float, float]], *, closed: bool = False) -> str:
    """``d`` of a line through ``points``."""
    if not points:
        return ""
    steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f"M{steps}{'Z' if closed else ''}"


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """About ``count`` round numbers that enclose ``low`` to ``high``, rising."""
    if high - low <= _FLAT * max(1.0, abs(low), abs(high)):
        high = low + max(abs(low) * 0.02, 1.0)
    raw = (high - low) / count
    size = 10.0 ** floor(log10(raw))
    step = next(item * size for item in _STEPS if item * size >= raw * 0.999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def spread(low: float, high: float, start: float, end: float, value: float) -> float:
    """Where ``value`` of ``low`` to ``high`` lies between ``start`` and ``end``; held to them."""
    share = (value - low) / (high - low) if high > low else 0.5
    return start + (end - start) * min(1.0, max(0.0, share))


def _short(value: object) -> object:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value
