import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from controller.runner.catalog import build
from controller.runner.strategy import (
    BadParameter,
    Cancel,
    Context,
    Held,
    Market,
    NoData,
    Order,
    Parameter,
    Strategy,
    Working,
)
from tests.support.paper import DOLLAR, feed_of

ALLOCATION = 12_000 * DOLLAR
REPORTS = "filed,traded,bioguide,symbol,side,amount_low_usd,amount_high_usd,owner"


def market_of(closes: Mapping[str, Sequence[float]]) -> Market:
    """Days from 2020-01-01 on."""
    feed, market = feed_of(closes), Market()
    market.load({symbol: feed.history(symbol, len(feed.sessions) - 1, 9_999) for symbol in closes})
    return market


def context_of(market: Market, holdings: Mapping[str, Held] | None = None, working: Sequence[Working] = ()) -> Context:
    return Context(market.dates[-1], market, sorted(market.columns), holdings or {}, working, ALLOCATION)


def shares(actions: Sequence[object]) -> dict[str, int]:
    """Symbol to shares wanted, sells negative."""
    return {a.symbol: a.quantity if a.side == "buy" else -a.quantity for a in actions if isinstance(a, Order)}


RISING = {"AAA": [10, 11, 12, 13], "BBB": [10, 10, 10, 11], "CCC": [10, 12, 14, 16], "DDD": [10, 9, 8, 7]}
MOMENTUM: dict[str, Parameter] = {"lookback": 3, "top_n": 3}


def momentum(**parameters: Parameter) -> Strategy:
    return build("momentum", {**MOMENTUM, **parameters}, "")


def ranked_at_month_end(rising: Mapping[str, Sequence[float]]) -> Market:
    """The four closes end on 1 February, so the ranking day is the newest session."""
    return market_of({symbol: [*([values[0]] * 28), *values] for symbol, values in rising.items()})


