"""What the doctor looks at outside the home: git, Python, signing, disk, clock, the ``gt`` on PATH."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from controller.home import Home
from controller.host import backups
from controller.host.finding import Finding

OLDEST_GIT = (2, 34)
OLDEST_PYTHON = (3, 11)
LEAST_FREE = 64 << 20
LITTLE_FREE = 1 << 30
BEHIND_SECONDS = 5
_SECONDS = 5.0


def python(_: Home) -> Iterator[Finding]:
    """The interpreter is new enough."""
    wanted = ".".join(map(str, OLDEST_PYTHON))
    if sys.version_info[:2] < OLDEST_PYTHON:
        text = f"Python {wanted} or newer is needed, this is {platform.python_version()}"
        yield Finding("python", "error", text, f"install Python {wanted}, then gt-risk with it")
    else:
        yield Finding("python", "ok", f"Python {platform.python_version()}, {sys.executable}")


def git(_: Home) -> Iterator[Finding]:
    """git with SSH signatures, and ssh-keygen."""
    found, _said = run("git", "version")
    words = (found or "").split()
    version = tuple(int(part) for part in words[2].split(".")[:2] if part.isdigit()) if len(words) > 2 else ()
    if version < OLDEST_GIT:
        wanted = ".".join(str(part) for part in OLDEST_GIT)
        have = f"this is {words[2]}" if len(words) > 2 else "none is on PATH"
        yield Finding(
            "git", "error", f"git {wanted} or newer is needed (it signs with SSH keys), {have}", "install git"
        )
    else:
        yield Finding("git", "ok", (found or "").strip())
    if shutil.which("ssh-keygen") is None:
        yield Finding("git", "error", "ssh-keygen is missing: git cannot sign", "install OpenSSH's client tools")


def signing(home: Home) -> Iterator[Finding]:
    """git signs a commit in the clone with what is configured there, asking nobody; the commit is thrown away."""
    if not (home.clone / ".git" / "objects").is_dir():
        return
    with tempfile.TemporaryDirectory() as scratch:
        objects = {
            "GIT_OBJECT_DIRECTORY": scratch,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(home.clone / ".git" / "objects"),
            "SSH_ASKPASS_REQUIRE": "never",
        }
        argv = ("git", "-C", str(home.clone), "commit-tree", "-S", "-m", "doctor", "HEAD^{tree}")
        made, said = run(*argv, **objects)
    if made is not None:
        yield Finding("signing", "ok", f"git signs commits in {home.clone}")
        return
    reason = (said.strip().splitlines() or ["no answer in time"])[-1]
    if "passphrase" in said:
        yield Finding("signing", "warning", "the signing key asks for its passphrase", "ssh-add <the key>")
    else:
        hint = f"git -C {home.clone} config --get user.signingkey"
        yield Finding("signing", "error", f"git cannot sign in {home.clone}: {reason}", hint)


def disk(home: Home) -> Iterator[Finding]:
    """Room for the store and its next backup."""
    free = shutil.disk_usage(home.root).free
    store = home.store.stat().st_size if home.store.exists() else 0
    text = f"{free >> 20:,} MiB free at {home.root}"
    if free < LEAST_FREE:
        yield Finding("disk", "error", f"{text}: halts work, little else will", f"df -h {home.root}")
    elif free < max(LITTLE_FREE, 2 * store):
        yield Finding("disk", "warning", f"{text}: too little for the next backups", f"df -h {home.root}")
    else:
        yield Finding("disk", "ok", text)


def clock(home: Home) -> Iterator[Finding]:
    """The wall clock is not behind what this home has recorded (the journal's header is written every second)."""
    found, _ = backups.listed(home)
    recorded = [item.at_ns for item in found[:1]]
    if home.journal.exists():
        with home.journal.open("rb") as file:
            recorded.append(int.from_bytes(file.read(16)[8:16], "little"))
    behind = (max(recorded, default=0) - time.time_ns()) / 1e9
    if behind > BEHIND_SECONDS:
        yield Finding("clock", "error", f"the clock is {behind:,.0f} s behind what this home recorded", "timedatectl")
    else:
        yield Finding("clock", "ok", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()))


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


def run(*argv: str, **extra: str) -> tuple[str | None, str]:
    """(standard output, None unless the command ended well; standard error), with no terminal to ask on."""
    env = {**os.environ, "LC_ALL": "C", **extra}
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            env=env,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, str(error)
    return (done.stdout if done.returncode == 0 else None), done.stderr
