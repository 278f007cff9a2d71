"""NautilusTrader submitting orders, in an interpreter that has it: ``peer_nautilus.py ORDERS`` prints two lists of ns.

The first is with its RiskEngine, the second with ``bypass``; orders go to both stacks in turns.
"""

import gc
import json
import sys
import time
from typing import Any

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, MessageBus
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.client import ExecutionClient
from nautilus_trader.execution.engine import ExecutionEngine
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.events import AccountState
from nautilus_trader.model.identifiers import AccountId, ClientId, TraderId, Venue
from nautilus_trader.model.objects import AccountBalance, Money, Price, Quantity
from nautilus_trader.portfolio.portfolio import Portfolio
from nautilus_trader.risk.config import RiskEngineConfig
from nautilus_trader.risk.engine import RiskEngine
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

SYMBOLS = [f"S{number:02}" for number in range(50)]
CASH = 100_000_000


class Client(ExecutionClient):  # type: ignore[misc]  # its types are not at hand where this is checked
    """A broker that only counts."""

    sent = 0

    def submit_order(self, command: Any) -> None:
        self.sent += 1


class Stack:
    """Strategy, RiskEngine and ExecutionEngine on one bus, with a cash account and a quote for every symbol."""

    def __init__(self, *, bypass: bool) -> None:
        clock, cache, trader = LiveClock(), Cache(database=None), TraderId("BENCH-000")
        common: dict[str, Any] = {"msgbus": MessageBus(trader, clock), "cache": cache, "clock": clock}
        portfolio = Portfolio(**common)
        limits = dict.fromkeys((f"{symbol}.XNAS" for symbol in SYMBOLS), 1_000_000)
        config = RiskEngineConfig(
            bypass=bypass, max_order_submit_rate="1000000/00:00:01", max_notional_per_order=limits
        )
        self.engines = (RiskEngine(portfolio=portfolio, config=config, **common), ExecutionEngine(**common))
        self.client = Client(ClientId("XNAS"), Venue("XNAS"), OmsType.NETTING, AccountType.CASH, USD, **common)
        self.engines[1].register_client(self.client)
        portfolio.update_account(_account())
        self.instruments = [TestInstrumentProvider.equity(symbol, "XNAS") for symbol in SYMBOLS]
        for instrument in self.instruments:
            cache.add_instrument(instrument)
            cache.add_quote_tick(_quote(instrument.id))
        self.strategy = Strategy()
        self.strategy.register(trader_id=trader, portfolio=portfolio, **common)
        for engine in self.engines:
            engine.start()

    def submit(self, number: int) -> int:
        """Nanoseconds of one submit."""
        instrument, quantity = self.instruments[number % 50].id, Quantity.from_int(1 + number % 3)
        order = self.strategy.order_factory.market(instrument, OrderSide.BUY, quantity)
        started = time.perf_counter_ns()
        self.strategy.submit_order(order)
        return time.perf_counter_ns() - started


def main(orders: int) -> None:
    """Submit so many orders to each stack and print how long each took."""
    stacks = (Stack(bypass=False), Stack(bypass=True))
    times: tuple[list[int], list[int]] = ([], [])
    gc.disable()
    for number in range(orders):
        for which in (0, 1) if number % 2 else (1, 0):
            times[which].append(stacks[which].submit(number))
    assert [stack.client.sent for stack in stacks] == [orders, orders], "an order was denied"
    print(json.dumps(times))


def _account() -> Any:
    cash = Money(CASH, USD)
    return AccountState(
        account_id=AccountId("XNAS-000"),
        account_type=AccountType.CASH,
        base_currency=USD,
        reported=True,
        balances=[AccountBalance(cash, Money(0, USD), cash)],
        margins=[],
        info={},
        event_id=UUID4(),
        ts_event=0,
        ts_init=0,
    )


def _quote(instrument: Any) -> Any:
    size = Quantity.from_int(100)
    return QuoteTick(instrument, Price.from_str("99.99"), Price.from_str("100.00"), size, size, 0, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
