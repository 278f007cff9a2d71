"""Reviews of a branch: ``--base`` and ``--head`` of ``config plan``, ``verify`` and ``validate``, in any checkout."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.commits import git
from cli.output import ATTENTION, ERROR, OK, USAGE, Document, Failure, finish
from cli.remote import call_service, home
from controller.rpc.client import RpcError, ServiceDown

if TYPE_CHECKING:
    from controller.checkout import Checkout, Figures
    from controller.settings import Pins
    from schemas.review import Review

F = TypeVar("F", bound=Callable[..., Any])
_BY_LANDING = ("NotLanded", "ThresholdNotMet")
"""What a commit of a branch may lack: the merge that lands it brings the signatures."""


def reviewing(function: F) -> F:
    """``--base`` and ``--head``: two names of commits in the repository of the current folder."""
    for option in (
        click.option("--head", default="", metavar="REF", help="The branch to judge; HEAD when it is not given."),
        click.option("--base", default="", metavar="REF", help="The branch where it would land, in this checkout."),
    ):
        function = option(function)
    return function


def head_option(function: F) -> F:
    """``--head`` alone."""
    text = "Check the documents of this commit of the current folder's repository."
    return click.option("--head", default="", metavar="REF", help=text)(function)


def wanted(base: str, head: str, ref: str = "") -> bool:
    """Whether a review is asked for. Raises Failure for a mixture that cannot be meant."""
    if (head and not base) or (base and ref):
        what = "--head needs --base" if not base else f"{ref} and --base exclude each other"
        raise Failure(what, "gt risk config plan --base origin/main --head HEAD", USAGE, "Usage")
    return bool(base)


def review(base: str, head: str) -> Document:
    """The review of ``head`` on ``base`` as one document; ``attention`` says why the exit code is 3."""
    repository = _git_dir()
    onto, tip = _commit(base), _commit(head or "HEAD")
    with _checkout(repository) as checkout:
        found = checkout.review(onto, tip, _figures(checkout.repo(onto)))
    return {"base_ref": base, "head_ref": head or "HEAD", **_document(found)}


def documents(head: str) -> tuple[int, list[Document]]:
    """How many documents ``head`` has, and every mistake of them."""
    repository, commit = _git_dir(), _commit(head)
    with _checkout(repository) as checkout:
        return checkout.count(commit), [item.document() for item in checkout.problems(commit)]


def show(document: Document, as_json: bool, render: Callable[[Document], list[str]]) -> int:
    """Print a review: 1 when its documents have mistakes, 3 when a commit of it is refused or it cannot be merged."""
    if document["problems"]:
        count = len(document["problems"])
        message = f"{count} mistake{'s' if count != 1 else ''} in the documents of {document['head'][:12]}"
        document = {**document, "error": {"message": message, "hint": "gt risk config validate", "code": "Invalid"}}
        return finish(document, ERROR, as_json, render)
    return finish(document, ATTENTION if document["attention"] else OK, as_json, render)


def _document(found: "Review") -> Document:
    document = found.model_dump(mode="json")
    for item in document["walk"]["commits"]:
        if item["refusal"] and item["refusal"]["reason"] in _BY_LANDING:
            item["state"] = "waits"
    refused = [item for item in found.walk.commits if item.refusal and item.refusal.reason.value not in _BY_LANDING]
    attention = [f"{item.commit[:12]} is refused: {item.refusal.reason.value}" for item in refused if item.refusal]
    attention += [f"it cannot be merged: {found.conflict}"] if found.conflict else []
    loosens = any(change.direction.value == "loosen" for change in found.landing or found.proposed)
    tightens = any(change.direction.value == "tighten" for change in found.landing or found.proposed)
    return {
        **document,
        "direction": "loosen" if loosens else "tighten" if tightens else "neutral",
        "trailers": [f"Plan-Digest: {digest}" for digest in (found.digest, found.approval) if digest],
        "verified": not refused and not found.walk.left_out,
        "attention": attention,
    }


@contextmanager
def _checkout(repository: Path) -> "Iterator[Checkout]":
    from controller.checkout import checkout

    with checkout(repository, _pins()) as found:
        yield found


def _git_dir() -> Path:
    """The git folder of the current folder's repository. Raises Failure outside one."""
    found = git(Path.cwd(), "rev-parse", "--path-format=absolute", "--git-common-dir")
    if found is None:
        raise Failure("the current folder is no checkout of a config repo", "cd to one", code="NoCheckout")
    return Path(found.strip())


def _commit(ref: str) -> str:
    found = git(Path.cwd(), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if found is None:
        raise Failure(f"no commit {ref!r} in this checkout", "git fetch origin", USAGE, "BadArgument")
    return found.strip()


def _pins() -> "Pins | None":
    """The pins of this machine's home, if there is one."""
    if not (Path(home()) / "settings.toml").exists():
        return None
    from controller.settings import load

    return load().pins


def _figures(repo: str) -> "Figures":
    """What the live book of ``repo`` uses, as the running service tells."""
    from controller.checkout import NO_FIGURES, Figures

    try:
        found = call_service("config.use")
    except (ServiceDown, RpcError):
        return NO_FIGURES
    if found["repo"] != repo:
        return NO_FIGURES
    return Figures(found["used"], found["whose"], found["missing"])
