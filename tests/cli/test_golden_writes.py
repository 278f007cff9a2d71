"""Each sample output of the spec (section 2.2) that changes something, whole, as its terminal shows it.

The plans are made by the core from the book of tests/support/greenplace.py; what lands is held by the test. Each test
names what differs from its sample. The two liquidations are in test_liquidation_words.py, ``halt-all`` and
``halt-trading`` without questions in test_fast_path.py.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.signatures import keys
from schemas.plan import Change, Direction
from tests.support.book import NOW, halt
from tests.support.cli import ENTRY, served
from tests.support.folders import short_folder
from tests.support.gate_stub import ALL_HALTED, PATIENT, GateStub, ServiceStub, home_folder
from tests.support.planning import Planning
from tests.support.terminal import on_controlling_terminal

STRATEGY = "ml-momentum-v2"


def change(label: str, old: str, new: str, direction: Direction, **more: str) -> Change:
    kind = "status" if label.endswith(".status") else "limit"
    return Change(kind=kind, scope="account", key=label, label=label, old=old, new=new, direction=direction, **more)


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: NOW)


@pytest.fixture
def home() -> Iterator[Path]:
    with short_folder() as folder:
        keys.generate(folder / "keys" / "operator", "op@example.org")
        yield folder


def screen(home: Path, control: Planning, answers: list[tuple[str, str]], *argv: str) -> str:
    with served(control, home):
        ran = on_controlling_terminal(home, [(prompt.encode(), f"{typed}\n") for prompt, typed in answers], *argv)
    assert ran.code == 0, ran
    return ran.out.replace("\r\n", "\n")


LIMITS_SET = """\
⚠️  WARNING: This will change a hard limit
Current:  15%
New:      20%
Direction: loosen
Current utilisation: 14.5% (NVDA)

This change will:
  - Allow larger individual positions
  - Increase concentration risk
  - Take effect immediately

Continue? [y/N]: y

✓ Limit updated: position.max_position_pct = 20%
✓ Config written to: risk_config.yaml
✓ Change logged to audit trail
✓ Commit: aaaaaaaaaaaa  (audit aud-20260119-102345)
"""


def test_limits_set_then_reads_as_the_spec(home: Path) -> None:
    """Direction, utilisation and the commit are ours."""
    label = "position.max_position_pct"
    control = Planning(change(label, "15%", "20%", Direction.LOOSEN, utilisation="14.5% (NVDA)"))
    assert screen(home, control, [("[y/N]: ", "y")], "limits", "set", label, "20") == LIMITS_SET


PAUSE = """\
Pausing strategy: ml-momentum-v2

This will:
  ✓ Stop generating new signals
  ✓ Reject any pending orders
  ✓ Keep existing positions open
  ✓ Allow manual resume later

Continue? [Y/n]: y

✓ Strategy paused: ml-momentum-v2
✓ 2 pending orders cancelled
✓ 4 positions remain open
✓ Commit: aaaaaaaaaaaa  (audit aud-20260119-102345)
"""


def test_strategy_pause_then_reads_as_the_spec(home: Path) -> None:
    """The commit is ours."""
    control = Planning(change(f"{STRATEGY}.status", "active", "paused", Direction.TIGHTEN))
    assert screen(home, control, [("[Y/n]: ", "y")], "strategy", "pause", STRATEGY) == PAUSE


RESUME_STRATEGY = """\
Resuming strategy: contrarian-swing

This will:
  ✓ Accept new orders of this strategy again

Continue? [y/N]: y

✓ Strategy resumed: contrarian-swing
✓ Commit: aaaaaaaaaaaa  (audit aud-20260119-102345)
"""


def test_strategy_resume_then_reads_as_its_neighbour(home: Path) -> None:
    """No sample: laid out as ``strategy pause``; it loosens, so that Enter alone does not do it."""
    control = Planning(change("contrarian-swing.status", "paused", "active", Direction.LOOSEN))
    assert screen(home, control, [("[y/N]: ", "y")], "strategy", "resume", "contrarian-swing") == RESUME_STRATEGY


RESUME = """\
Resume from Emergency Mode?

