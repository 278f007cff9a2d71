"""Each sample output of the spec (section 2.2) that only looks, whole: glyphs, labels, columns, blanks, wording.

The figures are those of tests/support/greenplace.py, which follows its own arithmetic where the samples contradict
themselves; each test names what differs from its sample.
"""

from pathlib import Path
from typing import Any

import pytest

from cli import reads
from cli.render import alerts, audit, strategy
from controller.rpc.methods import Dispatcher
from controller.settings import Settings
from schemas.alerts import Alerts
from tests.support.alert_desk import alert_methods, greenplace_alerts, sample_clock
from tests.support.book import NOW
from tests.support.greenplace import GreenplaceControl


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: NOW)


def ask(method: str, **params: str) -> dict[str, Any]:
    control, settings = GreenplaceControl(), Settings(home=Path("/home/op"))
    more = alert_methods(control, settings, greenplace_alerts(), ALERTS, sample_clock())
    return Dispatcher(control, settings, more=more).call(method, params)


def read(words: str) -> str:
    found = reads.READS[tuple(words.split())]
    return "\n".join(reads.renderer(found.render)(ask(found.method)))


ALERTS = Alerts.model_validate(
    {
        "channels": {
            "email": {"enabled": True, "to": "operator@example.com", "from": "r@example.com", "smtp_server": "x"},
            "slack": {"enabled": False},
        },
        "quiet_hours": {"enabled": True, "timezone": "America/Los_Angeles"},
    }
)
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


LOG = """\
Audit Log (last 6 events):

Time                Event Type         User      Details
2026-01-19 10:23:45 halt.released      system    halt dddddddddddd
2026-01-19 10:13:45 emergency.halt_all operator  Reason: Market volatility check
2026-01-19 10:05:45 strategy.halt      system    Strategy: ml-sentiment-exp, Reason: 20% DD threshold
2026-01-19 09:45:12 config.change      operator  Limit: position.max_position_pct, 15% → 20%
2026-01-18 16:45:23 strategy.pause     operator  Strategy: contrarian-swing, Reason: Review signals
2026-01-15 09:00:00 strategy.halt      operator  Strategy: ml-sentiment-exp, Reason: poor performance

Filter by:
  Type:  [all|emergency|config|strategy|position]
  User:  [all|system|operator|<username>]
  Level: [all|info|warn|error|critical]"""


def test_audit_log_then_reads_as_the_spec() -> None:
    """Events of this release."""
    assert "\n".join(audit.log({**ask("audit.log"), "shown": 50})) == LOG


INTERVENTIONS = """\
Manual Interventions (last 30 days):

Date       User      Action                  Details                             Outcome
2026-01-19 operator  emergency.halt_all      Market volatility check             Resumed after 10m, 8m after the alert
2026-01-19 operator  config.change           position.max_position_pct 15% → 20% Applied successfully
2026-01-18 operator  strategy.pause          contrarian-swing Review signals     Still paused
2026-01-15 operator  strategy.halt           ml-sentiment-exp poor performance   Still halted

Total Interventions: 4
  Emergency Halts:   1
  Strategy Controls: 2
  Config Changes:    1

Average Response Time: 8 minutes (time from alert to intervention)"""


def test_audit_interventions_then_reads_as_the_spec() -> None:
    """The response time of each is ours; the sample has only their average."""
    assert "\n".join(audit.interventions({**ask("audit.interventions"), "days": 30})) == INTERVENTIONS


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


LIST = """\
Recent Alerts (last 24h):

Time      Level     Source              Message
10:23:45  CRITICAL  emergency           Full emergency halt triggered
10:05:45  ERROR     strategy            Strategy ml-sentiment-exp halted (20% DD)
09:45:12  WARN      concentration       Tech sector at 42% (threshold: 40%)
09:30:45  WARN      volatility          Portfolio vol at 23.4% (target: 20%)
08:15:23  INFO      soft-limit          Position size reduced (NVDA, high vol)
07:45:10  INFO      phase               Phase 1 day 18/30 checkpoint

Total: 47 alerts (1 critical, 2 error, 12 warn, 32 info)
Acknowledged: 45
Pending: 2"""


def test_alerts_list_then_reads_as_the_spec() -> None:
    """The strategy's halt is that of the sample's audit log; messages line up under their title."""
    assert "\n".join(alerts.listing({**ask("alerts.list", limit="6"), "recent": True})) == LIST


CONFIG = """\
Alert Configuration:

Channels:
  Dashboard:  ✓ Enabled (always on)
  Logs:       ✓ Enabled (JSON format)
  Email:      ✓ Enabled (operator@example.com)
  Slack:      ✗ Disabled

Alert Levels by Channel:
  Dashboard:  All levels (INFO, WARN, ERROR, CRITICAL)
  Logs:       All levels
  Email:      ERROR and CRITICAL only
  Slack:      N/A

Rate Limiting:
  Max per hour:     100 (any level)
  Max CRITICAL/h:   10
  Cooldown:         5m between duplicate alerts

Quiet Hours:
  Enabled:    ✓ Yes
  Window:     22:00 - 07:00 PST
  Behavior:   Buffer non-critical alerts, send in morning digest
  Override:   CRITICAL alerts always sent immediately"""


def test_alerts_config_then_reads_as_the_spec() -> None:
    """As the sample, to the letter."""
    assert "\n".join(alerts.config(ask("alerts.config"))) == CONFIG
