"""The sample outputs of the spec's A/B tests (2.2.6) and of ``learning experiments`` (2.2.5), whole.

Differences from the samples: a winner is TBD until it is decided; the p of the success metric holds at every look and
the others are Holm's; the power is the chance to be decided if the trend goes on.
"""

from pathlib import Path
from typing import Any

import pytest

from cli.landing.ab_test import _plan as creating
from cli.render import ab_test as render
from cli.render import experiments
from controller.rpc.methods import Dispatcher
from controller.settings import Settings
from tests.support.book import NOW, HeldControl, overview
from tests.support.cli import gt_risk, served
from tests.support.folders import short_folder
from tests.support.sample_tests import sampled


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: NOW)


def ask(method: str, **params: str) -> dict[str, Any]:
    return Dispatcher(sampled(), Settings(home=Path("/home/op"))).call(method, params)


def text(lines: list[str]) -> str:
    return "\n".join(lines)


LIST = """\
Active A/B Tests:

ID             Name                          Strategy           Status    Duration  Winner
test-20240115  Entry Timing Delay            heuristic-value-1  ACTIVE    4d        TBD
test-20240119  Vol Adjustment Multiplier     ml-momentum-v2     ACTIVE    7d        TBD
test-20240110  Stop Loss Tightness           contrarian-swing   ACTIVE    14d       B (p=0.028)*

Completed Tests (last 30 days): 1
  Winner A: 0
  Winner B: 1
  No Difference: 0"""


def test_list_then_reads_as_the_spec() -> None:
    assert text(render.listing(ask("abtest.list"))) == LIST


STATUS = """\
A/B Test: test-20240119 (Vol Adjustment Multiplier)

Configuration:
  Strategy:       ml-momentum-v2
  Started:        2026-01-12
  Duration:       14 days (7d remaining)
  Traffic:        50% A / 50% B
  Success Metric: Sharpe Ratio

Variant A (Control): Standard position sizing
Variant B (Treatment): Volatility-adjusted sizing

Results (7 days, 34 trades):

Metric               Variant A    Variant B    Difference   P-Value
Sharpe Ratio         1.15         1.31         +0.16        0.082
Total Return         +4.2%        +5.8%        +1.6pp       0.091
Win Rate             54%          61%          +7pp         0.156
Avg Win              +2.1%        +2.4%        +0.3pp       0.412
Avg Loss             -1.8%        -1.6%        +0.2pp       0.223
Max Drawdown         -6.2%        -4.8%        +1.4pp       0.134
Volatility           12.3%        11.1%        -1.2pp       0.078

P of the success metric holds at every look; of the others Holm's, they decide nothing.

Statistical Analysis:
  Sample Size:    34 trades (18 A, 16 B) of 120
  Power:          56% to be decided at 120 trades if the trend goes on
  Early Signal:   Variant B trending better
  Significance:   ⏳ Not yet significant (p=0.082, level 0.05)
  Recommendation: Continue test (7 days remaining)

Guardrails:
  ⏳ Win Rate of B: +7.00pp (-3.00 to +27.00), margin -10pp

If B wins (projected):
  Expected Improvement: +0.16 Sharpe Ratio (+14%)
  Rollout Risk:         1 guardrail(s) not yet shown to hold
  Deployment:           Recommend gradual rollout (10%→25%→50%→100%)"""


def test_status_then_reads_as_the_spec() -> None:
    assert text(render.details(ask("abtest.show", id="test-20240119"))) == STATUS


