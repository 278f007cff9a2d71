"""Readings share what has not moved, and are what reading anew gives."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from controller.adapters.engines.gate import GateEngine
from schemas.desired import StrategyStatus
from tests.support.gates import ANN, BEA, Running, make_policy, running, short_home


@pytest.fixture
def gate() -> Iterator[Running]:
    with short_home() as home, running(home, make_policy()) as made:
        yield made


def test_read_when_one_strategy_moved_then_only_that_is_another_object(gate: Running) -> None:
    with closing(GateEngine(gate.home.socket)) as engine, closing(GateEngine(gate.home.socket)) as fresh:
        before = engine.read()
        for status in (StrategyStatus.ACTIVE, StrategyStatus.HALTED):
            engine.set_venue_status(ANN, status)
            after = engine.read()
            assert after.strategies[ANN].venue_status is status
            assert after.strategies == fresh.read().strategies
            assert after.strategies[ANN] is not before.strategies[ANN]
            assert after.strategies[BEA] is before.strategies[BEA]
            before = after
