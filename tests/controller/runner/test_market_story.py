"""What the template's strategies, limits and the shipped prices bring about by themselves, at full speed."""

from dataclasses import replace
from pathlib import Path

import pytest

from controller.settings import PaperSettings
from schemas.policy import Policy
from tests.support.market_sim import Market, template_policy

FIVE_MINUTES = 300


def with_uids(policy: Policy, digit: str) -> Policy:
    """The policy as another installation has it: uids are random there."""
    renamed = {f"{digit}{uid[1:]}": item for uid, item in policy.strategies.items()}
    strategies = {uid: item.model_copy(update={"uid": uid}) for uid, item in renamed.items()}
    return policy.model_copy(update={"strategies": strategies})


@pytest.mark.parametrize("digit", ["0", "c"])
def test_default_settings_then_denial_warning_reduction_and_drawdown_halt_come_within_a_minute(
    tmp_path: Path, digit: str
) -> None:
    market = Market(tmp_path, with_uids(template_policy(), digit))
    market.run(FIVE_MINUTES)
    denied, warned, halted = market.first("denied"), market.first("warned"), market.first("halted")
    reduced = market.first("reduced", "VOLATILITY_REDUCTION")
    assert denied is not None
    assert warned is not None
    assert reduced is not None
    assert halted is not None
    assert denied.session <= 5
    assert warned.session < reduced.session <= 60
    assert 30 <= halted.session <= 60
    value = next(item for item in market.policy.strategies.values() if item.module == "value")
    assert halted.what.startswith(value.uid)
    assert market.first("halted", "account") is None
    assert len(set(market.equities)) > FIVE_MINUTES * 9 // 10


def test_drawdown_limit_raised_first_then_the_halt_does_not_come(tmp_path: Path) -> None:
    market = Market(tmp_path, template_policy(drawdown__strategy_halt_pct=600_000))
    market.run(FIVE_MINUTES)
    assert market.first("halted") is None
    assert market.first("reduced") is not None


def test_sector_warning_when_lower_then_a_sector_is_warned_of_within_a_minute(tmp_path: Path) -> None:
    market = Market(tmp_path, template_policy(concentration__sector_warning_pct=300_000))
    market.run(60)
    assert market.first("warned", "SECTOR_WARNING") is not None


def test_start_in_2008_then_the_account_is_halted_too(tmp_path: Path) -> None:
    market = Market(tmp_path, template_policy(), replace(PaperSettings(), start="2008-06-02"))
    market.run(150)
    account = market.first("halted", "account")
    assert account is not None
    assert account.date.startswith("2008-10")


def test_halted_strategy_then_sends_nothing_more_and_keeps_its_positions(tmp_path: Path) -> None:
    market = Market(tmp_path, template_policy())
    market.run(120)
    halted = market.first("halted")
    assert halted is not None
    uid = halted.what[:32]
    positions = {key for key in market.venue.book().holdings if key[0] == uid}
    sent = [order for order in market.requests if order["uid"] == uid and order["client_id"][9:19] > halted.date]
    assert positions
    assert sent == []


def test_paused_disclosure_follower_without_data_pack_then_reports_no_data(tmp_path: Path) -> None:
    market = Market(tmp_path, template_policy())
    market.run(2)
    (uid,) = [item.uid for item in market.policy.strategies.values() if item.module == "disclosure"]
    condition, message = market.health[uid]
    assert condition == "NoData"
    assert "GT_RISK_DATA_DIR" in message
    assert all(market.health[other] == ("", "") for other in market.policy.strategies if other != uid)


def test_denied_order_then_is_made_smaller_within_the_headroom(tmp_path: Path) -> None:
    market = Market(tmp_path, template_policy())
    market.run(1)
    denied = market.first("denied", "POSITION_PCT")
    assert denied is not None
    uid, symbol = denied.what.split()[1:]
    first, second, *_ = [order for order in market.requests if (order["uid"], order["symbol"]) == (uid, symbol)]
    assert second["quantity"] < first["quantity"]
    accepted = [order for order in market.venue.book().orders.values() if (order.uid, order.symbol) == (uid, symbol)]
    assert [order.quantity for order in accepted] == [second["quantity"]]


def test_same_settings_again_then_every_decision_and_every_equity_is_the_same(tmp_path: Path) -> None:
    runs = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        market = Market(tmp_path / name, template_policy())
        market.run(80)
        runs.append((market.happenings, market.equities, market.requests))
    assert runs[0] == runs[1]
