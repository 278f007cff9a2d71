"""What git's hooks of the config repos run: ``python -m controller.host.hooks HOME NAME``.

``pre-receive`` of the bare repo asks the running controller, which has everything loaded, and judges the push itself
when that gives no verdict: a push that nobody has verified is never taken. ``not-pushed`` of the clone tells why a
commit is only there. Light: neither loads more than it needs.
"""

import os
import sys

from controller.rpc.client import RpcError, call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

JUDGE_SECONDS = 5.0
QUARANTINE = ("GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")
_BEHIND = ("non-fast-forward", "fetch first", "stale info")


def main(arguments: "Sequence[str]") -> int:
    """``HOME NAME``, the rest on standard input; the exit code for git."""
    home, name = arguments
    lines = sys.stdin.read().splitlines()
    return pre_receive(home, lines, quarantine(os.environ)) if name == "pre-receive" else not_pushed(lines)


def quarantine(environ: "Mapping[str, str]") -> dict[str, str]:
    """Where git keeps the objects of a push that is not taken yet, as absolute paths."""
    return {
        name: os.pathsep.join(os.path.abspath(path) for path in environ[name].split(os.pathsep))  # noqa: PTH100
        for name in QUARANTINE
        if environ.get(name)
    }


def pre_receive(home: str, updates: "Sequence[str]", objects: "Mapping[str, str]") -> int:
    """Judge every ref of one push, given as ``old new ref`` lines; 1 refuses all of it, with reasons on stderr."""
    accepted, said = _asked(home, updates, objects) or _judged(home, updates, objects)
    _say(said)
    return 0 if accepted else 1


def not_pushed(said: "Iterable[str]") -> int:
    """Tell why git could not push, from what ``git push`` wrote to stderr."""
    lines = [line.removeprefix("remote: ").rstrip() for line in said]
    reasons = [line for line in lines if line.startswith("gt-risk: ")]
    if not reasons and any(mark in line for line in lines for mark in _BEHIND):
        reasons = _told("the branch has moved since this clone was updated", "git pull --rebase -S")
    elif not reasons:
        text = "; ".join(line for line in lines if line) or "git push failed"
        reasons = _told(text, "git push   # shows it again")
    _say(["gt-risk: NOT PUSHED: the commit is only in this clone", *reasons])
    return 1


def _asked(home: str, updates: "Sequence[str]", objects: "Mapping[str, str]") -> tuple[bool, list[str]] | None:
    """The controller's verdict; None unless it plainly gives one."""
    asked = {"updates": list(updates), "quarantine": dict(objects)}
    try:
        found = call(f"{home}/run/controller.sock", "pushes.judge", asked, JUDGE_SECONDS)
        return found["accepted"] is True, [str(line) for line in found["said"]]
    except (RpcError, LookupError, TypeError, ValueError):
        return None


def _judged(home: str, updates: "Sequence[str]", objects: "Mapping[str, str]") -> tuple[bool, "Sequence[str]"]:
    """The same verdict, found by this process."""
    from controller.adapters.git.receive import judge
    from controller.errors import GtRiskError
    from controller.settings import load

    try:
        verdict = judge(load({**os.environ, "GT_RISK_HOME": home}), updates, objects)
    except GtRiskError as error:
        return False, _told(error.message, error.hint)
    return verdict.accepted, verdict.said


def _told(message: str, hint: str) -> list[str]:
    return [f"gt-risk: {message}", *([f"gt-risk: next: {hint}"] if hint else [])]


def _say(lines: "Iterable[str]") -> None:
    sys.stderr.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
