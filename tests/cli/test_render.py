from pathlib import Path
from typing import Any

import pytest

from cli import reads
from cli.render.strategy import details
from controller.rpc.methods import Dispatcher
from controller.settings import Settings
from schemas.overview import Overview
from tests.support.book import HeldControl, halt, overview


def text(words: str, seen: Overview) -> str:
    read = reads.READS[tuple(words.split())]
    return "\n".join(reads.renderer(read.render)(document(read.method, seen)))


def document(method: str, seen: Overview, **params: str) -> dict[str, Any]:
    return Dispatcher(HeldControl(seen), Settings(home=Path("/home/op"))).call(method, params)


STATUS = """\
🎯 Risk Status: greenplace (paper trading)

Portfolio Overview:
  Equity:         $98,450.23  (Peak: $102,340.56, -3.8% from peak)
  Cash:           $55,506.23
  Buying Power:   $55,506.23
  Positions:      3 / 20 max
  Strategies:     2 active, 1 paused, 0 halted

Risk Metrics:
  Portfolio Vol:  n/a (not computed yet) (target: 20.0%)
  Max Position:   $14,584 (JPM, 14.8% of portfolio)  ✓
  Sector Conc:    Technology 29%, Financials 15%  ✓

Active Alerts:
  ℹ️  INFO - ml-momentum-v2: NVDA reduced to 27 shares (volatility 64%)

Phase:  Phase 1 (Exploration) - Day 18/30
Status: 🟢 Normal Operations
As of:  market 2008-09-18, wall 2026-01-19 10:23:45 UTC, revision aaaaaaaaaaaa"""


def test_status_when_all_is_well_then_reads_as_the_spec() -> None:
    assert text("status", overview()) == STATUS


def test_status_when_halted_then_is_red_and_names_the_halt() -> None:
    shown = text("status", overview("halt-all", (halt(),)))
    assert "Status: 🔴 EMERGENCY - all strategies halted" in shown
    assert "halt dddddddddddd in force (account, halt-all)" in shown


def test_status_when_the_engine_is_silent_then_no_figure_is_zero_and_nothing_is_green() -> None:
    shown = text("status", overview(engine=False))
    assert "🟢" not in shown
    assert "⚪ Unknown" in shown
    assert "$0" not in shown
    assert "Equity:         n/a (gate.sock: connection refused)" in shown


def test_status_when_the_permit_has_run_out_then_says_that_only_reducing_orders_pass() -> None:
    seen = overview()
    assert seen.live is not None
    gate = seen.live.gate.model_copy(update={"permit": "expired"})
    late = seen.model_copy(update={"live": seen.live.model_copy(update={"gate": gate})})
    assert "gate: reducing only (permit expired)" in document("status", late)["attention"]


LIMITS_HEAD = """\
Hard Limits:
  account.initial_capital              $100,000
  account.margin_multiplier            1.0
  account.cash_reserve_pct             5%
  position.max_position_pct            15%
  position.max_position_dollars        $25,000
  position.min_position_dollars        $500"""


def test_limits_list_when_applied_then_reads_as_the_spec() -> None:
    shown = text("limits list", overview())
    assert shown.startswith(LIMITS_HEAD)
    assert "\n\nSoft Limits:\n  concentration.sector_warning_pct     40%\n" in shown


STRATEGIES = """\
ID                   Name                Status    P&L       DD    Positions  Last Trade
contrarian-swing     Contrarian Swing    PAUSED    +$0       0%    0          never
heuristic-value-1    Value Following     ACTIVE    +$0       0%    1          never
ml-momentum-v2       ML Momentum v2      ACTIVE    +$2,341   0%    2          """


def test_strategy_list_when_shown_then_columns_stand_as_in_the_spec() -> None:
    assert text("strategy list", overview()).startswith(STRATEGIES)


def test_strategy_show_when_some_figures_have_no_input_then_says_why() -> None:
    shown = "\n".join(details(document("strategy.show", overview(), id="ml-momentum-v2")))
    assert "  Total P&L:        +$2,340.56 (+5.85%)" in shown
    assert "  Sharpe Ratio:     n/a (not computed yet)" in shown
    assert "  Allocated:        $40,000 (40% of account)" in shown
    assert "  2026-01-19 10:21  BUY  NVDA  +20  $520.30    FILLED" in shown


POSITIONS = """\
Symbol  Qty    Entry      Current    P&L       P&L%    Days  Strategy           Sector
JPM     +80    $178.50    $182.30    +$304     +2.1%   8     heuristic-value-1  Financials
AMD     +100   $142.80    $141.95    -$85      -0.6%   5     ml-momentum-v2     Technology
NVDA    +27    $512.30    $524.60    +$332     +2.4%   5     ml-momentum-v2     Technology

Total:  3 positions, $42,943 deployed, +$551 unrealized (+1.3%)"""


def test_positions_when_held_then_reads_as_the_spec() -> None:
    assert text("portfolio positions", overview()) == POSITIONS


def test_portfolio_status_when_held_then_exposure_is_of_equity_and_pnl_of_initial_capital() -> None:
    shown = text("portfolio status", overview())
    assert "  Total P&L:          -$1,549.77 (-1.55%)" in shown
    assert "  Gross Exposure:     $42,943 (43.6% of equity)" in shown
    assert "  Reserve (5%):       $4,922.51" in shown


def test_emergency_status_when_a_liquidation_has_left_something_then_says_what_and_how_to_go_on() -> None:
    note = "liquidation 111111111111 was left with NVDA 30 of 100 (gone): gt risk portfolio liquidate --resume 1"
    seen = overview(mode="halt-all", halts=(halt(),)).model_copy(update={"notes": (note,)})
    assert f"  ⚠️  {note}" in text("emergency status", seen)
    assert note in document("status", seen)["attention"]


def test_emergency_status_when_halted_then_says_how_to_resume() -> None:
    shown = text("emergency status", overview("halt-all", (halt(),)))
    assert "Reason: market volatility check" in shown
    assert shown.endswith("To resume: gt risk emergency resume")


@pytest.mark.parametrize("words", [" ".join(words) for words in reads.READS])
def test_read_when_nothing_is_known_then_still_renders(words: str) -> None:
    seen = Overview(pid=1, as_of_ns=1, revision=overview().revision.model_copy(update={"last_applied": ""}))
    assert text(words, seen)
