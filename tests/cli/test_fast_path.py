"""The emergency verbs of the command line that bypass everything else."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.fast import fast_path
from controller.latch import journal
from controller.latch.reader import LatchReader
from tests.support.gate_stub import ALL_HALTED, OTHER, PATIENT, POLICY, UID, GateStub, ServiceStub, boot_ns, home_folder
from tests.support.opened import until_the_end
from tests.support.terminal import readable

RUN = PATIENT + "import sys; from cli.fast import fast_path; sys.exit(fast_path(sys.argv[1:]))"


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with home_folder() as folder:
        monkeypatch.setenv("GT_RISK_HOME", str(folder))
        monkeypatch.setenv("USER", "ann")
        yield folder


@pytest.fixture
def gate(home: Path) -> Iterator[GateStub]:
    with GateStub(home).running() as stub:
        yield stub


def latch(home: Path) -> tuple[int, int]:
    state = until_the_end(LatchReader(f"{home}/latch/raise", f"{home}/latch/permit")).poll(boot_ns())
    return state.mode, len(state.strategy_modes)


def reasons(home: Path) -> list[str]:
    return [item.reason for item in journal.fold(journal.read_home(str(home))[0]).values()]


def as_json(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int | None, dict[str, Any]]:
    code = fast_path([*argv, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "status",
        "emergency",
        "emergency resume",
        "emergency halt-all --help",
        "emergency halt-all --dry-run",
        "emergency halt-all now",
        "emergency halt-all -r",
        "strategy halt",
        "strategy halt a b",
        "strategy halt -h",
        "strategy pause a",
    ],
)
def test_fast_path_when_the_line_is_not_its_own_then_none_and_nothing_happens(home: Path, line: str) -> None:
    assert fast_path(line.split()) is None
    assert latch(home) == (0, 0)


SAMPLE = f"""\
⚠️  Halting all strategies...

✓ In force: acknowledged by the gate

{ALL_HALTED}"""


def test_halt_all_when_no_terminal_then_acts_at_once_and_reads_as_the_spec(
    home: Path, gate: GateStub, capsys: pytest.CaptureFixture[str]
) -> None:
    with ServiceStub(home).running():
        assert fast_path(["emergency", "halt-all", "-r", "flash crash"]) == 0
    assert capsys.readouterr().out == SAMPLE
    assert (latch(home), reasons(home)) == ((3, 0), ["flash crash"])


TRADING = """\
⛔ EMERGENCY TRADING HALT ⛔

This will stop ALL trading activity.

Actions:
  ⛔ Stop all new orders
  ⛔ Cancel all pending orders
  ⛔ Prevent position changes
  ℹ️  Strategies continue running (signals only)
  ℹ️  Existing positions held

This is a "freeze" - useful for:
  - Market circuit breakers
  - Exchange outages
  - Data feed issues
  - Pending investigation

✓ In force: acknowledged by the gate

✓ Trading halted
✓ All pending orders cancelled (3)
✓ Position changes blocked
✓ 2 positions remain open
✓ Emergency logged with reason
✓ Taken over by the service

