"""PyFortis deciding on orders, in an interpreter that has it: ``peer_pyfortis.py ORDERS`` prints one list of ns."""

import gc
import json
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pyfortis import Account, Order, Position, ReferenceData, RiskContext, RiskEngine, Side

SYMBOLS = [f"S{number:02}" for number in range(50)]
LIMITS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("instrument_eligibility", "order", {"asset_classes": ["equity"]}),
    ("duplicate_order", "strategy", {"window": "5s"}),
    ("message_rate", "strategy", {"max_per_window": 100, "window": "60s"}),
    ("price_collar", "order", {"max_deviation_pct": 0.1}),
    ("order_notional", "order", {"max": 1_000_000}),
    ("position", "instrument", {"max_long_notional": 1_000_000}),
    ("concentration", "portfolio", {"by": "symbol", "max_pct_nav": 1}),
    ("concentration", "portfolio", {"by": "sector", "max_pct_nav": 1}),
    ("exposure", "portfolio", {"max_gross_pct_nav": 4, "max_net_pct_nav": 4}),
    ("buying_power", "portfolio", {}),
)
"""(type, scope, parameters), each like a check of the gate and wide enough to let every order through."""


def main(orders: int) -> None:
    """Decide on so many orders and print how long each took."""
    engine = RiskEngine.from_dict(_policy())
    context = _context()
    times = []
    gc.disable()
    for number in range(orders):
        order = _order(f"o{number}", SYMBOLS[number % 50], 1 + number % 3)
        started = time.perf_counter_ns()
        result = engine.evaluate(order, context)
        times.append(time.perf_counter_ns() - started)
        assert result.verdict == "APPROVED", result
    print(json.dumps([times]))


def _policy() -> dict[str, Any]:
    limits = [
        {"name": f"l{number}", "type": kind, "scope": scope, "params": params, "severity": "CRITICAL"}
        for number, (kind, scope, params) in enumerate(LIMITS)
    ]
    return {
        "api_version": "pyfortis.io/v1",
        "kind": "RiskPolicy",
        "metadata": {"name": "bench", "namespace": "bench", "version": "1.0.0"},
        "spec": {"mode": "enforce", "base_currency": "USD", "limits": limits},
    }


def _context() -> Any:
    """The book of ``bench_gate.inside``: 50 positions of five shares at $100, 20 working orders of one share."""
    price = Decimal(100)
    return RiskContext(
        as_of=datetime.now(UTC),
        positions=tuple(Position(symbol=symbol, quantity=Decimal(5), last_price=price) for symbol in SYMBOLS),
        account=Account(nav=Decimal(100_000), cash=Decimal(75_000), buying_power=Decimal(75_000)),
        prices=dict.fromkeys(SYMBOLS, price),
        reference=ReferenceData(sectors=dict.fromkeys(SYMBOLS, "Technology")),
        open_orders=tuple(_order(f"w{number}", symbol, 1) for number, symbol in enumerate(SYMBOLS[:20])),
    )


def _order(name: str, symbol: str, quantity: int) -> Any:
    return Order(order_id=name, symbol=symbol, side=Side.BUY, quantity=Decimal(quantity), strategy="s")


if __name__ == "__main__":
    main(int(sys.argv[1]))
