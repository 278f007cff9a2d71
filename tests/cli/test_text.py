import io

import pytest

from cli.render.text import ago, cells, money, paint, percent, safe, table


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("⚠️", 2), ("🎯", 2), ("é", 1), ("e\u0301", 1), ("日本", 4)])
def test_cells_when_signs_are_wide_or_combining_then_counts_terminal_cells(text: str, width: int) -> None:
    assert cells(text) == width


def test_table_when_a_cell_has_wide_signs_then_columns_stay_aligned() -> None:
    lines = table(("A", "B"), [("日本", "x"), ("abc", "y")])
    assert [cells(line.rpartition(" ")[0]) for line in lines] == [5, 5, 5]


@pytest.mark.parametrize(
    ("value", "text"), [(2340.0, "+$2,340"), (-1549.77, "-$1,550"), (0.0, "+$0"), (None, "n/a (no price)")]
)
def test_money_when_signed_then_reads_as_the_spec(value: float | None, text: str) -> None:
    assert money(value, "no price", cents=False, sign=True) == text


def test_percent_when_it_rounds_to_zero_then_has_no_minus() -> None:
    assert percent(-0.04) == "0.0%"


@pytest.mark.parametrize(("seconds", "text"), [(None, "never"), (5, "5s ago"), (125, "2m ago"), (172_800, "2d ago")])
def test_ago_when_given_seconds_then_names_the_largest_unit(seconds: int | None, text: str) -> None:
    assert ago(seconds) == text


def test_safe_when_text_has_control_characters_then_they_cannot_reach_the_terminal() -> None:
    assert "\x1b" not in safe("a\x1b[31mb\nc")


def test_paint_when_no_color_is_set_then_plain_even_if_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    assert paint("x", "red", io.StringIO()) == "\x1b[31mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert paint("x", "red", io.StringIO()) == "x"
