"""Drawdown: equity against durable peaks, in whole micro-dollars.

A peak starts at the starting equity (the account's initial capital, a strategy's allocation when it is
first seen) and only rises; a restart never rebases it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controller.core.plan.effective import Restriction, strategy_scope
from controller.core.risk.ladders import DRAWDOWN, reached
from schemas.desired import TradingMode
from schemas.halts import ACCOUNT
from schemas.live import LiveState
from schemas.policy import Policy
from schemas.risk import Level, LevelName

MILLION = 1_000_000
STRATEGY_LIMIT = "drawdown.strategy_halt_pct"
ACCOUNT_LIMIT = "drawdown.account_emergency_pct"


@dataclass(frozen=True, slots=True)
class Drawdown:
    """Where one scope stands. Money in micro-dollars, shares in parts per million; ``key``: ``account`` or a uid."""

    key: str
    equity: int
    peak: int
    limit_ppm: int
    level: LevelName
    shadow: bool = False

    @property
    def breach(self) -> bool:
        """Whether its scope must be halted: the limit is reached and not in shadow."""
        return self.level == "halt" and not self.shadow

    @property
    def ppm(self) -> int:
        """How far below the peak, in parts per million (0 at or above it)."""
        return max(0, self.peak - self.equity) * MILLION // self.peak if self.peak > 0 else 0

    @property
    def scope(self) -> str:
        """The scope of a halt for it."""
        return ACCOUNT if self.key == ACCOUNT else strategy_scope(self.key)

    @property
    def mode(self) -> TradingMode:
        """The mode that a breach demands: ``halt-all`` in either scope."""
        return TradingMode.HALT_ALL

    @property
    def reason(self) -> str:
        """The figures, for people."""
        name = ACCOUNT_LIMIT if self.key == ACCOUNT else STRATEGY_LIMIT
        return (
            f"drawdown {self.ppm / 10_000:.2f}% (equity {_dollars(self.equity)}, peak {_dollars(self.peak)})"
            f" against {name} {self.limit_ppm / 10_000:.2f}%"
        )


def _dollars(micros: int) -> str:
    return f"${micros / MILLION:,.2f}"


def base_key(uid: str) -> str:
    """Key under which the capital of a strategy at first sight is kept beside the peaks."""
    return f"base:{uid}"


def equities(policy: Policy, live: LiveState, peaks: Mapping[str, int]) -> dict[str, int]:
    """Equity now, by ``account`` and uid: capital at first sight + realised + unrealised − fees."""
    result = {ACCOUNT: live.account.equity}
    for uid, strategy in policy.strategies.items():
        ledger = live.strategies.get(uid)
        capital = peaks.get(base_key(uid), strategy.allocation)
        result[uid] = capital + (ledger.realized + ledger.unrealized - ledger.fees if ledger else 0)
    return result


def raised_peaks(policy: Policy, live: LiveState, peaks: Mapping[str, int]) -> dict[str, int]:
    """The peaks that must be saved: scopes seen first, and scopes at a new high. Empty when nothing moved."""
    changed: dict[str, int] = {}
    for uid, strategy in policy.strategies.items():
        if base_key(uid) not in peaks:
            changed[base_key(uid)] = strategy.allocation
    start = {ACCOUNT: policy.limits.get("account.initial_capital", 0)}
    start |= {uid: strategy.allocation for uid, strategy in policy.strategies.items()}
    for key, equity in equities(policy, live, {**peaks, **changed}).items():
        high = max(equity, peaks.get(key, start[key]))
        if high != peaks.get(key):
            changed[key] = high
    return changed


def drawdowns(policy: Policy, live: LiveState, peaks: Mapping[str, int]) -> tuple[Drawdown, ...]:
    """Every scope's drawdown, sorted by key. ``policy`` is the desired one; an absent limit counts as 0 %: a breach."""
    return _drawdowns(policy, equities(policy, live, peaks), peaks)


def fallen(policy: Policy, equity: Mapping[str, int], peaks: Mapping[str, int]) -> tuple[Drawdown, ...]:
    """Those of :func:`drawdowns` that may be at any level but ``clear``, and the account's; ``equity``: of
    :func:`equities`."""
    bounded = policy.limits.get(STRATEGY_LIMIT, 0) > 0
    return _drawdowns(
        policy,
        {key: now for key, now in equity.items() if key == ACCOUNT or not bounded or now < peaks.get(key, now)},
        peaks,
    )


def _drawdowns(policy: Policy, equity: Mapping[str, int], peaks: Mapping[str, int]) -> tuple[Drawdown, ...]:
    found: list[Drawdown] = []
    for key, now in sorted(equity.items()):
        name = ACCOUNT_LIMIT if key == ACCOUNT else STRATEGY_LIMIT
        limit, peak = policy.limits.get(name, 0), peaks.get(key, now)
        found.append(Drawdown(key, now, peak, limit, _level(now, peak, limit), name in policy.shadow))
    return tuple(found)


def _level(equity: int, peak: int, limit_ppm: int) -> LevelName:
    loss = peak - equity
    if loss <= 0 and limit_ppm:
        return "clear"
    return reached(DRAWDOWN, loss * MILLION, limit_ppm * peak)


def restrictions(found: Iterable[Level]) -> tuple[Restriction, ...]:
    """Reducing only where a drawdown stands at ``error`` or worse, until its level is lower again."""
    return tuple(
        Restriction(item.scope, TradingMode.PAUSE_NEW_ORDERS, f"reducing band: {_band(item)}")
        for item in found
        if item.key in (ACCOUNT_LIMIT, STRATEGY_LIMIT) and item.level in ("error", "halt") and not item.shadow
    )


def _band(item: Level) -> str:
    return f"drawdown {item.value / 10_000:.2f}% against {item.key} {item.limit / 10_000:.2f}%"
