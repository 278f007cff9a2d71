"""``gt risk doctor``: looks at one installation and says, line by line, what is wrong and what to do."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from controller.errors import GtRiskError
from controller.home import Home
from controller.host import backups, forge, machine, pidfile, quarantine, repositories
from controller.host.finding import Finding
from controller.host.modes import permissions
from controller.host.supervisor import SERVICES, pid_file
from controller.latch.reader import LatchReader
from controller.rpc.client import RpcError, call
from controller.settings import load

_CHECK_SECONDS = 5.0


def examine(home: Home, own: Path) -> Iterator[Finding]:
    """Every check in turn; ``own`` is the ``gt`` that belongs to this installation."""
    if not home.settings.exists():
        yield Finding("home", "error", f"no gt-risk home at {home.root}", "gt risk init")
        return
    for check in CHECKS:
        yield from check(home)
    yield from machine.which_gt(own)


def settings(home: Home) -> Iterator[Finding]:
    """settings.toml is readable and pins a root of trust."""
    try:
        pins = load({"GT_RISK_HOME": str(home.root)}).pins
    except GtRiskError as error:
        yield Finding("settings", "error", error.message, error.hint)
        return
    if pins.introduction and pins.fingerprints:
        yield Finding("settings", "ok", f"pinned to {pins.repo[:12]}/{pins.environment}/{pins.branch}")
    else:
        yield Finding("settings", "error", "no root of trust is pinned: nothing can be verified", "gt risk init")


def keys(home: Home) -> Iterator[Finding]:
    """The operator's and the bot's key are there; one of the operator's own, elsewhere, is closed to others."""
    try:
        own = load({"GT_RISK_HOME": str(home.root)}).signing_key
    except GtRiskError:
        own = ""
    for path in (Path(own) if own else home.keys / "operator", home.keys / "bot"):
        if not path.exists():
            yield Finding("keys", "error", f"{path} is missing: nothing can be signed with it", "gt risk init")
        elif path.suffix != ".pub" and home.keys not in path.parents and path.stat().st_mode & 0o077:
            yield Finding("keys", "error", f"{path}: others can reach it", f"chmod go-rwx {path}")
        else:
            yield Finding("keys", "ok", str(path))


def latch(home: Home) -> Iterator[Finding]:
    """The pair can be read; open slots are told."""
    reader = LatchReader(str(home.raise_file), str(home.permit_file))
    state = reader.poll(time.clock_gettime_ns(time.CLOCK_BOOTTIME))
    reader.close()
    if state.anomaly:
        yield Finding("latch", "error", f"{state.anomaly}: gates freeze", "gt risk service start")
    elif state.words:
        plural = "s" if len(state.words) != 1 else ""
        yield Finding("latch", "warning", f"{len(state.words)} halt{plural} in force", "gt risk emergency status")
    else:
        yield Finding("latch", "ok", f"readable, no halt in force, permit {state.permit}")


def services(home: Home) -> Iterator[Finding]:
    """Which services run, and whether the controller answers."""
    for name in SERVICES:
        pid = pidfile.holder(pid_file(home, name))
        if pid is None:
            yield Finding("service", "warning", f"{name} is down", "gt risk service start")
        else:
            yield Finding("service", "ok", f"{name} runs, pid {pid}")
    if pidfile.holder(pid_file(home, "controller")) is not None:
        yield _answers(home)


def _answers(home: Home) -> Finding:
    try:
        state = call(str(home.controller_socket), "ping", timeout=_CHECK_SECONDS)
    except RpcError as error:
        return Finding("service", "error", f"the controller does not answer: {error.message}", "gt risk service logs")
    if not state["ready"]:
        return Finding("service", "warning", "the controller is not ready", "gt risk status")
    return Finding("service", "ok", "the controller answers and is ready")


def store(home: Home) -> Iterator[Finding]:
    """The store opens and is whole."""
    if not home.store.exists():
        yield Finding("store", "warning", f"{home.store} does not exist yet", "gt risk service start")
        return
    connection = sqlite3.connect(f"file:{home.store}?mode=ro", uri=True, timeout=_CHECK_SECONDS)
    try:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        verdict = str(error)
    finally:
        connection.close()
    if verdict == "ok":
        yield Finding("store", "ok", str(home.store))
    else:
        yield Finding("store", "error", f"{home.store}: {verdict}", backups.way_back(home))


def saved(home: Home) -> Iterator[Finding]:
    """The newest backup is young enough, and every manifest can be read."""
    found, broken = backups.listed(home)
    for problem in broken:
        yield Finding("backup", "error", problem, "gt risk db status")
    try:
        every_hours = load({"GT_RISK_HOME": str(home.root)}).backup.every_hours
    except GtRiskError:
        return
    if late := backups.late(home, found, every_hours, time.time_ns()):
        yield Finding("backup", "warning", late, "gt risk db backup")
    elif found:
        yield Finding("backup", "ok", f"{len(found)} kept, the newest of {backups.iso(found[0].at_ns)}")
    else:
        yield Finding("backup", "ok", "none yet; the running controller makes the first one")


CHECKS: tuple[Callable[[Home], Iterator[Finding]], ...] = (
    machine.python,
    machine.git,
    permissions,
    settings,
    keys,
    repositories.findings,
    forge.findings,
    machine.signing,
    latch,
    quarantine.findings,
    services,
    store,
    saved,
    machine.disk,
    machine.clock,
)
