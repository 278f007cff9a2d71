import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from controller.home import Home
from controller.host import pidfile
from controller.host.supervisor import Supervisor, launch, pid_file, pid_of, stop_service
from controller.latch.permit import PermitFile
from controller.latch.raising import create_pair
from controller.reconcile.publisher import LAST_KNOWN_GOOD
from tests.support.folders import short_folder
from tests.support.service import until

HOLD = """
import signal, sys
from pathlib import Path
from controller.host import pidfile
held = pidfile.hold(Path(sys.argv[1]))
if held is None:
    raise SystemExit(3)
if sys.argv[2:] == ["deaf"]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("held", flush=True)
signal.pause()
"""


def holding(path: Path, *words: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path), *words], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    return process


@pytest.fixture
def home() -> Iterator[Home]:
    with short_folder() as folder:
        (folder / "run").mkdir()
        yield Home(folder)


@pytest.fixture
def started(home: Home) -> Iterator[list[subprocess.Popen[bytes]]]:
    found: list[subprocess.Popen[bytes]] = []
    yield found
    for process in found:
        if process.returncode == 0:  # it was let go, and lives
            process.returncode = None
        process.kill()
        process.wait()


def test_holder_when_a_process_lives_then_its_pid_and_none_after_kill(home: Home) -> None:
    path = pid_file(home, "gate")
    process = holding(path)
    assert pidfile.holder(path) == process.pid
    process.kill()
    process.wait()
    assert pidfile.holder(path) is None
    assert path.exists()


def test_holder_when_the_number_is_stale_then_nobody_is_signalled(home: Home) -> None:
    path = pid_file(home, "gate")
    path.write_text(f"{os.getpid()}\n")
    assert pidfile.holder(path) is None
    assert pidfile.signal_holder(path, signal.SIGKILL) is None


def test_hold_when_another_has_it_then_none(home: Home, started: list[subprocess.Popen[bytes]]) -> None:
    path = pid_file(home, "gate")
    started.append(holding(path))
    assert pidfile.hold(path) is None
    assert pidfile.holder(path) == started[0].pid


def supervisor(home: Home, started: list[subprocess.Popen[bytes]], *words: str) -> Supervisor:
    def start(place: Home, service: str) -> subprocess.Popen[bytes]:
        started.append(holding(pid_file(place, service), *words))
        return started[-1]

    return Supervisor(home, ("gate",), start)


def test_tick_when_down_then_started_once(home: Home, started: list[subprocess.Popen[bytes]]) -> None:
    one = supervisor(home, started)
    for now in (0.0, 0.1, 0.2):
        one.tick(now)
    assert len(started) == 1


def test_tick_when_up_already_then_adopted(home: Home, started: list[subprocess.Popen[bytes]]) -> None:
    started.append(holding(pid_file(home, "gate")))
    supervisor(home, started).tick(0.0)
    assert len(started) == 1


def test_tick_when_it_dies_at_once_then_waits_longer_each_time(
    home: Home, started: list[subprocess.Popen[bytes]]
) -> None:
    one = supervisor(home, started)
    starts, now = [], 0.0
    for _ in range(80):
        before = len(started)
        one.tick(now)
        if len(started) > before:
            starts.append(now)
            started[-1].kill()
            started[-1].wait()
        now += 0.1
    gaps = [round(later - earlier, 1) for earlier, later in pairwise(starts)]
    assert gaps[:3] == sorted(gaps[:3])
    assert gaps[2] > 2 * gaps[0]


def test_tick_when_it_ran_for_long_then_started_again_at_once(
    home: Home, started: list[subprocess.Popen[bytes]]
) -> None:
    one = supervisor(home, started)
    one.tick(0.0)
    one.tick(0.1)
    started[0].kill()
    started[0].wait()
    one.tick(60.0)
    assert len(started) == 2


def test_stop_when_it_listens_then_stopped_and_when_not_then_told(
    home: Home, started: list[subprocess.Popen[bytes]]
) -> None:
    assert stop_service(home, "gate") == "was not running"
    started.append(holding(pid_file(home, "gate")))
    assert stop_service(home, "gate") == "stopped"


def test_stop_when_it_is_deaf_then_killed(
    home: Home, started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.host.supervisor.STOP_SECONDS", 0.3)
    started.append(holding(pid_file(home, "gate"), "deaf"))
    assert stop_service(home, "gate") == "killed"
    until(lambda: pid_of(home, "gate") is None, "the lock is free")


@pytest.fixture
def spawned(
    home: Home, started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, ...]]:
    """What :func:`launch` starts; processes that only hold the pid file stand in for the services."""
    found: list[tuple[str, ...]] = []

    def begin(place: Home, service: str, *arguments: str) -> subprocess.Popen[bytes]:
        found.append((service, *arguments))
        started.append(holding(pid_file(place, service)))
        return started[-1]

    monkeypatch.setattr("controller.host.supervisor.spawn", begin)
    return found


def in_force(home: Home, version: int) -> None:
    """A last-known-good, and a permit that names ``version``."""
    for folder in (home.policy, home.permit_file.parent):
        folder.mkdir()
    (home.policy / LAST_KNOWN_GOOD).write_text("{}")
    create_pair(str(home.raise_file), str(home.permit_file), b"b" * 16)
    permit = PermitFile(str(home.permit_file))
    permit.acquire()
    permit.set_policy(version, 1)
    permit.close()


def test_launch_when_a_policy_was_in_force_then_the_gate_waits_for_a_newer_one_beside_the_controller(
    home: Home, spawned: list[tuple[str, ...]]
) -> None:
    in_force(home, 7)
    assert launch(home) is not None
    assert spawned == [("controller",), ("gate", "7")]


def test_launch_when_no_policy_was_ever_in_force_then_only_the_controller(
    home: Home, spawned: list[tuple[str, ...]]
) -> None:
    assert launch(home) is not None
    assert spawned == [("controller",)]


def test_launch_when_the_permit_is_lost_then_only_the_controller(home: Home, spawned: list[tuple[str, ...]]) -> None:
    in_force(home, 7)
    home.permit_file.unlink()
    assert launch(home) is not None
    assert spawned == [("controller",)]


def test_launch_when_the_gate_lives_then_only_the_controller(
    home: Home, spawned: list[tuple[str, ...]], started: list[subprocess.Popen[bytes]]
) -> None:
    in_force(home, 7)
    started.append(holding(pid_file(home, "gate")))
    assert launch(home) is not None
    assert spawned == [("controller",)]


def test_launch_when_the_controller_is_up_then_nothing(home: Home, spawned: list[tuple[str, ...]]) -> None:
    in_force(home, 7)
    assert launch(home) is not None
    assert launch(home) is None
    assert spawned == [("controller",), ("gate", "7")]


def test_start_when_more_is_asked_for_later_then_that_is_supervised_too(
    home: Home, started: list[subprocess.Popen[bytes]]
) -> None:
    one = supervisor(home, started)
    one.start(("gate",))
    until(lambda: pid_of(home, "gate") is not None, "the gate is up")
    assert pid_of(home, "runner") is None
    one.start()
    until(lambda: pid_of(home, "runner") is not None, "the runner is up")
    one.hold()
    assert len(started) == 2
