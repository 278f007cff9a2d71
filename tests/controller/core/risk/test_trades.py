from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.risk.trades import Trade, closed_trades
from schemas.live import FillView

ANN, BEA = "a" * 32, "b" * 32
Deal = tuple[int, int]
DEALS = st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 10**9)), min_size=1, max_size=30)


def fills(*deals: Deal, uid: str = ANN, symbol: str = "AAPL", start: int = 0, fee: int = 7) -> list[FillView]:
    """Fills of (signed shares, price in micro-dollars), one after the other."""
    found, position = [], 0
    for number, (shares, price) in enumerate(deals, start + 1):
        position += shares
        found.append(
            FillView(
                seq=number,
                order=f"o{number}",
                uid=uid,
                symbol=symbol,
                side="buy" if shares > 0 else "sell",
                quantity=abs(shares),
                price=price,
                fee=fee,
                position=position,
                market_time=f"2008-06-{number:02}",
                at_ns=number,
            )
        )
    return found


def gains(trades: Sequence[Trade]) -> list[int]:
    return [trade.gain for trade in trades]


def test_trades_when_a_long_is_built_and_sold_in_parts_then_one_trade() -> None:
    (trade,) = closed_trades(fills((10, 100), (10, 110), (-5, 120), (-15, 130)))
    assert trade == Trade(
        ANN, "AAPL", "long", 20, 2_100, 5 * 120 + 15 * 130 - 2_100, 28, "2008-06-01", 1, "2008-06-04", 4
    )
    assert trade.result == pytest.approx((450 - 28) / 2_100)


def test_trades_when_a_short_is_covered_lower_then_a_gain() -> None:
    (trade,) = closed_trades(fills((-10, 100), (10, 90)))
    assert (trade.side, trade.quantity, trade.cost, trade.gain) == ("short", 10, 1_000, 100)


def test_trades_when_a_position_is_open_then_not_among_them() -> None:
    assert closed_trades(fills((10, 100), (-9, 110))) == []


def test_trades_when_a_fill_turns_the_position_then_two_trades_share_its_fee_by_shares() -> None:
    first, second = closed_trades(fills((10, 100), (-30, 110), (20, 105), fee=9))
    assert (first.side, first.gain, first.fees) == ("long", 100, 9 + 3)
    assert (second.side, second.quantity, second.gain, second.fees) == ("short", 20, 100, 6 + 9)
    assert (second.opened_market, second.closed_market) == ("2008-06-02", "2008-06-03")


def test_trades_of_strategies_and_instruments_then_apart_and_by_close() -> None:
    log = [
        *fills((1, 10), (-1, 11)),
        *fills((1, 10), (-1, 12), uid=BEA, start=2),
        *fills((1, 10), (-1, 13), symbol="IBM", start=4),
    ]
    assert gains(closed_trades(reversed(log))) == [1, 2, 3]


@pytest.mark.parametrize("missing", [0, 1, 2, 3])
def test_trades_when_a_fill_is_missing_then_its_trade_is_left_out_and_the_next_is_whole(missing: int) -> None:
    log = fills((10, 100), (5, 100), (-5, 110), (-10, 110), (10, 100), (-10, 103))
    del log[missing]
    assert gains(closed_trades(log)) == [30]


def test_trades_when_the_turning_fill_is_missing_then_the_trade_that_it_began_is_left_out() -> None:
    log = fills((10, 100), (-20, 110), (10, 105), (10, 100), (-10, 103))
    del log[1]
    assert gains(closed_trades(log)) == [30]


@given(DEALS)
def test_trades_when_all_is_sold_in_the_end_then_gains_and_fees_are_those_of_all_fills(deals: list[Deal]) -> None:
    left = sum(shares for shares, _ in deals)
    log = fills(*deals, *([(-left, 500)] if left else []))
    trades = closed_trades(log)
    assert sum(gains(trades)) == -sum(
        (fill.quantity if fill.side == "buy" else -fill.quantity) * fill.price for fill in log
    )
    assert sum(trade.fees for trade in trades) == sum(fill.fee for fill in log)
    assert all(trade.cost > 0 for trade in trades)
