"""``gt risk doctor``: looks at one installation and says, line by line, what is wrong and what to do."""

import os
import shutil
import sqlite3
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from controller.errors import GtRiskError
from controller.home import Home
from controller.host import pidfile
from controller.host.supervisor import SERVICES, pid_file
from controller.latch.journal import read_home
from controller.latch.reader import LatchReader
from controller.rpc.client import RpcError, call
from controller.settings import load

Level = Literal["ok", "warning", "error"]
OLDEST_GIT = (2, 34)
_CHECK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: ``hint`` is the next command, empty when all is well."""

    check: str
    level: Level
    message: str
    hint: str = ""


def examine(home: Home, own: Path) -> Iterator[Finding]:
    """Every check in turn; ``own`` is the ``gt`` that belongs to this installation."""
    if not home.settings.exists():
        yield Finding("home", "error", f"no gt-risk home at {home.root}", "gt risk init")
        return
    for check in CHECKS:
        yield from check(home)
    yield from which_gt(own)


def permissions(home: Home) -> Iterator[Finding]:
    """Home 0700, everything in it closed to others, keys 0400."""
    wrong = [path for path in _entries(home) if path.lstat().st_mode & 0o077 and not path.is_symlink()]
    for path in wrong[:3]:
        mode = stat.S_IMODE(path.lstat().st_mode)
        yield Finding("permissions", "error", f"{path} is {mode:04o}: others can reach it", f"chmod go-rwx {path}")
    if not wrong:
        yield Finding("permissions", "ok", f"{home.root} is closed to others")


def _entries(home: Home) -> Iterator[Path]:
    yield home.root
    for folder in (home.root, home.keys, home.raise_file.parent, home.run, home.policy):
        if folder.is_dir():
            yield from folder.iterdir()


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
    """The operator's and the bot's key are there."""
    try:
        own = load({"GT_RISK_HOME": str(home.root)}).signing_key
    except GtRiskError:
        own = ""
    for path in (Path(own) if own else home.keys / "operator", home.keys / "bot"):
        if not path.exists():
            yield Finding("keys", "error", f"{path} is missing: nothing can be signed with it", "gt risk init")
        elif path.suffix != ".pub" and stat.S_IMODE(path.stat().st_mode) & 0o277:
            yield Finding("keys", "warning", f"{path} is not 0400", f"chmod 0400 {path}")
        else:
            yield Finding("keys", "ok", str(path))


def git(_: Home) -> Iterator[Finding]:
    """git with SSH signatures, and ssh-keygen."""
    found = _run("git", "version")
    words = (found or "").split()
    version = tuple(int(part) for part in words[2].split(".")[:2] if part.isdigit()) if len(words) > 2 else ()
    if version < OLDEST_GIT:
        wanted = ".".join(str(part) for part in OLDEST_GIT)
        yield Finding("git", "error", f"git {wanted} or newer is needed, found {found or 'none'}", "install git")
    else:
        yield Finding("git", "ok", (found or "").strip())
    if shutil.which("ssh-keygen") is None:
        yield Finding("git", "error", "ssh-keygen is missing: git cannot sign", "install OpenSSH's client tools")


def repositories(home: Home) -> Iterator[Finding]:
    """Bare repo and clone with their hooks."""
    for folder, hook in ((home.bare, "hooks/pre-receive"), (home.clone, ".git/hooks/post-commit")):
        path = folder / hook
        if not folder.is_dir() or not any(folder.iterdir()):
            yield Finding("config", "error", f"{folder} is missing", "gt risk init")
        elif not os.access(path, os.X_OK):
            yield Finding("config", "warning", f"{path} is missing or not executable", "gt risk init")
        else:
            yield Finding("config", "ok", f"{folder} with its hooks")
    status = _run("git", "-C", str(home.clone), "status", "--porcelain", "--branch") or ""
    if "behind" in status.partition("\n")[0]:
        yield Finding("config", "warning", f"{home.clone} is behind", f"git -C {home.clone} pull --rebase")


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


def journal(home: Home) -> Iterator[Finding]:
    """Every record of the halt journal is whole."""
    entries, problems = read_home(str(home.root))
    for problem in problems:
        yield Finding("journal", "error", problem, "gt risk service start")
    if not problems:
        yield Finding("journal", "ok", f"{len(entries)} records")


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
        yield Finding("store", "error", f"{home.store}: {verdict}", "gt risk audit verify")


def which_gt(own: Path) -> Iterator[Finding]:
    """Which ``gt`` the shell finds."""
    found = shutil.which("gt")
    if found is None:
        yield Finding("gt", "warning", "no gt on PATH", f"export PATH={own.parent}:$PATH")
    elif Path(found).resolve() == own.resolve():
        yield Finding("gt", "ok", f"{found} is ours; other words than risk go on to the next gt on PATH")
    else:
        hint = f"gt-risk …, or export PATH={own.parent}:$PATH"
        yield Finding("gt", "warning", f"{found} is another gt: gt risk may not be ours", hint)


def _run(*argv: str) -> str | None:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_CHECK_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


CHECKS: tuple[Callable[[Home], Iterator[Finding]], ...] = (
    permissions,
    settings,
    keys,
    git,
    repositories,
    latch,
    journal,
    services,
    store,
)
