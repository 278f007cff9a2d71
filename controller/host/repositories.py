"""What the doctor looks at in the config repo and the people's clone."""

import os
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from controller.adapters.git import hook_files
from controller.adapters.git.hook_files import State
from controller.errors import GtRiskError
from controller.home import Home
from controller.host import backups
from controller.host.finding import Finding
from controller.host.machine import run
from controller.latch.layout import LatchError
from controller.latch.permit import PermitFile
from controller.settings import Settings, load


def findings(home: Home) -> Iterator[Finding]:
    """Bare repo with its branch, clone, and the hooks of both."""
    for folder, hook in ((home.bare, "hooks/pre-receive"), (home.clone, ".git/hooks/post-commit")):
        path = folder / hook
        if not folder.is_dir() or not any(folder.iterdir()):
            yield Finding("config", "error", f"{folder} is missing", "gt risk init")
        elif not os.access(path, os.X_OK):
            yield Finding("config", "warning", f"{path} is missing or not executable", "gt risk init")
        else:
            yield Finding("config", "ok", f"{folder} with its hooks")
    yield from _hooks(home)
    yield from _branch(home)
    guarded, _ = run("git", "-C", str(home.bare), "config", "--type=bool", "receive.denyNonFastForwards")
    if home.bare.is_dir() and (guarded or "").strip() != "true":
        yield Finding("config", "warning", f"{home.bare} does not refuse a branch that is set back", "gt risk init")
    status, _ = run("git", "-C", str(home.clone), "status", "--porcelain", "--branch")
    if "behind" in (status or "").partition("\n")[0]:
        yield Finding("config", "warning", f"{home.clone} is behind", f"git -C {home.clone} pull --rebase")


def _hooks(home: Home) -> Iterator[Finding]:
    """Hooks that this release did not write, and what to do with each."""
    try:
        pins = load({"GT_RISK_HOME": str(home.root)}).pins
    except GtRiskError:
        return
    for path, state in hook_files.look(home, pins):
        if state is State.OLD:
            yield Finding(
                "config", "error", f"{path} is an older release's: pushes may be refused", "gt risk db migrate"
            )
        elif state is State.OWN:
            why = f"{path} is your own: nobody renews it"
            yield Finding("config", "warning", why, f"to have ours: mv {path} {path}.own, then gt risk init")


def _branch(home: Home) -> Iterator[Finding]:
    """The branch names a commit that can be read."""
    try:
        settings = load({"GT_RISK_HOME": str(home.root)})
    except GtRiskError:
        return
    ref = f"refs/heads/{settings.pins.branch}"
    if not home.bare.is_dir() or not settings.pins.introduction or _has(home.bare, ref):
        return
    yield Finding("config", "error", f"{home.bare}: {ref} is missing or damaged", _way_back(home, settings, ref))


def _way_back(home: Home, settings: Settings, ref: str) -> str:
    """The command that puts the branch back to the commit that was verified last, from wherever that is."""
    if settings.source.remote:
        return "gt risk config reload"
    commit = _last_verified(home) or settings.pins.introduction
    bare = quote(str(home.bare))
    if _has(home.bare, commit):
        back = f"update-ref {ref} {commit}"
    elif _has(home.clone, commit):
        back = f"fetch {quote(str(home.clone))} {commit}:{ref}"
    elif saved := backups.listed(home)[0]:
        back = f"fetch {quote(str(saved[0].folder / backups.BUNDLE))} {ref}:{ref}"
    else:
        back = f"fetch <a copy that has {commit[:12]}> {ref}:{ref}"
    return f"rm -f {bare}/{ref} && git -C {bare} {back}"


def _last_verified(home: Home) -> str:
    try:
        permit = PermitFile(str(home.permit_file))
    except LatchError:
        return ""
    try:
        return permit.last_verified
    finally:
        permit.close()


def _has(repository: Path, commit: str) -> bool:
    found, _ = run("git", "-C", str(repository), "cat-file", "-e", f"{commit}^{{tree}}")
    return found is not None
