"""The portfolio's sample outputs of the spec, whole, as tests/cli/test_golden_reads.py has the others."""

import pytest

from tests.support.book import NOW
from tests.support.golden import read


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: NOW)


PORTFOLIO = """\
Portfolio Status: greenplace

Capital:
  Initial Capital:    $100,000.00
  Current Equity:     $98,450.23
  Total P&L:          -$1,549.77 (-1.55%)
  Peak Equity:        $102,340.56
  Drawdown:           -3.80%
  Sessions:           ▁▂▂▃▄▄▅▅▅▆▆▇▇▇▇███████████▇▇▇▆▆▆▅▅▅▄▄▃▂▁

Positions (12):
  Longs:              12 positions, $86,110 gross
  Shorts:             0 positions, $0 gross
  Gross Exposure:     $86,110 (87.5% of equity)
  Net Exposure:       $86,110 (87.5% of equity)

Cash:
  Cash Balance:       $12,340.00
  Buying Power:       $12,340.00
  Reserve (5%):       $4,922.51
  Available:          $7,417.49

Risk Metrics:
  Portfolio Volatility:  18.2% annualized
  Value at Risk (95%):   $3,240 daily
  Beta:                  0.95 (vs SPX)
  Correlation (max):     0.72 (NVDA-AMD)

As of: market 2026-01-19, wall 2026-01-19 10:23:45 UTC"""


def test_portfolio_status_then_reads_as_the_spec() -> None:
    """Buying power from equity and a multiplier of 1.0; the benchmark is the configured index; "As of" is ours."""
    assert read("portfolio status") == PORTFOLIO


POSITIONS = """\
Symbol  Qty    Entry      Current    P&L       P&L%    Days  Strategy           Sector
NVDA    +25    $555.80    $569.20    +$335     +2.4%   5     ml-momentum-v2     Technology
JPM     +40    $298.70    $305.00    +$252     +2.1%   8     heuristic-value-1  Financials
JNJ     +80    $146.00    $150.25    +$340     +2.9%   11    heuristic-value-1  Healthcare
MSFT    +20    $445.00    $470.00    +$500     +5.6%   7     ml-momentum-v2     Technology
BAC     +200   $43.50     $44.65     +$230     +2.6%   11    heuristic-value-1  Financials
AMD     +27    $293.25    $291.49    -$48      -0.6%   5     ml-momentum-v2     Technology
TSLA    +20    $342.40    $353.00    +$212     +3.1%   3     ml-momentum-v2     Consumer
CSCO    +100   $47.75     $49.00     +$125     +2.6%   4     contrarian-swing   Technology
INTC    +100   $37.40     $39.10     +$170     +4.5%   4     contrarian-swing   Technology
WFC     +45    $60.00     $62.00     +$90      +3.3%   14    contrarian-swing   Financials
CVX     +10    $168.00    $173.00    +$50      +3.0%   14    contrarian-swing   Energy
XOM     +10    $104.00    $107.00    +$30      +2.9%   10    heuristic-value-1  Energy

Total:  12 positions, $86,110 deployed, +$2,286 unrealized (+2.7%)"""


def test_portfolio_positions_then_reads_as_the_spec() -> None:
    """Quantities that make the sample's totals."""
    assert read("portfolio positions") == POSITIONS


EXPOSURE = """\
Exposure Analysis:

By Sector:
  Technology      40.9%  ($40,310)  ⚠️  Warning: 40% threshold
  Financials      24.3%  ($23,920)  ✓
  Healthcare      12.2%  ($12,020)  ✓
  Consumer        7.2%   ($7,060)   ✓
  Energy          2.8%   ($2,800)   ✓

By Strategy:
  ml-momentum-v2      $38,560  (96.4% utilization)
  heuristic-value-1   $34,220  (85.5% utilization)
  contrarian-swing    $13,330  (33.3% utilization)

By Market Cap:
  Large Cap (>$200B)   56%
  Mid Cap ($10-200B)   22%
  Unclassified         22%

Concentration:
  Largest Position:    NVDA $14,230 (14.5%)  ✓
  Top 3 Positions:     $38,450 (39.1%)
  Top 5 Positions:     $56,780 (57.7%)
  Effective Names:     9.0 (HHI 0.112)

As of: market 2026-01-19, wall 2026-01-19 10:23:45 UTC"""


