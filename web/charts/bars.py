"""Shares of a limit: a bar for a row, a gauge for a figure that matters, stacked shares of a whole."""

from collections.abc import Sequence
from math import cos, pi, sin

from markupsafe import Markup

from web.charts.svg import drawing, element

OVER = 1.25
"""A bar ends at this share of its limit; what is beyond is said in words."""
_WIDTH = 200
_RADIUS = 70


def meter(share: float | None, tone: str, label: str) -> Markup:
    """``share`` of a limit (1 is all of it) with a line where the limit is; no filling for None."""
    end = _WIDTH / OVER
    filled = min(OVER, max(0.0, share or 0.0)) * end
    return drawing(
        _WIDTH,
        10,
        label,
        "",
        element("rect", x=0, y=2, width=_WIDTH, height=6, rx=3, class_="track"),
        element("rect", x=0, y=2, width=round(filled, 1), height=6, rx=3, class_=f"fill {tone}"),
        element("path", d=f"M{end:.1f} 0V10", class_="limit"),
        kind="meter",
    )


def gauge(share: float | None, tone: str, label: str, value: str) -> Markup:
    """A half circle filled to ``share`` (1 is full), with ``value`` in it; grey for None."""
    arc = f"M{_point(0)}A{_RADIUS} {_RADIUS} 0 0 1 {_point(1)}"
    filled = min(1.0, max(0.0, share)) if share is not None else 0.0
    inner = f"M{_point(0)}A{_RADIUS} {_RADIUS} 0 0 1 {_point(filled)}"
    return drawing(
        180,
        100,
        label,
        value,
        element("path", d=arc, class_="track"),
        element("path", d=inner, class_=f"fill {tone}") if filled > 0 else Markup(""),
        element("text", value, x=90, y=84, class_="value"),
        kind="gauge",
    )


def shares(parts: Sequence[tuple[str, float]], label: str) -> Markup:
    """One bar of ``parts`` (name, share of the whole); what is missing to 1 stays empty."""
    drawn, at = [element("rect", x=0, y=0, width=_WIDTH, height=12, class_="track")], 0.0
    for number, (name, share) in enumerate(parts, 1):
        width = max(0.0, min(1.0 - at, share)) * _WIDTH
        tip = element("title", f"{name} {share:.1%}")
        drawn.append(
            element(
                "rect", tip, x=round(at * _WIDTH, 1), y=0, width=round(width, 1), height=12, class_=f"c{number % 8}"
            )
        )
        at += share
    return drawing(_WIDTH, 12, label, "", *drawn, kind="shares")


def _point(share: float) -> str:
    angle = pi * (1 - share)
    return f"{90 + _RADIUS * cos(angle):.1f} {90 - _RADIUS * sin(angle):.1f}"
