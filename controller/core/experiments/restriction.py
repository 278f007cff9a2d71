"""What the standing of tests takes from a policy: signals for B. Stricter only; a person's commit gives them back."""

from collections.abc import Mapping

from controller.core.experiments.question import plan_digest
from controller.core.experiments.standing import b_takes_part
from schemas.experiments import ABTest
from schemas.policy import Policy, StrategyPolicy
from schemas.trials import Trial


def without_b(policy: Policy, tests: Mapping[str, ABTest], trials: Mapping[str, Trial]) -> Policy:
    """``policy`` in which B gets no new signals wherever its test is decided, or rolls out and is not known to have
    won. What B holds already stays its own until it is sold."""
    barred = {id for id, test in tests.items() if test.runs and not _takes_part(test, trials.get(id))}
    if not barred:
        return policy
    strategies = {uid: _barred(strategy, barred) for uid, strategy in policy.strategies.items()}
    return policy.model_copy(update={"strategies": strategies})


def share_b_ppm(test: ABTest, trial: Trial | None) -> int:
    """B's share of new signals now, parts per million."""
    return test.share_b_ppm if test.runs and _takes_part(test, trial) else 0


def _takes_part(test: ABTest, trial: Trial | None) -> bool:
    same = trial is None or trial.plan == plan_digest(test)
    return same and b_takes_part(trial.state if trial else None, test.rollout)


def _barred(strategy: StrategyPolicy, barred: set[str]) -> StrategyPolicy:
    test = strategy.test
    if test is None or test.id not in barred:
        return strategy
    return strategy.model_copy(update={"test": test.model_copy(update={"share_b_ppm": 0})})
