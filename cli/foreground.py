"""``service start --foreground``: stay with the service, tell what becomes of it, end it with Ctrl-C."""

import contextlib
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from types import FrameType
from typing import Any

from cli.demo import demo_test
from cli.launch import start_detached, stop_all
from cli.output import OK, notice, write_json
from cli.render.text import clock, money
from controller.gate.client import GateClient, GateUnavailable
from controller.home import Home
from controller.host.supervisor import DASHBOARD, SERVICES, STOP_SECONDS, pid_of
from controller.settings import load

_WATCH = 0.25
_GRACE = 0.5
_LOOK = 1.0
_LATE = 2.0
_BOOK = 10.0
_DASHBOARD = 10.0
_DIED = (
    "⚠️  The controller has died. The gate goes on and lets only reducing orders through once the permit has run out.\n"
    "  next: gt risk service start"
)


def stay(place: Home, reason: str, *, as_json: bool, demo: bool = False) -> int:
    """Start the service unless it is up and watch it until Ctrl-C, SIGTERM or a closed terminal, which end it.

    A service that was up before goes on. ``demo``: a book without an A/B test gets one. 0.
    """
    already = pid_of(place, "controller") is not None
    ready = False
    listen = load({**os.environ, "GT_RISK_HOME": str(place.root)}).dashboard.listen
    taken = bool(listen) and pid_of(place, DASHBOARD) is None and _answers(listen)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        started = start_detached(place, reason)
        ready = True
        if as_json:
            write_json({"ok": True, **started})
            sys.stdout.flush()
        test = demo_test() if demo and started["ready"] else ""
        _say(*_welcome(place, started, _dashboard(place, listen, taken), test))
        Watch(place).run()
        _say("The service was stopped from elsewhere.")
        return OK
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _say("")
    if already:
        _say("The service was running before and goes on. Stop it with: gt risk service stop")
        return OK
    _say(*(f"✓ {name}: {what}" for name, what in stop_all(place).items()))
    if not ready:
        _stop_late(place)
    return OK


def _stop_late(place: Home) -> None:
    """End what a start that was cut short had begun and what shows itself only now."""
    quiet = time.monotonic()
    while time.monotonic() - quiet < _LATE:
        if any(pid_of(place, name) is not None for name in SERVICES):
            stop_all(place)
            quiet = time.monotonic()
        time.sleep(_WATCH)


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(*lines: str) -> None:
    """Lines for people; a terminal that was closed stops nothing."""
    with contextlib.suppress(OSError):
        for line in lines:
            notice(line)


def _welcome(place: Home, started: dict[str, Any], dashboard: list[str], test: str) -> list[str]:
    pid = started["pid"]
    first = f"✓ The service is ready (controller pid {pid}, {started['seconds']:.1f} s)"
    if started["already"]:
        first = f"✓ The service is running already (controller pid {pid}); Ctrl-C here leaves it running"
    elif not started["ready"]:
        first = f"⚠️  The service is not ready yet (controller pid {pid})\n  next: gt risk status"
    return [
        first,
        *dashboard,
        "",
        "In another terminal:",
        f"  export GT_RISK_HOME={quote(str(place.root))}",
        f"  export PATH={quote(str(Path(sys.executable).parent))}:$PATH",
        "",
        "Then try:",
        "  gt risk status",
        "  gt risk strategy list",
        *([f"  gt risk ab-test status {test}"] if test else []),
        "  gt risk limits set position.max_position_pct 20 -r 'room to grow'",
        "  gt risk limits set concentration.sector_warning_pct 24 -r 'tell me of sectors'",
        "  gt risk emergency halt-all",
        "  gt risk emergency resume",
        "  gt risk strategy resume ml-momentum-v2",
        "or change the configuration by plain git:",
        f"  cd {quote(str(place.clone))} && git pull --rebase",
        "  sed -i 's/max_positions: 20/max_positions: 18/' risk_config.yaml",
        "  git commit -a -S -m 'risk: fewer positions'",
        "",
        *([] if started["already"] else ["Ctrl-C ends it."]),
    ]


