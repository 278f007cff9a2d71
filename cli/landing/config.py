"""``config edit`` and ``config rollback``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cli.change import WAIT_SECONDS, Change, carry_out
from cli.consent import UNCHANGED, Options, asked, interruptible
from cli.output import OK, Document, Failure, declined, finish, mistake, notice
from cli.remote import ask, home
from cli.render.text import safe
from controller.rpc.client import RpcError

if TYPE_CHECKING:
    from cli.drafts import Draft


def edit(options: Options, file: str = "", folder: Path | None = None) -> int:
    """Edit the documents, or ``file`` alone; ``folder`` holds the text of an earlier edit."""
    from cli import drafts
    from controller.settings import load

    root = Path(home())
    with interruptible(UNCHANGED):
        base = drafts.base_of(folder) if folder else ""
        found = ask("config.documents", {"ref": base}, WAIT_SECONDS)
    if folder is not None:
        draft = drafts.resume(folder, found["files"])
    else:
        schemas = root / "config" / load({**os.environ, "GT_RISK_HOME": home()}).source.path / ".schemas"
        draft = drafts.begin(root / "drafts", found["commit"], found["files"], file, schemas)
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


def rollback(options: Options, ref: str) -> int:
    """Bring the documents of commit ``ref`` back."""
    from cli.commits import commit_id

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


def approve(options: Options, ref: str = "") -> int:
    """Add one's signature to what waits for it at the tip."""
    from cli.commits import commit_id

    change = Change(
        {"kind": "approve", "commit": commit_id(ref)},
        lambda proposal: [f"Approving {proposal['parent'][:12]}"],
        lambda result: [f"✓ Approved: {result['parent'][:12]}", "✓ Change logged to audit trail"],
        f"gt risk config approve {ref}".rstrip() + " --yes",
        "gt risk config history",
    )
    return carry_out(change, options)
