"""Drawings: scales that enclose, figures that are told in words, text that stays text."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from web.charts.bars import gauge, meter, shares
from web.charts.grids import Interval, heat, intervals
from web.charts.lines import Line, Mark, line_chart, sparkline
from web.charts.svg import element, spread, ticks
from web.pages.text import MINUS, ago, money, number, percent

FIGURES = st.floats(-1e9, 1e9, allow_nan=False)


@given(FIGURES, FIGURES)
def test_ticks_then_they_enclose_the_figures_and_rise_evenly(one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    found = ticks(low, high)
    slack = max(abs(low), abs(high), 1.0) * 1e-6
    assert found[0] <= low + slack and found[-1] >= high - slack
    assert 2 <= len(found) <= 8
    assert found == sorted(set(found))


@given(FIGURES, FIGURES, FIGURES)
def test_spread_then_never_beyond_the_drawing(low: float, high: float, value: float) -> None:
    assert 0.0 <= spread(low, high, 0.0, 100.0, value) <= 100.0


def test_element_when_text_has_markup_then_it_stays_text() -> None:
    made = element("text", "<b>&", name='"><script>')
    assert ElementTree.fromstring(made).text == "<b>&"
    assert "<script>" not in made


@pytest.mark.parametrize(
    "drawn",
    [
        sparkline([1.0, -2.0, 3.0], "P&L <of> X"),
        line_chart("Equity", "said", ["a", "b"], [Line("x", [1.0, None])], str, [Mark("start", 2.0)], area=True),
        meter(1.3, "bad", "limit"),
        gauge(0.4, "ok", "volatility", "8%"),
        shares([("a", 0.5), ("b", 0.6)], "shares"),
        heat("heat", ["r"], ["c", "d"], [[1.0, None]], str, 1.0),
        intervals("differences", [Interval("m", 1.0, -1.0, 2.0)], str),
    ],
)
def test_drawing_then_wellformed_with_a_title_a_label_and_no_style(drawn: Markup) -> None:
    root = ElementTree.fromstring(drawn)
    assert root.find("title") is not None
    assert root.get("role") == "img" and root.get("aria-label")
    assert not re.search(r"style=|NaN|inf", drawn)


def test_drawing_without_figures_then_nothing() -> None:
    assert sparkline([1.0], "one") == ""
    assert line_chart("Equity", "", [], [], str) == ""


def test_line_when_a_figure_is_missing_then_a_gap_and_no_bridge() -> None:
    drawn = line_chart("x", "", list("abcde"), [Line("x", [1.0, 2.0, None, 3.0, 4.0])], str)
    assert len(re.findall(r'class="line c1"', drawn)) == 2


def test_gauge_when_unknown_then_empty_and_says_so() -> None:
    assert 'class="fill' not in gauge(None, "off", "x", "n/a")


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (money(-1549.774), f"{MINUS}$1,549.77"),
        (money(2340, sign=True, cents=False), "+$2,340"),
        (money(-0.001, sign=True), "$0.00"),
        (money(None, "no engine"), "n/a (no engine)"),
        (percent(-3.84), f"{MINUS}3.8%"),
        (number(None), "n/a"),
        (ago(None), "never"),
        (ago(125), "2 min ago"),
    ],
)
def test_figure_then_reads_as_people_write_it(shown: str, text: str) -> None:
    assert shown == text
