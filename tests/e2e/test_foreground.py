"""``make demo`` and ``service start --foreground`` on a terminal of their own, as a person uses them."""

import fcntl
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

from controller.host.supervisor import DASHBOARD, SERVICES
from tests.support.cli import ENTRY
from tests.support.ports import free_port
from tests.support.service import FAST, Service, initialised, until
from tests.support.terminal import SECONDS, readable

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]
ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 3 * SECONDS
FOREGROUND = [sys.executable, "-c", ENTRY, "service", "start", "--foreground"]


@dataclass(slots=True)
class Terminal:
    """A command on a terminal of its own; ``shown`` is everything that the terminal has shown."""

    process: subprocess.Popen[bytes]
    master: int
    shown: bytes = b""
    read_to: int = 0

    def expect(self, text: str) -> None:
        """Wait until ``text`` is shown behind what was expected before."""
        wanted, deadline = text.encode(), time.monotonic() + PATIENCE
        while self.shown.find(wanted, self.read_to) < 0:
            assert readable(self.master, deadline), (text, self.shown)
            self.shown += os.read(self.master, 4096)
        self.read_to = self.shown.index(wanted, self.read_to) + len(wanted)

    def control_c(self) -> int:
        """Type Ctrl-C, which signals the whole foreground group, and wait for the end; the exit code."""
        os.write(self.master, b"\x03")
        return self.end()

    def end(self) -> int:
        """Read until the command has ended; its exit code."""
        while True:
            try:
                piece = os.read(self.master, 4096)
            except OSError:
                break
            if not piece:
                break
            self.shown += piece
        return self.process.wait(SECONDS)


@contextmanager
def terminal(home: Path, argv: Sequence[str], **more: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    environ = {**os.environ, **FAST, "GT_RISK_HOME": str(home), **more}
    process = subprocess.Popen(
        argv,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environ,
        cwd=ROOT,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(master)


@pytest.fixture
def service() -> Iterator[Service]:
    with initialised() as made:
        yield made


def nobody(service: Service) -> bool:
    return all(service.pid(name) is None for name in SERVICES)


def test_foreground_when_the_controller_is_killed_then_told_and_told_when_back(service: Service) -> None:
    with terminal(service.home, FOREGROUND) as shell:
        shell.expect("The service is ready")
        shell.expect(f"export GT_RISK_HOME={service.home}")
        shell.expect("positions  normal")
        service.kill("controller")
        shell.expect("The controller has died")
        shell.expect("next: gt risk service start")
        shell.expect("The gate is reducing only now (permit expired)")
        service.start()
        shell.expect("The controller is back")
        shell.expect("Trading mode: normal")
        assert shell.control_c() == 0
        assert b"Traceback" not in shell.shown
    assert nobody(service)


def test_foreground_when_the_gate_is_killed_then_told_that_it_was_started_again(service: Service) -> None:
    with terminal(service.home, FOREGROUND) as shell:
        shell.expect("Ctrl-C ends it.")
        shell.expect("positions  normal")
        service.kill("gate")
        shell.expect("gate had died and was started again")
        assert shell.control_c() == 0


def test_foreground_when_it_runs_already_then_says_so_and_leaves_it_running(service: Service) -> None:
    service.start()
    pid = service.pid("controller")
    with terminal(service.home, FOREGROUND) as shell:
        shell.expect(f"running already (controller pid {pid})")
        shell.expect("git commit -a -S")
        assert shell.control_c() == 0
        assert b"goes on" in shell.shown
    assert service.pid("controller") == pid


def test_foreground_when_interrupted_while_starting_then_nothing_is_left(service: Service) -> None:
    with terminal(service.home, FOREGROUND) as shell:
        until(lambda: service.pid("controller") is not None, "the controller has begun")
        assert shell.control_c() == 0
        assert b"Traceback" not in shell.shown
    assert nobody(service)


def test_foreground_when_stopped_from_elsewhere_then_ends(service: Service) -> None:
    with terminal(service.home, FOREGROUND) as shell:
        shell.expect("Ctrl-C ends it.")
        service.must("service", "stop")
        assert shell.end() == 0
        assert b"stopped from elsewhere" in shell.shown
        assert b"has died" not in shell.shown


def test_foreground_when_the_terminal_is_closed_then_everything_ends(service: Service) -> None:
    with terminal(service.home, FOREGROUND) as shell:
        shell.expect("Ctrl-C ends it.")
        shell.process.send_signal(signal.SIGHUP)
        assert shell.end() == 0
    assert nobody(service)


def test_foreground_when_the_dashboard_port_is_taken_then_says_who_starts_and_how_to_go_on(service: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        with terminal(service.home, FOREGROUND, GT_RISK_DASHBOARD__LISTEN=listen) as shell:
            shell.expect(f"No dashboard: another program listens at {listen}")
            shell.expect("next:")
            assert shell.control_c() == 0
    assert nobody(service)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_demo_when_made_twice_then_the_same_book_goes_on_with_its_dashboard(service: Service) -> None:
    demo = ["make", "demo", f"VENV={sys.prefix}", "-o", f"{sys.prefix}/.installed", "-o", f"{sys.prefix}/.front"]
    listen = f"127.0.0.1:{free_port()}"
    with terminal(service.home, demo, GT_RISK_DASHBOARD__LISTEN=listen) as shell:
        shell.expect("Test created: test-2015")
        shell.expect("The service is ready")
        shell.expect("Dashboard: http://localhost")
        (test,) = service.read("ab-test", "list")["tests"]
        shell.expect(f"gt risk ab-test status {test['id']}")
        with urlopen(f"http://{listen}/") as page:
            assert b"PAPER" in page.read()
        environs = [Path(f"/proc/{service.pid(name)}/environ").read_bytes() for name in (*SERVICES, DASHBOARD)]
        assert all(b"\0GLIBC_TUNABLES=glibc.malloc." in b"\0" + environ for environ in environs)
        until(lambda: service.read("ab-test", "list")["tests"][0]["n"] > 0, "the test observes something", PATIENCE)
        until(lambda: bool(service.read("status")["positions"]), "a strategy opens a position", PATIENCE)
        seen = service.read("status")["market_time"]
        shell.control_c()
        assert b"gate: stopped" in shell.shown
        assert b"dashboard: stopped" in shell.shown
        assert b"Traceback" not in shell.shown
    assert nobody(service)
    assert service.pid(DASHBOARD) is None
    with terminal(service.home, demo, GT_RISK_DASHBOARD__LISTEN=listen) as shell:
        shell.expect("The service is ready")
        until(lambda: (service.read("status")["market_time"] or "") >= seen, "the same book goes on")
        until(lambda: bool(service.read("status")["positions"]), "it holds a position", PATIENCE)
        shell.expect(f"gt risk ab-test status {test['id']}")
        shell.control_c()
        assert b"Test created" not in shell.shown
    assert nobody(service)
