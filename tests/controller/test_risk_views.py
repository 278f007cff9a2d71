"""Exposure, risk and performance as documents: which figure is compared with which limit, and what is missing."""

from typing import Any

import pytest

from controller.core.risk.levels import levels
from controller.views import config, risk, status
from schemas.overview import Overview
from schemas.risk import Analysis, BookRisk, Level, LevelName
from tests.support.book import overview
from tests.support.greenplace import MOMENTUM, SENTIMENT, greenplace


def with_limits(**limits: int) -> Overview:
    seen = greenplace()
    assert seen.effective is not None
    changed = {**seen.effective.limits, **{name.replace("__", "."): value for name, value in limits.items()}}
    return seen.model_copy(update={"effective": seen.effective.model_copy(update={"limits": changed})})


def technology(seen: Overview) -> dict[str, Any]:
    found: dict[str, Any] = risk.exposure(seen, {})["sectors"][0]
    return found


@pytest.mark.parametrize(
    ("warning", "reduction", "over", "threshold"),
    [(410_000, 500_000, None, None), (400_000, 500_000, "warning", 40.0), (300_000, 400_000, "reduction", 40.0)],
)
def test_sector_when_over_a_limit_then_names_the_stricter_one(
    warning: int, reduction: int, over: str | None, threshold: float | None
) -> None:
    seen = with_limits(concentration__sector_warning_pct=warning, concentration__sector_reduction_pct=reduction)
    found = technology(seen)
    assert (found["over"], found["threshold_pct"]) == (over, threshold)
    assert found["mark"] == ("warning" if over else "ok")


def test_sector_when_exactly_at_its_limit_then_not_over_it() -> None:
    seen = greenplace()
    assert seen.live is not None
    account = seen.live.account.model_copy(update={"equity": 100_775_575_000})
    level = seen.model_copy(update={"live": seen.live.model_copy(update={"account": account})})
    assert technology(level)["pct_of_equity"] == 40.0
    assert technology(level)["over"] is None


def test_exposure_then_shares_are_of_equity_and_sizes_of_what_is_deployed() -> None:
    found = risk.exposure(greenplace(), {"NVDA": "Large", "JPM": "Mid", "CVX": "Small"})
    assert technology(greenplace())["pct_of_equity"] == 40.9448
    assert technology(greenplace())["pct_of_deployed"] == 46.8124
    assert sum(item["pct_of_deployed"] for item in found["market_caps"]) == pytest.approx(100, abs=0.001)
    assert [item["bucket"] for item in found["market_caps"]][-1] == "Unclassified"


def test_exposure_when_a_position_is_short_then_its_size_counts() -> None:
    seen = greenplace()
    assert seen.live is not None
    first, *rest = seen.live.positions
    short = first.model_copy(update={"quantity": -first.quantity})
    turned = seen.model_copy(update={"live": seen.live.model_copy(update={"positions": (short, *rest)})})
    assert technology(turned)["value"] == technology(seen)["value"]
    assert risk.exposure(turned, {})["concentration"]["largest"]["symbol"] == "NVDA"


@pytest.mark.parametrize(("target", "mark"), [(182_000, "ok"), (181_999, "warning")])
def test_volatility_when_above_its_target_then_a_warning(target: int, mark: str) -> None:
    assert risk.book(with_limits(volatility__portfolio_target=target))["portfolio_vol_mark"] == mark


def test_book_when_a_figure_has_no_input_then_null_with_its_reason() -> None:
    sparse = BookRisk(market_time="2026-01-19", benchmark="SPX", missing={"beta": "12 of 60 sessions of SPX"})
    found = risk.book(greenplace().model_copy(update={"analysis": Analysis(book=sparse)}))
    assert (found["beta"], found["missing"]["beta"]) == (None, "12 of 60 sessions of SPX")


@pytest.mark.parametrize(
    ("seen", "reason"), [(overview(), "not computed yet"), (overview(engine=False), "gate.sock: connection refused")]
)
def test_figures_when_there_is_no_analysis_then_each_says_why(seen: Overview, reason: str) -> None:
    assert set(risk.book(seen)["missing"].values()) == {reason}
    assert set(risk.performance(seen, MOMENTUM)["missing"].values()) == {reason}


def test_performance_when_a_strategy_is_newer_than_the_analysis_then_not_computed_yet() -> None:
    found = risk.performance(greenplace(), SENTIMENT)
    assert (found["sharpe"], found["missing"]["sharpe"]) == (None, "not computed yet")


def test_limits_then_the_portfolio_s_volatility_is_the_use_of_its_target() -> None:
    found = {item["name"]: item for item in config.limits(greenplace())["limits"]}
    assert found["volatility.portfolio_target"]["used"] == 18.2
    assert found["volatility.portfolio_target"]["utilisation_pct"] == 91.0
    assert found["position.min_position_dollars"]["utilisation_pct"] is None


def at(level: LevelName, **more: Any) -> Overview:
    """A book with one level."""
    values = {"scope": "account", "key": "position.max_position_pct", "what": "AAPL", "unit": "percent", **more}
    item = Level(level=level, **{"value": 162_000, "limit": 150_000, "utilisation": 1_080_000, **values})
    return greenplace().model_copy(update={"analysis": Analysis(levels=(item,))})


def test_attention_when_nothing_may_increase_then_limit_subject_and_figures() -> None:
    assert risk.beyond(at("error")) == ["position.max_position_pct: AAPL at 16.2%, limit 15.0%"]
    near = at("error", key="drawdown.account_emergency_pct", what="", value=230_000, limit=250_000)
    assert risk.beyond(near) == ["drawdown.account_emergency_pct: account at 23.0%, limit 25.0%"]
    assert risk.beyond(near)[0] in status.attention(near)


@pytest.mark.parametrize("seen", [at("warn"), at("info"), at("halt"), at("error", shadow=True), overview(engine=False)])
def test_attention_when_warned_or_in_shadow_or_not_known_or_told_by_a_halt_then_none(seen: Overview) -> None:
    assert risk.beyond(seen) == []


def test_attention_then_each_limit_in_its_own_unit() -> None:
    seen = with_limits(exposure__max_gross_pct=800_000, position__max_position_dollars=14_000_000_000)
    assert seen.effective is not None and seen.live is not None
    found = Analysis(levels=levels(seen.effective, seen.live, seen.peaks, ()))
    assert risk.beyond(seen.model_copy(update={"analysis": found})) == [
        "exposure.max_gross_pct: account at 87.5%, limit 80.0%",
        "position.max_position_dollars: NVDA at $14,230, limit $14,000",
    ]


def test_figures_when_the_arithmetic_is_down_then_each_says_why() -> None:
    seen = greenplace().model_copy(update={"analysis": Analysis(reason="its process ended; see: quant.log")})
    assert set(risk.book(seen)["missing"].values()) == {"its process ended; see: quant.log"}
    assert set(risk.performance(seen, MOMENTUM)["missing"].values()) == {"its process ended; see: quant.log"}


def test_exposure_then_net_leverage_and_concentration() -> None:
    found = risk.exposure(greenplace(), {})
    assert (found["net_exposure"], found["leverage"]) == (86_110.23, 0.8747)
    assert (found["concentration"]["herfindahl"], found["concentration"]["effective_names"]) == (0.1115, 8.97)
