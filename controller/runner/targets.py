"""Working towards target holdings, session by session, until they are reached or refused."""

from collections.abc import Mapping
from typing import Literal

from controller.runner.strategy import Action, Context, Order, Strategy

TOLERANCE_PPM = 50_000
PPM = 1_000_000


class TargetStrategy(Strategy):
    """A strategy that says how many shares it wants; this class gets there.

    It is level-triggered: what counts is the difference between target, holding and working orders, so partial fills,
    denials of one session and restarts need no special case. A target that the gate refused or cut down is not asked
    for again until it changes.
    """

    def __init__(self, given: Mapping[str, int | str | bool], data_dir: str = "") -> None:
        super().__init__(given, data_dir)
        self._targets: Mapping[str, int] = {}
        self._settled: dict[str, int] = {}

    def targets(self, context: Context) -> Mapping[str, int]:
        """Shares wanted by symbol; a symbol that is missing is wanted no more."""
        raise NotImplementedError

    def on_bar(self, context: Context) -> list[Action]:
        """Sell what is too much; buy what is missing from the next session on, when the money is there."""
        self._targets = self.targets(context)
        sells = [o for symbol in sorted(context.holdings) for o in self._towards(context, symbol, "sell")]
        buys = [o for symbol in self._targets for o in self._towards(context, symbol, "buy")]
        return [*sells, *buys]

    def on_accepted(self, order: Order, quantity: int) -> None:
        """A size that the gate reduced is the size to have."""
        if quantity < order.quantity:
            self._settle(order.symbol)

    def on_denied(self, context: Context, order: Order, code: str, headroom: int) -> Order | None:
        """Take what fits, and leave it at that; without money to spare try again in the next session."""
        smaller = super().on_denied(context, order, code, headroom)
        if smaller is not None or code not in ("STRATEGY_ALLOCATION", "CASH_RESERVE", "BUYING_POWER"):
            self._settle(order.symbol)
        return smaller

    def _settle(self, symbol: str) -> None:
        self._settled[symbol] = self._targets.get(symbol, 0)

    def _towards(self, context: Context, symbol: str, side: Literal["buy", "sell"]) -> list[Action]:
        target = self._targets.get(symbol, 0)
        if side == "buy" and self._settled.get(symbol) == target:
            return []
        held = context.holdings.get(symbol)
        have = (held.quantity if held else 0) + context.pending(symbol)
        missing = target - have if side == "buy" else have - target
        if missing <= target * TOLERANCE_PPM // PPM:
            return []
        return [Order(symbol, side, missing)]
