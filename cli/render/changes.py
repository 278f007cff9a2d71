"""Text of ``config diff`` and ``config verify``."""

from typing import Any

from cli.output import mistake
from cli.render.config import changes
from cli.render.text import safe

Document = dict[str, Any]
_MARKS = {"verified": "✓", "refused": "✗", "waits": "⏳"}


def difference(document: Document) -> list[str]:
    """What is in force against other documents, key by key."""
    lines = [f"{_ends(document)}: {document['direction']}", ""]
    hint = "  no limit, status or rule differs" + ("; the text does: --text" if document["text"] else "")
    return [*lines, *(changes(document["changes"]) or [hint]), *_stale(document), *_down(document)]


def unified(document: Document) -> list[str]:
    """The same line by line."""
    lines = [safe(line) for line in document["text"]] or [f"{_ends(document)}: the same text"]
    return [*lines, *_stale(document), *_down(document)]


def _ends(document: Document) -> str:
    target = document["target"][:12] if document["target"] else document["repository"]
    return f"In force {(document['base'] or 'nothing')[:12]} → {target}"


def _stale(document: Document) -> list[str]:
    count = document["behind"]
    if not count:
        return []
    plural = "s" if count != 1 else ""
    return [
        "",
        f"⚠️  the clone is {count} commit{plural} behind",
        _next(f"git -C {document['repository']} pull --rebase"),
    ]


def walk_briefly(document: Document) -> list[str]:
    """One line a commit that was judged."""
    lines = [line for item in document["commits"] for line in commit_lines(item)]
    refused = any(item["refusal"] for item in document["commits"])
    hint = [_next("gt risk config verify --explain")] if refused else []
    return [*_head(document), *lines, *hint, *_down(document)]


def walk(document: Document) -> list[str]:
    """The same with every reason, every mistake and what to do."""
    lines: list[str] = []
    fixes = [item["refusal"]["fix"] for item in document["commits"] if item["refusal"]]
    for item in document["commits"]:
        lines += commit_lines(item)
        refusal = item["refusal"]
        if refusal is not None:
            lines += [f"    {safe(refusal['message'])}", *(f"    {safe(mistake(one))}" for one in refusal["problems"])]
            lines += [f"    fix: {safe(refusal['fix'])}"] if refusal["fix"] else []
    if document["repair"]:
        start = "Or start" if all(fixes) else "Start"
        lines += ["", f"{start} again from the last verified commit, with every edit kept in the clone:"]
        lines += [f"  {safe(line)}" for line in document["repair"]]
    return [*_head(document), *lines, *_down(document)]


def _head(document: Document) -> list[str]:
    since, tip = document["since"][:12] or "the introduction", document["tip"][:12]
    if document["verified"]:
        return [f"✓ Verified: every commit up to {tip}"]
    left = [f"⚠️  {document['left_out']} more commits were not looked at"] if document["left_out"] else []
    return [f"Commits from {since} to {tip}:", *left]


def commit_lines(item: Document) -> list[str]:
    """One commit that was judged, with the word of its refusal."""
    reason = f": {item['refusal']['reason']}" if item["refusal"] else ""
    who = f" ({safe(item['author'])})" if item["author"] else ""
    return [
        f"{_MARKS[item['state']]} {item['commit'][:12]} {item['state']}{reason}  {safe(item['subject'])}{who}".rstrip()
    ]


def _down(document: Document) -> list[str]:
    """What it means that no service answered."""
    return [f"⚠️  {line}" for line in document["attention"][:1]] if document.get("service") == "down" else []


def _next(command: str) -> str:
    return f"  next: {command}"
