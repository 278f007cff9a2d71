"""Each sample output of spec 2.2.5, whole, on the book of tests/support/learning.py; each test names what differs."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cli import reads
from cli.render import config, limits
from controller.adapters.signatures import keys
from controller.core.learning.demotion import SCOPE, demoted
from controller.core.plan.effective import Restriction
from controller.rpc.methods import Dispatcher
from controller.settings import Settings
from controller.views import learning
from schemas.desired import TradingMode
from schemas.edits import AdvancePhase
from schemas.learning import Goals
from schemas.overview import Overview
from schemas.plan import Change, Direction
from schemas.risk import Performance
from tests.support.book import NOW, halt
from tests.support.cli import gt_risk, served
from tests.support.folders import short_folder
from tests.support.learning import DAY_NS, PHASES, LearningControl, entered, in_phase
from tests.support.planning import Planning
from tests.support.terminal import on_controlling_terminal


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: NOW)


def ask(method: str) -> dict[str, Any]:
    return Dispatcher(LearningControl(), Settings(home=Path("/home/op"))).call(method, {})


def read(words: str) -> str:
    found = reads.READS[tuple(words.split())]
    return "\n".join(reads.renderer(found.render)(ask(found.method)))


STATUS = """\
Learning Progress:

Current Phase: Phase 1 (Exploration)
  Started:     2026-01-02 (17 days ago)
  Duration:    30 days target
  Progress:    ████████████░░░░░░░░ 60%
  Next Phase:  2026-02-01 (estimated)

Phase 1 Goals:
  ✓ Complete 100+ trades (142 completed)
  ✓ Test 3+ strategies (4 deployed)
  ⏳ Achieve Sharpe > 0.5 (current: 0.42)
  ⏳ Max drawdown < 15% (current: 12.3%)

Strategy Graduation Status:
  contrarian-swing:   ⏳ 34 trades, Sharpe 0.31   (needs data: 34 of 50 trades; Sharpe 0.31 of 0.5)
  heuristic-value-1:  ⏳ 89 trades, Sharpe 0.67   (on track: Sharpe 0.67 ± 0.70 may be 0)
  ml-momentum-v2:     ✓ 142 trades, Sharpe 1.23  (ready)
  ml-sentiment-exp:   ❌ Halted (21% DD)

Phase Transition Criteria:
  ✓ Minimum trade count (100)
  ✓ Minimum strategies (3)
  ✓ Strategy maturity (1/4 ready to graduate, 1 needed)
  ⏳ Risk-adjusted returns (Sharpe 0.42 vs 0.5 target)
  ⏳ Drawdown within 15% (12.3%)
  ✓ No limit breached

Risk Parameters (Phase 1):
  Position Size Mult:     0.5x (reduced)
  Exploration Bonus:      +50% (enabled)
  Soft Limit Tolerance:   High (+25%)
  New Strategy Limit:     Unlimited
  Position Limits Act As: 75% of what is written
  position.max_position_pct:            15% acts as 11.25%
  position.max_position_dollars:        $25,000 acts as $18,750
  concentration.sector_warning_pct:     40% acts as 50%
  concentration.sector_reduction_pct:   50% acts as 62.5%
  volatility.position_warning:          40% acts as 50%
  volatility.position_reduction:        60% acts as 75%"""


def test_learning_status_then_reads_as_the_spec() -> None:
    """A day is counted from the first; what a strategy lacks, the new strategy limit and acting limits are ours."""
    assert read("learning status") == STATUS


@pytest.mark.parametrize(
    ("started", "goals", "said"),
    [
        ("2025-12-21", {"sharpe": "0.5", "trades": 500}, "2026-01-20 (estimated)"),
        ("2025-12-20", {"trades": 100}, "due since 2026-01-19 (0 days), all criteria are met: {}advance"),
        ("2025-12-19", {"sharpe": "0.5"}, "due since 2026-01-18 (1 day), 1 criterion is not met: {}show"),
        (
            "2015-06-01",
            {"sharpe": "0.5", "trades": 500},
            "due since 2015-07-01 (3855 days), 2 criteria are not met: {}show",
        ),
    ],
)
def test_learning_status_when_the_days_of_the_phase_are_over_then_says_what_is_missing(
    started: str, goals: dict[str, Any], said: str
) -> None:
    first = PHASES.phases[0].model_copy(update={"goals": Goals.model_validate(goals)})
    phases = {"started": date.fromisoformat(started), "phases": (first, *PHASES.phases[1:])}
    control = LearningControl(in_phase(learning=PHASES.model_copy(update=phases)))
    found = reads.READS["learning", "status"]
    document = Dispatcher(control, Settings(home=Path("/home/op"))).call(found.method, {})
    lines = reads.renderer(found.render)(document)
    assert f"  Next Phase:  {said.format('gt risk learning phase ')}" in lines


METRICS = """\
Learning Metrics:

Exploration Effectiveness:
  Strategies Tested:        4
  Strategies Graduated:     1
  Strategies Halted:        1 (25% failure rate)
  New Strategies (30d):     0

