"""What several documents share. Money is in dollars, shares in percent; null where ``missing`` says why."""

from typing import Literal

from pydantic import Field

from schemas.scalars import Model
from schemas.status import Problem

Mode = Literal["normal", "pause-new-orders", "halt-trading", "halt-all"]
Status = Literal["active", "paused", "halted"]
Mark = Literal["ok", "warning", "breach"]
Missing = dict[str, str]
"""Why a figure is null, by its name."""


class Trouble(Model):
    """What went wrong and the next command; ``problems`` are the mistakes of documents."""

    message: str
    hint: str
    code: str
    problems: tuple[Problem, ...] = ()


class Failed(Model):
    """A command that could not do its work: exit code 1, 2, 4 or 5 (and 3 with ``ok`` when nothing answers)."""

    ok: bool
    error: Trouble


class Answer(Model):
    """Every document. ``ok``: exit code 0 or 3; ``attention``: why it is 3; ``service``: nobody answered, so that it
    was told from git and store."""

    ok: bool
    attention: tuple[str, ...] = ()
    service: Literal["down"] = "down"


class Headed(Answer):
    """A document about the book: whose, in which mode, and when by which clock."""

    book: str | None
    environment: str | None
    mode: Mode
    as_of: str = Field(description="Wall clock, ISO 8601 in UTC")
    market_time: str | None
    feed: str | None
    permit: str | None


class Units(Model):
    """Units of the figures."""

    money: str
    percent: str
    quantity: str
    time: str


class OpenHalt(Model):
    """One open halt: ``strategy`` is its id when it is not the account's."""

    id: str
    scope: str
    strategy: str | None
    mode: Mode
    opened: str
    age_seconds: int
    actor: str
    source: str
    reason: str
    durable: bool
    adopted: bool
    evidenced: bool


class Phase(Model):
    """The learning phase."""

    number: int
    name: str
    day: int | None
    days: int


class Named(Model):
    """A strategy and its status in force."""

    id: str
    uid: str
    name: str
    status: Status


class Holding(Model):
    """One position."""

    symbol: str
    quantity: int
    entry: float
    current: float
    value: float
    pnl: float
    pnl_pct: float | None
    days: int | None
    strategy: str
    sector: str


class Largest(Model):
    """A position by its size."""

    symbol: str
    value: float
    pct_of_equity: float | None
    mark: Mark


class Tail(Model):
    """Value at risk and expected shortfall by one method; ``reason`` says why they are null."""

    method: str
    confidence_pct: float
    value_at_risk: float | None
    expected_shortfall: float | None
    reason: str | None


class Backtest(Model):
    """How often the loss was beyond the value at risk."""

    confidence: float
    window: int
    sessions: int
    expected: float
    exceptions: int
    kupiec: float | None
    independence: float | None
    coverage: float | None


class Correlations(Model):
    """The matrix of correlations, rows and columns as ``symbols``."""

    symbols: tuple[str, ...]
    matrix: tuple[tuple[float | None, ...], ...]


class BookFigures(Model):
    """Volatility, tails, beta and correlation of the book as held now."""

    market_time: str | None
    clock: str
    computed: str | None
    window_sessions: int
    portfolio_vol_pct: float | None
    portfolio_vol_60_pct: float | None
    portfolio_vol_target_pct: float | None
    portfolio_vol_mark: Mark | None
    portfolio_vol_ewma_pct: float | None
    value_at_risk: float | None
    value_at_risk_pct: float | None
    expected_shortfall: float | None
    expected_shortfall_pct: float | None
    tails: tuple[Tail, ...]
    backtest: Backtest | None
    beta: float | None
    benchmark: str | None
    correlation: float | None
    correlation_pair: tuple[str, ...]
    correlations: Correlations
    missing: Missing


class Performance(Model):
    """Return, its risk, and closed trades."""

    sessions: int
    sharpe: float | None
    sharpe_error: float | None
    sortino: float | None
    calmar: float | None
    volatility_pct: float | None
    annual_return_pct: float | None
    deepest_drawdown_pct: float | None
    longest_drawdown_sessions: int | None
    present_drawdown_sessions: int | None
    turnover: float | None
    equity_curve: tuple[float, ...]
    closed_trades: int | None
    win_rate_pct: float | None
    win_rate_low_pct: float | None
    win_rate_high_pct: float | None
    average_win_pct: float | None
    average_loss_pct: float | None
    backtest: Backtest | None
    missing: Missing
