"""The texts of the git hooks: shell and git where that is enough, Python where something is judged or told."""

import shlex
from collections.abc import Mapping
from hashlib import sha256

from controller.core.trust.commits import TARGET, target_text
from controller.home import Home
from controller.settings import Pins

_SHELL = "#!/bin/sh"


def bare_hooks(home: Home, python: str) -> Mapping[str, str]:
    """Hooks of the bare repo by name: nothing enters that does not verify."""
    return {"pre-receive": _script(f"exec {_call(home, python, 'pre-receive')}")}


def clone_hooks(home: Home, pins: Pins, python: str) -> Mapping[str, str]:
    """Hooks of the people's clone by name: a commit on the target branch gets its landing trailer, so that plain
    ``git commit -S`` lands, and is pushed; a refused push leaves it local and says why and what to do next.

    During a rebase HEAD is no branch at all: its end pushes. What a person's own umask left open is closed first.
    """
    branch = shlex.quote(f"refs/heads/{pins.branch}")
    on_target = f'[ "$(git symbolic-ref -q HEAD)" = {branch} ] || exit 0'
    trailer = shlex.quote(f"{TARGET}: {target_text(pins.repo, pins.environment, pins.branch)}")
    push = (
        "chmod -R go-rwx .",
        on_target,
        f"said=$(git push --quiet origin HEAD:{branch} 2>&1) && exit 0",
        f"printf '%s\\n' \"$said\" | exec {_call(home, python, 'not-pushed')}",
    )
    return {
        "prepare-commit-msg": _script(
            on_target,
            # git merge -m ends its message without a newline, and the trailer would join the subject
            '[ -z "$(tail -c 1 "$1")" ] || echo >>"$1"',
            f'exec git interpret-trailers --in-place --if-exists replace --trailer {trailer} "$1"',
        ),
        "post-commit": _script(*push),
        "post-rewrite": _script('[ "$1" = rebase ] || exit 0', *push),
    }


def is_whole(script: str) -> bool:
    """Whether a script is one of these, of any release, and nobody has edited it."""
    head, _, body = script.partition("\n# ")
    line, _, rest = body.partition("\n")
    return head == _SHELL and line == _signed(rest)


def _script(*lines: str) -> str:
    body = "\n".join([*lines, ""])
    return f"{_SHELL}\n# {_signed(body)}\n{body}"


def _signed(body: str) -> str:
    return f"Written by gt risk init, {sha256(body.encode()).hexdigest()[:16]}; once edited, it is yours."


def _call(home: Home, python: str, name: str) -> str:
    return shlex.join([python, "-I", "-m", "controller.host.hooks", str(home.root), name])