To resume: gt risk emergency resume
"""


def test_halt_trading_then_frozen_at_once_and_reads_as_the_spec(
    home: Path, gate: GateStub, capsys: pytest.CaptureFixture[str]
) -> None:
    with ServiceStub(home).running():
        assert fast_path(["emergency", "halt-trading", "-r", "S&P down 5%"]) == 0
    assert capsys.readouterr().out == TRADING
    assert (latch(home), reasons(home)) == ((2, 0), ["S&P down 5%"])


def test_pause_new_orders_then_only_entries_are_held_back(
    home: Path, gate: GateStub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fast_path(["emergency", "pause-new-orders"]) == 0
    shown = capsys.readouterr().out
    assert "✓ New orders paused\n✓ Orders that only reduce a position still pass\n" in shown
    assert "cancelled\n" not in shown
    assert latch(home) == (1, 0)


@pytest.mark.parametrize(("verb", "mode"), [("halt-trading", "halt-trading"), ("pause-new-orders", "pause-new-orders")])
def test_restriction_when_json_then_one_document_with_its_mode(
    home: Path, gate: GateStub, capsys: pytest.CaptureFixture[str], verb: str, mode: str
) -> None:
    code, document = as_json(capsys, "emergency", verb)
    assert (code, document["in_force"], document["halt"]["mode"]) == (0, True, mode)


@pytest.mark.parametrize("verb", ["halt-trading", "pause-new-orders"])
def test_restriction_when_gate_is_down_then_five_and_raised(
    home: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    assert fast_path(["emergency", verb]) == 5
    assert "raised" in capsys.readouterr().out


def test_halt_all_when_json_then_one_document_with_every_figure(
    home: Path, gate: GateStub, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = as_json(capsys, "emergency", "halt-all", '--reason=it "said" \u00fc')
    assert (code, document["ok"], document["in_force"], document["durable"]) == (0, True, True, True)
    assert (document["cancelled"], document["positions_open"], document["taken_over"]) == (3, 2, False)
    assert document["strategies"][0] == {"id": "ml-momentum-v2", "uid": UID, "cancelled": 2}
    halt = document["halt"]
    assert (halt["mode"], halt["scope"], halt["actor"], halt["reason"]) == (
        "halt-all",
        "account",
        "ann",
        'it "said" \u00fc',
    )
    assert document["gates"] == [{"socket": f"{home}/run/gate.sock", "confirmed": True, "problem": ""}]
    assert document["acknowledged_ns"] <= time.monotonic_ns()


def test_halt_all_when_gate_is_down_then_five_and_says_what_is_missing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fast_path(["emergency", "halt-all"]) == 5
    shown = capsys.readouterr().out
    assert "Raised, not acknowledged" in shown
    assert "Positions open: n/a" in shown
    assert "No reason given" in shown
    assert latch(home) == (3, 0)


def test_halt_all_when_nothing_takes_it_then_one_and_names_the_gates_pids(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "run" / "gate.pid").write_text("4242\n")
    (home / "latch" / "raise").write_bytes(b"")
    assert fast_path(["emergency", "halt-all"]) == 1
    shown = capsys.readouterr().out
    assert "NOT CONFIRMED" in shown
    assert "kill 4242" in shown
    assert "broker's own kill switch" in shown
    code, document = as_json(capsys, "emergency", "halt-all")
    assert (code, document["ok"], document["error"]["hint"]) == (1, False, "kill 4242")


@pytest.mark.parametrize("name", ["ml-momentum-v2", UID])
def test_halt_strategy_when_known_by_id_or_uid_then_only_it(
    home: Path, gate: GateStub, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert fast_path(["strategy", "halt", name, "-r", "odd"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"⚠️  EMERGENCY HALT: {name}\n\nThis will:\n  ⚠️  Immediately halt all new orders\n")
    assert "✓ 2 orders cancelled\n✓ 1 position remains open\n✓ Halt reason logged\n" in shown
    assert latch(home) == (0, 1)
    assert gate.asked[1] == {"op": "cancel", "scope": f"strategy:{UID}"}


def test_halt_strategy_when_unknown_then_two_and_the_nearest_name(
    home: Path, gate: GateStub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fast_path(["strategy", "halt", "ml-momentun"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Did you mean ml-momentum-v2?" in shown.err
    assert "gt risk strategy halt ml-momentum-v2" in shown.err
    code, document = as_json(capsys, "strategy", "halt", "zzz")
    assert (code, document["error"]["hint"]) == (2, "gt risk strategy list")
    assert latch(home) == (0, 0)


def test_halt_strategy_when_only_the_last_known_good_is_there_then_found(home: Path, gate: GateStub) -> None:
    (home / "policy" / "7.json").unlink()
    (home / "policy" / "last-known-good.json").write_text(json.dumps(POLICY))
    assert fast_path(["strategy", "halt", "contrarian-swing"]) == 0
    assert gate.asked[1]["scope"] == f"strategy:{OTHER}"


def test_halt_strategy_when_no_policy_then_names_the_way_that_needs_none(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "policy" / "7.json").write_text("{broken")
    assert fast_path(["strategy", "halt", "x"]) == 2
    assert "gt risk emergency halt-all" in capsys.readouterr().err


def on_terminal(home: Path, typed: str, *argv: str, until: str = "") -> tuple[int, str]:
    """Run on a pseudo-terminal; type, or interrupt when nothing is typed, as soon as ``until`` is shown."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, *argv],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env={**os.environ, "GT_RISK_HOME": str(home)},
    )
    os.close(slave)
    shown, interrupted = b"", False
    try:
        while True:
            if interrupted and not readable(master, time.monotonic() + 5.0):
                process.send_signal(signal.SIGINT)  # CPython may miss one that comes just before it waits
            try:
                shown += os.read(master, 65536)
            except OSError:
                break
            if until and until.encode() in shown:
                until = ""
                if typed:
                    os.write(master, typed.encode())
                else:
                    process.send_signal(signal.SIGINT)
                    interrupted = True
        return process.wait(30), shown.decode().replace("\r\n", "\n")
    finally:
        process.kill()
        process.wait()
        os.close(master)


@pytest.mark.process
def test_halt_all_when_on_a_terminal_then_asks_its_phrase_and_the_reason_after(home: Path, gate: GateStub) -> None:
    code, shown = on_terminal(home, "HALT ALL\nspread blew out\n", "emergency", "halt-all", until="to confirm: ")
    assert code == 0
    assert "  Active Strategies:     2\n  Pending Orders:        3\n  Open Positions:        2\n" in shown
    assert "  Portfolio Value:       $86,110\n" in shown
    assert shown.index("In force") < shown.index("Reason (optional): ") < shown.index("All strategies halted")
    assert (latch(home), reasons(home)) == ((3, 0), ["spread blew out"])


@pytest.mark.process
def test_halt_all_when_the_phrase_is_wrong_then_four_and_nothing_happens(home: Path, gate: GateStub) -> None:
    code, shown = on_terminal(home, "halt all\n", "emergency", "halt-all", until="to confirm: ")
    assert (code, latch(home)) == (4, (0, 0))
    assert "not confirmed: nothing was halted" in shown


@pytest.mark.process
def test_halt_all_when_reason_is_interrupted_then_the_halt_stands_and_is_reported(home: Path, gate: GateStub) -> None:
    code, shown = on_terminal(home, "", "emergency", "halt-all", "--yes")
    assert (code, latch(home)) == (0, (3, 0))
    assert "Reason" not in shown
    code, shown = on_terminal(home, "", "strategy", "halt", "contrarian-swing", until="(optional): ")
    assert code == 0
    assert "✓ Strategy halted: contrarian-swing" in shown


@pytest.mark.process
@pytest.mark.parametrize("closing", ["<&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_halt_all_when_a_stream_is_closed_then_it_halts_all_the_same(home: Path, gate: GateStub, closing: str) -> None:
    line = f'exec "$0" -c "$1" emergency halt-all {closing}'
    subprocess.run(["sh", "-c", line, sys.executable, RUN], check=False, stdin=subprocess.DEVNULL)
    assert latch(home) == (3, 0)
    assert len(reasons(home)) == 1
