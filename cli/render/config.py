"""Text of ``limits`` and ``config`` (spec 2.2.2)."""

import re
from typing import Any

from cli.render.text import clock, pad, safe, table, unknown

Document = dict[str, Any]
_RECORDS = ("halts/", "cleared/")
_ID = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20,}\b")
_NOTHING = "nothing applied yet"
_PLAN = ("  Change", "From", "To", "Direction", "Note")


def limits(document: Document) -> list[str]:
    """Hard limits, then soft ones."""
    width = max(len(item["name"]) for item in document["limits"]) + 1
    lines: list[str] = []
    for title, kind in (("Hard Limits:", "hard"), ("Soft Limits:", "soft")):
        rows = [item for item in document["limits"] if item["kind"] == kind]
        lines += [title, *(f"  {pad(item['name'], width)}{_value(item)}" for item in rows), ""]
    return lines[:-1]


def _value(item: Document) -> str:
    """``15%``, or ``15%  (acts as 11.25%)`` where the learning phase moves it."""
    acts = f"  (acts as {item['acts']})" if item["acts"] else ""
    return f"{item['text'] or unknown(_NOTHING)}{acts}"


def limit(document: Document) -> list[str]:
    """One limit with what it means."""
    item = document["limit"]
    base = f", of {item['base']}" if item["base"] else ""
    return [
        f"{item['name']} = {item['text'] or unknown(_NOTHING)}",
        f"  {item['doc']}",
        f"  {item['kind']} limit, in {item['unit']}{base}; default {item['default']}",
        *([f"  current utilisation: {safe(item['used_text'])}"] if item["used_text"] else []),
        *([f"  acts as {item['acts']} in this learning phase (gt risk learning phase show)"] if item["acts"] else []),
        *([f"  {_waiting(item['waits'])}"] if item["waits"] else []),
    ]


def _waiting(waits: Document) -> str:
    """``rolling out: 15% → 20%``."""
    why = "rolling out" if waits["reason"] == "RollingOut" else f"not in force yet ({safe(waits['reason'])})"
    return f"{why}: {safe(waits['old'])} → {safe(waits['new'])}"


def show(document: Document) -> list[str]:
    """Where the config is and what of it is in force; the documents themselves are in the clone."""
    revision = document["revision"]
    rows = [
        ("Repository", document["repository"]),
        ("Branch", document["branch"]),
        ("Source", document["source"]),
        ("Applied", revision["last_applied"][:12] or _NOTHING),
        ("Tip", revision["observed_tip"][:12] or "not seen yet"),
    ]
    lines = [f"{pad(f'{name}:', 12)}{value}" for name, value in rows]
    lines += [
        f"{item['type']}={item['status']} ({item['reason']}) {item['message']}" for item in document["conditions"]
    ]
    return [*lines, "", *_yaml(document["config"] or {}, 0)]


def _yaml(value: Any, depth: int) -> list[str]:
    lines: list[str] = []
    for key, item in value.items():
        if isinstance(item, dict) and item:
            lines += [f"{'  ' * depth}{safe(key)}:", *_yaml(item, depth + 1)]
        elif item not in ({}, [], None, ""):
            lines.append(f"{'  ' * depth}{safe(key)}: {_scalar(item)}")
    return lines


def _scalar(value: Any) -> str:
    import json

    return safe(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def plan(document: Document) -> list[str]:
    """The changes of a plan with their direction, then its digest."""
    base, target = document["base"] or "nothing", document["target"]
    lines = [f"Plan {base[:12]} → {target[:12]}: {document['direction']}", ""]
    lines += changes(document["changes"]) or ["  no changes"]
    return [*lines, "", *_held(document["hold"]), f"Digest: {document['digest']}"]


def _held(hold: Document | None) -> list[str]:
    """What the loosening part waits for."""
    if hold is None:
        return []
    return [f"⏳ {hold['reason']}: {safe(hold['message'])}", *([f"  {safe(hold['fix'])}"] if hold["fix"] else [])]


def changes(found: list[Document]) -> list[str]:
    """One line a change, the records of halts left out: the halts that a change lifts are named beside it."""
    rows = [
        (
            f"  {safe(item['label'])}",
            _short(item["old"]),
            _short(item["new"]),
            item["direction"],
            safe(", ".join(part for part in (_used(item), item["breach"]) if part)),
        )
        for item in found
        if not item["label"].startswith(_RECORDS)
    ]
    return [line.rstrip() for line in table(_PLAN, rows)] if rows else []


def _short(value: str) -> str:
    """Long ids by their first twelve digits."""
    return _ID.sub(r"\1", safe(value))


def _used(item: Document) -> str:
    return f"now {item['utilisation']}" if item["utilisation"] else ""


def history(document: Document) -> list[str]:
    """One line a commit, newest first."""
    rows = [
        (clock(item["time"]), item["commit"][:12], safe(item["author"]), safe(item["subject"]), safe(item["state"]))
        for item in document["commits"]
    ]
    return table(("Time", "Commit", "Author", "Subject", "State"), rows) if rows else ["No commits."]


def validation(document: Document) -> list[str]:
    """Every mistake with file, line and fix, or that there is none."""
    if document["valid"]:
        return [f"✓ {document['repository']}: {document['documents']} documents are valid"]
    lines = [f"✗ {safe(item['text'])}" for item in document["problems"]]
    return [*lines, "", f"{len(lines)} mistake{'s' if len(lines) != 1 else ''}; nothing of this would be applied."]
