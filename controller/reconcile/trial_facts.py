"""What one A/B test has observed, gathered from the store's fill log and the engine's closes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from controller.core.experiments import observations
from controller.core.experiments.observations import Capital, Closed, Label
from controller.core.experiments.question import Seen
from controller.engine_ports import Engine
from controller.ports import Store
from schemas.experiments import ROLLOUT, ABTest
from schemas.live import FillView, LiveState
from schemas.trials import ArmSeen, Side, Trial

MOST = 100_000
"""Fills of one test that are looked at."""
_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that one test has observed, in the order of the market's time; ``begun`` and ``drawn``: trades begun
    by and signals drawn for each arm in each step of the rollout, where they are shared."""

    unit: observations.Unit
    seen: Sequence[Seen]
    closed: Sequence[Closed]
    begun: Mapping[Label, int]
    drawn: Mapping[Label, int]
    capital: Capital

    @property
    def tested(self) -> Sequence[Seen]:
        """Observations of the test itself."""
        return [item for item in self.seen if not item.epoch]

    @property
    def rolled(self) -> Sequence[Seen]:
        """Observations of its rollout."""
        return [item for item in self.seen if item.epoch]

    def epochs(self, *, rollout: bool) -> Sequence[tuple[int, int, float]]:
        """Signals drawn for A and for B, with B's share, of the test or of each step of its rollout."""
        steps = sorted({label.epoch for label in self.drawn if bool(label.epoch) == rollout})
        shares = self.capital.share_b_ppm
        return [
            (self.drawn.get(Label(step, "a"), 0), self.drawn.get(Label(step, "b"), 0), shares[step] / _PPM)
            for step in steps
        ]

    def arm(self, arm: Side) -> ArmSeen:
        """What one arm did while the test ran."""
        begun = self.begun.get(Label(0, arm), 0)
        return observations.arm_seen(arm, self.unit, self.seen, self.closed, begun, self.capital)


@dataclass(frozen=True, slots=True)
class Facts:
    """Gathers from ``store`` and ``engine``."""

    store: Store
    engine: Engine

    def mark(self, live: LiveState) -> tuple[int, str, int]:
        """Changes when there may be something new to count."""
        newest = self.store.fills(live.book, limit=1)
        return newest[0].seq if newest else 0, live.market_time, self.store.tests.last_shadow(live.book)

    def observe(self, test: ABTest, trial: Trial, live: LiveState, allocation: int, benchmark: str) -> Observed:
        """What ``test`` has observed. Raises EngineUnavailable, StoreUnavailable."""
        capital = Capital(allocation, shares_of(test))
        fills = observations.labelled(self.store.fills(live.book, limit=MOST, test=test.id), test.id)
        closed, begun = observations.trades(fills), observations.entries(fills)
        rows = self.store.tests.shadows(live.book, test.id)
        if test.paired and not test.rollout:
            return Observed("pair", observations.of_pairs(rows), (), {}, {}, capital)
        drawn = observations.signals(rows)
        if test.unit == "trade":
            return Observed("trade", observations.of_trades(closed), closed, begun, drawn, capital)
        return Observed("day", self._days(fills, trial, live, benchmark, capital), closed, begun, drawn, capital)

    def _days(
        self,
        fills: Mapping[Label, Sequence[FillView]],
        trial: Trial,
        live: LiveState,
        benchmark: str,
        capital: Capital,
    ) -> Sequence[Seen]:
        """Sessions that are over, by step of the rollout: each from the one after it was first seen."""
        since = date.fromisoformat(trial.began[0][:10])
        n = (date.fromisoformat(live.market_time[:10]) - since).days + 2
        calendar = [session for session, _ in self.engine.history(benchmark, n) if session < live.market_time]
        steps = sorted(trial.began.items())
        ends = [*(began for _, began in steps[1:]), live.market_time]
        sessions = {
            step: [session for session in calendar if began < session <= end]
            for (step, began), end in zip(steps, ends, strict=True)
        }
        symbols = sorted({fill.symbol for own in fills.values() for fill in own})
        closes = {symbol: dict(self.engine.history(symbol, n)) for symbol in symbols}
        return observations.of_days(fills, closes, sessions, capital)


def shares_of(test: ABTest) -> Mapping[int, int]:
    """B's share by step of the rollout, parts per million."""
    split = int(test.traffic_split.partition("/")[2])
    return {step: (percent or split) * 10_000 for step, percent in enumerate(ROLLOUT)}
