"""Sample-ratio mismatch: arms that are not as large as the split says were filled by something else than the split."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

THRESHOLD = 0.001
_SMALL = 1_000


def p_value(observed: Sequence[int], weights: Sequence[float]) -> float:
    """Pearson's chi-square p of observed counts against shares ``weights`` (sum 1)."""
    return float(stats.chisquare(observed, np.asarray(weights) * sum(observed)).pvalue)


def of_two(n_a: int, n_b: int, share_b: float) -> float:
    """The p of two arms: the exact binomial test up to 1,000 observations, chi-square beyond; 1 without any."""
    n = n_a + n_b
    if not n:
        return 1.0
    if n <= _SMALL:
        return float(stats.binomtest(n_b, n, share_b).pvalue)
    return p_value((n_a, n_b), (1 - share_b, share_b))


def mismatched(epochs: Sequence[tuple[int, int, float]]) -> int | None:
    """The first epoch, as (n_a, n_b, share of B), whose p is below 0.001 over all epochs together; None: none is."""
    for place, (n_a, n_b, share_b) in enumerate(epochs):
        if of_two(n_a, n_b, share_b) < THRESHOLD / len(epochs):
            return place
    return None
