"""The dashboard: alone in a browser, then with a hundred people, fifty streams, fifty sockets and somebody who acts.

With ``BENCH_LONG=1`` the load takes half an hour, and the memory must stay flat.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

from controller.home import Home
from tests.bench.browsing import Browsing
from tests.bench.figures import Figure, Goal, percentiles
from tests.bench.processes import rss_mib
from tests.bench.web_acts import Acts
from tests.support.service import FAST, Service, running_service, until
from tests.support.web_people import HASHED
from tests.support.web_server import WebServer, serving
from web.security.accounts import Accounts
from web.security.identity import Rank

USERS, STREAMS = 100, 100
READ = Goal(p50=10, p99=50)
PAGE = Goal(p50=500, p99=2_000)
ACT = Goal(p50=100, p99=500)
DENIED = Goal(p99=50)
ERRORS = Goal(largest=0.1)
MEMORY = Goal(largest=150)
FLAT = Goal(largest=10)
PIXEL = Goal(p50=100, p99=500)
PAINT = Goal(p50=500)
END = Goal(largest=6)
LONG_SECONDS = 1_800
BAR_SECONDS = {False: "0.5", True: "4"}
"""By whether the run is long: no drawdown of the replay halts anything meanwhile."""
_DAY_NS = 86_400 * 1_000_000_000
_ROOT = Path(__file__).parents[2]


def web(seconds: int) -> list[Figure]:
    """A browser alone for ``seconds``; as much of load; then SIGTERM while every stream is open."""
    long = os.environ.get("BENCH_LONG") == "1"
    with running_service(env={**FAST, "GT_RISK_PAPER__BAR_SECONDS": BAR_SECONDS[long]}) as service:
        until(lambda: service.gt("status").code == 0, "the service is well")
        with serving(service.home) as server:
            alone = _alone(server, seconds)
        keys = _keys(service, USERS + STREAMS + 1)
        with serving(service.home, "--controls") as server:
            loaded = _loaded(service, server, keys, LONG_SECONDS if long else seconds)
    return [*alone, *loaded]


def _alone(server: WebServer, seconds: int) -> list[Figure]:
    with Browsing(f"http://{server.address}") as browsing:
        pixels, paints = browsing.pixels(seconds), browsing.paints(max(2, seconds // 2))
    note = "beyond the sampling period"
    return [
        Figure.of("dashboard: change in the engine → pixel in the browser", "ms", pixels, PIXEL, note=note),
        Figure.of("dashboard: first contentful paint, nothing cached", "ms", paints, PAINT),
    ]


def _loaded(service: Service, server: WebServer, keys: Sequence[str], seconds: int) -> list[Figure]:
    acts, sizes = Acts(service, server.address, keys[-1]), list[float]()
    acts.trust()
    with _client("streams", address=server.address, keys=keys[:STREAMS]) as streams:
        until(lambda: _open(server) == STREAMS, "every stream is open")
        with _client("users", address=server.address, keys=keys[STREAMS:-1], seconds=seconds) as users:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                acts.round()
                sizes.append(_size(server))
            seen = json.load(users)
        ending = _ended(server)
        told = json.load(streams)
    return [*_asked(seen), *_acted(acts), *_sizes(sizes), *_told(told, ending)]


def _asked(seen: Any) -> list[Figure]:
    count = len(seen["api"]) + len(seen["page"])
    note = f"{count} requests by {USERS} people beside {STREAMS} streams; {seen['errors'][:3]}"
    return [
        Figure.of("dashboard, under load: API read", "ms", seen["api"], READ, note=note),
        Figure.of("dashboard, under load: page", "ms", seen["page"], PAGE),
        Figure.of("dashboard, under load: errors", "%", [100 * len(seen["errors"]) / max(1, count)], ERRORS),
    ]


def _acted(acts: Acts) -> list[Figure]:
    return [
        Figure.of("dashboard, under load: halt → the gate denies", "ms", acts.denied, DENIED),
        Figure.of("dashboard, under load: halt → answer", "ms", acts.halts, ACT),
        Figure.of("dashboard, under load: alert acknowledged", "ms", acts.seen, ACT),
        Figure.of("dashboard, under load: limit lowered, signed, in force", "ms", acts.lowered, ACT),
    ]


def _sizes(sizes: Sequence[float]) -> list[Figure]:
    """What a run of half an hour has added: the last quarter's median less the first's."""
    quarter = max(1, len(sizes) // 4)
    medians = [percentiles(sizes[begin : begin + quarter])[0] for begin in range(0, 4 * quarter, quarter)]
    steps = ", ".join(f"{size:.0f}" for size in medians)
    long = os.environ.get("BENCH_LONG") == "1"
    return [
        Figure.of(
            "dashboard, under load: memory", "MiB", sizes, MEMORY, note=f"VmRSS of the worker: {steps} by quarter"
        ),
        Figure.of("dashboard, under load: memory grown", "MiB", [medians[-1] - medians[0]], FLAT if long else Goal()),
    ]


def _told(told: Any, ending: float) -> list[Figure]:
    note = f"{told['events']} events; {told['ended']} streams ended"
    return [
        Figure.of("dashboard, under load: an event, client behind the first", "ms", told["late"] or [0.0], PIXEL),
        Figure.of("dashboard: SIGTERM with streams → ended", "s", [ending], END, note=note),
    ]


def _keys(service: Service, count: int) -> list[str]:
    """One for each client, the last one an operator's; and a user, without whom no dashboard lets people act."""
    now = time.time_ns()
    with closing(Accounts(Home(service.home).dashboard)) as accounts:
        accounts.add_user("ada", HASHED, Rank.OPERATOR, False, now)
        ranks = [*[Rank.READ_ONLY] * (count - 1), Rank.OPERATOR]
        return [accounts.add_key("bench", rank, False, (), now, now + _DAY_NS)[1] for rank in ranks]


@contextmanager
def _client(kind: str, **told: object) -> Iterator[IO[str]]:
    """A process of clients; gives what it prints."""
    command = [sys.executable, "-m", "tests.bench.web_client", kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT) as client:
        assert client.stdin is not None and client.stdout is not None
        with client.stdin as wanted:
            json.dump(told, wanted)
        try:
            yield client.stdout
        except BaseException:
            client.kill()
            raise


def _size(server: WebServer) -> float:
    task = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return max(rss_mib(int(pid)) for pid in task.read_text().split())


def _open(server: WebServer) -> int:
    """How many streams the dashboard says are open."""
    return int(json.loads(server.get("/health")[1])["streams"])


def _ended(server: WebServer) -> float:
    """Seconds from SIGTERM to the end of the process."""
    began = time.monotonic()
    server.end()
    return time.monotonic() - began
