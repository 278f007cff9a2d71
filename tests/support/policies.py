"""Small policies, live states and halts for tests, and hypothesis strategies that make them."""

from collections.abc import Mapping

from hypothesis import strategies as st

from schemas.desired import StrategyStatus, TradingMode
from schemas.halts import ACCOUNT, Halt, HaltSource
from schemas.limits import LIMITS
from schemas.live import Account, GateState, LiveState, OrderView, StrategyLive
from schemas.plan import Change, Direction
from schemas.policy import Policy, StrategyPolicy

UIDS = ("a" * 32, "b" * 32, "c" * 32)
REVISIONS = ("1" * 40, "2" * 40, "3" * 40)
LIMIT_VALUES = {limit.name: limit.compile(limit.parse(limit.default)) for limit in LIMITS}


def strategy(
    uid: str, status: StrategyStatus = StrategyStatus.ACTIVE, allocation: int = 30_000_000_000
) -> StrategyPolicy:
    return StrategyPolicy(
        uid=uid, id=f"s-{uid[0]}", name=f"S {uid[0]}", status=status, allocation=allocation, module="momentum"
    )


def policy(
    revision: str = REVISIONS[0],
    mode: TradingMode = TradingMode.NORMAL,
    statuses: Mapping[str, StrategyStatus] | None = None,
    **limits: int,
) -> Policy:
    statuses = {UIDS[0]: StrategyStatus.ACTIVE} if statuses is None else statuses
    named = {key.replace("__", "."): value for key, value in limits.items()}
    return Policy(
        revision=revision,
        account="paper",
        mode=mode,
        limits={**LIMIT_VALUES, **named},
        strategies={uid: strategy(uid, status) for uid, status in statuses.items()},
    )


def halt(number: int = 1, scope: str = ACCOUNT, mode: TradingMode = TradingMode.HALT_ALL, **fields: object) -> Halt:
    return Halt.model_validate(
        {
            "id": f"{number:032x}",
            "scope": scope,
            "mode": mode,
            "opened_ns": 1_768_818_225_000_000_000 + number,
            "actor": "Ada",
            "source": HaltSource.CLI,
            **fields,
        }
    )


def live(
    mode: TradingMode = TradingMode.NORMAL,
    statuses: Mapping[str, StrategyStatus] | None = None,
    equity: int = 100_000_000_000,
    orders: tuple[OrderView, ...] = (),
    ledgers: Mapping[str, StrategyLive] | None = None,
) -> LiveState:
    made = {uid: StrategyLive(uid=uid, venue_status=status) for uid, status in (statuses or {}).items()}
    return LiveState(
        gate=GateState(
            pid=1,
            policy_version=1,
            policy_digest="",
            policy_count=1,
            revision="",
            fence=1,
            mode=TradingMode.NORMAL,
            statuses={},
            permit="ok",
        ),
        venue_mode=mode,
        account=Account(cash=equity, equity=equity, buying_power=equity, long_exposure=0, short_exposure=0),
        orders=orders,
        strategies={**made, **(ledgers or {})},
        market_time="2008-06-02",
        feed="live",
        feed_age_ms=0,
        as_of_ns=1,
    )


def simple_changes(old: Policy | None, new: Policy) -> tuple[Change, ...]:
    """One change a differing mode, status or limit; the direction of limits is not told apart."""
    if old is None:
        return ()
    found: list[Change] = []
    if old.mode is not new.mode:
        found.append(_change("mode", ACCOUNT, "mode", old.mode.value, new.mode.value, new.mode.rank - old.mode.rank))
    for uid in sorted({*old.strategies, *new.strategies}):
        before, after = old.strategies.get(uid), new.strategies.get(uid)
        one, two = (before.status.value if before else "-"), (after.status.value if after else "-")
        if one != two:
            rise = after.status.rank - before.status.rank if before and after else -1
            found.append(_change("status", uid, "status", one, two, rise))
    limits = [key for key in sorted({*old.limits, *new.limits}) if old.limits.get(key) != new.limits.get(key)]
    made = [_change("limit", ACCOUNT, key, str(old.limits.get(key)), str(new.limits.get(key)), -1) for key in limits]
    return (*found, *made)


def _change(kind: str, scope: str, key: str, old: str, new: str, rise: int) -> Change:
    direction = Direction.TIGHTEN if rise > 0 else Direction.LOOSEN
    return Change.model_validate(
        {"kind": kind, "scope": scope, "key": key, "label": key, "old": old, "new": new, "direction": direction}
    )


modes = st.sampled_from(list(TradingMode))
status_values = st.sampled_from(list(StrategyStatus))
status_maps = st.dictionaries(st.sampled_from(UIDS), status_values, max_size=3)
policies = st.builds(
    lambda revision, mode, statuses, size: policy(revision, mode, statuses, order__max_dollars=size),
    st.sampled_from(REVISIONS),
    modes,
    status_maps,
    st.integers(0, 3),
)
halts = st.builds(
    lambda number, scope, mode: halt(number, scope, mode),
    st.integers(1, 6),
    st.sampled_from([ACCOUNT, *(f"strategy:{uid}" for uid in UIDS)]),
    st.sampled_from(list(TradingMode)[1:]),
)
lives = st.builds(live, modes, status_maps)
