import io

import pytest

from cli.render.bars import bar, sparkline
from cli.render.text import ago, cells, cut, money, paint, percent, safe, span_in_words, table


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("⚠️", 2), ("🎯", 2), ("é", 1), ("e\u0301", 1), ("日本", 4)])
def test_cells_when_signs_are_wide_or_combining_then_counts_terminal_cells(text: str, width: int) -> None:
    assert cells(text) == width


@pytest.mark.parametrize(
    ("encoding", "spark", "used"), [("utf-8", "▁▅█", "█████░░░░░  50%"), ("ascii", "_=#", "#####.....  50%")]
)
def test_bars_when_the_output_knows_ascii_alone_then_plain_signs(
    monkeypatch: pytest.MonkeyPatch, encoding: str, spark: str, used: str
) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert (sparkline([1, 2, 3]), bar(50)) == (spark, used)
    assert sparkline([1]) == ""


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


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("⚠️ x", 3, "⚠️…"),
        ("abc", 0, ""),
    ],
)
def test_cut_when_the_terminal_is_narrow_then_whole_signs_and_an_ellipsis(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown
    assert cells(cut(text, width)) <= width


@pytest.mark.parametrize(
    ("seconds", "text"), [(59, "59 seconds"), (60, "1 minute"), (7_300, "2 hours"), (86_400, "1 day")]
)
def test_span_in_words_then_one_and_many_differ(seconds: int, text: str) -> None:
    assert span_in_words(seconds) == text


def test_table_when_the_gap_is_one_then_columns_stand_as_close_as_the_spec_has_them() -> None:
    assert table(("Date", "User"), [("2026-01-19", "op")], (11,), 1)[1] == "2026-01-19 op"