def _answers(listen: str) -> bool:
    """Whether anybody listens there."""
    host, _, port = listen.rpartition(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), _LOOK):
        return True
    return False


def _dashboard(place: Home, listen: str, taken: bool) -> list[str]:
    """Where the dashboard is, when the service keeps one; ``taken``: somebody else had the port before."""
    host, _, port = listen.rpartition(":")
    deadline = time.monotonic() + (_DASHBOARD if listen and not taken else 0.0)
    while time.monotonic() < deadline:
        if _answers(listen):
            return [f"✓ Dashboard: http://localhost:{port}"]
        time.sleep(_WATCH)
    if not listen:
        return []
    why = f"another program listens at {listen}" if taken else f"see {quote(str(place.logs / 'dashboard.log'))}"
    return [
        f"⚠️  No dashboard: {why}",
        f"  next: Ctrl-C, then the same with GT_RISK_DASHBOARD__LISTEN={host}:{int(port) + 1} before it",
    ]


@dataclass(slots=True)
class Watch:
    """Says when a service dies or is back, when the trading mode changes, and every ten seconds how the book stands.

    ``since`` — when each service was first seen down; times in seconds of the monotonic clock.
    """

    place: Home
    pids: dict[str, int | None] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    died: bool = False
    seen: tuple[str, str] = ("", "")
    moved: str = ""
    looked: float = 0.0
    told: float = 0.0

    def run(self) -> None:
        """Watch until every service is down."""
        while self.look(time.monotonic()):
            time.sleep(_WATCH)

    def look(self, now: float) -> bool:
        """Look once; False when nothing runs any more."""
        found = {name: pid_of(self.place, name) for name in SERVICES}
        for name, pid in found.items():
            if pid is not None:
                self.since.pop(name, None)
            else:
                self.since.setdefault(name, now)
        if all(now - self.since.get(name, now) >= _GRACE for name in SERVICES):
            return False
        self._lives(found, now)
        if now - self.looked >= _LOOK:
            self.looked = now
            self._book(now)
        return True

    def _lives(self, found: dict[str, int | None], now: float) -> None:
        if not self.died and self._has_died(now):
            self.died = True
            _say(_DIED)
        elif self.died and found["controller"] is not None:
            self.died = False
            _say(f"✓ The controller is back (pid {found['controller']})")
        for name, pid in found.items():
            before = self.pids.get(name)
            if name != "controller" and pid is not None and before not in (None, pid):
                _say(f"⚠️  {name} had died and was started again (pid {pid})")
            self.pids[name] = pid or before

    def _has_died(self, now: float) -> bool:
        """An orderly stop ends the runner first: then the controller's end says nothing for a while."""
        patience = STOP_SECONDS if "runner" in self.since else _GRACE
        return now - self.since.get("controller", now) >= patience

    def _book(self, now: float) -> None:
        try:
            with GateClient(self.place.gate_socket, timeout=_LOOK) as gate:
                state = gate.request("state")
        except GateUnavailable:
            return
        if not state.get("ok"):
            return
        self._mode(state["gate"])
        date = str(state["market_time"])
        if date != self.moved and now - self.told >= _BOOK:
            _say(_line(state))
            self.moved, self.told = date, now

    def _mode(self, gate: dict[str, Any]) -> None:
        """Tell a new mode; a permit that has run out is told as such."""
        mode, permit = str(gate["mode"]), str(gate["permit"])
        if self.seen == (mode, permit):
            return
        before, self.seen = self.seen, (mode, permit)
        if permit != "ok":
            alone = "\n  next: gt risk service start" if "controller" in self.since else ""
            _say(f"⚠️  The gate is reducing only now (permit {permit}){alone}")
        elif before[0]:
            _say(f"{'✓' if mode == 'normal' else '⚠️ '} Trading mode: {mode}")


def _line(state: dict[str, Any]) -> str:
    """How the book stands: both clocks, equity, positions, mode."""
    equity = money(int(state["account"]["equity"]) / 1_000_000)
    held = len({item["symbol"] for item in state["positions"]})
    wall = clock(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()))[11:]
    return f"  {wall}  market {state['market_time']}  equity {equity}  {held} positions  {state['gate']['mode']}"
