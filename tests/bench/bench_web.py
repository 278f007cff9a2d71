"""The dashboard under load: a hundred people, fifty streams and fifty sockets on one paper book."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure, Goal
from tests.bench.processes import ready_service, rss_mib
from tests.support.web_server import WebServer, serving

USERS, STREAMS = 100, 50
READ = Goal(p50=10, p99=50)
PAGE = Goal(p50=500, p99=2_000)
ERRORS = Goal(largest=0.1)
MEMORY = Goal(largest=150)
SKEW = Goal(p50=100, p99=500)
END = Goal(largest=6)
_ROOT = Path(__file__).parents[2]


def web(seconds: int) -> list[Figure]:
    """``seconds`` of load; then SIGTERM while every stream is open."""
    with ready_service() as service, serving(service.home) as server:
        command = [sys.executable, "-m", "tests.bench.web_client", server.address, str(USERS), str(STREAMS)]
        client = subprocess.Popen([*command, str(seconds)], stdout=subprocess.PIPE, text=True, cwd=_ROOT)
        assert client.stdout is not None
        with client:
            sizes = _sizes(server, seconds)
            seen = json.loads(client.stdout.readline())
            streams = _streams(server)
            ending = _ended(server)
            left = json.loads(client.stdout.readline())
    asked = len(seen["api"]) + len(seen["page"])
    note = f"{asked} requests by {USERS} people, {streams} streams open, {seen['events']} events; {seen['errors'][:3]}"
    under = "under load"
    return [
        Figure.of(f"dashboard, {under}: API read", "ms", seen["api"], READ, note=note),
        Figure.of(f"dashboard, {under}: page", "ms", seen["page"], PAGE),
        Figure.of(f"dashboard, {under}: errors", "%", [100 * len(seen["errors"]) / max(1, asked)], ERRORS),
        Figure.of(f"dashboard, {under}: an event, client behind the first", "ms", seen["skew"] or [0.0], SKEW),
        Figure.of(f"dashboard, {under}: memory", "MiB", sizes, MEMORY, note="VmRSS of the worker, a reading a second"),
        Figure.of("dashboard: SIGTERM with streams → ended", "s", [ending], END, note=f"{len(left)} streams ended"),
    ]


def _sizes(server: WebServer, seconds: int) -> list[float]:
    """The worker's memory, once a second."""
    task = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    found = []
    for _ in range(max(1, seconds)):
        time.sleep(1)
        found.append(max(rss_mib(int(pid)) for pid in task.read_text().split()))
    return found


def _streams(server: WebServer) -> Any:
    """How many streams the dashboard says are open."""
    return json.loads(server.get("/health")[1])["streams"]


def _ended(server: WebServer) -> float:
    """Seconds from SIGTERM to the end of the process."""
    began = time.monotonic()
    server.end()
    return time.monotonic() - began
