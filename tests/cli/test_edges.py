"""The edges of the command line: Ctrl-C, near misses, colour, logs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from controller.adapters.signatures import keys
from controller.rpc.server import serve_rpc
from controller.settings import Settings
from schemas.edits import Applied
from tests.cli.test_change import LIMIT, proposal
from tests.support.book import HeldControl
from tests.support.cli import ENTRY, gt_risk, served
from tests.support.folders import short_folder
from tests.support.terminal import on_terminal


@pytest.fixture
def home() -> Iterator[Path]:
    with short_folder() as folder:
        keys.generate(folder / "keys" / "operator", "op@example.org")
        yield folder


@pytest.mark.parametrize(
    ("argv", "near"),
    [
        (["staus"], "status"),
        (["strategy", "lst"], "list"),
        (["emergency", "halt-al"], "halt-all"),
        (["limits", "get", "max_position_pct"], "position.max_position_pct"),
        (["strategy", "show", "ml-momentun"], "ml-momentum-v2"),
    ],
)
def test_command_when_a_name_is_nearly_right_then_the_right_one_is_named(
    argv: list[str], near: str, home: Path
) -> None:
    with served(HeldControl(), home):
        ran = gt_risk(home, *argv)
    assert ran.code == 2
    assert near in ran.err
    assert "next: " in ran.err


def test_prompt_when_interrupted_then_exit_130_and_nothing_changed(home: Path) -> None:
    control = HeldControl(proposal=proposal())
    with served(control, home):
        ran = on_terminal(home, "", "limits", "set", LIMIT, "20", interrupt_at=b"Continue?")
    assert (ran.code, control.landed) == (130, []), ran
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("line", "method", "said"),
    [
        ("portfolio close NVDA --yes", "portfolio.close", "whether it was ordered tells: gt risk audit log"),
        ("portfolio stop NVDA 400 --yes", "portfolio.stop", "whether it was ordered tells: gt risk audit log"),
        ("emergency resume --yes", "emergency.status", "nothing was changed"),
        ("strategy resume ml-momentum-v2 --yes", "strategy.show", "nothing was changed"),
        ("strategy add new --from ml-momentum-v2 --yes", "config.documents", "nothing was changed"),
        ("limits set position.max_position_pct 20 --yes", "propose", "nothing was changed"),
        ("limits set position.max_position_pct 20 --yes", "land", "whether the commit has landed tells"),
        ("config reload", "config.reload", "what is in force tells: gt risk status"),
    ],
)
def test_wait_when_interrupted_then_exit_130_and_says_what_is_known(
    line: str, method: str, said: str, home: Path
) -> None:
    pid = home / "pid"

    def interrupt(_: Mapping[str, Any]) -> dict[str, Any]:
        os.kill(int(pid.read_text()), signal.SIGINT)
        return {}

    settings = Settings(home=home, operator_name="Op", operator_email="op@example.org")
    server = serve_rpc(HeldControl(proposal=proposal()), settings, more={method: interrupt})
    entry = f"import os, pathlib; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); {ENTRY}"
    try:
        environ = {**os.environ, "GT_RISK_HOME": str(home)}
        argv = [sys.executable, "-c", entry, *line.split()]
        ran = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=60, check=False)
    finally:
        server.stop()
    assert (ran.returncode, said in ran.stderr) == (130, True), ran
    assert "Traceback" not in ran.stderr


class Slow(HeldControl):
    """Applies nothing while the test runs, as a controller that is stuck."""

    def wait_applied(self, commit: str, timeout: float) -> Applied:
        os.kill(int(self.waiting.read_text()), signal.SIGINT)
        return Applied(commit=commit, in_force=False, condition="stuck")

    @property
    def waiting(self) -> Path:
        return Path(os.environ["WAITING"])


def test_wait_when_interrupted_then_exit_130_and_says_that_it_has_landed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = home / "pid"
    monkeypatch.setenv("WAITING", str(pid))
    entry = f"import os, pathlib; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); {ENTRY}"
    argv = [sys.executable, "-c", entry, "limits", "set", LIMIT, "20", "--yes"]
    control = Slow(proposal=proposal())
    with served(control, home):
        environ = {**os.environ, "GT_RISK_HOME": str(home)}
        ran = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, len(control.landed)) == (130, 1)
    assert "has landed" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("words", [["status"], ["strategy", "list"], ["--help"]])
def test_output_when_colour_is_not_wanted_then_no_escape(words: list[str], home: Path) -> None:
    with served(HeldControl(), home):
        assert "\x1b" not in gt_risk(home, *words, env={"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}).out
        assert "\x1b" not in gt_risk(home, *words).out


@pytest.fixture
def logged(home: Path) -> Path:
    (home / "settings.toml").touch()
    (home / "logs").mkdir()
    (home / "logs" / "gate.log").write_text("".join(f"gate {number}\n" for number in range(60)))
    (home / "logs" / "runner.log").write_text("runner 0\n")
    return home


def test_logs_when_asked_then_the_newest_lines_of_each(logged: Path) -> None:
    ran = gt_risk(logged, "service", "logs", "-n", "2")
    assert ran.out.splitlines() == ["gate        gate 58", "gate        gate 59", "runner      runner 0"]
    one = gt_risk(logged, "service", "logs", "--service", "gate", "-n", "1", "--json")
    assert one.document == {"ok": True, "logs": {"gate": ["gate 59"]}}


def test_logs_when_there_is_none_then_the_next_command(logged: Path) -> None:
    ran = gt_risk(logged, "service", "logs", "--service", "controller")
    assert (ran.code, "next: gt risk service start" in ran.err) == (1, True)


def test_logs_when_followed_then_new_lines_come_and_ctrl_c_ends_it(logged: Path) -> None:
    environ = {**os.environ, "GT_RISK_HOME": str(logged)}
    argv = [sys.executable, "-u", "-c", ENTRY, "service", "logs", "--service", "runner", "--follow"]
    with subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "runner 0\n"
        with (logged / "logs" / "runner.log").open("a") as log:
            log.write("runner 1\n")
        assert process.stdout.readline() == "runner 1\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
