"""``status --watch``: whole frames, stale data said, a service that goes and comes back, a clean end."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli.render.status import status
from cli.render.text import cells
from cli.watch import Feed, Frame, text
from controller.rpc.client import ServiceDown
from controller.rpc.methods import Dispatcher
from controller.settings import Settings
from tests.support.book import HeldControl, overview
from tests.support.cli import gt_risk, served
from tests.support.folders import short_folder
from tests.support.terminal import read_until

ROOT = Path(__file__).parents[2]
FAST = (
    "import sys, cli.watch; cli.watch.SECONDS = 0.05; from cli.main import main; "
    "sys.argv[1:] = ['status', *sys.argv[1:]]; raise SystemExit(main())"
)
SERVE = (
    "import sys, time; from pathlib import Path; from tests.support.book import HeldControl; "
    "from tests.support.cli import served\n"
    "with served(HeldControl(), Path(sys.argv[1])):\n    print('up', flush=True); time.sleep(600)"
)
DOCUMENT = Dispatcher(HeldControl(), Settings(home=Path("/home/op"))).call("status", {})
DOWN = ServiceDown("service down: controller.sock")


@pytest.fixture
def home() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@contextmanager
def watching(home: Path, *argv: str, stdout: int = subprocess.PIPE) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", FAST, *argv],
        stdout=stdout,
        text=True,
        env={**os.environ, "GT_RISK_HOME": str(home), "PYTHONWARNINGS": "error", "TERM": "xterm", "NO_COLOR": ""},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def service(home: Path) -> Iterator[None]:
    """A controller's socket in a process of its own, which ends as a killed service does."""
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(home)], stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert process.stdout is not None and process.stdout.readline() == b"up\n"
        yield
    finally:
        process.kill()
        process.communicate()


def document_where(process: "subprocess.Popen[str]", wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The next document that is ``wanted``; lines come twenty a second."""
    assert process.stdout is not None
    for _ in range(600):
        document: dict[str, Any] = json.loads(process.stdout.readline())
        if wanted(document):
            return document
    raise AssertionError("no such document among 600")


def ended(process: "subprocess.Popen[str]", number: signal.Signals) -> int:
    process.send_signal(number)
    return process.wait(30)


def test_watch_json_when_the_service_goes_and_comes_back_then_one_document_a_line_all_along(home: Path) -> None:
    (home / "settings.toml").touch()
    with watching(home, "--watch", "--json") as process:
        assert document_where(process, lambda _: True)["error"]["code"] == "ServiceDown"
        for _ in range(2):
            with service(home):
                found = document_where(process, lambda item: "error" not in item)
                assert (found["ok"], found["equity"]) == (True, 98_450.23)
            lost = document_where(process, lambda item: "error" in item)
            assert (lost["ok"], lost["error"]["hint"]) == (True, "gt risk service start")
        assert ended(process, signal.SIGINT) == 0


def test_watch_when_it_is_no_terminal_then_frames_without_escape_codes(home: Path) -> None:
    with served(HeldControl(), home), watching(home, "-w", "-v") as process:
        assert process.stdout is not None
        shown = [process.stdout.readline() for _ in range(40)]
        assert ended(process, signal.SIGINT) == 0
    assert any("🎯 Risk Status" in line for line in shown)
    assert any("Revisions:" in line for line in [*shown, ""]) or any("Limits:" in line for line in shown)
    assert not any("\x1b" in line for line in shown)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_watch_on_a_terminal_when_stopped_then_the_first_screen_and_the_cursor_are_back(
    home: Path, number: signal.Signals
) -> None:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 40, 0, 0))
    with served(HeldControl(), home), watching(home, "-w", stdout=slave) as process:
        os.close(slave)
        seen = read_until(master, b"\x1b[?2026l")
        assert ended(process, number) == 0
        seen += os.read(master, 65_536)
    os.close(master)
    whole = seen.decode()
    assert whole.startswith("\x1b[?1049h\x1b[?25l\x1b[?2026h\x1b[H")
    assert whole.endswith("\x1b[?25h\x1b[?1049l")
    frame = whole.partition("\x1b[H")[2].partition("\x1b[?2026l")[0]
    first, *rest = frame.removesuffix("\x1b[K\x1b[J").split("\x1b[K\r\n")
    assert first.startswith("\x1b[33m⚠️  STALE") and first.endswith("…\x1b[0m")
    lines = [first.removeprefix("\x1b[33m").removesuffix("\x1b[0m"), *rest]
    assert len(lines) == 12
    assert max(map(cells, lines)) <= 40
    assert lines[-1].startswith("… ") and lines[-1].endswith(" more lines")


def test_watch_when_there_is_no_home_then_refused_at_once(home: Path) -> None:
    ran = gt_risk(home, "status", "--watch", "--json")
    assert (ran.code, ran.document["error"]["hint"]) == (1, "gt risk init")


def test_text_when_the_service_is_down_then_the_last_figures_are_called_stale() -> None:
    shown = text(Frame(DOCUMENT, 12.4, DOWN), status)
    assert shown[0] == "⚠️  STALE, 12s old: service down: controller.sock"
    assert shown[1] == "  next: gt risk service start"
    assert "  Equity:         $98,450.23  (Peak: $102,340.56, -3.8% from peak)" in shown


def test_text_when_there_never_was_a_document_then_only_what_is_wrong() -> None:
    assert text(Frame(None, 0.0, DOWN), status)[:2] == [
        "⚠️  service down: controller.sock",
        "  next: gt risk service start",
    ]


def test_text_when_the_reading_is_old_then_says_how_old() -> None:
    assert text(Frame(DOCUMENT, 61.0, None), status)[0] == "⚠️  STALE: the newest reading is 1m old"
    assert text(Frame(DOCUMENT, 1.0, None), status)[0] == "Every 2s, Ctrl-C ends it"


def test_feed_when_asked_again_then_over_the_same_connection(home: Path) -> None:
    with served(HeldControl(overview()), home):
        feed = Feed(str(home / "run" / "controller.sock"), "status")
        first = feed.next()
        kept = feed._connection._socket
        assert feed.next().document == first.document
        assert kept is not None and feed._connection._socket is kept
        feed.close()
