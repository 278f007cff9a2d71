"""Runs the command line as a process, and a controller's socket with a held Control behind it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.adapters.store.alert_memory import MemoryAlerts
from controller.rpc.server import RpcServer, serve_rpc
from controller.settings import Settings
from tests.support.alert_desk import alert_methods
from tests.support.book import HeldControl

ENTRY = "import sys; from cli.main import main; raise SystemExit(main())"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


def gt_risk(home: Path, *argv: str, stdin: str = "", env: dict[str, str] | None = None, cwd: Path | None = None) -> Ran:
    """Run ``gt-risk argv`` with ``home``; standard input is never a terminal."""
    place = {"PYTHONPATH": str(Path(__file__).parents[2])} if cwd is not None else {}
    environ = {**os.environ, "GT_RISK_HOME": str(home), "PYTHONWARNINGS": "error", **place, **(env or {})}
    done = subprocess.run(
        [sys.executable, "-c", ENTRY, *argv],
        input=stdin,
        capture_output=True,
        text=True,
        env=environ,
        timeout=60,
        cwd=cwd,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@contextmanager
def served(control: HeldControl, home: Path, kept: MemoryAlerts | None = None) -> Iterator[RpcServer]:
    """``control`` on the home's socket, with the alerts that are ``kept``."""
    (home / "settings.toml").touch()
    settings = Settings(home=home, operator_name="Op", operator_email="op@example.org")
    server = serve_rpc(control, settings, more=alert_methods(control, settings, kept))
    try:
        yield server
    finally:
        server.stop()
