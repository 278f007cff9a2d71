"""The git hooks: the bare repo verifies every push; the clone adds the landing trailer and pushes each commit.

Git runs them as ``python -m controller.adapters.git.hooks HOME NAME ARGUMENTS``. Light: the hooks of the clone run
on every commit and load nothing but settings; only ``pre-receive`` loads the verifier.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from controller.core.trust.commits import TARGET, target_text
from controller.errors import GtRiskError
from controller.home import Home
from controller.settings import Settings, load

PUSH_SECONDS = 60.0
_BEHIND = ("non-fast-forward", "fetch first", "stale info")


def main(arguments: Sequence[str]) -> int:
    """``HOME NAME [ARGUMENTS…]``; the exit code for git."""
    home, name, *rest = arguments
    return run(Home(Path(home)), name, rest, sys.stdin)


def run(home: Home, name: str, arguments: Sequence[str], stdin: Iterable[str]) -> int:
    """Run one hook by name. What is wrong is told on stderr with the next command; 0 lets git go on."""
    try:
        settings = load({**os.environ, "GT_RISK_HOME": str(home.root)})
        if name == "pre-receive":
            from controller.adapters.git.receive import pre_receive

            return pre_receive(home, settings, stdin)
        if name == "prepare-commit-msg":
            return prepare_commit_msg(settings, arguments)
        if name == "post-commit" or (name == "post-rewrite" and arguments[:1] == ["rebase"]):
            return push(settings)
    except GtRiskError as error:
        tell(error.message, error.hint)
        return 1
    return 0


def prepare_commit_msg(settings: Settings, arguments: Sequence[str]) -> int:
    """Give a commit on the target branch its landing trailer, so that plain ``git commit -S`` lands."""
    if _on_target(settings):
        pins = settings.pins
        trailer = f"{TARGET}: {target_text(pins.repo, pins.environment, pins.branch)}"
        argv = ["git", "interpret-trailers", "--in-place", "--if-exists", "replace", "--trailer", trailer, arguments[0]]
        return subprocess.run(argv, check=False).returncode
    return 0


def push(settings: Settings) -> int:
    """Push the target branch. A refused push leaves the commit local and says why and what to do next."""
    if not _on_target(settings):
        return 0
    argv = ["git", "push", "--quiet", "origin", f"HEAD:refs/heads/{settings.pins.branch}"]
    try:
        done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=PUSH_SECONDS)
    except subprocess.TimeoutExpired:
        tell(f"the push did not end within {PUSH_SECONDS:g} s; the commit is only in this clone", "git push")
        return 1
    if done.returncode == 0:
        return 0
    lines = [line.removeprefix("remote: ").rstrip() for line in done.stderr.splitlines()]
    reasons = [line for line in lines if line.startswith("gt-risk: ")]
    tell("NOT PUSHED: the commit is only in this clone", "")
    if reasons:
        sys.stderr.write("\n".join([*reasons, ""]))
    elif any(mark in line for line in lines for mark in _BEHIND):
        tell("the branch has moved since this clone was updated", "git pull --rebase -S")
    else:
        tell("; ".join(line for line in lines if line) or "git push failed", "git push   # shows it again")
    return 1


def tell(message: str, hint: str) -> None:
    """Reason and next command on stderr, each on its own line."""
    sys.stderr.write(f"gt-risk: {message}\n" + (f"gt-risk: next: {hint}\n" if hint else ""))


def _on_target(settings: Settings) -> bool:
    """Whether HEAD is the target branch; during a rebase it is no branch at all."""
    done = subprocess.run(["git", "symbolic-ref", "-q", "HEAD"], check=False, capture_output=True, text=True)
    return done.stdout.strip() == f"refs/heads/{settings.pins.branch}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
