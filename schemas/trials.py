"""What the controller has seen of an A/B test: observations counted, looks, figures, and where it stands.

Figures are of one observation (a trade, a session or a pair of sessions) and differences are B minus A, as shares
(0.01 is one percent). Money in micro-dollars. The document of the test is :class:`schemas.experiments.ABTest`.
"""

from typing import Literal

from schemas.scalars import Model

Side = Literal["a", "b"]
State = Literal[
    "collecting",
    "running",
    "winner_a",
    "winner_b",
    "no_difference",
    "stopped_by_guardrail",
    "invalid",
    "stopped",
    "returned",
]


class Look(Model):
    """One look at a test. ``p`` is of this look alone and is never shown; ``shown`` may be, at any time.

    ``information`` is the share of the largest sample that had been seen, ``spent`` the alpha spent up to here.
    """

    n: int
    information: float
    z: float
    boundary: float
    spent: float
    p: float
    shown: float
    crossed: Side | None = None
    at_ns: int = 0
    market_time: str = ""


class Compared(Model):
    """One metric in both arms: ``low`` and ``high`` hold the difference with 95 %; ``test`` names what made ``p``.

    What is None does not exist; ``status`` and ``reason`` say why. ``adjusted`` is Holm's p of a secondary metric.
    """

    metric: str
    test: str
    n_a: int
    n_b: int
    a: float | None = None
    b: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    adjusted: float | None = None
    status: Literal["ok", "not_enough_data", "undefined"] = "ok"
    reason: str = ""


class Rail(Model):
    """A guardrail and what was seen of it. ``safe``: B is shown to be worse by less than ``margin``."""

    metric: str
    margin: float
    safe: bool
    seen: Compared


class Report(Model):
    """What one look found. The p of ``primary`` holds its level at every look; ``secondaries`` decide nothing.

    ``power``: the chance that the last look crosses if the trend goes on. ``robust``: Ledoit and Wolf's p of long
    paired tests, by HAC and by bootstrap. ``rollout``: the mean return since the rollout began.
    """

    state: State
    reason: str = ""
    primary: Compared
    secondaries: tuple[Compared, ...] = ()
    rails: tuple[Rail, ...] = ()
    power: float | None = None
    robust: tuple[float, float] | None = None
    rollout: Compared | None = None
    looks: tuple[Look, ...] = ()


class ArmSeen(Model):
    """What one arm did while the test ran: ``n`` observations, ``entries`` trades begun and ``closed`` trades over,
    ``pnl`` of those after ``fees`` (None of pairs, which trade in shadow). ``curve``: (session, gain so far as a share
    of the arm's capital), the newest points; the last one is the total return."""

    n: int = 0
    entries: int = 0
    closed: int = 0
    pnl: int | None = None
    fees: int | None = None
    curve: tuple[tuple[str, float], ...] = ()


class Outlook(Model):
    """What a test can see: with ``power``, ``effect`` is the smallest difference that it finds at its largest sample,
    in ``unit``; None: none, however large."""

    power: float
    effect: float | None
    unit: str


class Trial(Model):
    """Where a test stands. ``plan`` is the digest of what was fixed, ``book`` where it runs.

    ``began``: by step of the rollout the session in which it was first seen. ``n``: observations that the newest
    ``report`` has seen, ``rolled`` those since the rollout began; ``as_of_ns`` and ``market_time`` are its time.
    """

    test: str
    strategy: str
    book: str
    plan: str
    state: State = "collecting"
    reason: str = ""
    began: dict[int, str] = {}
    n: int = 0
    rolled: int = 0
    as_of_ns: int = 0
    market_time: str = ""
    decided_ns: int = 0
    decided_market: str = ""
    a: ArmSeen = ArmSeen()
    b: ArmSeen = ArmSeen()
    report: Report | None = None
