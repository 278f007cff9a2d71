"""What a look at a test follows from: plain data, for a process that must not load NumPy."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from schemas.experiments import ABTest
from schemas.policy import digest_of
from schemas.trials import Look, Side, State

PRIMARY: Mapping[str, Literal["sharpe", "mean_return", "win_rate"]] = {
    "sharpe": "sharpe",
    "total_return": "mean_return",
    "win_rate": "win_rate",
}
"""The metric that decides, by the document's word for it. Arms of one size gain more in all if they do on average."""


class Seen(NamedTuple):
    """One observation: the session that it ended in, the rollout's step, whose it is, its return in parts per
    billion."""

    at: str
    epoch: int
    arm: Side
    value: int


class Trying(NamedTuple):
    """A question about one test. ``plan`` as :func:`plan_of` makes it; ``observed`` in time order; ``epochs``:
    signals drawn for A and for B with B's share, by step. In state ``winner_b`` it is about the rollout, and all are of
    that."""

    plan: Mapping[str, Any]
    state: State
    ended: bool
    observed: Sequence[Seen]
    epochs: Sequence[tuple[int, int, float]]
    looks: Sequence[Look]


def plan_of(test: ABTest) -> dict[str, Any]:
    """What was fixed before the first observation, as :class:`controller.core.experiments.analysis.Plan` takes it."""
    return {
        "primary": PRIMARY[test.success_metric],
        "n_max": test.n_max,
        "n_min": test.n_min,
        "alpha": _share(test.alpha),
        "paired": test.paired,
        "block": test.block,
        "share_b": int(test.traffic_split.partition("/")[2]) / 100,
        "guardrails": [[rail.metric, _share(rail.margin)] for rail in test.guardrails],
        "seed": test.seed,
    }


def plan_digest(test: ABTest) -> str:
    """Digest of what is fixed from a test's beginning on."""
    return digest_of(test.model_dump(mode="json", exclude={"status", "rollout"}))


def _share(percent: Decimal) -> float:
    return float(percent / 100)
