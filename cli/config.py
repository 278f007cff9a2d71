"""``gt risk config``"""

from pathlib import Path

import click

from cli.commits import behind, commit_id, unpushed
from cli.config_changes import edit, reload, rollback
from cli.history import history as commits
from cli.options import json_option
from cli.output import ERROR, OK, Document, Failure, emit, finish
from cli.remote import ask, call_service, home
from cli.render.changes import difference, unified, walk, walk_briefly
from cli.render.config import history as render_history
from cli.render.config import plan as render_plan
from cli.render.config import validation as render_validation
from cli.tree import Near, read_command
from controller.rpc.client import ServiceDown

MAX_FILES = 20_000
WALK_SECONDS = 30.0
config = Near("config", help="Show, check and compare the configuration.", no_args_is_help=True)
config.add_command(read_command(("config", "show")))
for command in (edit, reload, rollback):
    config.add_command(command)


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
        "problems": problems,
    }
    if problems:
        count = f"{len(problems)} mistake{'s' if len(problems) != 1 else ''} in {root}"
        document["error"] = {"message": count, "hint": "gt risk config validate", "code": "InvalidDesired"}
    return finish(document, OK if not problems else ERROR, as_json, render_validation)


def _documents(root: Path) -> dict[str, bytes]:
    from schemas.places import is_relevant

    found: dict[str, bytes] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if is_relevant(name) and not path.is_dir() and len(found) < MAX_FILES:
            if path.is_symlink():
                raise Failure(f"{name}:1:1: a symbolic link is not a document", f"cp --remove-destination … {name}")
            found[name] = path.read_bytes()
    return found


def _problems(files: dict[str, bytes]) -> list[Document]:
    """Every mistake: told by the service, which has all that it takes in memory; without one, found here."""
    try:
        texts = {path: content.decode() for path, content in files.items()}
        found: list[Document] = call_service("config.validate", {"files": texts}, WALK_SECONDS)["problems"]
    except (ServiceDown, UnicodeDecodeError):
        from controller.core.desired.documents import mistakes

        return [item.document() for item in mistakes(files)]
    return found


@config.command()
@click.argument("ref", default="")
@json_option
def plan(ref: str, as_json: bool) -> int:
    """Show what the tip (or commit REF) would change, changing nothing."""
    return emit(ask("config.plan", {"ref": commit_id(ref)}), as_json, render_plan)


@config.command()
@click.argument("ref", default="")
@click.option("--text", is_flag=True, help="Line by line, as a unified diff.")
@json_option
def diff(ref: str, text: bool, as_json: bool) -> int:
    """Compare what is in force with the documents of the clone as they lie there, of commit REF, or of the `tip`."""
    clone = Path(home()) / "config"
    if ref:
        found = ask("config.diff", {"ref": "" if ref == "tip" else commit_id(ref)}, WALK_SECONDS)
    else:
        files = {path: _text(path, content) for path, content in _documents(clone).items()}
        found = ask("config.diff", {"files": files}, WALK_SECONDS)
    document = {**found, "repository": str(clone), "behind": 0 if ref else behind()}
    return emit(document, as_json, unified if text else difference)


def _text(path: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Failure(f"{path}:{line}: this is not UTF-8 text", "gt risk config validate") from error


@config.command()
@click.argument("ref", default="")
@click.option("--explain", is_flag=True, help="Say why, with the cheapest way out.")
@json_option
def verify(ref: str, explain: bool, as_json: bool) -> int:
    """Judge every commit from the last verified one to REF, or to the tip and what the clone has not pushed."""
    commit = commit_id(ref)
    local = unpushed(commit)
    if local:
        from cli.offline import judge_unpushed

        return emit(judge_unpushed(Path(home()), local), as_json, walk if explain else walk_briefly)
    found = ask("config.verify", {"ref": commit}, WALK_SECONDS)
    return emit(found, as_json, walk if explain else walk_briefly)


@config.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 5_000), help="How many.")
@json_option
def history(limit: int, as_json: bool) -> int:
    """Show the commits of the configuration, newest first, and which one is in force."""
    return emit(commits(limit), as_json, render_history)
