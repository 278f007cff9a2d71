"""Ctrl-C while the service starts or stops: what is left, and what people are told of it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.host.supervisor import SERVICES
from tests.support.cli import ENTRY
from tests.support.service import SECONDS, Service, initialised, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]


@pytest.fixture
def service() -> Iterator[Service]:
    with initialised() as made:
        yield made


def sleep(service: Service, name: str) -> int:
    pid = service.pid(name)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    return pid


def wake(service: Service, name: str) -> None:
    pid = service.pid(name)
    if pid is not None:
        os.kill(pid, signal.SIGCONT)


def is_told_to_end(pid: int) -> bool:
    """Whether a SIGTERM waits for a process that sleeps."""
    text = Path(f"/proc/{pid}/status").read_text()
    pending = next(line.split()[1] for line in text.splitlines() if line.startswith("ShdPnd:"))
    return bool(int(pending, 16) >> (signal.SIGTERM - 1) & 1)


def interrupted(service: Service, verb: str, moment: Callable[[], None]) -> tuple[int, str]:
    """Run ``service VERB`` and press Ctrl-C at ``moment`` until it counts: exit code, what was said."""
    environ = {**os.environ, **service.env, "GT_RISK_HOME": str(service.home), "PYTHONWARNINGS": "error"}
    argv = [sys.executable, "-c", ENTRY, "service", verb]
    with subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        moment()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=2 * SECONDS)
    assert "Traceback" not in err
    return process.returncode, out + err


def test_start_when_interrupted_then_called_off_and_nothing_of_it_is_left(service: Service) -> None:
    def hangs() -> None:
        until(lambda: service.pid("controller") is not None, "the controller has begun")
        sleep(service, "controller")

    code, said = interrupted(service, "start", hangs)
    assert code == 130
    assert "the start is called off" in said
    assert [name for name in SERVICES if service.pid(name) is not None] == []


def test_stop_when_interrupted_then_what_is_still_up_is_named(service: Service) -> None:
    service.start()
    runner = sleep(service, "runner")
    code, said = interrupted(service, "stop", lambda: until(lambda: is_told_to_end(runner), "the runner is to end"))
    assert code == 130
    assert "still up: runner, controller, gate; next: gt risk service stop" in said
    wake(service, "runner")
    service.must("service", "stop")
    assert [name for name in SERVICES if service.pid(name) is not None] == []


def test_start_when_warnings_are_errors_then_nothing_is_told_of_processes_that_go_on(service: Service) -> None:
    for _ in range(2):
        ran = service.gt("service", "start")
        assert ("Warning" in ran.out + ran.err, ran.err) == (False, "")
        service.must("service", "stop")
