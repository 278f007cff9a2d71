"""``gt risk config edit``, ``rollback`` and ``reload``: what moves the configuration."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.change import WAIT_SECONDS, Change, carry_out
from cli.commits import commit_id
from cli.options import UNCHANGED, Options, asked, interruptible, json_option, landing
from cli.output import OK, Document, Failure, declined, emit, finish, mistake, notice
from cli.remote import ask, call_service, home
from cli.render.text import safe
from cli.tree import Explained
from controller.rpc.client import RpcError

if TYPE_CHECKING:
    from cli.drafts import Draft


@click.command(cls=Explained)
@click.argument("file", default="")
@click.option(
    "--from",
    "folder",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    help="Go on with the text of an earlier edit.",
)
@landing
def edit(file: str, folder: Path | None, options: Options) -> int:
    """Edit the documents (or FILE alone) with $VISUAL or $EDITOR, check them, and land the edit as a signed commit."""
    from cli import drafts

    root = Path(home())
    with interruptible(UNCHANGED):
        base = drafts.base_of(folder) if folder else ""
        found = ask("config.documents", {"ref": base}, WAIT_SECONDS)
    if folder is not None:
        draft = drafts.resume(folder, found["files"])
    else:
        draft = drafts.begin(root / "drafts", found["commit"], found["files"], file, root / "config" / ".schemas")
    again = f"gt risk config edit --from {draft.folder}"
    with _kept(draft, again):
        code = _until_valid(draft, again, options)
    if options.dry_run and draft.changed():
        notice(f"ℹ️  your text is kept in {draft.folder}; go on with: {again}")
    else:
        draft.discard()
    return code


def _until_valid(draft: Draft, again: str, options: Options) -> int:
    """Editor, check, land; the editor once more while there are mistakes and the person wants to."""
    while True:
        draft.edit(quiet=options.as_json)
        files = draft.changed()
        if not files:
            return finish({"changed": []}, OK, options.as_json, lambda _: ["✓ nothing was edited"])
        try:
            return carry_out(_edited(draft.base, files, again), options)
        except RpcError as error:
            _edit_again(error, again, options)


def _edited(base: str, files: dict[str, str | None], again: str) -> Change:
    names = ", ".join(files)
    return Change(
        {"kind": "write-documents", "base": base, "files": files},
        lambda _: [f"Editing: {safe(names)}"],
        lambda _: [f"✓ Configuration updated: {safe(names)}", "✓ Change logged to audit trail"],
        f"{again} --yes",
        again,
    )


def _edit_again(error: RpcError, again: str, options: Options) -> None:
    """Show every mistake and offer the editor once more; what cannot be asked or is declined ends the command."""
    if not error.problems or not sys.stdin.isatty() or options.yes:
        raise error
    for problem in error.problems:
        notice(f"✗ {mistake(problem)}")
    if not asked("Edit again?", default=True):
        declined(f"declined: {UNCHANGED}", again)


@contextmanager
def _kept(draft: Draft, again: str) -> Iterator[None]:
    """Whatever ends the edit, its text stays in the draft's folder and the next command is named."""
    try:
        yield
    except (Failure, RpcError, OSError, KeyboardInterrupt):
        if not draft.changed():
            draft.discard()
        else:
            notice(f"ℹ️  your text is kept in {draft.folder}; go on with: {again}")
        raise


@click.command(cls=Explained)
@click.option("--commit", "ref", required=True, metavar="REV", help="The commit whose documents come back.")
@landing
def rollback(ref: str, options: Options) -> int:
    """Bring the documents back to an earlier commit by a new signed one; halts and trust stay as they are."""
    commit = commit_id(ref)

    def title(proposal: Document) -> list[str]:
        mark = "⚠️  WARNING: " if proposal["plan"]["direction"] == "loosen" else ""
        return [f"{mark}Rolling back to {commit[:12]}", f"Direction: {proposal['plan']['direction']}"]

    change = Change(
        {"kind": "rollback", "commit": commit},
        title,
        lambda _: [f"✓ Configuration rolled back to {commit[:12]}", "✓ Change logged to audit trail"],
        f"gt risk config rollback --commit {ref} --yes",
        "gt risk config history",
    )
    return carry_out(change, options)


@click.command(cls=Explained)
@click.option("--reason", "-r", default="", metavar="TEXT", help="Why; goes into the audit log.")
@json_option
def reload(reason: str, as_json: bool) -> int:
    """Look at git now, and say what of it is in force or what holds it."""
    with interruptible("the service goes on by itself; what is in force tells: gt risk status"):
        params = {"reason": reason, "timeout": WAIT_SECONDS}
        found = call_service("config.reload", params, WAIT_SECONDS + 5.0)
    applied = found["applied"]
    held = [] if applied["in_force"] else [f"{applied['commit'][:12]} is not in force: {applied['condition']}"]
    return emit({**found, "attention": held}, as_json, _reloaded)


def _reloaded(document: Document) -> list[str]:
    applied, revision = document["applied"], document["revision"]
    if applied["in_force"]:
        return [f"✓ In force: {revision['last_applied'][:12]}"]
    good = revision["last_known_good"][:12]
    return [
        *(f"⚠️  {safe(line)}" for line in document["attention"]),
        f"✓ Last known good stays in force: {good}" if good else "⚠️  nothing was ever applied",
        f"  next: {safe(applied['fix'] or 'gt risk config verify --explain')}",
    ]
