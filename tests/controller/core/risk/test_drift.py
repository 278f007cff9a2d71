"""A book that marks have carried over a hard limit: the level says so, and the gate lets nothing increase it there."""

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.plan.drawdown import ACCOUNT_LIMIT, STRATEGY_LIMIT
from controller.core.policy.utilisation import ALLOCATION
from controller.core.risk.levels import levels
from schemas.limits import BY_NAME
from schemas.live import Account, LiveState, PositionView, StrategyLive
from schemas.policy import Policy
from schemas.risk import Level
from tests.support.books import ask, make_book, verdict
from tests.support.gates import ANN, BEA, DOLLAR, make_policy
from tests.support.policies import live

MARKS = {"AAPL": 100 * DOLLAR, "MSFT": 40 * DOLLAR, "JPM": 250 * DOLLAR}
EQUITY = 100_000 * DOLLAR
NARROW = {
    "position.max_position_pct": 300_000,
    "position.max_position_dollars": 28_000 * DOLLAR,
    "position.max_positions": 2,
    "strategy.max_strategy_allocation_pct": 500_000,
    "exposure.max_gross_pct": 900_000,
    "exposure.max_net_pct": 800_000,
    "account.margin_multiplier": 1_200_000,
    "account.cash_reserve_pct": 50_000,
    "account.initial_capital": EQUITY,
    "drawdown.strategy_halt_pct": 1_000_000,
    "drawdown.account_emergency_pct": 1_000_000,
}
Held = dict[tuple[str, str], int]
HELD = st.dictionaries(
    st.tuples(st.sampled_from([ANN, BEA]), st.sampled_from(list(MARKS))), st.integers(-400, 700), max_size=4
)


def picture(held: Held) -> LiveState:
    values = {key: quantity * MARKS[key[1]] for key, quantity in held.items() if quantity}
    longs = sum(value for value in _net(values).values() if value > 0)
    shorts = -sum(value for value in _net(values).values() if value < 0)
    state = live(equity=EQUITY)
    return state.model_copy(
        update={
            "account": Account(
                cash=EQUITY - sum(values.values()),
                equity=EQUITY,
                buying_power=0,
                long_exposure=longs,
                short_exposure=shorts,
            ),
            "positions": tuple(
                PositionView(uid=uid, symbol=symbol, quantity=quantity, entry=1, mark=MARKS[symbol], opened_market="")
                for (uid, symbol), quantity in held.items()
            ),
            "strategies": {
                uid: StrategyLive(
                    uid=uid,
                    venue_status=make_policy().strategies[uid].status,
                    deployed=sum(abs(value) for (owner, _), value in values.items() if owner == uid),
                )
                for uid in (ANN, BEA)
            },
        }
    )


def _net(values: dict[tuple[str, str], int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for (_, symbol), value in values.items():
        found[symbol] = found.get(symbol, 0) + value
    return found


def concerns(level: Level, uid: str, symbol: str, side: str, held: Held) -> bool:
    """Whether an order of ``uid`` in ``symbol`` on ``side`` would make worse what ``level`` speaks of."""
    net = sum(quantity for (_, name), quantity in held.items() if name == symbol)
    whole = sum(quantity * MARKS[name] for (_, name), quantity in held.items())
    sign = 1 if side == "buy" else -1
    match level.key:
        case "account.cash_reserve_pct":
            return side == "buy"
        case "exposure.max_net_pct":
            return whole * sign > 0
        case "strategy.max_strategy_allocation_pct":
            return level.scope == f"strategy:{uid}" and sign * held.get((uid, symbol), 0) >= 0
        case "position.max_position_pct" | "position.max_position_dollars":
            return level.what == symbol and net * sign > 0
        case _:
            return net * sign >= 0


@settings(max_examples=200, deadline=None)
@given(HELD)
def test_hard_limit_that_marks_have_carried_the_book_over_then_no_order_increases_it(held: Held) -> None:
    policy: Policy = make_policy(NARROW)
    found = [
        level
        for level in levels(policy, picture(held), {}, ())
        if (level.level == "error" or (level.key == ALLOCATION and level.level == "warn"))
        and BY_NAME[level.key].hard
        and level.key != "strategy.max_strategies_active"
    ]
    book = make_book(held, equity=EQUITY, marks=MARKS)
    for level in found:
        assert level.key not in (ACCOUNT_LIMIT, STRATEGY_LIMIT)
        for uid in (ANN, BEA):
            for symbol in MARKS:
                for side in ("buy", "sell"):
                    if not concerns(level, uid, symbol, side, held):
                        continue
                    own = held.get((uid, symbol), 0)
                    reducing = own * (1 if side == "buy" else -1) < 0
                    answer = verdict(book, ask(symbol, side, 10, uid), policy)
                    assert reducing or type(answer).__name__ == "Deny", (level, uid, symbol, side)


def test_book_inside_every_limit_then_no_level_and_orders_pass() -> None:
    held = {(ANN, "AAPL"): 50}
    policy = make_policy(NARROW)
    assert {level.level for level in levels(policy, picture(held), {}, ())} == {"clear"}
    assert type(verdict(make_book(held, marks=MARKS), ask("AAPL"), policy)).__name__ == "Allow"
