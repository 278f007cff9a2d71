"""``gt risk config``"""

from pathlib import Path

import click

from cli import review
from cli.commits import behind, commit_id, unpushed
from cli.config_changes import approve, edit, reload, rollback
from cli.history import history as commits
from cli.options import json_option
from cli.output import ERROR, OK, Document, Failure, emit, finish
from cli.remote import ask, call_service, home
from cli.render.changes import difference, unified, walk, walk_briefly
from cli.render.config import history as render_history
from cli.render.config import plan as render_plan
from cli.render.config import validation as render_validation
from cli.render.markdown import review as render_markdown
from cli.render.review import review as render_review
from cli.render.review import verification as render_verification
from cli.sign import sign
from cli.tree import Near, read_command
from controller.rpc.client import ServiceDown

MAX_FILES = 20_000
WALK_SECONDS = 30.0
config = Near("config", help="Show, check and compare the configuration.", no_args_is_help=True)
config.add_command(read_command(("config", "show")))
for command in (approve, edit, reload, rollback, sign):
    config.add_command(command)


@config.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@review.head_option
@json_option
def validate(folder: Path | None, head: str, as_json: bool) -> int:
    """Check the documents of the clone (or of FOLDER) as they lie there, or of a commit; all mistakes at once."""
    if head:
        where, (count, problems) = head, review.documents(head)
    else:
        root = folder or Path(home()) / "config"
        if not root.is_dir():
            raise Failure(f"{root} does not exist", "gt risk init")
        files = _documents(root)
        where, count, problems = str(root), len(files), _problems(files)
    return _validated(where, count, problems, as_json)


def _validated(where: str, count: int, problems: list[Document], as_json: bool) -> int:
    document: Document = {"repository": where, "documents": count, "valid": not problems, "problems": problems}
    if problems:
        found = f"{len(problems)} mistake{'s' if len(problems) != 1 else ''} in {where}"
        document["error"] = {"message": found, "hint": "gt risk config validate", "code": "InvalidDesired"}
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
@review.reviewing
@click.option("--format", "form", type=click.Choice(("text", "markdown")), default="text", help="With --base: how.")
@json_option
def plan(ref: str, base: str, head: str, form: str, as_json: bool) -> int:
    """Show what the tip (or commit REF) would change, changing nothing; with --base what a branch would, merged there.

    With --base it needs a checkout and nothing else, so a pull request's plan is one command in the CI of any forge.
    """
    if review.wanted(base, head, ref):
        render = render_markdown if form == "markdown" else render_review
        return review.show(review.review(base, head), as_json, render)
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
@review.reviewing
@json_option
def verify(ref: str, explain: bool, base: str, head: str, as_json: bool) -> int:
    """Judge every commit from the last verified one to REF, or to the tip and what the clone has not pushed.

    With --base: every commit that the head has and the base has not, in any checkout.
    """
    if review.wanted(base, head, ref):
        return review.show(review.review(base, head), as_json, render_verification)
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
