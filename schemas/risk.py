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


class BookRisk(Model):
    """Risk of the book as held at ``market_time``, from the past of its instruments.

    ``volatility_20`` and ``volatility_60``: annualised, of that many sessions. ``value_at_risk``: 95 %, one session,
    a loss is positive. ``beta`` against ``benchmark``; ``correlation`` is the largest of any two instruments,
    ``pair`` which. ``window``: sessions behind value at risk, beta and correlation.
    """

    market_time: str
    benchmark: str
    window: int = 0
    volatility_20: float | None = None
    volatility_60: float | None = None
    value_at_risk: int | None = None
    beta: float | None = None
    correlation: float | None = None
    pair: tuple[str, ...] = ()
    missing: dict[str, str] = {}


class Performance(Model):
    """What one scope (``account`` or a strategy) made of its equity, session by session, and its closed trades.

    ``sharpe`` is annualised with its standard error, ``sessions`` the sessions behind both and ``volatility``.
    ``win_rate``, ``average_win`` and ``average_loss`` are of ``trades`` round trips, the averages as a share of cost.
    """

    sessions: int = 0
    sharpe: float | None = None
    sharpe_error: float | None = None
    volatility: float | None = None
    trades: int | None = None
    win_rate: float | None = None
    average_win: float | None = None
    average_loss: float | None = None
    missing: dict[str, str] = {}


class Analysis(Model):
    """What is computed beside everything that controls: ``book`` and ``performance`` from the past, by the market
    clock (None and empty: not computed yet); ``levels`` of the newest sample, of every limit of the account and of
    strategies, and of the instruments and sectors that are not ``clear``.
    """

    levels: tuple[Level, ...] = ()
    book: BookRisk | None = None
    performance: dict[str, Performance] = {}
