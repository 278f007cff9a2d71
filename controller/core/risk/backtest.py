"""The backtest of value at risk: how a year of results kept to what the half year before each of them foretold."""

from controller.core.risk import tails
from controller.core.risk.measures import Array, NoFigure
from schemas.risk import Backtest

SESSIONS = 126
"""Sessions of each forecast, and sessions that are looked at: half a year against half a year."""


def backtest(returns: Array, of: str) -> Backtest:
    """Each of the newest ``SESSIONS`` returns against the historical value at risk of the ``SESSIONS`` before it.

    Raises NoFigure, which says how many sessions ``of`` what there are and how many it takes.
    """
    if returns.size < 2 * SESSIONS:
        raise NoFigure(f"{returns.size} of {2 * SESSIONS} sessions of {of}")
    confidence = tails.CONFIDENCES[0]
    hits = tails.exceedances(returns[-2 * SESSIONS :], SESSIONS, confidence)
    exceptions = int(hits.sum())
    return Backtest(
        confidence=confidence,
        window=SESSIONS,
        sessions=hits.size,
        expected=hits.size * (1 - confidence),
        exceptions=exceptions,
        kupiec=tails.kupiec(exceptions, hits.size, 1 - confidence).p_value,
        independence=tails.christoffersen(hits).p_value,
        coverage=tails.coverage(hits, 1 - confidence).p_value,
    )
