"""docs/emergency.md: each command of the page, in its order, on a real service."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import Ran
from tests.support.service import FAST, Service, late, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "emergency.md"
BIN = Path(sys.executable).parent


def commands() -> list[str]:
    blocks = re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def run(service: Service, line: str) -> Ran:
    environ = {**os.environ, **FAST, "GT_RISK_HOME": str(service.home), "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", line], env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_page_when_its_commands_are_run_in_order_then_each_does_what_it_says(service: Service) -> None:
    until(lambda: bool(service.read("status")["positions"]), "a strategy opens a position")
    modes = {}
    for line in commands():
        done = run(service, line)
        assert done.code in (0, 3) or (done.code == 5 and late(done)), (line, done)
        modes[line.split(" --yes")[0]] = service.read("status")["mode"]
    assert modes["gt risk emergency pause-new-orders"] == "pause-new-orders"
    assert modes["gt risk emergency halt-trading"] == "halt-trading"
    assert modes["gt risk emergency halt-all"] == "halt-all"
    assert modes["gt risk emergency resume"] == "normal"
    momentum = next(item for item in service.read("strategy", "list")["strategies"] if item["id"] == "ml-momentum-v2")
    assert momentum["status"] == "active"


def test_page_when_it_names_a_command_then_the_command_exists() -> None:
    named = set(re.findall(r"`gt risk ([a-z][a-z -]*[a-z])", PAGE.read_text()))
    assert {"portfolio liquidate", "emergency liquidate-all", "portfolio close", "db restore"} <= {
        name.partition(" --")[0].strip() for name in named
    }
    for name in sorted(named):
        words = [word for word in name.partition(" --")[0].split() if not word.isupper()]
        done = subprocess.run([BIN / "gt-risk", *words, "--help"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, name
