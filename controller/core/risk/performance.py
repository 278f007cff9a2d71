"""What one scope made of its equity: returns from session to session of the market clock.

A curve holds the last equity that was seen in each session. Where sessions were not seen (the replay ran faster than
the sampling), a return spans several, and figures are annualised by the number of returns that fit into a year.
"""

from collections.abc import Sequence
from itertools import pairwise

from controller.core.risk.book import LONG
from controller.core.risk.measures import SESSIONS_A_YEAR, Figures, NoFigure, sharpe, volatility
from schemas.risk import Performance

LEAST = 20
"""With fewer returns, deviation and ratio are noise."""
Curve = Sequence[tuple[str, int]]


def performance(curve: Curve, calendar: Sequence[str], gains: Sequence[float]) -> Performance:
    """``curve``: (session, equity in micro-dollars) oldest first; ``calendar``: the market's sessions, of which the
    newest 253 count; ``gains``: of each closed trade, its result as a share of its cost."""
    figures = Figures()
    seen, per_year = _paced(curve, calendar)
    ratio = figures.of("sharpe", lambda: sharpe(_enough(seen), per_year))
    return Performance(
        sessions=len(seen),
        sharpe=ratio.value if ratio else None,
        sharpe_error=ratio.error if ratio else None,
        volatility=figures.of("volatility", lambda: volatility(_enough(seen), per_year)),
        trades=len(gains),
        win_rate=figures.of("win_rate", lambda: _share_won(gains)),
        average_win=figures.of("average_win", lambda: _average(gains, 1)),
        average_loss=figures.of("average_loss", lambda: _average(gains, -1)),
        missing=figures.missing,
    )


def _paced(curve: Curve, calendar: Sequence[str]) -> tuple[list[float], float]:
    """Returns between the sessions that were seen, and how many of them make a year."""
    place = {date: number for number, date in enumerate(calendar[-LONG - 1 :])}
    seen = [(place[date], equity) for date, equity in curve if date in place]
    returns = [after / before - 1 for (_, before), (_, after) in pairwise(seen) if before > 0]
    spanned = seen[-1][0] - seen[0][0] if returns else 1
    return returns, SESSIONS_A_YEAR * max(1, len(returns)) / spanned


def _enough(returns: Sequence[float]) -> Sequence[float]:
    if len(returns) < LEAST:
        raise NoFigure(f"{len(returns)} of {LEAST} sessions")
    return returns


def _share_won(gains: Sequence[float]) -> float:
    """Closed trades with a gain over all that did not end at exactly their cost."""
    decided = [gain for gain in gains if gain]
    if not decided:
        raise NoFigure("no closed trades yet")
    return sum(gain > 0 for gain in decided) / len(decided)


def _average(gains: Sequence[float], sign: int) -> float:
    """Mean of the gains (``sign`` 1) or of the losses (-1), each a share of its trade's cost."""
    found = [gain for gain in gains if gain * sign > 0]
    if not found:
        raise NoFigure("no winning trade yet" if sign > 0 else "no losing trade yet")
    return sum(found) / len(found)
