"""docs/arithmetic.md: its examples give what they show."""

import doctest
from pathlib import Path

PAGE = Path(__file__).resolve().parents[4] / "docs" / "arithmetic.md"


def test_page_when_its_examples_are_run_then_they_give_what_it_shows() -> None:
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert result.attempted >= 6
    assert result.failed == 0
