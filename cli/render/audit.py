"""Text of ``audit log`` and ``audit verify`` (spec 2.2.9): one line an event, intent and outcome folded into it."""

import re
from typing import Any

from cli.render.text import clock, safe, table

Document = dict[str, Any]
_HEADER = ("Time", "Event Type", "User", "Details")
_LEAST = (20, 19, 10)
_SHOWN = 3
_DETAILS = 160
_PAIR = re.compile(r", (?=[\w.-]+=)")
_GROUPS = ("account", "position", "strategy", "exposure", "order", "concentration", "volatility", "drawdown")
_HALTS = "halts"
"""The set of open halts: each of them has a line of its own."""
_ID = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20}\b")
_UNDER_WAY = "under way"


def log(document: Document) -> list[str]:
    """Newest first."""
    rows = [
        (clock(item["time"]), safe(item["event"]), safe(item["actor"]), _details(item))
        for item in folded(document["events"])[: document["shown"]]
    ]
    lines = table(_HEADER, rows, _LEAST) if rows else ["No events."]
    return [
        f"Audit Log (last {len(rows)} event{'s' if len(rows) != 1 else ''}):",
        "",
        *lines,
        "",
        "Filter by:",
        "  Type:  --type emergency|config|strategy|…",
        "  User:  --user <username>",
        "  Level: --level info|warn|error|critical",
    ]


def folded(events: list[Document]) -> list[Document]:
    """Each intent with the outcome that closes it as one event; an intent without one is under way."""
    closing = {item["intent"]: item for item in events if item["kind"] == "outcome"}
    intents = {item["seq"] for item in events if item["kind"] == "intent"}
    found = []
    for item in events:
        if item["kind"] == "intent":
            end = closing.get(item["seq"], {"outcome": _UNDER_WAY, "details": ""})
            found.append({**item, "outcome": end["outcome"], "details": end["details"]})
        elif item["kind"] == "fact" or item["intent"] not in intents:
            found.append(item)
    return found


def _details(item: Document) -> str:
    parts = [*_subject(item), *_trouble(item)]
    if item["reason"]:
        parts.append(f"Reason: {item['reason']}")
    text = _ID.sub(r"\1", safe(", ".join(parts))) or f"revision {item['revision'][:12]}"
    text = text if len(text) <= _DETAILS else f"{text[:_DETAILS]}… (all of it with --json)"
    return f"{text} ({item['outcome']})" if item["outcome"] else text


def _subject(item: Document) -> list[str]:
    """What the event is about: the strategy, and what moved from where to where."""
    strategy = item.get("strategy")
    if item["event"].startswith("emergency."):
        return [] if item["reason"] else [item["details"] or "no reason given yet"]
    moved = _moved(item["before"], item["after"])
    if item["event"].startswith("strategy.") and not strategy and moved:
        strategy = moved[0][0].removesuffix(".status")
    if strategy:
        return [f"Strategy: {strategy}"]
    if not moved:
        return [item["details"]] if item["kind"] == "fact" and item["details"] else []
    if len(moved) > _SHOWN:
        return [f"{len(moved)} settings at revision {item['revision'][:12]}"]
    return [f"{_label(name)}{name}, {old} → {new}" for name, old, new in moved]


def _label(name: str) -> str:
    return "Limit: " if name.partition(".")[0] in _GROUPS and "." in name else ""


def _trouble(item: Document) -> list[str]:
    """What went wrong, when the outcome is not plainly done."""
    return [item["details"]] if item["outcome"] not in ("", "done", _UNDER_WAY) and item["details"] else []


def _moved(before: str, after: str) -> list[tuple[str, str, str]]:
    """(name, old, new) of what ``name=old, …`` and ``name=new, …`` say; empty when they say something else."""
    old, new = (dict(pair.split("=", 1) for pair in _PAIR.split(text) if "=" in pair) for text in (before, after))
    return [(name, old.get(name, "-"), value) for name, value in new.items() if name != _HALTS]


def chain(document: Document) -> list[str]:
    """Whether the chain holds."""
    if not document["intact"]:
        return [f"✗ audit chain broken at record {document['bad_seq']}: {safe(document['problem'])}"]
    lines = [f"✓ audit chain intact: {document['records']} records, head {document['head'][:16]}"]
    pending = document["open_intents"]
    return [*lines, *([f"ℹ️  {len(pending)} intents without an outcome yet: {pending}"] if pending else [])]
