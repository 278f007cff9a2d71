"""Long-term reversal as a proxy for value: hold what stands furthest below its own long mean.

There are only prices here, neither book values nor earnings (De Bondt and Thaler 1985 is the source of the proxy).
"""

from collections.abc import Mapping
from typing import ClassVar

from controller.runner.strategy import Context, Parameter
from controller.runner.targets import PPM, TargetStrategy


class Value(TargetStrategy):
    """Ranks by close over long mean at the first session of the month and holds the cheapest for the month."""

    parameters: ClassVar[Mapping[str, Parameter]] = {"lookback": 756, "minimum_history": 504, "top_n": 3}

    @property
    def history(self) -> int:
        """Lookback and the running month."""
        return self.number("lookback") + 30

    def targets(self, context: Context) -> Mapping[str, int]:
        """Equal shares of the allocation, at the ranking day's closes."""
        end, top_n = context.market.month_end(), self.number("top_n")
        ratios = {symbol: self._ratio(context, symbol, end) for symbol in context.universe}
        known = {symbol: ratio for symbol, ratio in ratios.items() if ratio is not None}
        cheapest = sorted(known, key=lambda symbol: (known[symbol], symbol))[:top_n]
        each = context.allocation // top_n if top_n else 0
        return {symbol: each // context.market.closes(symbol, 1, end)[-1] for symbol in cheapest}

    def _ratio(self, context: Context, symbol: str, end: int) -> int | None:
        """Close over mean in ppm; None without enough history."""
        closes = context.market.closes(symbol, self.number("lookback"), end)
        if len(closes) < max(1, self.number("minimum_history")):
            return None
        return closes[-1] * len(closes) * PPM // sum(closes)
