"""Null experiments that are looked at after every observation: how often does a rule name a winner where none is?

All experiments of a cell share the relabellings of a look, so that one matrix product serves many of them; the
statistic and the boundaries are those of ``analyse``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import ndtri

from controller.core.experiments.relabelling import Array, splits, swaps
from controller.core.experiments.sharpe import Tested, paired_with, unpaired_with
from controller.core.experiments.spending import boundaries

N_MIN = 16
TOGETHER = 200
"""Experiments that are tested at once: of more, what is computed does not stay in the cache."""
Draw = Callable[[np.random.Generator, int, int], Array]
"""Returns (observations × experiments) under the null."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of experiments with a winner: by the boundaries, by a raw p below alpha at any look, and by one test at
    the end alone."""

    spending: float
    raw: float
    fixed: float


def normal(rng: np.random.Generator, n: int, experiments: int) -> Array:
    """A little drift, 1 % deviation."""
    return rng.normal(0.0005, 0.01, (n, experiments))


def heavy(rng: np.random.Generator, n: int, experiments: int) -> Array:
    """Student's t with 3 degrees of freedom."""
    return 0.0005 + 0.006 * rng.standard_t(3, (n, experiments))


def skewed(rng: np.random.Generator, n: int, experiments: int) -> Array:
    """Small losses, rare large gains."""
    return rng.lognormal(-4.6, 0.8, (n, experiments)) - 0.0125


def clustered(rng: np.random.Generator, n: int, experiments: int) -> Array:
    """GARCH(1,1) with the S&P 500's persistence."""
    shocks, found = rng.standard_normal((n + 100, experiments)), np.empty((n + 100, experiments))
    variance = np.full(experiments, 1.0)
    for place in range(n + 100):
        found[place] = np.sqrt(variance) * shocks[place]
        variance = 0.02 + 0.1 * found[place] ** 2 + 0.88 * variance
    return 0.0005 + 0.01 * found[100:]


def persistent(rng: np.random.Generator, n: int, experiments: int) -> Array:
    """Autoregression of order 1 with coefficient 0.2."""
    shocks, found = rng.standard_normal((n + 50, experiments)), np.zeros((n + 50, experiments))
    for place in range(1, n + 50):
        found[place] = 0.2 * found[place - 1] + shocks[place]
    return 0.0005 + 0.01 * found[50:]


def unpaired(draw: Draw, n: int, experiments: int, draws: int, seed: int, shift: float = 0.0) -> Rates:
    """Observations go to A and B in turn; a look after each one from 16 in both arms on. ``shift`` is added to B."""
    rng = np.random.default_rng(seed)
    pooled = draw(rng, n, experiments)
    pooled[1::2] += shift
    looks = range(2 * N_MIN, n + 1)

    return _rates([unpaired_p(pooled[:k], draws, rng) for k in looks], [k / n for k in looks])


def unpaired_p(pooled: Array, draws: int, rng: np.random.Generator) -> Array:
    """Two-sided p of each experiment, whose observations went to A and B in turn."""
    k = len(pooled)
    masks, order = splits(k, k // 2, draws, rng), np.concatenate([np.arange(0, k, 2), np.arange(1, k, 2)])
    return _in_parts(partial(unpaired_with, masks, treated=k // 2), pooled[order])


def paired(draw: Draw, n: int, experiments: int, draws: int, seed: int, block: int = 1, every: int = 1) -> Rates:
    """Pairs of sessions with a common part; a look after every so many from 16 on."""
    rng = np.random.default_rng(seed)
    common = draw(rng, n, experiments)
    a, b = (common + draw(rng, n, experiments) for _ in range(2))
    looks = range(N_MIN, n + 1, every)

    return _rates([paired_p(a[:k], b[:k], block, draws, rng) for k in looks], [k / n for k in looks])


def paired_p(a: Array, b: Array, block: int, draws: int, rng: np.random.Generator) -> Array:
    """Two-sided p of each experiment of pairs."""
    return _in_parts(partial(paired_with, swaps(len(a), block, draws, rng), block=block), a, b)


def _in_parts(test: Callable[..., Tested], *arms: Array) -> Array:
    parts = max(1, arms[0].shape[1] // TOGETHER)
    columns = zip(*(np.array_split(arm, parts, axis=1) for arm in arms), strict=True)
    return np.concatenate([test(*part).p_value for part in columns])


def _rates(p: list[Array], information: list[float], alpha: float = 0.05) -> Rates:
    seen, bounds = -ndtri(np.array(p) / 2), np.array(boundaries(information, alpha))
    raw = float(-ndtri(alpha / 2))
    return Rates(
        spending=float((seen >= bounds[:, None]).any(axis=0).mean()),
        raw=float((seen >= raw).any(axis=0).mean()),
        fixed=float((seen[-1] >= raw).mean()),
    )
