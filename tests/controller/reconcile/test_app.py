"""The controller as a process that must not run: a second one on the same home."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.home import Home
from controller.host import pidfile
from controller.latch.journal import create
from controller.latch.raising import create_pair
from controller.reconcile.boot import book16
from controller.reconcile.lease import Lease


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    place = Home(tmp_path)
    for folder in (place.raise_file.parent, place.policy, place.run):
        folder.mkdir()
    create_pair(str(place.raise_file), str(place.permit_file), book16(""))
    create(str(place.journal), 16)
    yield place


def second(home: Home) -> subprocess.CompletedProcess[str]:
    code = "import sys; from pathlib import Path; from controller.app import run_controller; "
    code += "sys.exit(run_controller(Path(sys.argv[1])))"
    argv = [sys.executable, "-c", code, str(home.root)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)


def test_second_controller_when_the_lease_is_held_then_refuses_and_changes_nothing(home: Home) -> None:
    first = Lease(str(home.permit_file))
    fence = first.take()
    first.set_until(5)
    ran = second(home)
    assert ran.returncode == 3
    assert "another controller holds the lease; see: gt-risk service status" in ran.stderr
    assert (first.fence, first.until) == (fence, 5)
    first.close()


def test_second_controller_when_the_pid_file_is_held_then_refuses(home: Home) -> None:
    held = pidfile.hold(home.run / "controller.pid")
    assert held is not None
    ran = second(home)
    assert (ran.returncode, ran.stderr) == (3, "another controller runs; see: gt-risk service status\n")
