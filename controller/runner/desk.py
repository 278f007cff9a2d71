"""One strategy at work: its rule, its orders on their way through the gate, its health."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from controller.runner.catalog import build
from controller.runner.strategy import BadParameter, Cancel, Context, Held, Market, NoData, Order, Strategy, Working

ATTEMPTS = 4
_OPEN_STATES = ("pending", "working", "unknown")


class Gate(Protocol):
    """What the runner needs of :class:`controller.gate.client.GateClient`."""

    def request(self, op: str, **fields: Any) -> dict[str, Any]:
        """One request, its reply."""
        ...


class Desk:
    """Runs one strategy's document (``source``: the fields of ``schemas.policy.StrategyPolicy``).

    A strategy that raises, or cannot be built, is reported by its condition and stays away until its document
    changes; it never disturbs another.
    """

    def __init__(self, source: Mapping[str, Any], data_dir: str) -> None:
        self.uid: str = source["uid"]
        self.key = _identity(source)
        self.condition, self.message = "", ""
        self._allocation: int = source["allocation"]
        self._universe: Sequence[str] = source["universe"]
        self._strategy: Strategy | None = None
        try:
            self._strategy = build(source["module"], source["parameters"], data_dir)
        except NoData as error:
            self._fail("NoData", str(error))
        except (BadParameter, OSError, ValueError) as error:
            self._fail("Failed", str(error))

    @property
    def history(self) -> int:
        """Sessions of history that its strategy needs."""
        return self._strategy.history if self._strategy else 0

    def on_bar(self, gate: Gate, market: Market, state: Mapping[str, Any], level: int) -> None:
        """Let the strategy decide on the newest session and send what it wants.

        ``state`` has the fields of ``schemas.live.LiveState``; ``level`` is 0 (all), 1 (exits only), 2 (nothing).
        Raises GateUnavailable; what is then unknown is settled by asking again with the same client ids.
        """
        if self._strategy is None:
            return
        context = self._context(market, state)
        try:
            actions = self._strategy.on_bar(context)
        except Exception as error:  # noqa: BLE001  # the edge: a strategy's own error stays its own
            self._strategy = None
            self._fail("Failed", f"{type(error).__name__}: {error}")
            return
        numbers: dict[str, int] = {}
        for action in actions if level < 2 else ():
            if isinstance(action, Cancel):
                gate.request("cancel", order=action.order)
            elif level == 0 or _reduces(context, action):
                self._send(gate, context, action, numbers)

    def _send(self, gate: Gate, context: Context, order: Order | None, numbers: dict[str, int]) -> None:
        """Submit, and after a denial what the strategy makes of it, a bounded number of times."""
        strategy = self._strategy
        for _ in range(ATTEMPTS):
            if strategy is None or order is None:
                return
            number = numbers[order.symbol] = numbers.get(order.symbol, 0) + 1
            answer = gate.request("submit", order=self._wire(order, f"{context.date}-{order.symbol}-{number}"))
            if answer["ok"]:
                strategy.on_accepted(order, answer["quantity"])
                return
            order = strategy.on_denied(context, order, str(answer.get("code", "")), int(answer.get("headroom", 0)))

    def _wire(self, order: Order, client_id: str) -> dict[str, Any]:
        return {
            "uid": self.uid,
            "symbol": order.symbol,
            "side": order.side,
            "quantity": order.quantity,
            "client_id": f"{self.uid[:8]}-{client_id}",
            "type": order.type,
            "limit": order.limit,
            "stop": order.stop,
        }

    def _context(self, market: Market, state: Mapping[str, Any]) -> Context:
        holdings = {
            item["symbol"]: Held(item["quantity"], item["entry"], item["opened_market"])
            for item in state["positions"]
            if item["uid"] == self.uid and item["quantity"]
        }
        working = [_working(item) for item in state["orders"] if item["uid"] == self.uid]
        universe = self._universe or sorted(market.columns)
        is_open = [order for order in working if order is not None]
        return Context(market.dates[-1], market, universe, holdings, is_open, self._allocation)

    def _fail(self, condition: str, message: str) -> None:
        self.condition, self.message = condition, message


def same_document(desk: Desk, source: Mapping[str, Any]) -> bool:
    """Whether ``desk`` still runs what ``source`` says (its status is no part of that)."""
    return desk.key == _identity(source)


def _identity(source: Mapping[str, Any]) -> tuple[Any, ...]:
    parameters = tuple(sorted(source["parameters"].items()))
    return source["uid"], source["module"], parameters, tuple(source["universe"]), source["allocation"]


def _working(item: Mapping[str, Any]) -> Working | None:
    if item["state"] not in _OPEN_STATES:
        return None
    remaining = item["quantity"] - item["filled"]
    return Working(item["order"], item["symbol"], item["side"], item["type"], remaining, item["market_time"])


def _reduces(context: Context, order: Order) -> bool:
    held = context.holdings.get(order.symbol)
    quantity = held.quantity if held else 0
    return quantity > 0 if order.side == "sell" else quantity < 0
