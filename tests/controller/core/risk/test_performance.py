import statistics
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from math import sqrt

import numpy as np
import pytest

from controller.core.risk.performance import performance
from controller.core.risk.question import Closes, Record
from controller.core.risk.tails import kupiec
from schemas.risk import Performance
from tests.support.returns import closes, wave

DATES = [(date(2024, 1, 1) + timedelta(days=number)).isoformat() for number in range(300)]
EQUITY = wave(300, 3)
CURVE = closes(DATES, EQUITY)


def performed(curve: Closes, calendar: Sequence[str], gains: Sequence[float]) -> Performance:
    return performance(Record(curve, gains), calendar)


def stepped(values: list[int]) -> list[float]:
    return [after / before - 1 for before, after in pairwise(values)]


def test_performance_then_uses_the_newest_252_sessions() -> None:
    found = performed(CURVE, DATES, [])
    own = stepped(EQUITY[-253:])
    assert found.sessions == 252
    assert found.volatility == pytest.approx(statistics.stdev(own) * sqrt(252))
    assert found.sharpe == pytest.approx(statistics.fmean(own) / statistics.stdev(own) * sqrt(252))


def test_performance_when_only_each_fifth_session_was_seen_then_annualised_by_what_a_year_holds_of_them() -> None:
    found = performed(CURVE[:201:5], DATES[:201], [])
    own = stepped(EQUITY[:201:5])
    assert found.sessions == 40
    assert found.volatility == pytest.approx(statistics.stdev(own) * sqrt(252 / 5))


@pytest.mark.parametrize(("sessions", "returns"), [(0, 0), (1, 0), (20, 19)])
def test_performance_when_there_are_few_sessions_then_says_how_many(sessions: int, returns: int) -> None:
    found = performed(CURVE[len(CURVE) - sessions :], DATES, [])
    assert found.missing["sharpe"] == found.missing["volatility"] == f"{returns} of 20 sessions"


def test_backtest_then_each_session_s_own_result_against_the_half_year_before_it() -> None:
    found = performed(CURVE, DATES, []).backtest
    own = stepped(EQUITY[-253:])
    beyond = [own[day] < float(np.quantile(own[day - 126 : day], 0.05)) for day in range(126, 252)]
    assert found is not None
    assert (found.exceptions, found.sessions, found.window) == (sum(beyond), 126, 126)
    assert found.kupiec == pytest.approx(kupiec(sum(beyond), 126, 0.05).p_value)


def test_backtest_when_sessions_were_not_seen_then_what_spans_several_is_no_result_of_one() -> None:
    holes = [*CURVE[:150], *CURVE[153:]]
    assert performed(holes, DATES, []).missing["backtest"] == "248 of 252 sessions of its own"
    assert performed(CURVE[::2], DATES, []).missing["backtest"] == "0 of 252 sessions of its own"


def test_performance_when_the_strategy_never_traded_then_its_returns_do_not_vary() -> None:
    found = performed([(day, 40) for day in DATES], DATES, [])
    assert found.missing["sharpe"] == "the returns do not vary"
    assert (found.volatility, found.trades) == (0, 0)


def test_performance_when_trades_are_known_then_wins_and_losses_are_averaged_apart() -> None:
    found = performed(CURVE, DATES, [0.02, -0.01, 0.04, 0.0])
    assert found.win_rate == pytest.approx(2 / 3)
    assert found.average_win == pytest.approx(0.03)
    assert found.average_loss == pytest.approx(-0.01)
    assert found.trades == 4


def test_performance_when_no_trade_lost_then_only_the_loss_is_missing() -> None:
    found = performed(CURVE, DATES, [0.02])
    assert found.missing == {"average_loss": "no losing trade yet"}


def test_performance_when_no_trade_is_closed_then_says_so() -> None:
    missing = performed(CURVE, DATES, []).missing
    assert missing == {
        "win_rate": "no closed trades yet",
        "average_win": "no winning trade yet",
        "average_loss": "no losing trade yet",
    }