def test_portfolio_exposure_then_reads_as_the_spec() -> None:
    """Sectors as shares of equity, as limits count them; effective names are ours; three names have no known size."""
    assert read("portfolio exposure") == EXPOSURE


RISK = """\
Portfolio Risk: greenplace

Volatility:
  20 Sessions:          18.2% annualized (target: 20.0%)  ✓
  60 Sessions:          16.4% annualized
  Fading Weights:       19.1% annualized

Loss:
  Value at Risk (95%):  $3,240 daily (3.3% of equity, 252 sessions)
  Expected Shortfall:   $4,410 daily (4.5% of equity, beyond it)
  Backtest:             8 losses beyond it in 126 sessions, 6.3 expected (p 0.50, one by one p 0.32)
  Backtest (own P&L):   n/a (120 of 252 sessions of its own)
  Peak Equity:          $102,340.56
  Drawdown:             -3.80% (emergency at -25%)

Market:
  Beta:                 0.95 (vs SPX)
  Correlation (max):    0.72 (NVDA-AMD)

Loss by Method (one session):
  Method      Confidence  VaR     Shortfall
  Historical  95%         $3,240  $4,406
  Historical  97.5%       $3,900  $5,304
  Historical  99%         $4,700  $6,392
  Gaussian    95%         $3,143  $4,274
  Gaussian    97.5%       $3,783  $5,145
  Gaussian    99%         $4,559  $6,200
  Cornish-Fisher: n/a (outside the Cornish-Fisher domain: skewness -1.10, excess kurtosis 1.05)

Equity:
  Sessions:             ▁▂▂▃▄▄▅▅▅▆▆▇▇▇▇███████████▇▇▇▆▆▆▅▅▅▄▄▃▂▁
  Annual Return:        +3.4%
  Deepest Drawdown:     -4.23% (longest 31 sessions below a peak)
  Sharpe Ratio:         0.62 ± 0.41
  Sortino Ratio:        0.90
  Calmar Ratio:         0.80
  Turnover:             4.60 a year

Limits:
  account.margin_multiplier             ████████░░  87%  clear
  account.cash_reserve_pct              ███░░░░░░░  40%  clear
  position.max_positions                ██████░░░░  60%  clear
  exposure.max_gross_pct                ████████░░  87%  clear
  exposure.max_net_pct                  ████████░░  87%  clear
  strategy.max_strategies_active        ██████░░░░  67%  clear
  position.max_position_pct             █████████░  96%  info   NVDA
  concentration.sector_warning_pct      ██████████ 102%  warn   Technology
  strategy.max_strategy_allocation_pct  █████████░  96%  clear  ml-momentum-v2
  drawdown.strategy_halt_pct            ██████████ 105%  halt   ml-sentiment-exp
  drawdown.account_emergency_pct        █░░░░░░░░░  15%  clear
  volatility.portfolio_target           █████████░  91%  clear

Largest Positions:
  NVDA  $14,230  14.5% of equity  ✓
  JPM   $12,200  12.4% of equity  ✓
  JNJ   $12,020  12.2% of equity  ✓
  MSFT  $9,400   9.5% of equity   ✓
  BAC   $8,930   9.1% of equity   ✓

As of: market 2026-01-19, wall 2026-01-19 10:23:45 UTC"""


def test_portfolio_risk_then_reads_as_its_neighbours() -> None:
    """No sample: laid out as ``portfolio status``."""
    assert read("portfolio risk") == RISK