Strategy Performance Distribution:
  Top Performer:      ml-momentum-v2 (Sharpe 1.23 ± 0.40)
  Median:             0.49
  Bottom Performer:   ml-sentiment-exp (Sharpe -0.34 ± 0.60, halted)

Parameter Learning:
  Risk Config Changes:      10 in last 30 days
  Limit Violations:         23 (0.16 per trade)
  Soft Limit Warnings:      142 (1.00 per trade)
  Configuration Stability:  Moderate (2.3 changes/week)

Discovery Metrics:
  Profitable Discoveries:   1 A/B test won by variant B
  Failed Experiments:       1 A/B test stopped, invalid or taken back
  Cost of Learning:         -$3,970 (ml-sentiment-exp, t-2, t-1, t-3 loss)
  Knowledge Gained:         2 hypotheses (1 confirmed, 1 rejected)"""


def test_learning_metrics_then_reads_as_the_spec() -> None:
    """Standard errors are ours; warnings are counted per trade; patterns are A/B tests."""
    assert read("learning metrics") == METRICS


SHOW = """\
Phase 1 (Exploration) of 3 - Day 18/30

Risk Parameters:
  Position Size Mult:     0.5x (reduced)
  Exploration Bonus:      +50% (enabled)
  Soft Limit Tolerance:   High (+25%)
  New Strategy Limit:     Unlimited
  Position Limits Act As: 75% of what is written

A strategy is ready with:
  50+ closed trades on 20+ days
  Sharpe of at least 0.5, and its standard error above 0
  a win rate above 40% (lower end of the 95% interval)
  a deepest fall of at most 15%, no halt, no limit breached
  Ready now: 1/4

Next: Phase 2 (Refinement) - 60 days
  Position Size Mult:     0.75x (reduced)
  Exploration Bonus:      none
  Soft Limit Tolerance:   Standard
  New Strategy Limit:     1 per month
  Position Limits Act As: 75% of what is written

Against advancing now:
  ⚠️  Portfolio Sharpe: 0.42 (target: 0.5)
  ⚠️  12 days remaining in Phase 1"""


def test_phase_show_then_reads_as_its_neighbours() -> None:
    assert read("learning phase show") == SHOW


HISTORY = """\
Phase                  Began       Ended  Days  By        Commit        When              Why
Phase 1 (Exploration)  2026-01-02  now    17    operator  aaaaaaaaaaaa  2026-01-02 10:23  -"""


def test_phase_history_then_one_line_a_phase() -> None:
    assert read("learning phase history") == HISTORY


ADVANCE = """\
⚠️  Advance to Phase 2 (Refinement)?

Current: Phase 1 (Exploration) - Day 18/30
Next:    Phase 2 (Refinement) - 60 days

Phase 2 Changes:
  Position Size:        0.5x → 0.75x  (50% increase)
  Position Limits:      75% → 75% of what is written
  Soft Limits:          Relaxed (+25%) → Standard
  New Strategy Limit:   Unlimited → 1 per month
  Exploration Mode:     Enabled → Disabled

  Change                            From  To   Direction  Note
  concentration.sector_warning_pct  50%   40%  tighten

This change will:
  - Sector and volatility limits act as 100% of what is written (125% until now)
  - Begin the phase on the market's day of today

Graduation Status:
  ⚠️  Portfolio Sharpe: 0.42 (target: 0.5)
  ⚠️  12 days remaining in Phase 1

Recommendation: Wait for strategies to mature

Force advance? [y/N]: n
✗ Phase advance cancelled
  next: gt risk learning phase advance --force --reason "TEXT"
