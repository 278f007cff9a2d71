"""Compile desired state into the flat policy of integers that the gate uses."""

from collections.abc import Mapping

from controller.core.learning.phases import moved
from schemas.desired import Desired, Strategy
from schemas.experiments import ABTest
from schemas.limits import LIMITS
from schemas.policy import Policy, StrategyPolicy, TestPolicy
from schemas.scalars import micros


def compile_policy(desired: Desired, sectors: Mapping[str, str]) -> Policy:
    """The policy of one verified tree, without any halt: those are merged by :mod:`controller.core.plan.effective`.

    ``sectors`` maps symbols to sectors. Deterministic: equal input gives an equal digest. An allocation is in
    micro-dollars, rounded down. Limits are as they act in the learning phase.
    """
    sections = {True: desired.risk.hard_limits, False: desired.risk.soft_limits}
    limits = {
        limit.name: limit.compile(getattr(getattr(sections[limit.hard], limit.group), limit.key)) for limit in LIMITS
    }
    capital, acting = limits["account.initial_capital"], moved(limits, desired.risk.learning.phase)
    tests = {test.strategy: _test(test) for test in desired.ab_tests.values() if test.runs}
    strategies = sorted(desired.strategies.values(), key=lambda strategy: strategy.uid)
    return Policy(
        revision=desired.commit,
        account=desired.risk.account.name,
        mode=desired.emergency.trading_mode,
        limits=limits | acting,
        written={name: limits[name] for name in acting},
        shadow=tuple(sorted(set(desired.risk.shadow))),
        strategies={strategy.uid: _strategy(strategy, capital, tests.get(strategy.id)) for strategy in strategies},
        sectors=dict(sorted(sectors.items())),
    )


def _strategy(strategy: Strategy, capital: int, test: TestPolicy | None) -> StrategyPolicy:
    return StrategyPolicy(
        uid=strategy.uid,
        id=strategy.id,
        name=strategy.name,
        status=strategy.status,
        allocation=micros(strategy.allocation_pct) * capital // (100 * 1_000_000),
        max_positions=strategy.max_positions,
        module=strategy.module,
        parameters=dict(sorted(strategy.parameters.items())),
        universe=tuple(sorted(set(strategy.universe))),
        test=test,
    )


def _test(test: ABTest) -> TestPolicy:
    """The test as the runner knows it; what rolls out takes its signals from the book, paired or not."""
    return TestPolicy(
        id=test.id,
        seed=test.seed,
        share_b_ppm=test.share_b_ppm,
        assignment=test.assignment,
        paired=test.paired and not test.epoch,
        epoch=test.epoch,
        parameters_a=dict(sorted(test.variant_a.parameters.items())),
        parameters_b=dict(sorted(test.variant_b.parameters.items())),
    )
