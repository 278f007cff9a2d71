"""Text of ``config plan --base``, ``config verify --base``."""

from typing import Any

from cli.output import mistake
from cli.render.changes import commit_lines
from cli.render.config import changes
from cli.render.text import safe

Document = dict[str, Any]


def review(document: Document) -> list[str]:
    """What the branch changes, what its merge would, who must sign, and the digest to paste."""
    lines = [f"{_title('Plan', document)}: {document['direction']}", ""]
    if document["problems"]:
        return [*lines, *(f"✗ {safe(mistake(item))}" for item in document["problems"])]
    lines += changes(document["proposed"]) or ["  no changes"]
    if document["landing"] is not None and document["landing"] != document["proposed"]:
        lines += ["", f"Merged into {safe(document['base_ref'])} as it is now:", *changes(document["landing"])]
    if document["utilisation"]:
        lines += ["", f"Current utilisation: n/a ({safe(document['utilisation'])})"]
    lines += ["", "Who must sign:", *_signing(document["signing"]), ""]
    lines += [f"⚠️  {safe(line)}" for line in document["attention"]]
    if document["digest"]:
        lines += [f"Digest: {document['digest']}", "Paste into the merge's message:"]
        lines += [f"  {line}" for line in document["trailers"]]
    return [*lines, _pinned(document)]


def verification(document: Document) -> list[str]:
    """One line a commit of the branch, with the reason and the fix where it is refused."""
    lines = [f"{_title('Commits', document)}:"]
    for item in document["walk"]["commits"]:
        lines += commit_lines(item)
        refusal = item["refusal"]
        if refusal is not None:
            lines += [
                f"    {safe(refusal['message'])}",
                *([f"    fix: {safe(refusal['fix'])}"] if refusal["fix"] else []),
            ]
    return [*lines, *([] if document["walk"]["commits"] else ["  none"]), _pinned(document)]


def _title(word: str, document: Document) -> str:
    onto = f"{safe(document['base_ref'])} {document['base'][:12]}"
    return f"{word} of {safe(document['head_ref'])} {document['head'][:12]} onto {onto}"


def _signing(needed: list[Document]) -> list[str]:
    return [
        f"  {safe(item['label'])} ({item['direction']}): {item['signers']} of "
        f"{safe(', '.join(item['people'])) or 'nobody'} ({' or '.join(item['roles']) or 'no role'})"
        for item in needed
    ] or ["  nobody: nothing changes"]


def _pinned(document: Document) -> str:
    if document["pinned"] == "settings":
        return "Judged by the trust that this machine's settings pin."
    return "Judged by trust.yaml of the base branch: as good as what protects that branch. The controller judges again."
