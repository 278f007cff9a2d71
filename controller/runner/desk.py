"""One strategy at work: its rule, its orders on their way through the gate, its health.

A running A/B test gives it two rules, a control A and a variant B, each with its own part of symbols and allocation; a
paired one runs the control, and both in shadow besides.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from controller.runner.catalog import build
from controller.runner.shadow import ShadowBook, Shadows
from controller.runner.split import CONTROL, OPEN_STATES, VARIANT, Owners, Split
from controller.runner.strategy import (
    Action,
    BadParameter,
    Cancel,
    Context,
    Held,
    Market,
    NoData,
    Order,
    Strategy,
    Working,
)

ATTEMPTS = 4
REPLAY = 2_000
"""Sessions of history that a paired test asks for: what it has played is played again after a restart."""
Owner = Callable[[str], str]
"""The arm that a symbol belongs to in this session."""
CLOSED = 2
"""The level at which nothing is sent."""
WHOLE = ""
"""The arm of a strategy that is in no test, or in a paired one."""


class Gate(Protocol):
    """What the runner needs of :class:`controller.gate.client.GateClient`."""

    def request(self, op: str, **fields: Any) -> dict[str, Any]:
        """One request, its reply."""
        ...


class Desk:
    """Runs one strategy's document (``source``: the fields of ``schemas.policy.StrategyPolicy``).

    A strategy that raises, or cannot be built, is reported by its condition and stays away until its document
    changes; it never disturbs another. So does the variant B of a test: then the control looks after what B held, and
    what B would have drawn is left alone.
    """

    def __init__(self, source: Mapping[str, Any], data_dir: str) -> None:
        self.uid: str = source["uid"]
        self.key = _identity(source)
        self.condition, self.message = "", ""
        self._source, self._data_dir = source, data_dir
        self._allocation: int = source["allocation"]
        self._universe: Sequence[str] = source["universe"]
        self._rules: dict[str, Strategy] = {}
        self._split: Split | None = None
        self._shadows: Shadows | None = None
        test = source.get("test")
        if test is None:
            self._add(WHOLE, self._build(WHOLE))
        elif test["paired"]:
            self._pair(test)
        else:
            self._share(test)

    @property
    def history(self) -> int:
        """Sessions of history that its rules need."""
        return REPLAY if self._shadows else max((rule.history for rule in self._rules.values()), default=0)

    def on_bar(self, gate: Gate, market: Market, state: Mapping[str, Any], level: int) -> None:
        """Let each rule decide on the newest session and send what it wants; shadow books come last.

        ``state`` has the fields of ``schemas.live.LiveState``; ``level`` is 0 (all), 1 (exits only), 2 (nothing).
        Raises GateUnavailable; what is then unknown is settled by asking again with the same client ids.
        """
        owners, numbers, signals = self._owners(market, state), dict[str, int](), set[str]()
        for arm in list(self._rules):
            context = self._context(arm, owners.of, market, state)
            actions = self._decide(arm, context)
            signals |= {action.symbol for action in actions if isinstance(action, Order)} - owners.taken
            for action in actions if level < CLOSED else ():
                if isinstance(action, Cancel):
                    gate.request("cancel", order=action.order)
                elif owners.of(action.symbol) == arm and (level == 0 or _reduces(context, action)):
                    self._send(arm, gate, context, action, numbers)
        if self._split is not None and VARIANT in self._rules and signals and level == 0:
            self._split.tell(gate, market.dates[-1], [owners.of(symbol) for symbol in signals])
        if self._shadows is not None:
            self._follow(self._shadows, gate, market)

    def _share(self, test: Mapping[str, Any]) -> None:
        """Two rules that share symbols and allocation; without any share left for it there is no B."""
        self._split = Split(self.uid, test)
        for arm in (CONTROL, VARIANT) if self._split.share_b_ppm else (CONTROL,):
            if arm == CONTROL or self._rules:
                self._add(arm, self._build(arm))

    def _pair(self, test: Mapping[str, Any]) -> None:
        """The control alone, and both in shadow."""
        self._add(WHOLE, self._build(CONTROL))
        a, b = (self._build(arm) if self._rules else None for arm in (CONTROL, VARIANT))
        if a is not None and b is not None:
            books = (ShadowBook(rule, self._allocation, tuple(self._universe)) for rule in (a, b))
            self._shadows = Shadows(self.uid, test, *books)

    def _build(self, arm: str) -> Strategy | None:
        """The rule of ``arm``: the strategy's parameters under the variant's own; None: the condition says why."""
        test = self._source.get("test") or {}
        parameters = {**self._source["parameters"], **test.get(f"parameters_{arm.lower()}", {})}
        try:
            return build(self._source["module"], parameters, self._data_dir)
        except NoData as error:
            self._fail(arm, "NoData", str(error))
        except (BadParameter, OSError, ValueError) as error:
            self._fail(arm, "Failed", str(error))
        return None

    def _add(self, arm: str, rule: Strategy | None) -> None:
        if rule is not None:
            self._rules[arm] = rule

    def _decide(self, arm: str, context: Context) -> Sequence[Action]:
        """What the arm's rule wants."""
        rule = self._rules.get(arm)
        if rule is None:
            return ()
        try:
            return rule.on_bar(context)
        except Exception as error:  # noqa: BLE001  # the edge: a strategy's own error stays its own
            self._fail(arm, "Failed", f"{type(error).__name__}: {error}")
            return ()

    def _follow(self, shadows: Shadows, gate: Gate, market: Market) -> None:
        shadows.begin(gate, market)
        try:
            shadows.play(market)
        except Exception as error:  # noqa: BLE001  # as above
            self._fail(VARIANT, "Failed", f"in shadow: {type(error).__name__}: {error}")
        shadows.tell(gate)

    def _send(self, arm: str, gate: Gate, context: Context, order: Order | None, numbers: dict[str, int]) -> None:
        """Submit, and after a denial what the rule makes of it, a bounded number of times."""
        rule = self._rules[arm]
        for _ in range(ATTEMPTS):
            if order is None:
                return
            number = numbers[order.symbol] = numbers.get(order.symbol, 0) + 1
            wire = self._wire(arm, order, f"{context.date}-{order.symbol}-{arm}{number}")
            answer = gate.request("submit", order=wire)
            if answer["ok"]:
                rule.on_accepted(order, answer["quantity"])
                return
            order = rule.on_denied(context, order, str(answer.get("code", "")), int(answer.get("headroom", 0)))

    def _wire(self, arm: str, order: Order, client_id: str) -> dict[str, Any]:
        return {
            "uid": self.uid,
            "symbol": order.symbol,
            "side": order.side,
            "quantity": order.quantity,
            "client_id": f"{self.uid[:8]}-{client_id}",
            "type": order.type,
            "limit": order.limit,
            "stop": order.stop,
            **(self._split.label(arm) if self._split else {}),
        }

    def _owners(self, market: Market, state: Mapping[str, Any]) -> Owners:
        if self._split is None:
            return Owners(lambda _symbol: WHOLE)
        return self._split.owners(state, market.dates, self._symbols(market), frozenset(self._rules))

    def _context(self, arm: str, owner: Owner, market: Market, state: Mapping[str, Any]) -> Context:
        """What ``arm`` sees: the whole market, of holdings and orders its own."""
        holdings = {
            item["symbol"]: Held(item["quantity"], item["entry"], item["opened_market"])
            for item in state["positions"]
            if item["uid"] == self.uid and item["quantity"] and owner(item["symbol"]) == arm
        }
        own = [item for item in state["orders"] if item["uid"] == self.uid and owner(item["symbol"]) == arm]
        working = [_working(item) for item in own if item["state"] in OPEN_STATES]
        allocation = self._split.allocation(arm, self._allocation) if self._split else self._allocation
        return Context(market.dates[-1], market, self._symbols(market), holdings, working, allocation)

    def _symbols(self, market: Market) -> Sequence[str]:
        return self._universe or sorted(market.columns)

    def _fail(self, arm: str, condition: str, message: str) -> None:
        self._shadows = None
        if arm == VARIANT:
            self._rules.pop(VARIANT, None)
            condition, message = "VariantFailed", f"variant B: {message}; the control A goes on alone"
        else:
            self._rules.clear()
        self.condition, self.message = condition, message


def same_document(desk: Desk, source: Mapping[str, Any]) -> bool:
    """Whether ``desk`` still runs what ``source`` says (its status is no part of that)."""
    return desk.key == _identity(source)


def _identity(source: Mapping[str, Any]) -> str:
    names = ("uid", "module", "parameters", "universe", "allocation", "test")
    return json.dumps({name: source.get(name) for name in names}, sort_keys=True)


def _working(item: Mapping[str, Any]) -> Working:
    remaining = item["quantity"] - item["filled"]
    return Working(item["order"], item["symbol"], item["side"], item["type"], remaining, item["market_time"])


def _reduces(context: Context, order: Order) -> bool:
    held = context.holdings.get(order.symbol)
    quantity = held.quantity if held else 0
    return quantity > 0 if order.side == "sell" else quantity < 0
