"""``gt risk config``"""

from pathlib import Path
from typing import Any

import click

from cli.options import json_option
from cli.output import ATTENTION, ERROR, OK, Document, Failure, emit, finish
from cli.remote import ask, home
from cli.render.config import history as render_history
from cli.render.config import plan as render_plan
from cli.render.config import validation as render_validation
from cli.tree import Near, read_command

MAX_FILES = 20_000
config = Near("config", help="Show, check and compare the configuration.", no_args_is_help=True)
config.add_command(read_command(("config", "show")))


@config.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@json_option
def validate(folder: Path | None, as_json: bool) -> int:
    """Check the documents of the clone (or of FOLDER) as they lie there; all mistakes at once."""
    root = folder or Path(home()) / "config"
    if not root.is_dir():
        raise Failure(f"{root} does not exist", "gt risk init")
    files = _documents(root)
    problems = _problems(files)
    document: Document = {
        "repository": str(root),
        "documents": len(files),
        "valid": not problems,
        "problems": [{**item.model_dump(mode="json"), "text": str(item)} for item in problems],
    }
    if problems:
        count = f"{len(problems)} mistake{'s' if len(problems) != 1 else ''} in {root}"
        document["error"] = {"message": count, "hint": "gt risk config validate", "code": "InvalidDesired"}
    return finish(document, OK if not problems else ERROR, as_json, render_validation)


def _documents(root: Path) -> dict[str, bytes]:
    from controller.core.desired.documents import is_relevant

    found: dict[str, bytes] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if is_relevant(name) and not path.is_dir() and len(found) < MAX_FILES:
            if path.is_symlink():
                raise Failure(f"{name}:1:1: a symbolic link is not a document", f"cp --remove-destination … {name}")
            found[name] = path.read_bytes()
    return found


def _problems(files: dict[str, bytes]) -> tuple[Any, ...]:
    from controller.core.desired.documents import read_desired
    from controller.errors import InvalidDesired

    try:
        read_desired("0" * 40, files)
    except InvalidDesired as error:
        return error.problems
    return ()


@config.command()
@click.argument("ref", default="")
@json_option
def plan(ref: str, as_json: bool) -> int:
    """Show what the tip (or commit REF) would change, changing nothing."""
    return emit(ask("config.plan", {"ref": _commit(ref)}), as_json, render_plan)


def _commit(ref: str) -> str:
    """A full commit id of the clone or the bare repository, because the service takes nothing else."""
    if not ref:
        return ""
    for repository in (Path(home()) / "config", Path(home()) / "config.git"):
        if repository.exists():
            done = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
            if done is not None:
                return done.strip()
    raise Failure(f"no commit {ref!r}", "gt risk config history", 2, "BadArgument")


@config.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 5_000), help="How many.")
@json_option
def history(limit: int, as_json: bool) -> int:
    """Show the commits of the configuration, newest first, and which one is in force."""
    bare = Path(home()) / "config.git"
    shown = ask("config.show")
    branch = f"refs/heads/{shown['branch']}"
    text = _git(bare, "log", "-z", f"-{limit}", "--no-show-signature", f"--format={_FORMAT}", branch, "--")
    if text is None:
        raise Failure(f"{bare} cannot be read", "gt risk doctor")
    commits = [_entry(line, shown["revision"]) for line in text.split("\0") if line]
    document = {"repository": shown["repository"], "branch": shown["branch"], "commits": commits}
    attention = shown["attention"] if shown.get("service") == "down" else []
    code = ATTENTION if attention else OK
    return finish({**document, "attention": attention}, code, as_json, render_history)


_FORMAT = "%H%x1f%cI%x1f%an%x1f%s%x1f%(trailers:key=Reason,valueonly)%x1f%(trailers:key=Audit-Id,valueonly)"
_STATES = (("last_applied", "applied"), ("last_verified", "verified"), ("observed_tip", "tip"))


def _entry(line: str, revision: Document) -> Document:
    commit, time, author, subject, reason, audit = line.split("\x1f")
    states = [word for key, word in _STATES if revision[key] == commit]
    return {
        "commit": commit,
        "time": time,
        "author": author,
        "subject": subject,
        "reason": reason.strip(),
        "audit_id": audit.strip(),
        "state": ", ".join(states),
    }


def _git(repository: Path, *argv: str) -> str | None:
    import subprocess

    done = subprocess.run(
        ["git", "--no-replace-objects", "-C", str(repository), *argv], capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else None