def test_momentum_by_rank_when_deciding_then_the_best_gets_half() -> None:
    wanted = shares(momentum().on_bar(context_of(ranked_at_month_end(RISING))))
    assert wanted == {"CCC": 6_000 // 16, "AAA": 4_000 // 13, "BBB": 2_000 // 11}


def test_momentum_equal_when_deciding_then_all_get_the_same() -> None:
    wanted = shares(momentum(weighting="equal", top_n=2).on_bar(context_of(ranked_at_month_end(RISING))))
    assert wanted == {"CCC": 6_000 // 16, "AAA": 6_000 // 13}


def test_momentum_when_names_fell_then_their_place_stays_cash() -> None:
    falling = {**RISING, "BBB": [10, 10, 10, 9]}
    assert set(shares(momentum().on_bar(context_of(ranked_at_month_end(falling))))) == {"AAA", "CCC"}
    wanted = shares(momentum(require_gain=False).on_bar(context_of(ranked_at_month_end(falling))))
    assert set(wanted) == {"AAA", "CCC", "BBB"}


def test_momentum_when_skipping_then_the_newest_sessions_do_not_count() -> None:
    late = {"AAA": [10, 12, 12, 12], "BBB": [10, 10, 10, 99]}
    wanted = shares(momentum(top_n=1, skip=1, lookback=2).on_bar(context_of(ranked_at_month_end(late))))
    assert set(wanted) == {"AAA"}


def test_momentum_when_history_is_short_then_wants_nothing() -> None:
    assert momentum(lookback=200).on_bar(context_of(ranked_at_month_end(RISING))) == []


def test_targets_when_within_a_month_then_stay_whatever_prices_do() -> None:
    strategy, values = momentum(), {s: [*([v[0]] * 28), *v] for s, v in RISING.items()}
    first = shares(strategy.on_bar(context_of(market_of(values))))
    later = market_of({symbol: [*closes, 50.0, 60.0] for symbol, closes in values.items()})
    assert shares(momentum().on_bar(context_of(later))) == first


def test_targets_when_held_or_working_then_only_the_difference_is_ordered() -> None:
    market = ranked_at_month_end(RISING)
    holdings = {"CCC": Held(300, 1, ""), "DDD": Held(40, 1, ""), "AAA": Held(500, 1, "")}
    working = [Working("g1", "CCC", "buy", "market", 75, ""), Working("g2", "DDD", "sell", "market", 10, "")]
    assert shares(momentum().on_bar(context_of(market, holdings, working))) == {
        "DDD": -30,
        "AAA": 4_000 // 13 - 500,
        "BBB": 2_000 // 11,
    }


def test_target_that_the_gate_refused_then_takes_the_headroom_and_does_not_ask_again() -> None:
    strategy, context = momentum(), context_of(ranked_at_month_end(RISING))
    best = next(a for a in strategy.on_bar(context) if isinstance(a, Order) and a.symbol == "CCC")
    smaller = strategy.on_denied(context, best, "POSITION_PCT", 3_000 * DOLLAR)
    assert smaller == Order("CCC", "buy", 3_000 * 100 // (16 * 101))
    assert "CCC" not in shares(strategy.on_bar(context))
    assert strategy.on_denied(context, best, "MAX_POSITIONS", 0) is None


def test_target_that_the_gate_cut_down_then_is_not_asked_for_again() -> None:
    strategy, context = momentum(), context_of(ranked_at_month_end(RISING))
    best = next(a for a in strategy.on_bar(context) if isinstance(a, Order) and a.symbol == "CCC")
    strategy.on_accepted(best, best.quantity - 1)
    assert "CCC" not in shares(strategy.on_bar(context))


def test_target_without_money_then_is_asked_for_again() -> None:
    strategy, context = momentum(), context_of(ranked_at_month_end(RISING))
    best = next(a for a in strategy.on_bar(context) if isinstance(a, Order) and a.symbol == "CCC")
    assert strategy.on_denied(context, best, "CASH_RESERVE", 0) is None
    assert "CCC" in shares(strategy.on_bar(context))


def test_value_when_deciding_then_buys_what_is_cheapest_against_its_mean() -> None:
    values = {"AAA": [20.0] * 31 + [10.0], "BBB": [20.0] * 31 + [15.0], "CCC": [20.0] * 31 + [30.0]}
    strategy = build("value", {"lookback": 32, "minimum_history": 20, "top_n": 2}, "")
    assert shares(strategy.on_bar(context_of(market_of(values)))) == {"AAA": 600, "BBB": 400}


def test_value_when_history_is_short_then_name_is_left_out() -> None:
    strategy = build("value", {"lookback": 50, "minimum_history": 40, "top_n": 2}, "")
    assert strategy.on_bar(context_of(market_of({"AAA": [20.0] * 31 + [10.0]}))) == []


CONTRARIAN: dict[str, Parameter] = {"lookback": 2, "drop_pct": 10, "slots": 2, "hold_sessions": 3}


def contrarian(holdings: Mapping[str, Held], closes: Sequence[float], *working: Working) -> list[object]:
    context = context_of(market_of({"AAA": closes}), holdings, working)
    return list(build("contrarian", CONTRARIAN, "").on_bar(context))


def test_contrarian_when_a_name_fell_enough_then_bids_below_the_close() -> None:
    assert contrarian({}, [100, 95, 90]) == [
        Order("AAA", "buy", ALLOCATION // 2 // (89_550_000), "limit", limit=89_550_000)
    ]
    assert contrarian({}, [100, 95, 90.1]) == []


def test_contrarian_when_a_bid_is_a_session_old_then_withdraws_it_and_bids_anew() -> None:
    old = Working("g1", "AAA", "buy", "limit", 10, "2020-01-02")
    assert contrarian({}, [100, 95, 90], old)[0] == Cancel("g1")
    fresh = Working("g1", "AAA", "buy", "limit", 10, "2020-01-03")
    assert contrarian({}, [100, 95, 90], fresh) == []


def test_contrarian_when_holding_then_keeps_a_stop_under_every_share() -> None:
    held = {"AAA": Held(30, 90 * DOLLAR, "2020-01-02")}
    stop = 82_800_000
    assert contrarian(held, [100, 90, 90]) == [Order("AAA", "sell", 30, "stop", stop=stop)]
    part = Working("g1", "AAA", "sell", "stop", 20, "2020-01-02")
    assert contrarian(held, [100, 90, 90], part) == [Order("AAA", "sell", 10, "stop", stop=stop)]


@pytest.mark.parametrize("closes", [[100, 90, 95.4], [100, 90, 90, 90, 90, 90]])
def test_contrarian_when_gain_or_time_is_reached_then_leaves_at_the_market(closes: Sequence[float]) -> None:
    held = {"AAA": Held(30, 90 * DOLLAR, "2020-01-02")}
    stop = Working("g1", "AAA", "sell", "stop", 30, "2020-01-02")
    assert contrarian(held, closes, stop) == [Cancel("g1"), Order("AAA", "sell", 30)]
    leaving = Working("g2", "AAA", "sell", "market", 30, "2020-01-02")
    assert contrarian(held, closes, leaving) == []


def reports(folder: Path, *lines: str) -> str:
    with gzip.open(folder / "senate_trades.csv.gz", "wt") as file:
        file.write("\n".join([REPORTS, *lines, ""]))
    return str(folder)


def follower(folder: str, **parameters: Parameter) -> Strategy:
    return build("disclosure", {"slots": 2, "hold_sessions": 4, **parameters}, folder)


WEEK = {"AAA": [10.0, 10.0, 20.0, 20.0, 20.0, 20.0, 20.0], "BBB": [5.0] * 7, "CCC": [4.0] * 7}


def test_disclosure_when_filed_then_is_known_from_that_day_and_not_before(tmp_path: Path) -> None:
    folder = reports(tmp_path, "2020-01-03,2020-01-01,X,AAA,purchase,1001,15000,self")
    before = market_of({symbol: closes[:2] for symbol, closes in WEEK.items()})
    assert follower(folder).on_bar(context_of(before)) == []
    after = market_of({symbol: closes[:3] for symbol, closes in WEEK.items()})
    assert shares(follower(folder).on_bar(context_of(after))) == {"AAA": 300}


def test_disclosure_when_filed_between_sessions_then_the_next_session_learns_of_it(tmp_path: Path) -> None:
    folder = reports(tmp_path, "2020-01-04,2020-01-01,X,AAA,purchase,1001,,self")
    market = Market()
    friday, monday = "2020-01-03", "2020-01-06"
    market.load({"AAA": [("2020-01-02", 10 * DOLLAR), (friday, 10 * DOLLAR)]})
    assert follower(folder).on_bar(context_of(market)) == []
    market.append(monday, {"AAA": 20 * DOLLAR})
    assert shares(follower(folder).on_bar(context_of(market))) == {"AAA": 300}


def test_disclosure_when_held_long_enough_then_leaves(tmp_path: Path) -> None:
    folder = reports(tmp_path, "2020-01-02,2020-01-01,X,AAA,purchase,1001,,self")
    held = {"AAA": Held(600, 10 * DOLLAR, "2020-01-03")}
    assert shares(follower(folder).on_bar(context_of(market_of(WEEK), held))) == {"AAA": -600}


def test_disclosure_when_a_member_sold_then_leaves_only_if_told_to(tmp_path: Path) -> None:
    folder = reports(
        tmp_path,
        "2020-01-05,2020-01-01,X,AAA,purchase,1001,,self",
        "2020-01-06,2020-01-01,Y,AAA,sale,1001,,self",
    )
    context = context_of(market_of(WEEK))
    assert follower(folder).on_bar(context) == []
    assert shares(follower(folder, follow_sales=False).on_bar(context)) == {"AAA": 300}


def test_disclosure_when_there_are_more_names_than_slots_then_the_newest_count(tmp_path: Path) -> None:
    folder = reports(
        tmp_path,
        "2020-01-05,2020-01-01,X,AAA,purchase,1001,,self",
        "2020-01-06,2020-01-01,X,BBB,purchase,1001,,self",
        "2020-01-07,2020-01-01,X,CCC,purchase,1001,,self",
        "2020-01-07,2020-01-01,X,ZZZ,purchase,1001,,self",
        "2020-01-07,2020-01-01,X,AAA,purchase,500,,self",
    )
    assert set(shares(follower(folder).on_bar(context_of(market_of(WEEK))))) == {"BBB", "CCC"}


def test_disclosure_without_the_pack_then_says_what_to_set(tmp_path: Path) -> None:
    for folder in ("", str(tmp_path)):
        with pytest.raises(NoData, match="GT_RISK_DATA_DIR"):
            follower(folder)


def test_disclosure_report_that_is_wrong_then_error_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"senate_trades\.csv\.gz:2: "):
        follower(reports(tmp_path, "2020-01-05,2020-01-01,X,AAA,purchase,much,,self"))


@pytest.mark.parametrize("module", ["momentum", "value", "contrarian", "disclosure"])
def test_documented_parameters_then_are_the_ones_of_the_module_with_their_defaults(module: str, tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "strategies.md").read_text()
    section = text.split(f"## `{module}`")[1].split("\n## ")[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    documented = {name.strip().strip("`"): value.strip().strip("`") for name, value in rows}
    strategy = build(module, {}, reports(tmp_path))
    actual = {
        name: str(value).lower() if value in (True, False) else str(value) for name, value in strategy.values.items()
    }
    assert documented == actual


@pytest.mark.parametrize(
    ("module", "parameters", "message"),
    [
        ("astrology", {}, "known: momentum"),
        ("momentum", {"magic": 1}, "known: lookback"),
        ("momentum", {"lookback": "126"}, "must be a int"),
        ("momentum", {"lookback": True}, "must be a int"),
        ("momentum", {"lookback": -1}, "at least 0"),
        ("momentum", {"weighting": "best"}, "rank or equal"),
    ],
)
def test_parameter_that_is_wrong_then_raises(module: str, parameters: dict[str, Parameter], message: str) -> None:
    with pytest.raises(BadParameter, match=message):
        build(module, parameters, "")


def test_market_when_a_session_comes_again_then_nothing_changes() -> None:
    market = market_of({"AAA": [10.0, 11.0]})
    market.append("2020-01-02", {"AAA": 1})
    assert market.closes("AAA", 5) == [10 * DOLLAR, 11 * DOLLAR]


def test_market_when_closes_are_missing_then_looks_further_back() -> None:
    market = Market()
    market.load({"AAA": [("1", 1), ("2", 2), ("4", 4)], "BBB": [("3", 3)]})
    market.append("5", {"BBB": 5, "CCC": 7})
    assert market.closes("AAA", 2) == [2, 4]
    assert market.closes("AAA", 2, 2) == [1, 2]
    assert market.closes("BBB", 9) == [3, 5]
    assert market.closes("CCC", 9) == [7]
    assert market.closes("ZZZ", 9) == []
