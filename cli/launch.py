"""Starting the service and waiting until it is ready, staying with it in the foreground, and stopping it."""

import signal
import sys
import time
from pathlib import Path
from subprocess import Popen
from types import FrameType
from typing import Any

from cli.output import OK, Failure, notice
from cli.remote import call_service
from controller.home import Home
from controller.rpc_client import RpcError
from controller.supervisor import SUPERVISED, pid_of, spawn, stop_services

READY_SECONDS = 15.0
_STEP = 0.02
_WATCH = 0.25


def start_detached(place: Home, reason: str = "") -> dict[str, Any]:
    """Start the controller unless it is up, and wait until the whole service is ready.

    Ready: the desired state is in force, the gate has its permit, the strategies' runner is up. Raises Failure with
    the end of the controller's log when it dies instead.
    """
    begun = time.monotonic()
    running = pid_of(place, "controller")
    process = None if running is not None else spawn(place, "controller")
    state = _wait_ready(place, process, begun + READY_SECONDS)
    if reason and process is not None:
        call_service("wake", {"reason": f"service start: {reason}"})
    return {**state, "already": running is not None, "seconds": round(time.monotonic() - begun, 3)}


def _wait_ready(place: Home, process: Popen[bytes] | None, deadline: float) -> dict[str, Any]:
    while True:
        if process is not None and process.poll() is not None and pid_of(place, "controller") is None:
            raise Failure(f"the controller ended at once:\n{_last_words(place)}", "gt risk doctor", code="StartFailed")
        state = _state(place)
        if state["ready"] or time.monotonic() >= deadline:
            return state
        time.sleep(_STEP)


def _state(place: Home) -> dict[str, Any]:
    """What the controller says of itself, ``ready`` only with all of the service up."""
    try:
        state = call_service("ping", timeout=1.0)
        if state["ready"] and state["permit"] != "ok":
            call_service("wake", {"reason": "service start waits for the permit"}, timeout=1.0)
    except RpcError:
        return {"pid": pid_of(place, "controller"), "ready": False, "permit": None}
    up = state["permit"] == "ok" and all(pid_of(place, name) is not None for name in SUPERVISED)
    return {**state, "ready": state["ready"] and up}


def _last_words(place: Home) -> str:
    path = place.logs / "controller.log"
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return "\n".join(f"  {line}" for line in lines[-5:])


def stop_all(place: Home) -> dict[str, str]:
    """Stop everything in the safe order; what became of each service."""
    try:
        call_service("service.hold", timeout=2.0)
    except RpcError:
        notice("the controller does not answer; it is stopped first")
    return dict(stop_services(place))


def stay(place: Home, started: dict[str, Any]) -> int:
    """Print what to try, watch the controller and say when it dies; Ctrl-C or SIGTERM ends what was started here."""
    signal.signal(signal.SIGTERM, _interrupt)
    for line in _welcome(place, started):
        notice(line)
    try:
        _watch(place)
    except KeyboardInterrupt:
        notice("")
    if started["already"]:
        notice("The service was running before and goes on. Stop it with: gt risk service stop")
        return OK
    for name, what in stop_all(place).items():
        notice(f"✓ {name}: {what}")
    return OK


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _welcome(place: Home, started: dict[str, Any]) -> list[str]:
    words = "export GT_RISK_HOME=" + str(place.root)
    return [
        f"✓ Service {'is up' if started['already'] else 'started'} (controller pid {started['pid']})",
        "",
        "In another terminal:",
        f"  {words}",
        f"  export PATH={Path(sys.executable).parent}:$PATH",
        "  gt risk status",
        "  gt risk strategy list",
        "  gt risk limits set position.max_position_pct 12 -r 'a calmer book'",
        "  gt risk emergency halt-all",
        "  gt risk emergency resume",
        "",
        "Ctrl-C ends it.",
    ]


def _watch(place: Home) -> None:
    up = True
    while True:
        pid = pid_of(place, "controller")
        if up and pid is None:
            notice(
                "⚠️  The controller has died. The gate goes on and lets only reducing orders through once the permit"
                " has run out.\n  next: gt risk service start"
            )
        elif not up and pid is not None:
            notice(f"✓ The controller is back (pid {pid})")
        up = pid is not None
        time.sleep(_WATCH)