Current State:
  System Mode:        EMERGENCY
  Strategies Halted:  4
  Trading:            SUSPENDED
  Positions:          12 open
  Last Emergency:     2026-01-19 10:18:45 (5m ago)
  Reason:             market volatility check

Clears:
  ⛔  dddddddddddd  account  halt-all  opened 2026-01-19 10:18:45 UTC (5m ago) by operator
      Reason: market volatility check
      Facts:  in force, durable, adopted

Resume Actions:
  ✓ Resume normal operations
  ✓ Enable trading
  ✓ Strategies remain PAUSED (manual resume each)
  ✓ Clear halt dddddddddddd (halt-all: market volatility check)

This will NOT automatically resume strategies.
You must manually resume each strategy after verification.

Continue? [Y/n]: y

✓ Halt cleared: dddddddddddd
✓ Emergency mode lifted
✓ Trading enabled
✓ Normal operations resumed
ℹ️  Strategies remain paused - resume individually with:
    gt risk strategy resume <strategy-id>
✓ Commit: aaaaaaaaaaaa  (audit aud-20260119-102345)
"""


def test_emergency_resume_then_reads_as_the_spec(home: Path) -> None:
    """Four strategies; the halts that it clears, each by its id, and the commit are ours."""
    control = Planning(halts=(halt(),))
    assert screen(home, control, [("[Y/n]: ", "y")], "emergency", "resume") == RESUME


HALT = """\
⚠️  EMERGENCY HALT: ml-momentum-v2

This will:
  ⚠️  Immediately halt all new orders
  ⚠️  Cancel pending orders
  ⚠️  Mark strategy for review
  ℹ️  Existing positions remain open

✓ In force: acknowledged by the gate
Reason (optional): Detected anomalous behavior in signal generation

✓ Strategy halted: ml-momentum-v2
✓ 2 orders cancelled
✓ 1 position remains open
✓ Halt reason logged
✓ Taken over by the service

To resume: gt risk strategy resume ml-momentum-v2
"""

HALT_ALL = f"""\
⛔ EMERGENCY HALT ALL STRATEGIES ⛔

This will IMMEDIATELY halt all strategies.

Current State:
  Active Strategies:     2
  Pending Orders:        3
  Open Positions:        2
  Portfolio Value:       $86,110

Actions:
  ⛔ Halt all strategies
  ⛔ Cancel all pending orders
  ℹ️  Existing positions remain open
  ℹ️  Manual resume required

You must type "HALT ALL" to confirm: HALT ALL
⚠️  Halting all strategies...

✓ In force: acknowledged by the gate
Reason (optional): flash crash

{ALL_HALTED}"""
REASON = "Reason (optional): "


@pytest.mark.parametrize(
    ("argv", "answers", "expected"),
    [
        (("strategy", "halt", STRATEGY), [(REASON, "Detected anomalous behavior in signal generation")], HALT),
        (("emergency", "halt-all"), [("to confirm: ", "HALT ALL"), (REASON, "flash crash")], HALT_ALL),
    ],
    ids=["strategy halt", "emergency halt-all"],
)
def test_halt_then_reads_as_the_spec(
    argv: tuple[str, ...], answers: list[tuple[str, str]], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In force comes before the reason, and who has taken it over is said; alerts tell by themselves."""
    monkeypatch.setattr("tests.support.terminal.ENTRY", PATIENT + ENTRY)
    with home_folder() as home, GateStub(home).running(), ServiceStub(home).running():
        ran = on_controlling_terminal(home, [(prompt.encode(), f"{typed}\n") for prompt, typed in answers], *argv)
    assert (ran.code, ran.out.replace("\r\n", "\n")) == (0, expected)
