"""Starting the service and waiting until it is ready, and stopping it."""

import time
from subprocess import Popen, TimeoutExpired
from typing import Any

from cli.output import Failure, notice
from cli.remote import call_service
from controller.home import Home
from controller.host.supervisor import (
    STOP_ORDER,
    STOP_SECONDS,
    SUPERVISED,
    known,
    launch,
    let_go,
    pid_of,
    stop_service,
)
from controller.rpc.client import RpcError

READY_SECONDS = 15.0
TROUBLE_SECONDS = 3.0
_STEP = 0.02


def start_detached(place: Home, reason: str = "") -> dict[str, Any]:
    """Start the controller unless it is up, and wait until the whole service is ready.

    Ready: the desired state is in force, the gate has its permit, the strategies' runner is up. ``problem`` in the
    result is what the controller waits for when it cannot start. Raises Failure with the end of the controller's log
    when it dies instead.
    """
    begun = time.monotonic()
    up = [name for name in SUPERVISED if pid_of(place, name) is not None]
    process = launch(place)
    try:
        state = _wait_ready(place, process, begun)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_call_off(place, process, up)) from None
    if process is not None:
        let_go(process)
        if reason:
            call_service("wake", {"reason": f"service start: {reason}"})
    return {**state, "already": process is None, "seconds": round(time.monotonic() - begun, 3)}


def _call_off(place: Home, process: Popen[bytes] | None, up: list[str]) -> str:
    """Stop what this start has begun, not what was ``up`` before; what a person must know."""
    if process is None:
        return "the service was up before and goes on; to end it: gt risk service stop"
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except TimeoutExpired:
        process.kill()
        process.wait()
    for name in SUPERVISED:
        if name not in up:
            stop_service(place, name)
    left = f"; {', '.join(up)} ran before and goes on, reducing only" if up else ""
    return f"the start is called off{left}; next: gt risk service start"


def _wait_ready(place: Home, process: Popen[bytes] | None, begun: float) -> dict[str, Any]:
    while True:
        if process is not None and process.poll() is not None and pid_of(place, "controller") is None:
            raise Failure(f"the controller ended at once:\n{_last_words(place)}", "gt risk doctor", code="StartFailed")
        state = _state(place)
        patience = TROUBLE_SECONDS if state.get("problem") else READY_SECONDS
        if state["ready"] or time.monotonic() - begun >= patience:
            return state
        time.sleep(_STEP)


def _state(place: Home) -> dict[str, Any]:
    """What the controller says of itself, ``ready`` only with all of the service up."""
    try:
        state = call_service("ping", timeout=1.0)
        if state["ready"] and state["permit"] != "ok":
            call_service("wake", {"reason": "service start waits for the permit"}, timeout=1.0)
    except RpcError as error:
        found = {"pid": pid_of(place, "controller"), "ready": False, "permit": None}
        return {**found, "problem": error.message} if error.code == "CannotStart" else found
    up = state["permit"] == "ok" and all(pid_of(place, name) is not None for name in SUPERVISED)
    return {**state, "ready": state["ready"] and up}


def _last_words(place: Home) -> str:
    path = place.logs / "controller.log"
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return "\n".join(f"  {line}" for line in lines[-5:])


def stop_all(place: Home) -> dict[str, str]:
    """Stop everything in the safe order; what became of each service.

    Who still supervises would start again what is stopped, so a controller that cannot be told goes first.
    """
    extra = tuple(name for name in known(place) if name not in STOP_ORDER)
    order = (*extra, *STOP_ORDER)
    try:
        call_service("service.hold", timeout=2.0)
    except RpcError:
        order = ("controller", *extra, "runner", "gate")
        if pid_of(place, "controller") is not None:
            notice("the controller does not answer; it is stopped first")
    try:
        return {name: stop_service(place, name) for name in order}
    except KeyboardInterrupt:
        left = [name for name in order if pid_of(place, name) is not None]
        raise KeyboardInterrupt(f"still up: {', '.join(left) or 'nothing'}; next: gt risk service stop") from None
