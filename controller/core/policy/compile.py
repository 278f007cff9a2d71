"""Compile desired state into the flat policy of integers that the gate uses."""

from collections.abc import Mapping
from operator import attrgetter

from controller.core.learning.phases import moved
from schemas.desired import Desired, Strategy
from schemas.experiments import ABTest
from schemas.limits import LIMITS
from schemas.policy import Policy, StrategyPolicy, TestPolicy
from schemas.scalars import lean, micros

_KEPT = 4
_policies: tuple[tuple[Desired, dict[str, str], Policy], ...] = ()
"""The newest trees and what they compile to: a pass asks for the same two or three again and again. Replaced as a
whole, as threads share it."""
_newest: dict[str, tuple[Strategy, int, ABTest | None, StrategyPolicy]] = {}
"""What the strategies of the newest tree compiled to, by uid: the next one shares most of them."""


def compile_policy(desired: Desired, sectors: Mapping[str, str]) -> Policy:
    """The policy of one verified tree, without any halt: those are merged by :mod:`controller.core.plan.effective`.

    ``sectors`` maps symbols to sectors. Deterministic: equal input gives an equal digest. An allocation is in
    micro-dollars, rounded down. Limits are as they act in the learning phase. A document that was read once compiles
    once: what two trees share is one object in both policies.
    """
    global _policies
    for tree, by_symbol, policy in _policies:
        if tree is desired and by_symbol == sectors:
            return policy
    policy = _compiled(desired, sectors)
    _policies = (*_policies[1 - _KEPT :], (desired, dict(sectors), policy))
    return policy


def _compiled(desired: Desired, sectors: Mapping[str, str]) -> Policy:
    sections = {True: desired.risk.hard_limits, False: desired.risk.soft_limits}
    limits = {
        limit.name: limit.compile(getattr(getattr(sections[limit.hard], limit.group), limit.key)) for limit in LIMITS
    }
    acting = moved(limits, desired.risk.learning.phase)
    return Policy(
        revision=desired.commit,
        account=desired.risk.account.name,
        mode=desired.emergency.trading_mode,
        limits=limits | acting,
        written={name: limits[name] for name in acting},
        shadow=tuple(sorted(set(desired.risk.shadow))),
        strategies=_strategies(desired, limits["account.initial_capital"]),
        sectors=dict(sorted(sectors.items())),
    )


def _strategies(desired: Desired, capital: int) -> dict[str, StrategyPolicy]:
    global _newest
    tests = {test.strategy: test for test in desired.ab_tests.values() if test.runs}
    before, now = _newest, {}
    for strategy in sorted(desired.strategies.values(), key=attrgetter("uid")):
        test, known = tests.get(strategy.id), before.get(strategy.uid)
        if known is None or known[0] is not strategy or known[1] != capital or known[2] is not test:
            known = strategy, capital, test, _strategy(strategy, capital, test)
        now[strategy.uid] = known
    _newest = now
    return {uid: compiled for uid, (*_, compiled) in now.items()}


def _strategy(strategy: Strategy, capital: int, test: ABTest | None) -> StrategyPolicy:
    policy = StrategyPolicy(
        uid=strategy.uid,
        id=strategy.id,
        name=strategy.name,
        status=strategy.status,
        allocation=micros(strategy.allocation_pct) * capital // (100 * 1_000_000),
        max_positions=strategy.max_positions,
        module=strategy.module,
        parameters=dict(sorted(strategy.parameters.items())),
        universe=tuple(sorted(set(strategy.universe))),
        test=_test(test) if test is not None else None,
    )
    return lean(policy)


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
