"""``gt risk dashboard start`` and ``url``: the spec's screen, one to a port, never open to strangers."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import gt_risk
from tests.support.ports import free_port
from tests.support.service import SECONDS, until
from tests.support.web_rig import WebRig, controller_of

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]
SCREEN = """🎯 Risk Management Dashboard starting...

Server:   http://localhost:{port}
API:      http://localhost:{port}/api
Updates:  WebSocket on /ws (real-time)

Dashboard Features:
  - Portfolio overview and P&L chart
  - Real-time position monitoring
  - Risk metrics and gauges
  - Strategy performance comparison
  - Alert feed
  - Learning progress tracker

✓ Dashboard running at http://localhost:{port}
  Press Ctrl+C to stop
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with controller_of(WebRig()) as found:
        (found / "settings.toml").touch()
        yield found


def test_start_then_the_screen_of_the_spec_an_address_and_a_quick_end(home: Path) -> None:
    port = free_port()
    env = {**os.environ, "GT_RISK_HOME": str(home)}
    command = [sys.executable, "-c", "from cli.main import main; raise SystemExit(main())", "dashboard", "start"]
    with subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.PIPE, text=True, env=env) as started:
        try:
            assert started.stdout is not None
            shown = "".join(started.stdout.readline() for _ in SCREEN.splitlines())
            assert shown == SCREEN.format(port=port)
            found = gt_risk(home, "dashboard", "url", "--json")
            assert (found.code, found.document["urls"]) == (0, [f"http://localhost:{port}"])
            again = gt_risk(home, "dashboard", "start", "--port", str(port), "--json")
            assert (again.code, again.document["error"]["hint"]) == (1, f"gt risk dashboard start --port {port + 1}")
            started.send_signal(signal.SIGTERM)
            assert started.wait(SECONDS) == 0
        finally:
            started.kill()
    until(lambda: gt_risk(home, "dashboard", "url").code == 3, "nothing says that it runs")


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (("--host", "0.0.0.0"), "gt risk dashboard start --host 0.0.0.0 --tls"),
        (("--controls",), "gt risk dashboard user add NAME --role operator"),
        (("--allow", "10.1.0.0/33"), "gt risk dashboard start --allow 10.1.0.0/16"),
    ],
)
def test_start_when_it_would_be_open_or_useless_then_refused_with_the_way_on(
    home: Path, given: tuple[str, ...], hint: str
) -> None:
    ran = gt_risk(home, "dashboard", "start", *given, "--json")
    assert (ran.code, ran.document["error"]["hint"]) == (2, hint)


def test_url_when_nothing_runs_then_says_how_to_start(home: Path) -> None:
    ran = gt_risk(home, "dashboard", "url", "--json")
    assert (ran.code, ran.document["error"]["hint"]) == (3, "gt risk dashboard start")
