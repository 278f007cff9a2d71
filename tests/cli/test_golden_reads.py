"""Each sample output of the spec (section 2.2) that only looks, whole: glyphs, labels, columns, blanks, wording.

The figures are those of tests/support/greenplace.py, which follows its own arithmetic where the samples contradict
themselves; each test names what differs from its sample.
"""

import pytest

from cli.render import strategy
from tests.support.book import NOW
from tests.support.golden import ask, read


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: NOW)


STATUS = """\
🎯 Risk Status: greenplace (paper trading)

Portfolio Overview:
  Equity:         $98,450.23  (Peak: $102,340.56, -3.8% from peak)
  Cash:           $12,340.00
  Buying Power:   $12,340.00
  Positions:      12 / 20 max
  Strategies:     2 active, 1 paused, 1 halted

Risk Metrics:
  Portfolio Vol:  18.2% (target: 20.0%)  ✓
  Max Position:   $14,230 (NVDA, 14.5% of portfolio)  ✓
  Sector Conc:    Technology 41%, Financials 24%, Healthcare 12%  ⚠️

Active Alerts:
  ⚠️  WARN - Technology sector concentration at 41% (warning threshold 40%)
  ℹ️  INFO - ml-momentum-v2: NVDA: reduced position sizing (volatility)

Phase:  Phase 1 (Exploration) - Day 18/30
Status: 🟢 Normal Operations
As of:  market 2026-01-19, wall 2026-01-19 10:23:45 UTC, revision aaaaaaaaaaaa"""


def test_status_then_reads_as_the_spec() -> None:
    """Buying power from equity and a multiplier of 1.0, sectors as shares of equity; "As of" is ours."""
    assert read("status") == STATUS


LIMITS = """\
Hard Limits:
  account.initial_capital              $100,000
  account.margin_multiplier            1.0
  account.cash_reserve_pct             5%
  position.max_position_pct            15%
  position.max_position_dollars        $25,000
  position.min_position_dollars        $500
  position.max_positions               20
  strategy.max_strategy_allocation_pct 40%
  strategy.max_strategies_active       3
  exposure.max_gross_pct               100%
  exposure.max_net_pct                 100%
  order.max_dollars                    $25,000
  order.price_collar_pct               5%
  order.max_per_minute                 120
  order.duplicate_seconds              2s
  order.max_price_age                  60s

Soft Limits:
  concentration.sector_warning_pct     40%
  concentration.sector_reduction_pct   50%
  volatility.position_warning          40%
  volatility.position_reduction        60%
  volatility.portfolio_target          20%
  drawdown.strategy_halt_pct           20%
  drawdown.account_emergency_pct       25%"""


def test_limits_list_then_reads_as_the_spec() -> None:
    """The sample's thirteen limits among ours."""
    assert read("limits list") == LIMITS


STRATEGIES = """\
ID                   Name                Status    P&L       DD    Positions  Last Trade
contrarian-swing     Contrarian Swing    PAUSED    -$1,561   -4%   4          1h ago
heuristic-value-1    Value Following     ACTIVE    +$1,120   -3%   4          15m ago
ml-momentum-v2       ML Momentum v2      ACTIVE    +$2,341   -5%   4          2m ago
ml-sentiment-exp     Sentiment (Exp)     HALTED    -$3,450   -21%  0          2d ago"""


def test_strategy_list_then_reads_as_the_spec() -> None:
    """Rows by id; results that add up to the account's."""
    assert read("strategy list") == STRATEGIES


STRATEGY = """\
Strategy: ml-momentum-v2 (ML Momentum v2)
Status:   ACTIVE
Owner:    system
Phase:    Phase 1 (Exploration)

Performance:
  Total P&L:        +$2,340.56 (+5.85%)
  Peak Equity:      $44,475.38
  Current DD:       -4.8%
  Sharpe Ratio:     1.23
  Win Rate:         58%
  Avg Win:          +2.3%
  Avg Loss:         -1.8%
  Equity:           ▁▂▂▂▃▃▄▄▅▅▅▆▆▇▇██▁▂▂▂▃▃▄▄▅▅▆▆▇▇▇█▁▁▂▂▃▃▄

Positions (4):
  NVDA  +25 shares  +$335  (+2.4%)
  MSFT  +20 shares  +$500  (+5.6%)
  AMD   +27 shares  -$48   (-0.6%)
  TSLA  +20 shares  +$212  (+3.1%)

Capital Allocation:
  Allocated:        $40,000 (40% of account)
  Deployed:         $38,560 (96.4% utilization)
  Available:        $1,440

Recent Orders (last 10):
  2026-01-19 09:45  BUY  NVDA  +20  $520.30  FILLED
  2026-01-19 09:12  SELL AAPL  -30  $185.20  FILLED"""


def test_strategy_show_then_reads_as_the_spec() -> None:
    """A peak that is 4.8% above the equity; positions whose results agree with the portfolio's."""
    assert "\n".join(strategy.details(ask("strategy.show", id="ml-momentum-v2"))) == STRATEGY


METRICS = """\
Strategy Metrics: ml-momentum-v2 (ML Momentum v2)
Status: ACTIVE

Result:
  Total P&L:        +$2,340.56 (+5.85%)
  Realized:         +$1,360.00
  Unrealized:       +$999.48
  Fees:             $18.92

Risk:
  Equity:           ▁▂▂▂▃▃▄▄▅▅▅▆▆▇▇██▁▂▂▂▃▃▄▄▅▅▆▆▇▇▇█▁▁▂▂▃▃▄
  Sharpe Ratio:     1.23 ± 0.40
  Sortino Ratio:    1.81
  Calmar Ratio:     1.10
  Turnover:         7.25 a year
  Volatility:       15.3%
  Peak Equity:      $44,475.38
  Current DD:       -4.8%
  Deepest DD:       -6.1%
  Sessions:         120

Trades:
  Closed Trades:    142
  Win Rate:         58%
  True Rate (95%):  50% to 66%
  Avg Win:          +2.3%
  Avg Loss:         -1.8%

Capital Allocation:
  Allocated:        $40,000 (40% of account)
  Deployed:         $38,560 (96.4% utilization)
  Available:        $1,440

As of: market 2026-01-19, wall 2026-01-19 10:23:45 UTC"""


def test_strategy_metrics_then_reads_as_its_neighbours() -> None:
    """No sample: laid out as ``strategy show``."""
    assert "\n".join(strategy.metrics(ask("strategy.metrics", id="ml-momentum-v2"))) == METRICS