ANALYSIS = """\
A/B Test Analysis: test-20240110 (Stop Loss Tightness)

Status:          ACTIVE
Winner:          Variant B (p=0.028) *DECIDED*
Duration:        14 days
Trades:          67 total (34 A, 33 B)

Final Results:

Metric               Variant A    Variant B    Difference   P-Value
Sharpe Ratio         0.82         1.14         +0.32        0.028  *
Total Return         +3.1%        +4.8%        +1.7pp       0.042
Win Rate             48%          58%          +10pp        0.089
Avg Win              +3.2%        +2.8%        -0.4pp       0.287
Avg Loss             -2.4%        -1.9%        +0.5pp       0.034
Max Drawdown         -8.9%        -6.2%        +2.7pp       0.019
Volatility           6.1%         5.2%         -0.9pp       0.310

P of the success metric holds at every look; of the others Holm's, they decide nothing.

Analysis:
  ✓ Decided for B (p=0.028)
  2 looks, each with its share of the level
  last look: |z| 2.40 against 2.96, level spent 0.0031
  P&L of A: +$620.00 after $0.00 fees
  P&L of B: +$960.00 after $0.00 fees

Recommendation: DEPLOY VARIANT B, archived first: gt risk ab-test analyze test-20240110

Deployment Plan:
  1. Roll out to 10%, 25%, 50% of new signals, each by a signed commit
  2. It is taken back by itself when B is shown to lose against A
  3. Roll out to 100%: the strategy takes B's parameters"""


def test_analyze_then_reads_as_the_spec() -> None:
    assert text(render.analysis(ask("abtest.analysis", id="test-20240110"))) == ANALYSIS


EXPERIMENTS = """\
Active Learning Experiments:

Experiment: test-20240115
  Type:         Timing
  Strategy:     heuristic-value-1
  Started:      2026-01-15 (4 days ago)
  Status:       Active
  Hypothesis:   none given
  Trades:       0 (A: 0, B: 0) (insufficient data)
  Results:      n/a (nothing has been looked at yet)

Experiment: test-20240119
  Type:         Parameter tuning
  Strategy:     ml-momentum-v2
  Started:      2026-01-12 (7 days ago)
  Status:       Active
  Hypothesis:   Dynamic position sizing by volatility improves Sharpe
  Trades:       34 (A: 18, B: 16)
  Results:      A: Sharpe Ratio 1.15, B: Sharpe Ratio 1.31 (TBD, p=0.082)

Experiment: test-20240110
  Type:         Exits
  Strategy:     contrarian-swing
  Started:      2026-01-05 (14 days ago)
  Status:       Active
  Hypothesis:   none given
  Trades:       67 (A: 34, B: 33)
  Results:      A: Sharpe Ratio 0.82, B: Sharpe Ratio 1.14 (B (p=0.028)*)"""


def test_learning_experiments_then_reads_as_the_spec() -> None:
    assert text(experiments.experiments(ask("learning.experiments"))) == EXPERIMENTS


DOCUMENT = """\
version: 1
id: test-20260119-exit-timing
name: "Exit timing optimization"
strategy: ml-momentum-v2
started: 2026-01-19
duration_days: 14
variant_a: {name: Current, description: 5% profit target}
variant_b: {name: New, description: Dynamic based on volatility, parameters: {lookback: 60}}
"""
CREATE = """\
Creating A/B Test:

Name:           Exit timing optimization
Strategy:       ml-momentum-v2
Variants:       A (Current), B (New)
Traffic Split:  50% A, 50% B
Duration:       14 days (until 2026-02-02)
Success Metric: Sharpe Ratio

Variant A (Control):
  about:              5% profit target

Variant B (Treatment):
  about:              Dynamic based on volatility
  lookback:           60

What It Can See:
  Smallest Difference:  0.52 in Sharpe ratio per observation (power 80% at 120 trades)
  Time:                 101 sessions at today's rate of 1.18 trades a session
  In its duration:      ⚠️  about 11 trades: too few for a first look"""


def test_create_then_reads_as_the_spec_and_says_what_it_can_see() -> None:
    seen = ask("abtest.outlook", id="test-20260119-exit-timing", text=DOCUMENT)
    assert text(creating(seen["test"], seen)) == CREATE


def test_create_when_the_markets_day_is_not_known_then_refused_and_dated_by_no_other_clock() -> None:
    words = ("ab-test", "create", "--strategy", "ml-momentum-v2", "--name", "X", "--param-b", "lookback=63", "--yes")
    control = HeldControl(overview(engine=False))
    with short_folder() as home, served(control, home):
        ran = gt_risk(home, *words)
    assert (ran.code, "market's day" in ran.err, "next: gt risk service start" in ran.err) == (1, True, True)
    assert control.requests == []
