"""Figures of risk and return on the market clock. What has no input is None, and ``missing`` says why by name.

Ratios are plain numbers (0.18 is 18 %), money is in micro-dollars.
"""

from typing import Literal

from schemas.scalars import Model

LevelName = Literal["clear", "info", "warn", "error", "halt"]


class Level(Model):
    """Where the live book stands against one limit: ``clear`` < ``info`` < ``warn`` < ``error`` < ``halt``.

    ``scope`` is ``account`` or ``strategy:<uid>``, ``key`` the limit's name, ``what`` the instrument, sector or
    strategy id that it is about (empty: the account). ``value`` and ``limit`` are compiled integers in ``unit``:
    micro-dollars for ``money``, parts per million for ``percent`` and ``ratio``, plain for ``count``.
    ``utilisation`` is the share of the limit that is used in parts per million (of a floor: limit over value), None
    against a limit of 0. ``error``: nothing there may increase; ``halt``: the scope is halted. A limit in ``shadow``
    is told of and blocks nothing.
    """

    scope: str
    key: str
    what: str = ""
    level: LevelName
    value: int
    limit: int
    utilisation: int | None
    unit: Literal["money", "percent", "ratio", "count"]
    shadow: bool = False


class Tail(Model):
    """What one session may lose by one method, in micro-dollars, a loss positive; ``reason`` says why it does not."""

    method: Literal["historical", "gaussian", "cornish-fisher"]
    confidence: float
    value_at_risk: int | None = None
    expected_shortfall: int | None = None
    reason: str = ""


class Backtest(Model):
    """How the historical value at risk held: each of the newest ``sessions`` against that of the ``window`` before it.

    ``kupiec`` (as many as expected?), ``independence`` (one by one?) and ``coverage`` (both): p-values, small is bad.
    """

    confidence: float
    window: int
    sessions: int
    expected: float
    exceptions: int
    kupiec: float
    independence: float
    coverage: float


BOOK_FIGURES = (
    "volatility_20",
    "volatility_60",
    "volatility_ewma",
    "value_at_risk",
    "expected_shortfall",
    "tails",
    "backtest",
    "beta",
    "correlation",
)
"""Those of :class:`BookRisk` that may be missing, with a reason by name."""


class BookRisk(Model):
    """Risk of the book as held at ``market_time``, from the past of its instruments.

    ``volatility_20``, ``volatility_60`` and ``volatility_ewma``: annualised, of so many sessions or of fading weights.
    ``value_at_risk`` and ``expected_shortfall``: historical, 95 %, one session, a loss is positive; ``tails`` has them
    by every method and confidence. ``beta`` against ``benchmark``; ``correlation`` is the largest of any two
    instruments, ``pair`` which; ``correlations`` those of the largest positions ``symbols``, row by row.
    ``window``: sessions behind value at risk, beta and correlation.
    """

    market_time: str
    benchmark: str
    window: int = 0
    volatility_20: float | None = None
    volatility_60: float | None = None
    volatility_ewma: float | None = None
    value_at_risk: int | None = None
    expected_shortfall: int | None = None
    tails: tuple[Tail, ...] = ()
    backtest: Backtest | None = None
    beta: float | None = None
    correlation: float | None = None
    pair: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    correlations: tuple[tuple[float | None, ...], ...] = ()
    missing: dict[str, str] = {}


class Performance(Model):
    """What one scope (``account`` or a strategy) made of its equity, session by session, and its closed trades.

    ``sharpe`` (with its standard error), ``sortino``, ``calmar``, ``volatility`` and ``annual_return`` are annualised,
    of ``sessions`` returns. ``deepest_drawdown`` is a positive share, ``longest_drawdown`` and ``present_drawdown``
    sessions below a peak, all of the session curve, of which ``curve`` has the newest values in micro-dollars.
    ``turnover``: half of what was traded over mean equity, a year. ``win_rate`` (between ``win_low`` and ``win_high``
    with 95 %), ``average_win`` and ``average_loss`` are of ``trades`` round trips, the averages as a share of cost.
    ``backtest``: the scope's own results against the value at risk of those before them.
    """

    sessions: int = 0
    sharpe: float | None = None
    sharpe_error: float | None = None
    sortino: float | None = None
    calmar: float | None = None
    volatility: float | None = None
    annual_return: float | None = None
    deepest_drawdown: float | None = None
    longest_drawdown: int | None = None
    present_drawdown: int | None = None
    turnover: float | None = None
    trades: int | None = None
    win_rate: float | None = None
    win_low: float | None = None
    win_high: float | None = None
    average_win: float | None = None
    average_loss: float | None = None
    backtest: Backtest | None = None
    curve: tuple[int, ...] = ()
    missing: dict[str, str] = {}


class Analysis(Model):
    """What is computed beside everything that controls: ``book`` and ``performance`` from the past, by the market
    clock, computed at ``as_of_ns`` (None and empty: not computed, ``reason`` says why); ``levels`` of the newest
    sample, of every limit of the account and of strategies, and of the instruments and sectors that are not ``clear``.
    """

    levels: tuple[Level, ...] = ()
    as_of_ns: int = 0
    reason: str = ""
    book: BookRisk | None = None
    performance: dict[str, Performance] = {}


class SetBy(Model):
    """The commit that gave a limit the value that it has, its author, and its time in Unix nanoseconds."""

    commit: str
    author: str
    at_ns: int


class SignedBy(SetBy):
    """The commit that is applied, and the principals who signed it and what it merged; nobody for the first one, which
    local settings pin."""

    signers: tuple[str, ...] = ()
