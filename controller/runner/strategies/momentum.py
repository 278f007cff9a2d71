"""Cross-sectional momentum: hold what rose most (Jegadeesh and Titman 1993)."""

from collections.abc import Mapping
from typing import ClassVar

from controller.runner.strategy import BadParameter, Context, Parameter
from controller.runner.targets import PPM, TargetStrategy


class Momentum(TargetStrategy):
    """Ranks by past return at the first session of the month and holds the best ``top_n`` for the month."""

    parameters: ClassVar[Mapping[str, Parameter]] = {
        "lookback": 126,
        "skip": 0,
        "top_n": 3,
        "weighting": "rank",
        "require_gain": True,
    }

    def __init__(self, given: Mapping[str, Parameter], data_dir: str = "") -> None:
        super().__init__(given, data_dir)
        if self.values["weighting"] not in ("rank", "equal"):
            raise BadParameter(f"parameter weighting = {self.values['weighting']!r} must be rank or equal")

    @property
    def history(self) -> int:
        """Lookback, skip and the running month."""
        return self.number("lookback") + self.number("skip") + 30

    def targets(self, context: Context) -> Mapping[str, int]:
        """Shares at the ranking day's closes; a place without a name that qualifies stays cash."""
        end, top_n = context.market.month_end(), self.number("top_n")
        returns = {symbol: self._gain(context, symbol, end) for symbol in context.universe}
        known = {symbol: gain for symbol, gain in returns.items() if gain is not None}
        best = sorted(known, key=lambda symbol: (-known[symbol], symbol))[:top_n]
        wanted: dict[str, int] = {}
        for place, symbol in enumerate(best):
            if known[symbol] > 0 or not self.values["require_gain"]:
                close = context.market.closes(symbol, 1, end)[-1]
                wanted[symbol] = context.allocation * self._weight(place, top_n) // PPM // close
        return wanted

    def _gain(self, context: Context, symbol: str, end: int) -> int | None:
        """Past return in ppm; None without enough history."""
        lookback, end = self.number("lookback"), end - self.number("skip")
        closes = context.market.closes(symbol, lookback + 1, end)
        return closes[-1] * PPM // closes[0] - PPM if len(closes) > lookback else None

    def _weight(self, place: int, top_n: int) -> int:
        if self.values["weighting"] == "equal":
            return PPM // top_n
        return PPM * (top_n - place) * 2 // (top_n * (top_n + 1))
