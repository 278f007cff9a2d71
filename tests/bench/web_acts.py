"""What people do on a dashboard that many look at: halt, acknowledge, lower a limit; each halt is lifted again."""

import http.client
import json
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from controller.gate.client import GateClient
from tests.bench.processes import gate_socket
from tests.support.service import Service, until

PAUSED = "strategies/disclosure-follower.yaml"
"""A strategy that is paused: whatever it asks for is denied, for that reason until an account halt is the first."""
HALTED = "TRADING_HALTED"
_LIMIT, _HIGHEST = "order.max_dollars", 25_000
_ROUND_SECONDS = 5.0
_PROBE_SECONDS = 0.002


@dataclass
class Acts:
    """One operator's program with ``key``.

    Milliseconds from a POST on: ``halts`` to its answer, ``denied`` until the gate denies an order because of it,
    ``seen`` until an alert is acknowledged, ``lowered`` until a limit is in force.
    """

    service: Service
    address: str
    key: str
    halts: list[float] = field(default_factory=list)
    denied: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    lowered: list[float] = field(default_factory=list)
    _limit: int = _HIGHEST
    _alert: int = 0
    _uid: str = field(init=False)

    def __post_init__(self) -> None:
        document = (self.service.clone / PAUSED).read_text()
        self._uid = next(line.split('"')[1] for line in document.splitlines() if line.startswith("uid:"))

    def trust(self) -> None:
        """List the dashboard's key, which it makes when it first signs."""
        self._lower()
        public = self.service.home / "keys" / "web.pub"
        self.service.must("trust", "add", "web", "--key", str(public), "--role", "web", "--yes")

    def round(self) -> None:
        """One of each, once in five seconds at most."""
        due = time.monotonic() + _ROUND_SECONDS
        self._halt()
        until(self._raised, "the halt is an alert")
        began = time.monotonic_ns()
        self._asked("POST", f"/api/alerts/{self._alert}/ack", {})
        self.seen.append((time.monotonic_ns() - began) / 1e6)
        done = self.service.gt("emergency", "resume", "--yes", "-r", "next round")
        until(lambda: self._mode() == "normal", f"the halt is lifted by {done}")
        self.lowered.append(self._lower())
        time.sleep(max(0.0, due - time.monotonic()))

    def _lower(self) -> float:
        """Look, then do what was shown; milliseconds of the latter."""
        self._limit -= 1
        body = {"limit": _LIMIT, "value": f"${self._limit:,}"}
        shown = self._asked("POST", "/api/config/update", body)
        began = time.monotonic_ns()
        self._asked("POST", "/api/config/update", {**body, "nonce": shown["nonce"], "phrase": shown["phrase"]})
        return (time.monotonic_ns() - began) / 1e6

    def _halt(self) -> None:
        ready, found = threading.Event(), list[int]()
        prober = threading.Thread(target=self._probe, args=(ready, found))
        prober.start()
        ready.wait()
        began = time.monotonic_ns()
        self._asked("POST", "/api/emergency/halt-all", {"phrase": "HALT ALL", "reason": "bench"})
        self.halts.append((time.monotonic_ns() - began) / 1e6)
        prober.join()
        self.denied.append((found[0] - began) / 1e6)

    def _probe(self, ready: threading.Event, found: list[int]) -> None:
        """Submit until the gate denies because of the halt; when that was."""
        with GateClient(gate_socket(self.service), 30.0) as gate:
            order = {"uid": self._uid, "symbol": "AAPL", "side": "buy", "quantity": 1}
            for number in range(1_000_000):
                answer = gate.submit({**order, "client_id": f"probe-{time.monotonic_ns()}-{number}"})
                assert not answer["ok"], answer
                if answer["code"] == HALTED:
                    found.append(time.monotonic_ns())
                    return
                ready.set()
                time.sleep(_PROBE_SECONDS)

    def _raised(self) -> bool:
        """Whether there is an open alert of a newer halt than the last; an answer may still show that one."""
        found = self._asked("GET", "/api/alerts?state=open&source=emergency&limit=1")["alerts"]
        before, self._alert = self._alert, max([self._alert, *(int(item["id"]) for item in found)])
        return self._alert > before

    def _mode(self) -> str:
        return str(self._asked("GET", "/api/emergency/status")["mode"])

    def _asked(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        with closing(http.client.HTTPConnection(self.address, timeout=30)) as connection:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            document = json.load(answer)
        assert answer.status < 300, document
        return document