"""
MOVED = Change(
    kind="limit",
    scope="account",
    key="concentration.sector_warning_pct",
    label="concentration.sector_warning_pct",
    old="50%",
    new="40%",
    direction=Direction.TIGHTEN,
)


@pytest.fixture
def home() -> Iterator[Path]:
    with short_folder() as folder:
        keys.generate(folder / "keys" / "operator", "op@example.org")
        yield folder


def control(*, ready: bool = False) -> Planning:
    found = Planning(MOVED)
    goals = PHASES.phases[0].model_copy(update={"goals": Goals(), "days": 18}) if ready else PHASES.phases[0]
    found.seen = in_phase(learning=PHASES.model_copy(update={"phases": (goals, *PHASES.phases[1:])}))
    return found


def test_phase_advance_when_declined_then_reads_as_the_spec_and_changes_nothing(home: Path) -> None:
    """Position limits, acting limits and directions are ours; one strategy is ready, so no line on that."""
    held = control()
    with served(held, home):
        ran = on_controlling_terminal(home, [(b"[y/N]: ", "n\n")], "learning", "phase", "advance")
    assert (ran.code, ran.out.replace("\r\n", "\n")) == (4, ADVANCE)
    assert held.requests and not held.landed


def test_phase_advance_when_forced_then_reason_and_what_spoke_against_it_are_asked_for(home: Path) -> None:
    held = control()
    with served(held, home):
        silent = gt_risk(home, "learning", "phase", "advance", "--force")
        forced = gt_risk(home, "learning", "phase", "advance", "--force", "--reason", "three ready", "--json")
    assert (silent.code, held.landed != []) == (2, True)
    assert "2 things speak against it: say why" in silent.err
    assert forced.code == 0, forced
    assert held.requests[-1].reason == "three ready"
    intent = held.requests[-1].intent
    assert isinstance(intent, AdvancePhase)
    assert (intent.number, intent.started) == (2, date(2026, 1, 19))
    assert intent.despite == ("Portfolio Sharpe: 0.42 (target: 0.5)", "12 days remaining in Phase 1")


def test_phase_advance_when_nothing_speaks_against_it_then_lands_with_yes_alone(home: Path) -> None:
    held = control(ready=True)
    with served(held, home):
        ran = gt_risk(home, "learning", "phase", "advance", "--yes")
    assert ran.code == 0, ran
    assert ran.out.splitlines()[0] == "✓ Entered Phase 2 (Refinement) on 2026-01-19"


def test_phase_advance_when_there_is_no_next_phase_then_says_so(home: Path) -> None:
    held = control()
    held.seen = in_phase(3)
    with served(held, home):
        ran = gt_risk(home, "learning", "phase", "advance", "--yes", "--json")
    assert (ran.code, ran.document["error"]["message"]) == (1, "there is no next phase")


def test_learning_when_nothing_is_known_then_says_why_and_no_figure_is_made_up() -> None:
    bare = Overview(pid=1, as_of_ns=1, revision=in_phase().revision.model_copy(update={"last_applied": ""}))
    silent = in_phase(live=None, live_error="gate.sock: connection refused", analysis=None)
    for seen, words in ((bare, "no verified desired state yet"), (silent, "n/a (gate.sock: connection refused)")):
        call = Dispatcher(LearningControl(seen), Settings(home=Path("/home/op"))).call
        found = reads.READS["learning", "status"]
        text = "\n".join(reads.renderer(found.render)(call(found.method, {})))
        assert words in text, text
        metrics = reads.READS["learning", "metrics"]
        lines = reads.renderer(metrics.render)(call(metrics.method, {}))
        assert any("n/a (" in line for line in lines if "Strategies Tested" in line)
        assert any("n/a (" in line for line in lines if "Cost of Learning" in line)


def test_warnings_when_nobody_is_ready_then_says_by_which_criteria() -> None:
    seen = in_phase()
    assert seen.analysis is not None
    young = {scope: Performance(sessions=3) for scope in seen.analysis.performance}
    seen = seen.model_copy(update={"analysis": seen.analysis.model_copy(update={"performance": young})})
    assert learning.warnings(seen) == [
        "Trades: n/a (target: 100)",
        "Only 0/4 strategies meet graduation criteria (Sharpe > 0.5, 50+ trades)",
        "Portfolio Sharpe: n/a (target: 0.5)",
        "Max drawdown: n/a (bound: 15%)",
        "12 days remaining in Phase 1",
    ]


def test_warnings_when_a_halt_is_open_then_it_speaks_against_advancing() -> None:
    assert f"Halt {halt().id[:12]} is open" in learning.warnings(in_phase(halts=(halt(),)))


def test_history_when_there_were_more_phases_then_newest_first_with_what_spoke_against() -> None:
    later = entered(2, date(2026, 1, 12), NOW, reason="three ready", despite=("12 days remaining in Phase 1",))
    found = learning.history(in_phase(2), (entered(1, date(2026, 1, 2), NOW - DAY_NS), later))["phases"]
    assert [(item["number"], item["ended"], item["days"]) for item in found] == [(2, None, 7), (1, "2026-01-12", 10)]
    assert found[0]["despite"] == ["12 days remaining in Phase 1"]


def test_limits_when_a_phase_moves_them_then_written_acting_and_who_entered_it() -> None:
    assert "  position.max_position_pct            15%  (acts as 11.25%)" in read("limits list").splitlines()
    assert "  drawdown.strategy_halt_pct           20%" in read("limits list").splitlines()
    lines = limits.detail(ask("limits.detail"))
    assert [line.count("15% (acts as 11.25%)") for line in lines if "max_position_pct" in line] == [1]
    assert lines[-1] == "What limits act as is the learning phase's since 2026-01-18 10:23 by operator in aaaaaaaaaaaa"
    control, params = LearningControl(), {"name": "position.max_position_pct"}
    one = Dispatcher(control, Settings(home=Path("/home/op"))).call("limits.get", params)
    assert "  acts as 11.25% in this learning phase (gt risk learning phase show)" in config.limit(one)


def test_learning_status_when_the_account_has_fallen_too_far_then_says_that_it_is_demoted() -> None:
    seen = in_phase(3)
    assert seen.effective is not None and seen.desired is not None
    caps = demoted(seen.effective, seen.desired.risk.learning, [Restriction(SCOPE, TradingMode.NORMAL, "")])
    found = reads.READS["learning", "status"]
    for policy, expected in ((seen.effective, False), (caps, True)):
        control = LearningControl(seen.model_copy(update={"effective": policy}))
        document = Dispatcher(control, Settings(home=Path("/home/op"))).call(found.method, {})
        assert any("Demoted" in line for line in reads.renderer(found.render)(document)) is expected
        assert document["phase"]["demoted"] is expected
