"""What status people are told of a strategy, whatever came after the newest reading of the gate."""

from controller.views.strategies import status_of
from schemas.desired import StrategyStatus, TradingMode
from schemas.halts import Halt, HaltSource
from tests.support.greenplace import greenplace


def test_status_when_halted_after_the_reading_then_halted_and_no_other_strategy() -> None:
    seen = greenplace()
    assert seen.desired is not None
    active = [item for item in seen.desired.strategies.values() if status_of(seen, item) is StrategyStatus.ACTIVE]
    halt = Halt(
        id="f" * 32,
        scope=f"strategy:{active[0].uid}",
        mode=TradingMode.HALT_TRADING,
        opened_ns=1,
        actor="op",
        source=HaltSource.CLI,
    )
    newer = seen.model_copy(update={"halts": (*seen.halts, halt)})
    assert status_of(newer, active[0]) is StrategyStatus.HALTED
    assert [status_of(newer, item) for item in active[1:]] == [StrategyStatus.ACTIVE] * (len(active) - 1)
