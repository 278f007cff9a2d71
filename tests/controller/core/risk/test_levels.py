"""Levels against every limit: where they are reached, where they are left again, what they restrict."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.plan.drawdown import ACCOUNT_LIMIT, STRATEGY_LIMIT, drawdowns, equities, restrictions
from controller.core.risk.ladders import DRAWDOWN, MARGIN, RANKS, kept, reached
from controller.core.risk.levels import changed, drawdown_levels, levels
from schemas.desired import StrategyStatus
from schemas.halts import ACCOUNT
from schemas.live import LiveState, PositionView, StrategyLive
from schemas.risk import Level, LevelName
from tests.support.policies import UIDS, live, policy

PEAK = 100_000_000_000
CAPITAL = 30_000_000_000
DOLLAR = 1_000_000


def lost(points: float) -> LiveState:
    """The account at ``points`` per cent of its drawdown limit of 25 %."""
    return live(equity=PEAK - int(PEAK * 25 * points // 10_000))


def account(points: float, before: Sequence[Level] | None = ()) -> tuple[Level, tuple[Level, ...]]:
    found = levels(policy(), lost(points), {ACCOUNT: PEAK}, before)
    return next(item for item in found if item.key == ACCOUNT_LIMIT), found


def path(*points: float) -> list[LevelName]:
    before: tuple[Level, ...] = ()
    seen = []
    for share in points:
        item, before = account(share, before)
        seen.append(item.level)
    return seen


def holding(*held: tuple[str, int], cash: int = 0, moves: int = 0) -> LiveState:
    """A book of longs by (symbol, dollars)."""
    value = sum(dollars for _, dollars in held)
    positions = [
        PositionView(uid=UIDS[0], symbol=symbol, quantity=dollars, entry=DOLLAR, mark=DOLLAR, opened_market="")
        for symbol, dollars in held
    ]
    state = live(equity=(value + cash) * DOLLAR)
    money = state.account.model_copy(update={"cash": cash * DOLLAR, "long_exposure": value * DOLLAR})
    ledger = StrategyLive(uid=UIDS[0], venue_status=policy().strategies[UIDS[0]].status, deployed=value * DOLLAR)
    return state.model_copy(
        update={
            "account": money,
            "positions": tuple(positions),
            "strategies": {UIDS[0]: ledger},
            "volatility": {symbol: moves for symbol, _ in held},
        }
    )


def level_of(found: Sequence[Level], key: str, what: str = "") -> LevelName:
    return next((item.level for item in found if item.key == key and item.what == what), "clear")


def test_drawdown_that_wavers_then_a_level_is_left_five_points_lower() -> None:
    assert path(89.9, 90, 89, 85.1, 84.9, 90) == ["warn", "error", "error", "error", "warn", "error"]
    assert path(50, 45.1, 44.9, 49.9) == ["info", "info", "clear", "clear"]
    assert path(100, 96, 94, 0) == ["halt", "halt", "error", "clear"]


def test_drawdown_after_a_start_then_the_reducing_band_holds_until_it_is_left() -> None:
    assert account(86, None)[0].level == "error" and account(84, None)[0].level == "warn"
    assert account(86, ())[0].level == "warn"
    assert [item.scope for item in restrictions(account(86, None)[1])] == [ACCOUNT]


def test_drawdown_of_a_strategy_then_only_its_scope_is_restricted() -> None:
    ledger = StrategyLive(
        uid=UIDS[0], venue_status=policy().strategies[UIDS[0]].status, unrealized=-CAPITAL * 19 // 100
    )
    found = levels(policy(), live(ledgers={UIDS[0]: ledger}), {ACCOUNT: PEAK, UIDS[0]: CAPITAL}, ())
    (band,) = restrictions(found)
    assert band.scope == f"strategy:{UIDS[0]}" and "19.00%" in band.reason and STRATEGY_LIMIT in band.reason


def test_drawdown_limit_of_zero_then_halt_and_no_share() -> None:
    found = levels(policy(drawdown__account_emergency_pct=0), lost(0), {ACCOUNT: PEAK}, ())
    item = next(item for item in found if item.key == ACCOUNT_LIMIT)
    assert (item.level, item.utilisation) == ("halt", None)


@pytest.mark.parametrize(
    ("dollars", "level"), [(13_000, "clear"), (13_500, "info"), (15_000, "info"), (15_001, "error")]
)
def test_position_by_share_of_equity_then_level(dollars: int, level: str) -> None:
    found = levels(policy(), holding(("AAPL", dollars), cash=100_000 - dollars), {}, ())
    assert level_of(found, "position.max_position_pct", "AAPL") == level


def test_position_back_under_its_limit_then_error_until_five_points_below() -> None:
    def at(dollars: int, before: Sequence[Level]) -> tuple[Level, ...]:
        return levels(policy(), holding(("AAPL", dollars), cash=100_000 - dollars), {}, before)

    over = at(15_500, ())
    near = at(14_500, over)
    assert level_of(near, "position.max_position_pct", "AAPL") == "error"
    assert level_of(at(14_200, near), "position.max_position_pct", "AAPL") == "info"


def test_cash_below_its_reserve_then_error_and_half_above_then_near() -> None:
    bare = levels(policy(), holding(("A", 96_000), cash=4_000), {}, ())
    assert level_of(bare, "account.cash_reserve_pct") == "error"
    near = levels(policy(), holding(("A", 94_500), cash=5_500), {}, ())
    assert level_of(near, "account.cash_reserve_pct") == "info"
    none = levels(policy(), holding(("A", 101_000), cash=-1_000), {}, ())
    item = next(item for item in none if item.key == "account.cash_reserve_pct")
    assert (item.level, item.utilisation) == ("error", None)


def test_sector_and_volatility_above_their_limits_then_warn_and_never_error() -> None:
    known = policy().model_copy(update={"sectors": {"A": "Tech", "B": "Tech"}})
    found = levels(known, holding(("A", 30_000), ("B", 25_000), cash=45_000, moves=700_000), {}, (), 0.3)
    for key, what in (
        ("concentration.sector_warning_pct", "Tech"),
        ("concentration.sector_reduction_pct", "Tech"),
        ("volatility.position_warning", "A"),
        ("volatility.position_reduction", "B"),
        ("volatility.portfolio_target", ""),
    ):
        assert level_of(found, key, what) == "warn"


def deployed(dollars: int, before: Sequence[Level] = ()) -> Level:
    found = levels(policy(), holding(("A", dollars), cash=100_000 - dollars), {}, before)
    return next(item for item in found if item.key == "strategy.max_strategy_allocation_pct")


def test_deployed_over_the_allocation_then_warn_of_that_strategy() -> None:
    item = deployed(31_000)
    assert (item.scope, item.what, item.level) == (f"strategy:{UIDS[0]}", "s-a", "warn")
    assert (item.value, item.limit, item.utilisation) == (310_000, 300_000, 1_033_333)


def test_deployed_around_the_allocation_then_one_warning_until_five_points_below() -> None:
    over = deployed(30_001)
    assert [deployed(dollars, (over,)).level for dollars in (30_000, 28_501, 28_499)] == ["warn", "warn", "clear"]
    assert deployed(30_000).level == "clear" and deployed(60_000).level == "warn"


@pytest.mark.parametrize(("active", "level"), [(3, "clear"), (4, "error")])
def test_as_many_strategies_as_allowed_then_clear_and_one_more_an_error(active: int, level: str) -> None:
    known = policy(statuses={f"{number:032x}": StrategyStatus.ACTIVE for number in range(active)})
    assert level_of(levels(known, live(), {}, ()), "strategy.max_strategies_active") == level


def test_clear_instruments_then_not_listed_and_the_account_always() -> None:
    found = levels(policy(), holding(("A", 1_000), cash=99_000), {}, ())
    assert {item.what for item in found} == {"", "s-a"}
    assert {"exposure.max_gross_pct", ACCOUNT_LIMIT} <= {item.key for item in found}


def test_limit_in_shadow_then_told_as_such() -> None:
    known = policy().model_copy(update={"shadow": ("concentration.sector_warning_pct",)})
    found = levels(known, holding(("A", 45_000), cash=55_000), {}, ())
    assert {item.key for item in found if item.shadow} == {"concentration.sector_warning_pct"}


def test_drawdown_limit_in_shadow_then_told_and_nothing_is_restricted_or_halted() -> None:
    known = policy().model_copy(update={"shadow": (ACCOUNT_LIMIT,)})
    found = levels(known, lost(101), {ACCOUNT: PEAK}, ())
    assert level_of(found, ACCOUNT_LIMIT) == "halt"
    assert restrictions(found) == () and restrictions(account(101)[1]) != ()
    bound = {item.key: item for item in drawdowns(known, lost(101), {ACCOUNT: PEAK})}
    assert bound[ACCOUNT].level == "halt" and not bound[ACCOUNT].breach
    assert {item.key: item.breach for item in drawdowns(policy(), lost(101), {ACCOUNT: PEAK})}[ACCOUNT]


def test_changed_then_levels_that_moved_and_those_that_are_gone() -> None:
    over = levels(policy(), holding(("A", 16_000), cash=84_000), {}, ())
    assert [(item.what, item.level) for item in changed((), over) if item.key == "position.max_position_pct"] == [
        ("A", "error")
    ]
    sold = levels(policy(), holding(cash=100_000), {}, over)
    assert [(item.what, item.level) for item in changed(over, sold)] == [("A", "clear")]
    assert changed(sold, sold) == ()


@given(st.lists(st.integers(0, 120), max_size=20))
def test_any_path_then_no_level_below_what_is_reached_nor_above_its_margin(shares: list[int]) -> None:
    before: LevelName = "clear"
    for share in shares:
        now, lower = reached(DRAWDOWN, share, 100), reached(DRAWDOWN, share, 100, MARGIN)
        found = kept(now, lower, before)
        assert RANKS.index(now) <= RANKS.index(found) <= RANKS.index(lower)
        assert found == now or RANKS.index(found) <= RANKS.index(before)
        before = found


_MONEY = st.sampled_from([-CAPITAL, -CAPITAL // 5, -CAPITAL // 6, -1, 0, 1, CAPITAL // 10])
_BEFORE = st.none() | st.lists(st.tuples(_MONEY, _MONEY), min_size=1, max_size=1)


@given(st.tuples(_MONEY, _MONEY), _BEFORE, st.sampled_from([0, 1, 200_000]), st.booleans(), st.booleans())
def test_drawdown_levels_then_those_of_all_levels_that_a_goal_follows_from(
    moved: tuple[int, int], past: list[tuple[int, int]] | None, bound: int, shadow: bool, peaked: bool
) -> None:
    known = policy(statuses=dict.fromkeys(UIDS, StrategyStatus.ACTIVE), drawdown__strategy_halt_pct=bound)
    known = known.model_copy(update={"shadow": (STRATEGY_LIMIT,) if shadow else ()})
    peaks = {ACCOUNT: PEAK, **(dict.fromkeys(UIDS, CAPITAL) if peaked else {})}
    before = None if past is None else levels(known, fallen_to(past[0]), peaks, None)
    now = fallen_to(moved)
    found = drawdown_levels(known, equities(known, now, peaks), peaks, before)
    every = [item for item in levels(known, now, peaks, before) if item.key in (ACCOUNT_LIMIT, STRATEGY_LIMIT)]
    assert list(found) == [item for item in every if item.scope == ACCOUNT or item.level != "clear"]
    assert restrictions(found) == restrictions(every)


def fallen_to(moved: tuple[int, int]) -> LiveState:
    """Two strategies that have gained or lost so much."""
    status = StrategyStatus.ACTIVE
    ledgers = {
        uid: StrategyLive(uid=uid, venue_status=status, unrealized=money)
        for uid, money in zip(UIDS[:2], moved, strict=True)
    }
    return live(equity=PEAK + sum(moved), ledgers=ledgers)
