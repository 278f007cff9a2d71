"""A/B tests on the real gate desk, the real paper venue and recorded prices, with kills on the way."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controller.core.experiments.mismatch import of_two
from controller.core.risk.trades import closed_trades
from controller.gate.venue import LoggedShadow
from controller.gate.views import logged_fill
from controller.marketdata.feed import Feed, load_feed
from controller.settings import PaperSettings
from schemas.live import FillView
from schemas.policy import Policy, TestPolicy
from tests.support.gates import WIDE
from tests.support.market_sim import Market, template_policy

SESSIONS = 180
PAPER = replace(PaperSettings(), volume_cap_shares=10**9)
SPLIT = TestPolicy(id="t-1", seed=3, share_b_ppm=500_000, parameters_b={"stop_pct": 4, "drop_pct": 6})
PAIRED = SPLIT.model_copy(update={"paired": True})


@pytest.fixture(scope="module")
def feed() -> Feed:
    return load_feed()


def policy_in(test: TestPolicy | None, module: str = "contrarian") -> Policy:
    wide = {name.replace(".", "__"): value for name, value in WIDE.items()}
    no_halt = {"drawdown__strategy_halt_pct": 990_000, "drawdown__account_emergency_pct": 990_000}
    policy = template_policy(**{**wide, **no_halt})
    (strategy,) = [item for item in policy.strategies.values() if item.module == module]
    return policy.model_copy(update={"strategies": {strategy.uid: strategy.model_copy(update={"test": test})}})


def played(folder: Path, feed: Feed, policy: Policy, kill: Callable[[Market], None] | None = None) -> Market:
    """``SESSIONS`` sessions; ``kill`` comes after every 13th."""
    market = Market(folder, policy, PAPER, feed)
    for _ in range(SESSIONS // 13):
        market.run(13)
        if kill is not None:
            kill(market)
    return market


def fills(market: Market) -> list[FillView]:
    return [FillView.model_validate(logged_fill(item)) for item in market.venue.book().fills]


def without_times(found: list[FillView]) -> list[dict[str, Any]]:
    return [item.model_dump(exclude={"at_ns", "order"}) for item in found]


def shadows(market: Market) -> list[LoggedShadow]:
    return list(market.venue.book().shadows)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, feed: Feed) -> Market:
    return played(tmp_path_factory.mktemp("shared"), feed, policy_in(SPLIT))


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory, feed: Feed) -> Market:
    return played(tmp_path_factory.mktemp("paired"), feed, policy_in(PAIRED))


def kill_runner(market: Market) -> None:
    market.kill_runner()


def kill_gate(market: Market) -> None:
    market.kill_gate()


def kill_both(market: Market) -> None:
    market.kill_gate()
    market.kill_runner()


KILLS = pytest.mark.parametrize("kill", [kill_runner, kill_gate, kill_both])


def test_both_arms_then_trade_and_every_fill_is_of_one(shared: Market) -> None:
    found = fills(shared)
    assert {(item.arm, item.test, item.epoch) for item in found} == {("A", "t-1", 0), ("B", "t-1", 0)}
    assert shared.health[found[0].uid] == ("", "")
    by_arm = [closed_trades([item for item in found if item.arm == arm]) for arm in "AB"]
    assert all(by_arm)
    assert sum(map(len, by_arm)) == len(closed_trades(found))
    ledger = shared.venue.book().ledgers[found[0].uid]
    gains = [trade.gain for trades in by_arm for trade in trades]
    assert (ledger.wins, ledger.losses) == (sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains))
    assert ledger.fees == sum(item.fee for item in found)


def test_order_of_an_arm_then_never_moves_the_others_position(shared: Market) -> None:
    arms = {order["client_id"]: order["arm"] for order in shared.requests}
    book = shared.venue.book()
    orders = {order.order: order for order in (*book.closed, *book.orders.values())}
    known = [(item, orders[item.order]) for item in fills(shared) if item.order in orders]
    assert known
    assert all(item.arm == arms[order.client_id] for item, order in known)


def test_signals_then_are_shared_as_the_split_says_whatever_either_arm_makes_of_them(shared: Market) -> None:
    rows = [item.shadow for item in shadows(shared)]
    a, b = sum(row.signals_a for row in rows), sum(row.signals_b for row in rows)
    assert a + b > 50
    assert of_two(a, b, 0.5) > 0.001


@KILLS
def test_killed_on_the_way_then_every_order_and_fill_is_as_without(
    tmp_path: Path, feed: Feed, shared: Market, kill: Callable[[Market], None]
) -> None:
    killed = played(tmp_path, feed, policy_in(SPLIT), kill)
    assert without_times(fills(killed)) == without_times(fills(shared))
    assert shadows(killed) == shadows(shared)


@KILLS
def test_paired_when_killed_on_the_way_then_each_session_is_kept_once_as_without(
    tmp_path: Path, feed: Feed, paired: Market, kill: Callable[[Market], None]
) -> None:
    killed = played(tmp_path, feed, policy_in(PAIRED), kill)
    assert shadows(killed) == shadows(paired)
    dates = [item.shadow.market_time for item in shadows(paired)]
    assert dates == sorted(set(dates))
    assert len(dates) == SESSIONS // 13 * 13
    assert without_times(fills(killed)) == without_times(fills(paired))


def test_paired_then_the_controls_shadow_follows_the_book_that_it_trades(paired: Market) -> None:
    (strategy,) = paired.policy.strategies.values()
    assert {item.arm for item in fills(paired)} == {""}
    shadow = 1.0
    for item in shadows(paired):
        shadow *= 1 + item.shadow.return_a / 1e9
    real = 1 + (paired.equities[-1] - 100_000_000_000) / strategy.allocation
    assert shadow == pytest.approx(real, abs=0.01)
    assert any(item.shadow.return_a != item.shadow.return_b for item in shadows(paired))


def test_runner_away_for_some_sessions_then_the_shadow_books_miss_none(
    tmp_path: Path, feed: Feed, paired: Market
) -> None:
    market = Market(tmp_path, policy_in(PAIRED), PAPER, feed)
    market.run(50)
    emit, market._emit = market._emit, lambda event: None  # type: ignore[method-assign]  # nobody listens
    market.host.handle, handle = lambda event: None, market.host.handle  # type: ignore[method-assign]  # as above
    market.run(9)
    market._emit = emit  # type: ignore[method-assign]  # it is back
    market.host.handle = handle  # type: ignore[method-assign]  # as above
    market.kill_runner()
    market.run(20)
    assert shadows(market) == shadows(paired)[:79]


def test_test_that_begins_and_ends_then_positions_from_before_count_for_nobody(tmp_path: Path, feed: Feed) -> None:
    market = Market(tmp_path, policy_in(None), PAPER, feed)
    market.run(60)
    before = {symbol for _, symbol in market.venue.book().holdings}
    assert before
    rollout = SPLIT.model_copy(update={"share_b_ppm": 100_000, "epoch": 1})
    for test, sessions in ((SPLIT, 60), (rollout, 40), (None, 40)):
        market.adopt(policy_in(test))
        market.run(sessions)
    found = fills(market)
    assert {(item.arm, item.epoch) for item in found} >= {("", 0), ("A", 0), ("B", 0), ("A", 1)}
    for trades in (closed_trades([item for item in found if item.arm == arm]) for arm in ("", "A", "B")):
        assert all(trade.quantity for trade in trades)
    whole = [(trade.symbol, trade.opened_market, trade.gain) for trade in closed_trades(found)]
    parts = [
        (trade.symbol, trade.opened_market, trade.gain)
        for arm in ("", "A", "B")
        for epoch in (0, 1)
        for trade in closed_trades([item for item in found if (item.arm, item.epoch) == (arm, epoch)])
    ]
    assert sorted(whole) == sorted(parts)


def test_strategy_that_is_gone_then_its_arms_positions_stay_and_nothing_is_sent(tmp_path: Path, feed: Feed) -> None:
    market = Market(tmp_path, policy_in(SPLIT), PAPER, feed)
    market.run(100)
    held = dict(market.venue.book().holdings)
    requests = len(market.requests)
    market.adopt(policy_in(None).model_copy(update={"strategies": {}}))
    market.run(10)
    assert len(market.requests) == requests
    assert {key: item.quantity for key, item in market.venue.book().holdings.items()} == {
        key: item.quantity for key, item in held.items()
    }


def test_variant_without_signals_then_the_control_trades_its_part_and_no_more(tmp_path: Path, feed: Feed) -> None:
    silent = SPLIT.model_copy(update={"parameters_b": {"drop_pct": 99}})
    market = Market(tmp_path, policy_in(silent), PAPER, feed)
    market.run(100)
    (strategy,) = market.policy.strategies.values()
    found = fills(market)
    assert {item.arm for item in found} == {"A"}
    assert (
        max(item.quantity * item.price for item in found if item.side == "buy")
        <= strategy.allocation // 2 // 4 * 102 // 100
    )
