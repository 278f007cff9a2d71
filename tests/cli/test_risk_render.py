"""Texts of limits in detail, bars and sparklines: what is used, what is left, who set it, and what is not known."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.render import limits, risk, strategy
from cli.render.bars import bar, sparkline
from cli.render.text import cells
from controller.rpc.methods import Dispatcher
from controller.settings import Settings
from schemas.limits import LIMITS
from schemas.overview import Overview
from tests.support.book import HeldControl, overview
from tests.support.greenplace import greenplace


def ask(method: str, seen: Overview, **params: str) -> dict[str, Any]:
    return Dispatcher(HeldControl(seen), Settings(home=Path("/home/op"))).call(method, params)


def rows(seen: Overview) -> dict[str, str]:
    lines = limits.detail(ask("limits.detail", seen))
    return {line.split()[0]: " ".join(line.split()[1:]) for line in lines if line.startswith("  ")}


def shaded(*names: str) -> Overview:
    seen = greenplace()
    assert seen.effective is not None
    return seen.model_copy(update={"effective": seen.effective.model_copy(update={"shadow": names})})


def test_limits_in_detail_then_each_has_its_use_headroom_level_and_origin() -> None:
    found = rows(greenplace())
    assert set(found) == {"Limit", *(limit.name for limit in LIMITS)}
    assert found["position.max_position_pct"].startswith("15% 14.5% (NVDA) █████████░ 96% 0.5% info operator ")
    assert found["concentration.sector_warning_pct"].startswith("40% 40.9% (Technology) ██████████ 102% -0.9% warn ")
    assert found["account.cash_reserve_pct"].startswith("5% 12.5% - 7.5% clear ")
    assert found["order.max_dollars"].startswith("$25,000 - - - - operator aaaaaaaaaaaa 2026-01-18 10:23")
    assert " halt operator" in found["drawdown.strategy_halt_pct"]


def test_limits_in_detail_when_one_is_in_shadow_then_marked_and_who_put_it_there() -> None:
    lines = limits.detail(ask("limits.detail", shaded("order.max_dollars")))
    assert lines[-1].startswith(
        "In shadow, blocks nothing: order.max_dollars since 2026-01-18 10:23 by operator in aaaa"
    )
    assert "(shadow)" in rows(shaded("order.max_dollars"))["order.max_dollars"]
    document = ask("limits.detail", shaded("order.max_dollars"))["limits"]
    assert [item["name"] for item in document if item["shadow"]] == ["order.max_dollars"]


def test_limits_in_detail_when_the_engine_is_silent_then_values_and_origins_alone() -> None:
    found = rows(overview(engine=False))
    assert found["exposure.max_gross_pct"].startswith("100% - - - - operator")


@pytest.mark.parametrize("seen", [overview(), overview(engine=False)], ids=["early", "silent"])
def test_risk_without_figures_then_every_line_says_why(seen: Overview) -> None:
    text = "\n".join(risk.risk(ask("portfolio.risk", seen)))
    reason = "not computed yet" if seen.live else "gate.sock: connection refused"
    for name in ("Expected Shortfall", "Backtest", "Annual Return", "Sharpe Ratio", "Turnover", "Fading Weights"):
        line = next(line for line in text.splitlines() if line.startswith(f"  {name}:"))
        assert f"n/a ({reason})" in line
    assert "n/a (fewer than two sessions)" in text and "n/a (not sampled yet)" in text
    found = "\n".join(strategy.metrics(ask("strategy.metrics", seen, id="ml-momentum-v2")))
    assert f"Sortino Ratio:    n/a ({reason})" in found


@pytest.mark.parametrize(
    ("percent", "text"),
    [
        (0, "░░░░░░░░░░   0%"),
        (50.4, "█████░░░░░  50%"),
        (99.9, "█████████░ 100%"),
        (100, "██████████ 100%"),
        (250, "██████████ 250%"),
        (-3, "░░░░░░░░░░  -3%"),
    ],
)
def test_bar_then_full_at_the_limit_and_not_before(percent: float, text: str) -> None:
    assert bar(percent) == text


@given(st.lists(st.floats(-1e9, 1e9), max_size=200), st.integers(2, 60))
def test_sparkline_of_any_values_then_at_most_as_wide_and_its_ends_in_range(values: list[float], width: int) -> None:
    found = sparkline(values, width)
    assert cells(found) == (min(width, len(values)) if len(values) > 1 else 0)
    assert set(found) <= set("▁▂▃▄▅▆▇█")


def test_sparkline_then_lowest_and_highest_are_seen_and_the_newest_is_last() -> None:
    assert sparkline([1, 5, 3, 9]) == "▁▅▃█" and sparkline([2, 2, 2]) == "▁▁▁"
    assert sparkline([0] * 99 + [1], 10) == "▁▁▁▁▁▁▁▁▁█"
