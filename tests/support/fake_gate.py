"""A gate for the runner's tests that keeps what it was asked, and strategies that want everything or fail."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from controller.runner import catalog
from controller.runner.host import Host
from controller.runner.strategy import Action, Cancel, Context, Order, Strategy

GOOD, BAD = "a" * 32, "b" * 32


class Greedy(Strategy):
    """Buys ten and sells ten of everything, and withdraws what works."""

    def on_bar(self, context: Context) -> list[Action]:
        both: list[Action] = [Order(s, side, 10) for s in context.universe for side in ("sell", "buy")]
        return [*(Cancel(item.order) for item in context.working), *both]


class Broken(Strategy):
    """Fails in every session."""

    def on_bar(self, context: Context) -> list[Action]:
        raise ZeroDivisionError("nothing to divide by")


class FakeGate:
    """A gate that keeps what it was asked and answers as it was told."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.cancelled: list[str] = []
        self.health: list[tuple[str, str, str]] = []
        self.loads = 0
        self.date = "2020-01-02"
        self.gate: dict[str, Any] = {"mode": "normal", "statuses": {GOOD: "active", BAD: "active"}}
        self.feed = "live"
        self.positions: list[dict[str, Any]] = []
        self.orders: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], dict[str, Any]] = lambda order: {"ok": True, **order}

    def request(self, op: str, **fields: Any) -> dict[str, Any]:
        reply: dict[str, Any] = getattr(self, f"_{op}")(**fields)
        return reply

    def _state(self) -> dict[str, Any]:
        common = {"positions": self.positions, "orders": self.orders, "prices": {"AAA": 5}, "feed": self.feed}
        return {"ok": True, "gate": self.gate, "market_time": self.date, **common}

    def _history(self, symbols: list[str], n: int) -> dict[str, Any]:
        self.loads += 1
        return {"ok": True, "bars": {symbol: [["2020-01-01", 4], [self.date, 5]] for symbol in symbols}}

    def _submit(self, order: dict[str, Any]) -> dict[str, Any]:
        self.sent.append(order)
        return self.answer(order)

    def _cancel(self, order: str) -> dict[str, Any]:
        self.cancelled.append(order)
        return {"ok": True}

    def _health(self, uid: str, condition: str, message: str) -> dict[str, Any]:
        self.health.append((uid, condition, message))
        return {"ok": True}


def document(uid: str, module: str, **fields: Any) -> dict[str, Any]:
    given = {"uid": uid, "id": module, "module": module, "parameters": {}, "universe": (), "allocation": 1_000}
    return {**given, **fields}


@contextmanager
def known(**kinds: type[Strategy]) -> Iterator[None]:
    """The catalogue knows ``kinds`` by name, and nothing else."""
    loaded = {f"controller.runner.strategies.{name}": kind for name, kind in kinds.items()}
    with pytest.MonkeyPatch.context() as patch:
        for name, kind in kinds.items():
            patch.setitem(catalog.MODULES, name, kind.__name__)
        patch.setattr(catalog, "import_module", lambda name: type("module", (), {loaded[name].__name__: loaded[name]}))
        yield


def host_of(gate: FakeGate, *documents: dict[str, Any]) -> Host:
    host = Host(gate, "", lambda event, **fields: None)
    host.handle({"event": "policy", "strategies": list(documents), "statuses": {}})
    return host


def bar(gate: FakeGate, date: str) -> dict[str, Any]:
    gate.date = date
    return {"event": "bar", "date": date, "session": 1, "closes": {"AAA": 6}}
