"""What strategies and the book have shown, held against what a learning phase asks. Pure; figures are the analyst's."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NamedTuple

from schemas.learning import Goals, Graduation, Learning
from schemas.risk import Performance

Readiness = Literal["ready", "on track", "behind", "needs data", "halted"]
GoalState = Literal["met", "open", "holding", "missed", "unknown"]


CHECKPOINTS = 5
"""Into how many parts a phase's days are divided."""


class Shown(NamedTuple):
    """What one strategy has shown; ``barred``: why nothing that it has shown counts now (a halt, a breached limit)."""

    performance: Performance
    barred: str = ""


class Verdict(NamedTuple):
    """Whether a strategy is ready for the next phase, and what it lacks, a phrase each."""

    state: Readiness
    lacks: tuple[str, ...] = ()


class Lack(NamedTuple):
    """One thing that a strategy lacks: too ``few`` observations, not ``sure`` enough, or shown ``against`` it."""

    text: str
    kind: Literal["few", "sure", "against"] = "against"


def not_barred(shown: Shown, _: Graduation) -> Lack | None:
    """It is not halted and breaches no limit."""
    return Lack(shown.barred) if shown.barred else None


def enough_trades(shown: Shown, asked: Graduation) -> Lack | None:
    """It has closed enough trades."""
    trades = shown.performance.trades or 0
    return Lack(f"{trades} of {asked.trades} trades", "few") if trades < asked.trades else None


def enough_days(shown: Shown, asked: Graduation) -> Lack | None:
    """It has enough sessions with a return."""
    days = shown.performance.sessions
    return Lack(f"{days} of {asked.days} days", "few") if days < asked.days else None


def sharpe_reached(shown: Shown, asked: Graduation) -> Lack | None:
    """Its Sharpe ratio is at least what is asked."""
    found = shown.performance.sharpe
    if found is None:
        return Lack("no Sharpe ratio yet", "few")
    return Lack(f"Sharpe {found:.2f} of {asked.sharpe}") if found < float(asked.sharpe) else None


def sharpe_sure(shown: Shown, _: Graduation) -> Lack | None:
    """Its Sharpe ratio is more than one standard error above 0."""
    found, error = shown.performance.sharpe, shown.performance.sharpe_error
    if found is None or error is None:
        return Lack("no error of the Sharpe ratio yet", "few")
    return Lack(f"Sharpe {found:.2f} ± {error:.2f} may be 0", "sure") if found <= error else None


def wins_enough(shown: Shown, asked: Graduation) -> Lack | None:
    """The lower end of the interval of its win rate is at least what is asked."""
    low = shown.performance.win_low
    if low is None:
        return Lack("no win rate yet", "few")
    return Lack(f"win rate above {low:.0%} only") if low * 100 < float(asked.win_rate) else None


def fell_little(shown: Shown, asked: Graduation) -> Lack | None:
    """Its deepest fall is at most what is asked."""
    deepest = shown.performance.deepest_drawdown
    if deepest is None:
        return Lack("no drawdown yet", "few")
    return Lack(f"fell by {deepest:.1%}") if deepest * 100 > float(asked.max_drawdown) else None


GRADUATION_RULES: tuple[Callable[[Shown, Graduation], Lack | None], ...] = (
    not_barred,
    enough_trades,
    enough_days,
    sharpe_reached,
    sharpe_sure,
    wins_enough,
    fell_little,
)


def graduation(shown: Shown, asked: Graduation) -> Verdict:
    """``ready`` when it lacks nothing, ``on track`` when it lacks certainty alone, ``needs data`` after too little."""
    lacks = [lack for rule in GRADUATION_RULES if (lack := rule(shown, asked)) is not None]
    kinds, texts = {lack.kind for lack in lacks}, tuple(lack.text for lack in lacks)
    if shown.barred:
        return Verdict("halted", texts)
    if not lacks:
        return Verdict("ready")
    if "few" in kinds:
        return Verdict("needs data", texts)
    return Verdict("behind" if "against" in kinds else "on track", texts)


@dataclass(frozen=True, slots=True)
class Reached:
    """What the book has reached: closed ``trades``, ``strategies`` that have traded, how many ``graduated``; ``sharpe``
    of the account and its ``deepest`` fall as a share. None: not known."""

    trades: int | None
    strategies: int | None
    graduated: int
    sharpe: float | None
    deepest: float | None


class Goal(NamedTuple):
    """One goal: ``current`` in the unit of ``wanted``, a drawdown in percent."""

    key: str
    wanted: float
    current: float | None
    state: GoalState


def goals(asked: Goals, reached: Reached, *, over: bool) -> tuple[Goal, ...]:
    """Each goal that the phase has. A bound on drawdown is ``holding`` until the phase's days are ``over``."""
    deepest = None if reached.deepest is None else reached.deepest * 100
    least = {
        "trades": (asked.trades, reached.trades),
        "strategies": (asked.strategies, reached.strategies),
        "graduated": (asked.graduated, reached.graduated),
        "sharpe": (asked.sharpe, reached.sharpe),
    }
    found = [
        Goal(key, float(wanted), current, _at_least(float(wanted), current))
        for key, (wanted, current) in least.items()
        if wanted is not None
    ]
    if asked.max_drawdown is not None:
        bound = float(asked.max_drawdown)
        found.append(Goal("max_drawdown", bound, deepest, _at_most(bound, deepest, over)))
    return tuple(found)


def _at_least(wanted: float, current: float | None) -> GoalState:
    if current is None:
        return "unknown"
    return "met" if current >= wanted else "open"


def _at_most(bound: float, current: float | None, over: bool) -> GoalState:
    if current is None:
        return "unknown"
    if current > bound:
        return "missed"
    return "met" if over else "holding"


class Progress(NamedTuple):
    """Where a phase stands: its day, from 1; days left, never below 0; the first day of the next phase."""

    day: int
    left: int
    ends: date


def progress(learning: Learning, today: date) -> Progress | None:
    """By the market's clock; None while the phase does not say when it began."""
    if learning.started is None:
        return None
    day = (today - learning.started).days + 1
    return Progress(day, max(0, learning.phase.days - day), learning.started + timedelta(days=learning.phase.days))


def checkpoint(learning: Learning, today: date) -> int | None:
    """The day, from 1, on which the newest fifth of the phase was over; None before the first."""
    reached = progress(learning, today)
    if reached is None:
        return None
    days = learning.phase.days
    fifths = min(CHECKPOINTS, reached.day * CHECKPOINTS // days)
    return -(-fifths * days // CHECKPOINTS) if fifths > 0 else None
