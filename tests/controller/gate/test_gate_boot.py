"""A gate that was started beside its controller is no gate before that controller has booted; two never run."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.core.policy.text import text_of
from controller.gate.client import GateClient, GateUnavailable
from controller.gate.service import boot_seen
from controller.home import Home as Place
from controller.host import pidfile
from controller.host.supervisor import pid_of
from controller.latch.raising import create_pair
from controller.reconcile.boot import book16
from controller.reconcile.lease import Lease
from controller.reconcile.publisher import Publisher
from tests.support.folders import short_folder
from tests.support.gates import eventually, make_policy

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def place() -> Iterator[Place]:
    """A home whose permit names policy 1; its controller is dead and left a permit that is valid still."""
    with short_folder() as root:
        found = Place(root)
        for folder in (found.raise_file.parent, found.policy, found.run):
            folder.mkdir()
        create_pair(str(found.raise_file), str(found.permit_file), book16(""))
        boot(found)
        yield found


def boot(place: Place) -> None:
    """What a controller's light boot ends with: a policy under its own fence."""
    lease = Lease(str(place.permit_file))
    fence = lease.take()
    publisher = Publisher(
        place.policy, "", "paper", fence, lambda version, digest: lease.set_policy(version, int(digest[:6], 16))
    )
    publisher.publish([text_of(make_policy())])
    lease.close()


@pytest.fixture
def start(place: Place) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> "subprocess.Popen[str]":
        argv = [sys.executable, "-m", "controller", "gate", *arguments]
        env = {**os.environ, "GT_RISK_HOME": str(place.root)}
        started.append(
            subprocess.Popen(argv, env=env, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
        )
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def answers(place: Place) -> bool:
    try:
        with GateClient(place.gate_socket) as client:
            return bool(client.request("barrier")["ok"])
    except GateUnavailable:
        return False


@pytest.mark.process
def test_gate_beside_a_controller_that_has_not_booted_then_answers_nobody_until_it_has(
    place: Place, start: Start
) -> None:
    waiting = start("1")
    eventually(lambda: pid_of(place, "gate") == waiting.pid)
    eventually((place.engine / "prices").exists)
    assert not place.gate_socket.exists()
    boot(place)
    eventually(lambda: answers(place))


@pytest.mark.process
def test_gate_that_is_told_to_end_while_it_waits_then_ends_cleanly(place: Place, start: Start) -> None:
    waiting = start("1")
    eventually((place.engine / "prices").exists)
    waiting.terminate()
    assert waiting.wait(30) == 0
    assert not place.gate_socket.exists()


@pytest.mark.process
def test_second_gate_then_says_that_one_runs_and_touches_nothing(place: Place, start: Start) -> None:
    first = start()
    eventually(lambda: answers(place))
    second = start()
    _, said = second.communicate(timeout=30)
    assert (second.returncode, said) == (3, "another gate runs; see: gt-risk service status\n")
    assert pid_of(place, "gate") == first.pid
    assert answers(place)


@pytest.mark.process
def test_second_gate_when_the_first_still_loads_then_says_that_one_runs(place: Place, start: Start) -> None:
    held = pidfile.hold(place.run / "gate.pid")
    assert held is not None
    second = start()
    _, said = second.communicate(timeout=30)
    os.close(held)
    assert (second.returncode, said) == (3, "another gate runs; see: gt-risk service status\n")
    assert not place.engine.exists()


def seen(place: Place, after: int, stop: threading.Event) -> bool:
    return boot_seen(place.raise_file, place.permit_file, after, stop)


def test_boot_when_the_permit_names_a_newer_policy_then_seen(place: Place) -> None:
    assert seen(place, 0, threading.Event())


@pytest.mark.parametrize("after", [1, 2])
def test_boot_when_the_permit_names_no_newer_policy_then_not_seen(
    place: Place, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.gate.service.BOOT_NS", 50_000_000)
    assert not seen(place, after, threading.Event())


def test_boot_when_told_to_stop_then_not_waited_for(place: Place) -> None:
    stop = threading.Event()
    stop.set()
    assert not seen(place, 1, stop)
