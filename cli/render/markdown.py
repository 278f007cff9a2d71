"""A review as Markdown, for the comment of a forge.

Whatever a document says comes from its author: it stands in code spans, where no forge reads mentions, links or HTML.
"""

from typing import Any

Document = dict[str, Any]
MARK = "<!-- gt-risk plan -->"
"""First line of the comment: by it the next run finds the one that it replaces."""
_ROWS = 200
_TEXT = 160
_SIGNS = 60_000
"""What a forge takes as one comment, with room to spare."""


def review(document: Document) -> list[str]:
    """The whole comment, cut where a forge would refuse it."""
    lines: list[str] = []
    size = 0
    for line in _lines(document):
        size += len(line.encode()) + 1
        if size > _SIGNS:
            return [*lines, "", "… and more: `gt-risk config plan` prints all of it"]
        lines.append(line)
    return lines


def _lines(document: Document) -> list[str]:
    base, head = document["base"][:12], document["head"][:12]
    return [
        MARK,
        f"## Plan: {document['direction']}",
        "",
        f"{code(document['head_ref'])} {head} onto {code(document['base_ref'])} {base}, fork {document['fork'][:12]}.",
        *_blocks(document),
    ]


def _blocks(document: Document) -> list[str]:
    if document["problems"]:
        return ["", "### Mistakes", "", *_mistakes(document["problems"])]
    landing, proposed = document["landing"], document["proposed"]
    lines = ["", "### What it changes", "", *_changes(proposed)]
    if landing is not None and landing != proposed:
        lines += ["", "### What the merge would change on the base branch as it is now", "", *_changes(landing)]
    lines += (
        [""] if document["utilisation"] == "" else ["", f"_Current utilisation: n/a ({document['utilisation']})._", ""]
    )
    lines += ["### Who must sign", "", *_signing(document["signing"]), ""]
    return [*lines, *_commits(document), "", *_digest(document)]


def _mistakes(problems: list[Document]) -> list[str]:
    return [f"- {code(item['text'] if 'text' in item else _mistake(item))}" for item in problems[:_ROWS]]


def _mistake(item: Document) -> str:
    fix = f" (fix: {item['fix']})" if item["fix"] else ""
    return f"{item['path']}:{item['line']}:{item['column']}: {item['message']}{fix}"


def _changes(changes: list[Document]) -> list[str]:
    if not changes:
        return ["Nothing that is in force: comments or files that no machine reads."]
    rows = [
        f"| {code(item['label'])} | {code(item['old'])} | {code(item['new'])} | {_way(item['direction'])} "
        f"| {code(item['utilisation']) if item['utilisation'] else 'n/a'} | {_breach(item)} |"
        for item in changes[:_ROWS]
    ]
    more = [f"\n… and {len(changes) - _ROWS} more"] if len(changes) > _ROWS else []
    return ["| setting | from | to | direction | in use | |", "|---|---|---|---|---|---|", *rows, *more]


def _way(direction: str) -> str:
    return {"loosen": "⚠️ loosen", "tighten": "✓ tighten"}.get(direction, direction)


def _breach(item: Document) -> str:
    return f"⛔ {code(item['breach'])}" if item["breach"] else ""


def _signing(needed: list[Document]) -> list[str]:
    """One line for all that the same people may sign."""
    groups: dict[tuple[int, str, str, str], list[str]] = {}
    for item in needed:
        who = " or ".join(code(name) for name in item["people"]) or "nobody: an admin must add somebody"
        key = (item["signers"], " or ".join(item["roles"]) or "no role", who, item["direction"])
        groups.setdefault(key, []).append(item["label"])
    return [
        f"- {count} of {who} ({roles}): {direction} {_several(labels)}"
        for (count, roles, who, direction), labels in groups.items()
    ] or ["- nobody: nothing changes"]


def _several(labels: list[str]) -> str:
    shown = ", ".join(code(label) for label in labels[:10])
    return shown + (f" and {len(labels) - 10} more" if len(labels) > 10 else "")


def _commits(document: Document) -> list[str]:
    walk = document["walk"]
    lines = ["### Commits", ""]
    for item in walk["commits"][:_ROWS]:
        refusal = item["refusal"]
        mark = {"verified": "✓", "refused": "✗", "waits": "⏳"}[item["state"]]
        why = f": {refusal['reason']}: {code(refusal['message'])}" if refusal else ""
        lines.append(f"- {mark} {item['commit'][:12]} {code(item['subject'])} by {code(item['author'])}{why}")
    lines += [f"- … and {walk['left_out']} more, not looked at"] if walk["left_out"] else []
    source = "this machine's settings" if document["pinned"] == "settings" else "the base branch"
    note = "" if document["pinned"] == "settings" else ", so it is as good as what protects that branch"
    return [*lines, "", f"_Judged by the trust of {source}{note}. The controller judges again, by its own pins._"]


def _digest(document: Document) -> list[str]:
    if document["conflict"]:
        return [f"⛔ It cannot be merged: {code(document['conflict'])}"]
    return [
        "### Digest of this plan",
        "",
        "Paste it as the last paragraph of the merge's message, beside `Gt-Target`. It holds while the base branch "
        "stands here and no halt opens or ends:",
        "",
        "```",
        *document["trailers"],
        "```",
    ]


def code(text: str) -> str:
    """``text`` as a code span that stands in a table: one line, nothing in it is markup, at most 160 signs."""
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in str(text)).split())
    plain = plain.replace("`", "'").replace("|", "\\|")
    return f"`{plain if len(plain) <= _TEXT else plain[:_TEXT] + '…'}`" if plain else ""
