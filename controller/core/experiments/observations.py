"""What an A/B test observes: closed trades, sessions, or pairs of sessions, each once, in the market's time.

All of it follows from the fill log (and the closes), so a restart counts nothing twice. Money in micro-dollars, returns
in parts per billion. Positions that are older than the test belong to no arm and count for none.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Literal, NamedTuple

from controller.core.experiments.question import Seen
from controller.core.risk.trades import Trade, closed_trades
from schemas.live import FillView, ShadowView
from schemas.trials import ArmSeen, Side

BILLION = 1_000_000_000
_PPM = 1_000_000
CURVE = 500
"""Points of an arm's curve that are kept."""
_SIGNS = {"buy": 1, "sell": -1}
_SIDES: Mapping[str, Side] = {"A": "a", "B": "b"}
Unit = Literal["trade", "day", "pair"]
Closes = Mapping[str, Mapping[str, int]]
"""Close by symbol and session."""


class Label(NamedTuple):
    """Whose a fill is: an arm in a step of the rollout."""

    epoch: int
    arm: Side


class Capital(NamedTuple):
    """What the arms trade with: the strategy's ``allocation``, and B's share of it by step of the rollout (ppm)."""

    allocation: int
    share_b_ppm: Mapping[int, int]

    def of(self, label: Label) -> int:
        """The capital of one arm."""
        share = self.share_b_ppm.get(label.epoch, 0)
        return self.allocation * (share if label.arm == "b" else _PPM - share) // _PPM


class Closed(NamedTuple):
    """A trade of an arm that is over."""

    label: Label
    trade: Trade


def labelled(fills: Iterable[FillView], test: str) -> Mapping[Label, Sequence[FillView]]:
    """Fills of ``test`` by arm and step, in their order."""
    found: dict[Label, list[FillView]] = {}
    for fill in sorted(fills, key=lambda item: item.seq):
        if fill.test == test and fill.arm in _SIDES:
            found.setdefault(Label(fill.epoch, _SIDES[fill.arm]), []).append(fill)
    return found


def trades(fills: Mapping[Label, Sequence[FillView]]) -> Sequence[Closed]:
    """Closed trades in the order of the sessions in which they ended."""
    found = [Closed(label, trade) for label, own in fills.items() for trade in closed_trades(own)]
    return sorted(found, key=lambda item: (item.trade.closed_market, item.trade.symbol, item.trade.opened_market))


def of_trades(closed: Iterable[Closed]) -> Sequence[Seen]:
    """One observation a trade: its gain after fees as a share of its cost."""
    return [
        Seen(item.trade.closed_market, *item.label, (item.trade.gain - item.trade.fees) * BILLION // item.trade.cost)
        for item in closed
    ]


def of_pairs(shadows: Iterable[ShadowView]) -> Sequence[Seen]:
    """Two observations a session, of both variants in shadow."""
    found: list[Seen] = []
    for item in shadows:
        found += [
            Seen(item.market_time, item.epoch, "a", item.return_a),
            Seen(item.market_time, item.epoch, "b", item.return_b),
        ]
    return found


def of_days(
    fills: Mapping[Label, Sequence[FillView]], closes: Closes, sessions: Mapping[int, Sequence[str]], capital: Capital
) -> Sequence[Seen]:
    """Two observations a session: what each arm's positions gained, marked at the close, as a share of its capital.

    ``sessions``: those of each step of the rollout, in order.
    """
    found = [
        Seen(session, epoch, arm, _share(gain, capital.of(Label(epoch, arm))))
        for epoch, own in sessions.items()
        for arm in _SIDES.values()
        for session, gain in _gains(fills.get(Label(epoch, arm), ()), closes, own)
    ]
    return sorted(found, key=lambda item: (item.at, item.arm))


def _gains(fills: Sequence[FillView], closes: Closes, sessions: Sequence[str]) -> Iterator[tuple[str, int]]:
    held: dict[str, int] = {}
    marks: dict[str, int] = {}
    left = list(fills)
    for session in sessions:
        gain = 0
        while left and left[0].market_time <= session:
            fill = left.pop(0)
            shares = _SIGNS[fill.side] * fill.quantity
            gain += held.get(fill.symbol, 0) * (fill.price - marks.get(fill.symbol, fill.price)) - fill.fee
            held[fill.symbol] = held.get(fill.symbol, 0) + shares
            marks[fill.symbol] = fill.price
        for symbol, shares in held.items():
            close = closes.get(symbol, {}).get(session, marks[symbol])
            gain += shares * (close - marks[symbol])
            marks[symbol] = close
        yield session, gain


def signals(rows: Iterable[ShadowView]) -> Mapping[Label, int]:
    """Signals that were drawn for each arm in each step, whatever became of them: their shares are the split's, while a
    variant that trades more often than the other has more trades."""
    found: dict[Label, int] = {}
    for row in rows:
        for arm, drawn in (("A", row.signals_a), ("B", row.signals_b)):
            label = Label(row.epoch, _SIDES[arm])
            found[label] = found.get(label, 0) + drawn
    return found


def entries(fills: Mapping[Label, Sequence[FillView]]) -> Mapping[Label, int]:
    """Trades begun by each arm in each step, open ones too."""
    return {label: sum(_opens(fill) for fill in own) for label, own in fills.items()}


def _opens(fill: FillView) -> bool:
    return fill.position == _SIGNS[fill.side] * fill.quantity


def arm_seen(
    arm: Side, unit: Unit, observed: Sequence[Seen], closed: Sequence[Closed], begun: int, capital: Capital
) -> ArmSeen:
    """What one arm did while the test ran."""
    label = Label(0, arm)
    own = [item.trade for item in closed if item.label == label]
    mine = [item for item in observed if item.arm == arm and not item.epoch]
    curve = _traded(own, capital.of(label)) if unit == "trade" else _marked(mine, compound=unit == "pair")
    return ArmSeen(
        n=len(mine),
        entries=begun,
        closed=len(own),
        pnl=None if unit == "pair" else sum(item.gain - item.fees for item in own),
        fees=None if unit == "pair" else sum(item.fees for item in own),
        curve=tuple(curve)[-CURVE:],
    )


def _traded(own: Sequence[Trade], capital: int) -> Iterator[tuple[str, float]]:
    """What closed trades brought so far, by session."""
    gained = 0
    for session, part in groupby(own, lambda item: item.closed_market):
        gained += sum(item.gain - item.fees for item in part)
        yield session, gained / capital if capital else 0.0


def _marked(mine: Sequence[Seen], *, compound: bool) -> Iterator[tuple[str, float]]:
    """What sessions gained so far: of the same capital each, or compounding where the gain stays in the book."""
    value = 1.0
    for item in mine:
        value += (value if compound else 1.0) * item.value / BILLION
        yield item.at, value - 1


def _share(gain: int, capital: int) -> int:
    return gain * BILLION // capital if capital else 0
